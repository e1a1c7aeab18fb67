# %% [markdown]
# # Lesson 8: word vectors that others have trained
#
# GloVe vectors are numbers for each word, made from how often words stand near each other in
# billions of words. With few texts of your own they bring what your texts cannot teach. Here we
# write such a file by hand, so that we know what it knows: which words praise, which blame.

# %%
from pathlib import Path

import course
import numpy as np

import rnnexp

PRAISE = "wonderful lovely superb excellent great fine brilliant masterpiece delightful good loved"
BLAME = "dull boring awful terrible bad mess dreadful poor weak tedious hated waste worst"

SIZE = course.size(
    quick="data.limit=1000 trainer.epochs=4 seed=0",
    lesson="data.limit=2000 trainer.epochs=8 seed=0,1,2",
    full="data.limit=2000 trainer.epochs=8 seed=0,1,2,3,4,5",
)
WORDS = ["model=lstm", "model.readout=mean", "seq_len=100", "model.hidden_size=16"]
WORDS += ["optimizer.lr=0.01", "clip=norm", "probes=none", "trainer.batch_size=32"]
WORDS += ["data.split=20/10/70"]  # few to learn from, many to test on
REVIEWS = [*course.REVIEWS, *WORDS]

# %% [markdown]
# ## A file of vectors
#
# A line per word: the word, then its numbers. The first number is +1 for praise, -1 for blame, 0
# for all others; seven numbers are noise, small and the same for all. A second file has the same
# rows with the words shuffled: the control.

# %%
known = rnnexp.run([*REVIEWS, "data.limit=2000", "trainer.epochs=0", "threads=1", "plots=false"],
                   quiet=True).task.vocabulary[2:]  # fmt: skip
generator = np.random.default_rng(0)
rows = 0.3 * generator.standard_normal((len(known), 8))
rows[:, 0] = [(word in PRAISE.split()) - (word in BLAME.split()) for word in known]


def write(path: str, words: list[str]) -> None:
    lines = [f"{word} " + " ".join(f"{x:.4f}" for x in row)
             for word, row in zip(words, rows, strict=True)]  # fmt: skip
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


write("vectors.txt", known)
write("shuffled.txt", [str(word) for word in generator.permutation(known)])
found = sum(word in known for word in [*PRAISE.split(), *BLAME.split()])
print(f"{len(known)} words, {found} of them words of praise or blame")

# %% [markdown]
# ## Neighbours
#
# **Predict first.** Which words have the largest cosine with "wonderful"? With real GloVe vectors
# the answer may surprise you: "good" and "bad" are near each other. Why?

# %%
unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
for word in ("wonderful", "boring"):
    if word in known:
        nearest = np.argsort(-unit @ unit[known.index(word)])[1:6]
        print(f"{word}: {', '.join(known[i] for i in nearest)}")

# %% [markdown]
# ## Few texts: learned vectors, given ones, and the control
#
# **Predict first.** Order these by test accuracy: vectors learned from these texts alone; the file,
# tuned with the rest; the file, frozen; the shuffled file, frozen.

# %%
kinds = {
    "learned": ["embedding=learned", "embedding.dim=8"],
    "given, tuned": ["embedding=glove", "embedding.path=vectors.txt"],
    "given, frozen": ["embedding=glove", "embedding.path=vectors.txt", "embedding.freeze=true"],
    "shuffled, frozen": ["embedding=glove", "embedding.path=shuffled.txt", "embedding.freeze=true"],
}
means = {}
for kind, words in kinds.items():
    study = rnnexp.run([*REVIEWS, *words, *SIZE], multirun=True, quiet=True)
    accuracy = study.runs.test_accuracy
    means[kind] = accuracy.mean()
    print(f"{kind:17} mean {means[kind]:.1%}   seeds: {', '.join(f'{a:.0%}' for a in accuracy)}")

# %% [markdown]
# ## How to read it
#
# - A frozen table has nothing to learn: all that the training sees are eight numbers per word.
# - The control has the same numbers. What is better than it comes from *which word has which row*.
# - A file that knows few of your words helps little: a run prints how many it has found.
#
# ## Your turn
#
# 1. Real vectors, a file of GloVe (docs/own_data.md says where to put it):
#    `rnnexp -m data=imdb data.limit=2000 embedding=glove embedding.path=data/glove.6B.50d.txt
#    embedding.freeze=false,true seed=0,1,2`
# 2. With how many texts do learned vectors catch up? Vary `data.limit=400,1000,3000`.
# 3. Words that the file lacks: `embedding.unmatched=zeros,random`.
