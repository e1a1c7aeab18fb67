# %% [markdown]
# # Lesson 3: longer texts, and what padding does
#
# The longer the text that is read, the more opinions there are to add up, and the farther back the
# first of them lie. Does accuracy rise with the length, or fall? And where texts are shorter than
# `seq_len`, does it matter whether the answer is read at the last word or behind the pads?

# %%
import course
import matplotlib.pyplot as plt

import rnnexp

SIZE = course.size(
    quick="data.limit=400 trainer.epochs=1 seq_len=20,100 seed=0",
    lesson="data.limit=2000 trainer.epochs=5 seq_len=50,100,200 seed=0,1,2",
    full="data.limit=10000 trainer.epochs=10 seq_len=50,100,200,400 seed=0,1,2,3,4,5",
)
WORDS = ["model=rnn,lstm", "model.readout=last_valid,last", "model.hidden_size=32"]
WORDS += ["embedding.dim=32", "optimizer.lr=0.003", "clip=norm", "probes=none"]

# %% [markdown]
# `last_valid` reads the state behind the last word; `last` the state at the end of the row, behind
# the pads, as many a first program does.
#
# **Predict first.** Draw four curves of accuracy against length on paper: RNN and LSTM, each read
# in both ways. Where do they meet chance, 50%?

# %%
study = rnnexp.run([*course.REVIEWS, *WORDS, *SIZE], multirun=True, quiet=True)
scores = study.scores
table = scores.pivot_table(index="seq_len", columns=["model.readout", "model"], values="mean")
print(table.round(3))

# %%
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for (readout, model), curve in table.items():
    style = "o-" if readout == "last_valid" else "s--"
    color = {"rnn": "#D55E00", "lstm": "#0072B2"}[model]
    where = "at the last word" if readout == "last_valid" else "behind the pads"
    axes.plot(curve.index, 100 * curve, style, color=color, label=f"{model.upper()}, {where}")
axes.axhline(50, color="0.6", linewidth=1, zorder=0)
axes.set(xlabel="words read", ylabel="test accuracy (%)", title="Accuracy against length")
figure.legend(loc="outside right upper", frameon=False, fontsize=8)
course.keep(figure, "lesson_3_length")

# %% [markdown]
# ## How many pads are there?
#
# A pad is one more step of the recurrence, on an input that says nothing. What the network has read
# must survive all of them.

# %%
padded = {}
for seq_len in sorted(study.runs.seq_len.unique()):
    name = study.runs[study.runs.seq_len == seq_len].run.iloc[0]
    report = study.run(name).summary.data_report
    padded[seq_len] = 1 - report["words_per_text"]["longer_than_seq_len"]
    print(f"{seq_len:4} words: {padded[seq_len]:.0%} of the texts have no more")

# %% [markdown]
# ## How to read it
#
# - Compare lines, not points: three seeds scatter by several points. `study.scores` has intervals.
# - A fall "with the length" in the dashed lines alone is the padding's doing, not forgetting.
# - Where few texts have pads, both ways of reading are nearly the same: compare at the length where
#   most have.
#
# ## Your turn
#
# 1. Pads before the text instead of behind it: `rnnexp -m data=reviews data.limit=2000
#    data.padding=pre,post model=rnn,lstm model.readout=last seq_len=100 seed=0,1,2`
# 2. The state or the mean of the states? `model.readout=last_valid,mean`
# 3. The bag of words knows no order and forgets nothing: add `model=rnn,lstm,bag`.
# 4. The whole study, at home: `rnnexp experiment=length_study`
