# %% [markdown]
# # Lesson 2: train a bag of words, an RNN and an LSTM
#
# Three readers of the same reviews, several seeds each: how well do they answer, and how sure can
# we be of it? The built-in reviews are **synthetic**, with 5% of wrong labels: 95% is the best
# possible accuracy, 50% is what guessing gives.

# %%
import math

import course

import rnnexp

SIZE = course.size(
    quick="data.limit=500 trainer.epochs=2 seed=0,1",
    lesson="data.limit=3000 trainer.epochs=5 seed=0,1,2",
    full="trainer.epochs=10 seed=0,1,2,3,4,5",
)
WORDS = ["model=bag,rnn,lstm", "seq_len=50", "model.hidden_size=32", "embedding.dim=32"]
WORDS += ["optimizer.lr=0.003", "clip=norm", "probes=none"]

# %% [markdown]
# **Predict first.** A network that knows nothing gives every review the probability 1/2. What is
# its loss, -ln p of the right class? Which of the three will be best, and by how much?

# %%
print(f"loss of guessing: {math.log(2):.4f}")
study = rnnexp.run([*course.REVIEWS, *WORDS, *SIZE], multirun=True, quiet=True)
print(study.scores.round(3).to_string(index=False))

# %% [markdown]
# Shares are fractions: 0.75 is 75%. `low` and `high` are the ends of the 95% interval over seeds:
# where the mean of many more seeds would lie. Two models whose intervals overlap widely have not
# been told apart. The paired difference, seed by seed, says more:

# %%
difference = study.compare("rnn", "lstm")
print(difference)
print(*difference.notes, sep="\n")

# %% [markdown]
# ## One run, epoch by epoch
#
# **Predict first.** Will the training loss go on falling? Will the validation loss?

# %%
lstm = study.run({"model": "lstm", "seed": 0})
columns = ["epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
print(lstm.metrics[columns].round(3).to_string(index=False))

# %% [markdown]
# A training loss that falls while the validation loss rises is overfitting: the network learns the
# reviews by heart. The test score is of reviews that nobody looked at in between, and it has an
# interval of its own, since there are only so many test reviews:

# %%
accuracy, (low, high) = lstm.summary.test["accuracy"], lstm.summary.test_interval["accuracy"]
print(f"LSTM, seed 0: {accuracy:.1%} of the test reviews ({low:.1%} to {high:.1%})")

# %% [markdown]
# ## Ask it
#
# **Predict first.** "not good" is no praise. Which of the models can know?

# %%
texts = ["what a wonderful film", "the film was not good at all", "xyzzy"]
for name in ("bag", "lstm"):
    run = study.run({"model": name, "seed": 0})
    print(name)
    print(run.predict(texts)[["text", "label", "p_positive", "unknown"]].round(2).to_string())

# %% [markdown]
# A text of unknown words has no answer, where other programs would show a number.
#
# ## Your turn
#
# 1. Is a wider LSTM better? `rnnexp -m data=reviews data.limit=3000 seq_len=50 model=lstm
#    model.hidden_size=8,32,128 seed=0,1,2 optimizer.lr=0.003 clip=norm`
# 2. Read the answer from the mean of all states: add `model.readout=last_valid,mean`.
# 3. How many reviews does it need? Vary `data.limit=500,1000,2000,4000`.
# 4. One seed more or less: what happens to the interval between `seed=0,1,2` and six seeds?
