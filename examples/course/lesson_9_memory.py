# %% [markdown]
# # Lesson 9: memory, where the right answer is known
#
# Of a review nobody knows which word must be remembered. Of these tasks one does: a cue stands at
# the first step, then come steps that say nothing, and the answer is the cue. Chance is 50%, the
# loss of guessing ln 2 = 0.693, and whoever is above remembers.

# %%
import course
import matplotlib.pyplot as plt

import rnnexp

SIZE = course.size(
    quick="trainer.steps=150 data.eval_lengths=[5,80] seed=0",
    lesson="trainer.steps=600 data.eval_lengths=[5,10,40,80,320] seed=0,1,2",
    full="trainer.steps=2000 data.eval_lengths=[5,10,40,80,320,1280,2560] seed=0,1,2,3,4,5",
)
WORDS = ["data=recall", "model=rnn", "seq_len=20", "model.hidden_size=64", "embedding.dim=32"]
WORDS += ["clip=norm", "data.val_count=200", "data.test_count=400", "probes=[gradient_flow]"]
WORDS += ["probes.gradient_flow.every=0"]

# %% [markdown]
# ## One length, or growing lengths
#
# The same RNN, the same number of steps, trained in two ways: at 20 steps from the beginning
# (`fixed`), or at lengths that grow from 2 to 20 as they are learned (`grow`).
#
# **Predict first.** From lesson 5 you know how little gradient comes back over 20 steps. Which of
# the two learns it? And the one that does: how well will it do at 80, which it has never seen?

# %%
study = rnnexp.run(
    [*WORDS, *SIZE, "data.train_lengths=[2,20]", "data.curriculum=fixed,grow"],
    multirun=True, quiet=True,
)  # fmt: skip
tested = [column for column in study.runs if column.startswith("test_accuracy")]
print(study.runs[["data.curriculum", "seed", *tested]].round(3).to_string(index=False))

# %%
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for way, lengths, color in (("fixed", "20", "#6E6E6E"), ("grow", "2 to 20", "#D55E00")):
    for seed in sorted(study.runs.seed.unique()):
        run = study.run({"data.curriculum": way, "seed": int(seed)})
        at = {int(n): 100 * made.test["accuracy"] for n, made in run.summary.at_lengths.items()}
        label = f"trained at {lengths} steps" if seed == 0 else None
        axes.semilogx(sorted(at), [at[n] for n in sorted(at)], "o-", color=color, label=label)
axes.axhline(50, color="0.6", linewidth=1, zorder=0)
axes.axvline(20, color="0.6", linestyle=":", zorder=0)
axes.text(21, 75, "longest in training", fontsize=8, color="0.4")
axes.set_xticks(sorted(at), [str(n) for n in sorted(at)])
axes.minorticks_off()
axes.set(xlabel="length tested at (steps)", ylabel="accuracy (%)")
axes.set_title("How far an RNN recalls a cue")
figure.legend(loc="outside right upper", frameon=False)
course.keep(figure, "lesson_9_memory")

# %% [markdown]
# ## The gradient of a network that remembers
#
# **Predict first.** The network that recalls a cue over 80 steps: what is the half-life of its
# gradient?

# %%
flow = study.probe("gradient_flow")
trained = flow[flow.epoch == flow.epoch.max()]
print(trained[["data.curriculum", "seed", "end_share", "half_life"]].to_string(index=False))

# %% [markdown]
# ## How to read it
#
# - "Cannot learn it from scratch at this length" and "cannot hold it" are two statements. The first
#   is about gradients, the second about states: an RNN that has fallen into one of two basins stays
#   there, and that its gradient is nearly 0 is the very sign of it.
# - Every measure needs an experiment that could refute it. Here it refutes "the gradient vanishes,
#   so the network forgets".
# - Solved or not: look at seeds, not at means.
#
# ## Your turn
#
# 1. Is it the cell? `rnnexp -m data=recall seq_len=20 model=rnn,lstm,gru
#    "data.train_lengths=[2,20]" data.curriculum=grow trainer.steps=600 seed=0,1,2 clip=norm`
# 2. A false cue behind the right one: add `data.distractors=1`.
# 3. Parity asks for every bit: `rnnexp -m data=parity model=rnn,lstm seq_len=4,8,16 seed=0,1,2`.
# 4. Numbers: `rnnexp experiment=adding_short`, whose chance level is a squared error of 1/6.
# 5. At which length do half the seeds learn? `rnnexp experiment=trainability`
