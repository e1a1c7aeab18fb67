# %% [markdown]
# # Lesson 5: vanishing gradients
#
# dL/dh_t = (dh_(t+1)/dh_t)ᵀ dL/dh_(t+1): on the way back the gradient is multiplied by a matrix at
# every step. If that shrinks it by half, what is left after 100 steps is 2^-100 ≈ 10^-30.

# %%
import course
import matplotlib.pyplot as plt
import torch
from torch import nn

import rnnexp

T, B, H = 100, 16, 64
torch.manual_seed(0)
x_TBE = torch.randn(T, B, H)

# %% [markdown]
# ## Networks as torch makes them, untrained
#
# `rnnexp.rollout` replays any torch RNN, LSTM or GRU step by step in float64;
# `rnnexp.gradient_flow` gives the norm of dL/dh_t at every step.
#
# **Predict first.** After how many steps is half of the gradient left: 1, 10, 100? Is the LSTM,
# made for long memory, better before any training?

# %%
flows = {}
for name, module in (("RNN", nn.RNN(H, H)), ("LSTM", nn.LSTM(H, H)), ("GRU", nn.GRU(H, H))):
    replay = rnnexp.rollout(module, x_TBE)
    flows[name] = rnnexp.gradient_flow(replay, replay.outputs.square().sum())
    _, states_K = flows[name].by_distance()
    left = states_K[-1] / states_K[0]
    print(f"{name:4} half-life {flows[name].half_life():5.2f} steps, left after 99: {left:.0e}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for (name, flow), color in zip(flows.items(), ("#D55E00", "#0072B2", "#009E73"), strict=True):
    axes.semilogy(flow.by_distance()[1], color=color, label=name)
axes.axhline(1.4e-45, color="0.6", linestyle=":")
axes.text(0, 3e-45, "smallest number of float32", fontsize=8, color="0.4")
axes.set(xlabel="steps before the last", ylabel="mean ‖dL/dh_t‖", title="Untrained networks")
axes.legend(frameon=False)
course.keep(figure, "lesson_5_vanishing")

# %% [markdown]
# A straight line on the log axis is a constant factor per step. The verdicts of this library: early
# over late gradient below 0.01 is severe vanishing, above 0.1 good flow.
#
# ## Why one must measure in float64
#
# **Predict first.** The same gradient in float32, as training has it: what is its norm at step 1?

# %%
rnn = nn.RNN(H, H)
h_BH, states = torch.zeros(1, B, H), []
for x_BE in torch.randn(300, B, H):
    _, h_BH = rnn(x_BE[None], h_BH)
    h_BH.retain_grad()
    states.append(h_BH)
states[-1].square().sum().backward()
norms = [h.grad.norm().item() for h in states]
zeros = sum(norm == 0 for norm in norms)
print(f"float32: {zeros} of {len(norms)} steps have a gradient of exactly 0")

# %% [markdown]
# 0 there is no measurement: the true number is small, and not 0.
#
# ## After training on reviews
#
# **Predict first.** Training changes the weights. Will the gradient of a trained LSTM reach the
# first word? And that of the RNN?

# %%
SIZE = course.size(
    quick="seq_len=50 data.limit=300 trainer.epochs=1 seed=0",
    lesson="seq_len=100 data.limit=2000 trainer.epochs=4 seed=0,1,2",
    full="seq_len=200 trainer.epochs=10 seed=0,1,2,3,4,5",
)
WORDS = ["model=rnn,lstm", "model.hidden_size=32", "embedding.dim=32", "optimizer.lr=0.003"]
WORDS += ["clip=norm", "probes=[gradient_flow]", "probes.gradient_flow.every=0"]
study = rnnexp.run([*course.REVIEWS, *WORDS, *SIZE], multirun=True, quiet=True)
flow = study.probe("gradient_flow")
flow["when"] = flow.epoch.gt(0).map({False: "before", True: "after training"})
ratios = flow.pivot_table(index=["model", "seed"], columns="when", values="ratio")
print("‖dL/de_t‖ of an early word over that of a late word:")
print(ratios[["before", "after training"]].to_string(float_format="{:.1e}".format))

# %% [markdown]
# ## How to read it
#
# - The ratio says how much an early word counts for the *learning* at this moment, next to a late
#   one. It says nothing of what the network holds: an RNN that has latched onto a bit holds it for
#   thousands of steps with a gradient of 0 (lesson 9).
# - Compare orders of magnitude and look at every seed: a median hides a run that did not learn.
#
# ## Your turn
#
# 1. At which length does the first word's gradient vanish? `rnnexp experiment=vanishing seed=0`
# 2. Does the readout help? `rnnexp -m data=reviews data.limit=2000 model=lstm
#    model.readout=last_valid,mean seed=0,1,2 "probes=[gradient_flow]"`
# 3. Measure a GRU, then `model=mingru`, a cell of 2024 whose gates do not look at the state.
# 4. The figure of one run: `study.run({"model": "rnn", "seed": 0}).draw()["gradient_flow"]`
