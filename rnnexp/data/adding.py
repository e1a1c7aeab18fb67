"""The adding problem: the sum of two marked numbers in a long row of numbers.

Shapes: N examples, T steps.
"""

from typing import Any, Literal

import numpy as np

from rnnexp.data.base import Regression
from rnnexp.data.generated import Generated, all_steps
from rnnexp.types import SequenceDataset

#: At this MSE the task counts as solved: a thirtieth of chance.
SOLVED = 0.005


class Adding(Generated, Regression):
    """x_t = (u_t, m_t): u_t from U[0, 1], m_t 1 at two steps and 0 elsewhere; target u_i + u_j.

    markers: `halves` puts one marker uniformly into each half (Arjovsky, Shah and Bengio 2016,
        section 4.2); `anywhere` puts the two at any two different steps.
    target: `sum`, or `half_sum`, the sum over 2 (Pascanu, Mikolov and Bengio 2013).
    common: the arguments of `Generated`.

    Without memory the best answer is the mean: MSE Var(u_i + u_j) = 1/6, of the half sum 1/24; it
    is the median too: mean absolute error 1/3, of the half sum 1/6.
    First posed, with other positions and numbers in [-1, 1], by Hochreiter and Schmidhuber 1997.

    >>> task = Adding(seq_len=10, test_count=2)
    >>> task.split("test").inputs.shape, round(task.chance["mse"], 4)
    (torch.Size([2, 10, 2]), 0.1667)
    """

    input_size, output_size = 2, 1

    def __init__(
        self,
        *,
        markers: Literal["halves", "anywhere"] = "halves",
        target: Literal["sum", "half_sum"] = "sum",
        **common: Any,
    ) -> None:
        self.markers, self.target = markers, target
        self.scale = 0.5 if target == "half_sum" else 1.0
        self.solved = SOLVED * self.scale**2
        super().__init__(**common)

    def variant(self) -> dict[str, Any]:
        return {"markers": self.markers, "target": self.target}

    def check_length(self) -> None:
        if self.seq_len < 2:
            raise ValueError(
                f"adding needs seq_len of 2 or more, for two markers (got {self.seq_len})"
            )

    def chance_levels(self) -> dict[str, float]:
        mse = self.scale**2 / 6
        return {"mse": mse, "loss": mse, "mae": self.scale / 3, "r2": 0.0}

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        rows_N, steps = np.arange(count), self.seq_len
        inputs_NT2 = np.zeros((count, steps, 2), np.float32)
        inputs_NT2[:, :, 0] = generator.random((count, steps), np.float32)
        if self.markers == "halves":
            first_N = generator.integers(steps // 2, size=count)
            second_N = generator.integers(steps // 2, steps, size=count)
        else:
            first_N = generator.integers(steps, size=count)
            second_N = generator.integers(steps - 1, size=count)
            second_N += second_N >= first_N  # any step but the first one
        total_N = np.zeros(count, np.float32)
        for marked_N in (first_N, second_N):
            inputs_NT2[rows_N, marked_N, 1] = 1
            total_N += inputs_NT2[rows_N, marked_N, 0]
        return all_steps(inputs_NT2, (self.scale * total_N)[:, None].astype(np.float32))
