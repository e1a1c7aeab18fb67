# %% [markdown]
# # Lesson 1: what a sequence is, and how text becomes numbers
#
# A network reads numbers, one step after another. This lesson follows a review from its letters to
# the vectors that a network reads. Nothing is trained.
#
# The built-in reviews are **synthetic**: a program writes them. What you learn here of ids and
# vectors holds for real ones; set COURSE_DATA (see README.md) to read those.

# %%
import course
import torch

import rnnexp

SIZE = course.size(quick="data.limit=300", lesson="data.limit=2000", full="")
WORDS = ["model=rnn", "seq_len=12", "data.vocab_size=300", "embedding.dim=8", "probes=none"]
run = rnnexp.run([*course.REVIEWS, *WORDS, *SIZE, "trainer.epochs=0"], quiet=True)

# %% [markdown]
# ## The vocabulary
#
# **Predict first.** The most frequent words come first. Which five do you expect? How long is a
# vocabulary made with `data.vocab_size=300`?

# %%
vocabulary = run.task.vocabulary
print(len(vocabulary), "entries; the first:", vocabulary[:10])

# %% [markdown]
# Two entries are no words. `<pad>` fills short texts up, so that a batch is a rectangle; `<unk>`
# stands for every word that is not in the list.
#
# ## From words to ids
#
# **Predict first.** What becomes of capitals, of the comma, of "xyzzy"? And what of a text that is
# longer than `seq_len` = 12 words?

# %%
texts = [
    "A wonderful, WONDERFUL film!",
    "the film was xyzzy",
    "the plot is dull and the film is far too long but the cast is wonderful",
]
reads = run.read(texts)
for read in reads:
    print(*(f"{word}={i}" for word, i in zip(read.words, read.ids, strict=True)))
    print(f"    unknown words: {read.unknown}; words beyond seq_len: {read.cut}")

# %% [markdown]
# The end of the third text is never read, and it holds the verdict. `data.cut=last` would read the
# last twelve words instead. Before you ask what a network forgets, ask what it was shown.
#
# ## From ids to vectors
#
# An embedding is a table with a row for each word. Looking row 28 up is the same as multiplying a
# one-hot vector (1 at place 28, else 0) by the table, without the multiplications.

# %%
table_VE = run.model().encoder.vectors.weight.detach()
ids = torch.tensor(reads[0].ids)
one_hot_TV = torch.nn.functional.one_hot(ids, len(vocabulary)).to(table_VE.dtype)
same = torch.allclose(one_hot_TV @ table_VE, table_VE[ids])
print(f"table {tuple(table_VE.shape)}; one-hot times table equals rows of the table: {same}")

# %% [markdown]
# ## Why a sequence, and not a bag
#
# The mean of the vectors (`model=bag`) is the simplest reader. **Predict first.** Two of these
# three texts have the same mean. Which? And does a recurrent network read the same in both?

# %%
three = ["it is good and not bad", "it is bad and not good", "it is good and good"]
rows = [table_VE[torch.tensor(read.ids)] for read in run.read(three)]
means = torch.stack([x_TE.mean(0) for x_TE in rows])
states = torch.stack(
    [rnnexp.rollout(run.model().recurrence, x_TE[:, None]).outputs[0] for x_TE in rows]
)
bag_distance = (means[0] - means[1]).norm().item()
rnn_distance = (states[0] - states[1]).norm().item()
print(f"distance of texts 1 and 2: mean of vectors {bag_distance:.1e}, RNN {rnn_distance:.2f}")

# %% [markdown]
# The last state of the RNN, h_t = tanh(W_ih x_t + W_hh h_(t-1) + b), depends on the order. That is
# what the recurrence is for; whether training makes use of it is another question: lesson 2.
#
# ## Your turn
#
# 1. How many words are unknown with a vocabulary of 50?
#    Set `data.vocab_size=50` above and run the cells again.
# 2. What does the program itself say of the texts (pads, cut texts, unknown words)?
#    `rnnexp data=reviews data.limit=2000 data.vocab_size=300 seq_len=12 trainer.epochs=0`
# 3. Read the last words instead of the first:
#    `rnnexp data=reviews data.limit=2000 seq_len=12 data.cut=last trainer.epochs=0`
# 4. Why is the vocabulary counted on the training texts alone? (`rnnexp info data/reviews`)
