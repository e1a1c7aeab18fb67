# %% [markdown]
# # Lesson 6: exploding gradients, and clipping
#
# With larger weights the same product grows. For H units with independent weights N(0, σ²) the
# number that decides is the gain g = σ√H, not σ itself.

# %%
import course
import torch
from torch import nn

import rnnexp

T, B, H = 50, 8, 64
torch.manual_seed(0)
x_TBE = torch.randn(T, B, H) / H**0.5  # each step brings a vector of length about 1


def network(gain: float) -> nn.RNN:
    """An RNN with recurrent weights N(0, σ²), σ = gain / √H."""
    rnn = nn.RNN(H, H)
    nn.init.normal_(rnn.weight_hh_l0, std=gain / H**0.5)
    return rnn


# %% [markdown]
# **Predict first.** At which gain do gradients neither vanish nor explode? And how large is the
# gradient after 50 steps at g = 16 (σ = 2)?

# %%
print("gain   g  ‖dL/dh_1‖/‖dL/dh_T‖   per step   largest Lyapunov exponent")
exponents, shares = {}, {}
for gain in (0.5, 1.0, 2.0, 4.0, 16.0):
    replay = rnnexp.rollout(network(gain), x_TBE)
    exponents[gain] = rnnexp.lyapunov_spectrum(replay, burn_in=10)[:, 0].mean()
    flow = rnnexp.gradient_flow(replay, replay.outputs.sum(dim=1))
    _, states_K = flow.by_distance()
    shares[gain] = states_K[-1] / states_K[0]
    per_step = shares[gain] ** (1 / (T - 1))
    print(f"{gain:8.1f} {shares[gain]:21.1e} {per_step:10.2f} {exponents[gain]:+20.2f}")

# %% [markdown]
# The largest Lyapunov exponent λ₁ is the mean rate, per step, at which a small change of the state
# grows: two texts that differ in a word end e^(λ₁ t) times as far apart. Above 0 the network is
# chaotic, and the gradient explodes with it. tanh saves what it can: a saturated unit passes
# little on.
#
# ## Clipping
#
# `clip=norm` scales all gradients together by min(1, c/‖g‖). **Predict first.** The norm before is
# of the order 10^10. After clipping at 5? Does the *direction* of the step change?

# %%
rnn, readout = network(16.0), nn.Linear(H, 2)
parameters = [*rnn.parameters(), *readout.parameters()]
loss = nn.functional.cross_entropy(readout(rnn(x_TBE)[0][-1]), torch.zeros(B, dtype=torch.long))
loss.backward()
direction = torch.cat([p.grad.flatten() for p in parameters]).double()
before = nn.utils.clip_grad_norm_(parameters, 5.0)
clipped = torch.cat([p.grad.flatten() for p in parameters]).double()
after = clipped.norm()
cosine = nn.functional.cosine_similarity(direction, clipped, dim=0)
print(f"norm before {before:.1e}, after {after:.2f}; cosine of the two {cosine:.4f}")

# %% [markdown]
# ## Does clipping help to learn?
#
# A cue is to be recalled 9 steps later; recurrent weights with g = 4; plain SGD. **Predict first.**
# Guessing is right in 50%. With clipping at 1? Without (`inf`)?

# %%
SIZE = course.size(quick="seed=0", lesson="seed=0,1,2", full="seed=0,1,2,3,4,5 trainer.steps=1000")
PRESET = ["experiment=exploding_training"]
study = rnnexp.run([*PRESET, *SIZE], multirun=True, quiet=True)
columns = ["clip.max_norm", "seed", "test_accuracy", "test_loss"]
print(study.runs[columns].round(3).to_string(index=False))
norms = study.probe("grad_norm").groupby(["clip.max_norm", "epoch"])
print("norm of the gradient before clipping, mean over the seeds of each epoch's median:")
print(norms["median"].mean().unstack("epoch").round(3).to_string())

# %% [markdown]
# ## How to read it
#
# - A loss far above ln 2 = 0.693 is worse than guessing: the network is sure, and wrong. Without
#   clipping each step overshoots, and the norm stays large to the end.
# - Clipping mends explosions alone. A vanished gradient has no direction left to be scaled up.
# - `clipped` is the share of the training steps that were clipped. Near 1 clipping has become the
#   learning rate.
#
# ## Your turn
#
# 1. The classic numbers: `rnnexp experiment=exploding`
# 2. How sharply must be clipped?
#    `rnnexp -m experiment=exploding_training clip.max_norm=0.1,1,10 seed=0,1,2`
# 3. At which gain does it learn without clipping?
#    `rnnexp -m experiment=exploding_training clip.max_norm=inf init.std=0.06,0.125,0.25,0.5 seed=0`
# 4. What does rnnexp predict of your weights before it trains? Look for "gain" in what
#    `rnnexp model=rnn init=normal init.std=0.5 data.limit=300 trainer.epochs=1` prints.
