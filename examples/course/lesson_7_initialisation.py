# %% [markdown]
# # Lesson 7: where the weights start
#
# An RNN's gradient halves at nearly every step at the weights that torch draws, U(±1/√H). What if
# the recurrent matrix does not shrink anything, or an LSTM's gates start open?

# %%
import course
import torch
from torch import nn

import rnnexp

T, B, H = 100, 4, 32
torch.manual_seed(0)
x_TBE = torch.randn(T, B, H) / H**0.5


def measure(name: str, module: nn.Module) -> tuple[float, float]:
    """The share of the gradient left at the first step, and the largest Lyapunov exponent."""
    replay = rnnexp.rollout(module, x_TBE)
    largest = float(rnnexp.lyapunov_spectrum(replay, burn_in=10)[:, 0].mean())
    _, states_K = rnnexp.gradient_flow(replay, replay.outputs.sum(dim=1)).by_distance()
    left = float(states_K[-1] / states_K[0])
    print(f"{name:24} gradient left {left:8.1e}   λ₁ {largest:+.3f} per step")
    return left, largest


# %% [markdown]
# ## The plain RNN: torch's own weights, and an orthogonal matrix
#
# An orthogonal Q keeps every length: ‖Qh‖ = ‖h‖. **Predict first.** Will an RNN with W_hh = Q keep
# the gradient whole? (dh_t/dh_(t-1) = diag(1 - h_t²) Q.)

# %%
rnn = nn.RNN(H, H)
default = measure("RNN, torch's own", rnn)
nn.init.orthogonal_(rnn.weight_hh_l0)
orthogonal = measure("RNN, orthogonal", rnn)
nn.init.normal_(rnn.weight_hh_l0, std=1 / H**0.5)
measure("RNN, N(0, 1/H)", rnn)

# %% [markdown]
# ## The LSTM: a bias of the forget gate
#
# c_t = f_t c_(t-1) + i_t g_t: what was stored is multiplied by f_t = σ(...) at every step. At a
# bias of 0 that is about 1/2. **Predict first.** What is 0.5^99? And σ(3)^99?
#
# torch adds two biases, `bias_ih` and `bias_hh`: set both to 1, and the bias is 2.

# %%
by_bias = {}
for bias in (0.0, 1.0, 3.0, 5.0):
    lstm = nn.LSTM(H, H)
    with torch.no_grad():
        lstm.bias_ih_l0[H : 2 * H] = bias  # torch's order: input, forget, cell, output
        lstm.bias_hh_l0[H : 2 * H] = 0.0
    by_bias[bias] = measure(f"LSTM, forget bias {bias:.0f}", lstm)

# %% [markdown]
# `init=chrono` (Tallec and Ollivier 2018) draws the biases such that the units remember for 1 to
# `t_max` steps, each for another time: b_f = ln U(1, t_max - 1), b_i = -b_f.
#
# ## Does it help to learn?
#
# The task: a cue, then 19 steps that say nothing; which cue was it? Guessing: 50%. **Predict
# first**, for each of the four, whether it learns within the steps that it is given.

# %%
SIZE = course.size(
    quick="trainer.steps=20 seed=0", lesson="trainer.steps=400 seed=0,1,2",
    full="trainer.steps=2000 seed=0,1,2,3,4,5",
)  # fmt: skip
WORDS = ["data=recall", "seq_len=20", "model.hidden_size=32", "embedding.dim=16", "clip=norm"]
WORDS += ["optimizer.lr=0.003", "data.val_count=200", "data.test_count=500", "probes=none"]
rnns = rnnexp.run(
    [*WORDS, *SIZE, "model=rnn", "init=default,orthogonal"], multirun=True, quiet=True
)
lstms = rnnexp.run([*WORDS, *SIZE, "model=lstm", "init=default,chrono"], multirun=True, quiet=True)
print(rnns.runs[["init", "seed", "test_accuracy"]].to_string(index=False))
print(lstms.runs[["init", "seed", "test_accuracy"]].to_string(index=False))

# %% [markdown]
# ## How to read it
#
# - A memory task is solved or it is not: look at every seed, a mean of 75% is nobody's result.
# - The initial gradient says how well the first steps of the training see the cue. What comes of it
#   depends on the budget: with more steps others may learn it too.
# - An open gate remembers everything, also what should be forgotten.
#
# ## Your turn
#
# 1. Which bias is enough? `rnnexp -m data=recall seq_len=20 model=lstm init=forget_bias
#    init.value=0,1,3,5 trainer.steps=400 seed=0 clip=norm optimizer.lr=0.003
#    model.hidden_size=32 embedding.dim=16`
# 2. The identity with ReLU (Le et al. 2015): `rnnexp -m data=recall seq_len=20 model=rnn
#    model.nonlinearity=relu init=irnn trainer.steps=400 seed=0,1,2 clip=norm`
# 3. The published comparison, a minute: `rnnexp experiment=chrono_init`
