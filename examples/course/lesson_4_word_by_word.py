# %% [markdown]
# # Lesson 4: word by word
#
# One sentence, seven words, ten hidden units, no nonlinearity: small enough to compute by hand.
# Then the norms of the hidden state and of the LSTM's cell state along whole reviews.

# %%
import course
import torch

import rnnexp

run = rnnexp.run(["experiment=walkthrough", "threads=1", "plots=false"], quiet=True)
words = run.config["data"]["text"].split()
steps = run.probe("walkthrough")  # row 0: before training, row 1: after one step of SGD

# %% [markdown]
# The linear RNN computes h_t = W [x_t, h_(t-1)] + b; its logits are V [x_t, h_(t-1)] + c, x_t being
# a one-hot vector.
#
# **Predict first.** h_0 is zero. What is h_1, in terms of W and b?

# %%
print("word          first three hidden numbers      two logits")
for word, h_H, logits_O in zip(words, steps["hidden"][0], steps["outputs"][0], strict=True):
    print(f"{word:12}", *(f"{h:+.4f}" for h in h_H[:3]), "  ", *(f"{z:+.4f}" for z in logits_O))

# %% [markdown]
# ## The same by hand
#
# The same sum in plain torch, with weights of this shape, its gradient by autograd, and one step of
# SGD: w - 0.1 dL/dw.

# %%
torch.manual_seed(0)
H, V, TARGET, RATE = 10, len(set(words)), 0, 0.1
i2h = torch.nn.Linear(V + H, H)
i2o = torch.nn.Linear(V + H, 2)


def loss_of(words: list[str]) -> torch.Tensor:
    """-ln p of the right class, read at the last word."""
    index = {word: i for i, word in enumerate(dict.fromkeys(words))}
    h_H = torch.zeros(H)
    for word in words:
        x_V = torch.nn.functional.one_hot(torch.tensor(index[word]), V).float()
        both = torch.cat([x_V, h_H])
        h_H, logits_O = i2h(both), i2o(both)
    return torch.nn.functional.cross_entropy(logits_O, torch.tensor(TARGET))


before = loss_of(words)
before.backward()
print(f"loss {before:.4f}, gradient norm of i2h {i2h.weight.grad.norm():.4f}")
with torch.no_grad():
    for weight in (*i2h.parameters(), *i2o.parameters()):
        weight -= RATE * weight.grad
after = loss_of(words)
print(f"after one step: loss {after:.4f}; rnnexp's run: {steps['loss'].round(4)}")

# %% [markdown]
# Other random weights give other numbers; both losses fall.
#
# ## How much does each word count?
#
# **Predict first.** ‖dL/de_t‖ is how much the loss would change with word t's vector. Largest at
# the first word, or at the last?

# %%
for word, gradient in zip(words, steps["gradient"][0], strict=True):
    print(f"{word:12} {gradient:.2e}")

# %% [markdown]
# ## States along whole reviews
#
# **Predict first.** Every number of an RNN's h_t is a tanh. With 32 units, how large can ‖h_t‖
# become? Is there such a bound for the cell state c_t of an LSTM?

# %%
SIZE = course.size(
    quick="data.limit=300 trainer.epochs=1 seed=0",
    lesson="data.limit=2000 trainer.epochs=4 seed=0,1,2",
    full="seq_len=200 trainer.epochs=10 seed=0,1,2,3,4,5",
)
STATES = ["model=rnn,lstm", "seq_len=50", "model.hidden_size=32", "embedding.dim=32"]
STATES += ["optimizer.lr=0.003", "clip=norm", "probes=[hidden_dynamics]"]
study = rnnexp.run([*course.REVIEWS, *STATES, *SIZE], multirun=True, quiet=True)
dynamics = {
    model: study.run({"model": model, "seed": 0}).probe("hidden_dynamics")
    for model in ("rnn", "lstm")
}
length = int(dynamics["rnn"]["length"][-1].min())  # of the shortest of these reviews
norms = {
    "rnn h": dynamics["rnn"]["state"][-1, :, :length],
    "lstm h": dynamics["lstm"]["state"][-1, :, :length],
    "lstm c": dynamics["lstm"]["cell"][-1, :, :length],
}
for name, norm_NT in norms.items():
    shown = [f"{norm_NT[:, t - 1].mean():5.2f}" for t in (1, 10, 50, length)]
    print(f"{name:7} mean norm at t = 1, 10, 50, {length}:", *shown)
print(f"bound of ‖h_t‖ with 32 units: √32 = {32**0.5:.2f}")

# %% [markdown]
# ## How to read it
#
# - ‖h‖ near its bound means saturated units: tanh' = 1 - h² is nearly 0 there, and with it the
#   gradient. The probe counts them as `saturated`.
# - ‖c‖ is no share of a bound: it may go on growing as long as the forget gate is open.
# - These reviews are read whole, beyond the 50 words of the training.
#
# ## Your turn
#
# 1. A sentence of your own: `rnnexp experiment=walkthrough
#    "data.text='what a dull and boring film'" seq_len=6`
# 2. Hidden size 2, so that you can follow every number: add `model.hidden_size=2`.
# 3. The norms as a figure: `rnnexp data=reviews data.limit=2000 model=lstm seq_len=50
#    "probes=[hidden_dynamics]"`, then look into its plots/.
# 4. How open are the gates? `"probes=[gates]"`
