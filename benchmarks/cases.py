"""What is trained in a benchmark: the same model, weights, data and batches for every peer.

Everything is a numpy array, made from fixed seeds, so that no framework has a hand in it.

Shapes: N examples, T tokens, E size of a word vector, H hidden size, G blocks of rows (gates).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

#: Blocks of rows in the weights of each kind; `unrolled` is the plain recurrence, written out.
BLOCKS = {"rnn": 1, "unrolled": 1, "gru": 3, "lstm": 4}

#: A round trains on about so many tokens a row, so that a short sequence is no matter of one step.
ROUND_TOKENS = 400

#: Lengths of film reviews, lognormal: median 170 words, mean 230, 95% below 610.
MEDIAN_LENGTH, SPREAD_OF_LENGTHS = 170, 0.777


@dataclass(frozen=True)
class Case:
    """A network and its data.

    kind: of recurrence, a name of `BLOCKS`. seq_len: T. size: E and H.
    epoch_steps: batches of an epoch over texts of varied length, padded to T at their end; 0 for
        batches of which every text has T tokens.
    """

    kind: str
    seq_len: int
    epoch_steps: int = 0
    batch_size: int = 64
    size: int = 128
    vocabulary: int = 10_002

    @property
    def steps(self) -> int:
        """Steps of a round."""
        return self.epoch_steps or max(1, ROUND_TOKENS // self.seq_len)

    @property
    def blocks(self) -> int:
        return BLOCKS[self.kind]

    @cached_property
    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Initial weights with torch's names and shapes, drawn as torch draws them."""
        generator = np.random.default_rng(0)
        bound, rows = 1 / self.size**0.5, self.blocks * self.size
        embedding = generator.standard_normal((self.vocabulary, self.size))
        embedding[0] = 0.0
        shapes = {
            "weight_ih": (rows, self.size),
            "weight_hh": (rows, self.size),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
            "head.weight": (1, self.size),
            "head.bias": (1,),
        }
        drawn = {name: generator.uniform(-bound, bound, shape) for name, shape in shapes.items()}
        return {
            name: values.astype(np.float32)
            for name, values in {"embedding": embedding, **drawn}.items()
        }

    @cached_property
    def inputs(self) -> npt.NDArray[np.int64]:
        """Token ids [N, T], 0 for a pad."""
        generator = np.random.default_rng(1)
        shape = (self.steps * self.batch_size, self.seq_len)
        tokens = generator.integers(1, self.vocabulary, shape)
        return np.where(np.arange(self.seq_len) < self.lengths[:, None], tokens, 0)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text, [N]."""
        count = self.steps * self.batch_size
        if not self.epoch_steps:
            return np.full(count, self.seq_len, dtype=np.int64)
        generator = np.random.default_rng(2)
        drawn = generator.lognormal(np.log(MEDIAN_LENGTH), SPREAD_OF_LENGTHS, count)
        return np.clip(drawn, 1, self.seq_len).astype(np.int64)

    @cached_property
    def targets(self) -> npt.NDArray[np.int64]:
        """Classes 0 and 1, [N]."""
        count = self.steps * self.batch_size
        return np.random.default_rng(3).integers(0, 2, count, dtype=np.int64)

    def __reduce__(self) -> tuple[object, ...]:
        """Without the arrays: another process makes them anew."""
        fields = (self.kind, self.seq_len, self.epoch_steps)
        return Case, (*fields, self.batch_size, self.size, self.vocabulary)
