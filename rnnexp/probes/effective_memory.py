"""How much of the past an answer depends on: what changes when all but the last steps are cut off.

Shapes: B examples, N truncated examples, K numbers of steps kept, T steps, O outputs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.norms import mean_and_interval, mean_present
from rnnexp.ranges import at_least, more_than
from rnnexp.types import Batch

Integers = npt.NDArray[np.int64]
#: What a network answers to examples: logits or numbers, [B, O], or [B, T, O] of every step.
Predict = Callable[[Batch], Tensor]


@dataclass(frozen=True)
class TruncatedPast:
    """What `effective_memory` returns.

    kept_K: numbers of steps kept, ascending. distance_KB: how far the answer is from that to the
        whole past: the total variation ½ Σ|p - q|, of numbers the mean |y - y'| in their own unit.
    divergence_KB: Kullback-Leibler Σ p ln(p / q) in nats, p from the whole past; of numbers NaN.
    changed_KB: 1 where the most probable class is another; of numbers NaN.
    steps_B: the effective memory of each example. length_B: its real steps. An example with
        steps = length is censored: its answer depends on all of the past that there is, and would
        perhaps on more.
    steps_of_mean: the same of the mean distance; low and high: of the ends of its 95% t-interval
        over examples, among the kept_K.

    NaN for an example whose answers are not all finite.
    """

    kept_K: Integers
    distance_KB: Array
    divergence_KB: Array
    changed_KB: Array
    steps_B: Array
    length_B: Integers
    steps_of_mean: float
    low: float
    high: float


def effective_memory(
    predict: Predict,
    batch: Batch,
    tolerance: float = 0.01,
    points: int = 24,
    numbers: bool = False,
    reads_pads: bool = False,
) -> TruncatedPast:
    """The least k such that d_j <= tolerance for every j >= k, in steps, of each example.

        d_k = D(f(x_1 ... x_n), f(x_(n-k+1) ... x_n)),   D = ½ Σ_c |p_c - q_c|

    The second answer is the network's own to the last k real steps, from its initial state, as if
    the example had begun there. All other pads stay where they are. A readout that is a mean or a
    maximum over steps is one over the k steps that are left. Of a network that answers at every
    step, the answer at the last real one is meant.

    How to read it: an RNN without recurrent weights has 1, a network that adds all it reads has n,
    and one that answers right which cue came d steps before the end has d + 1 in the mean, or some
    steps more: where it begins at the cue itself it is less sure, if no sequence of its training
    began there (a GRU that recalls at d = 12 of 30 steps: 17).
    How it misleads: an example whose answer without a past happens to be the same has a short
    memory, whatever the network holds: of two classes that is about every second, so look at the
    mean's too. It is a use of the past, not of the right past: a network may depend on all of it
    and be wrong. A network that was never trained on short sequences meets states that it does not
    know. And what is said of k between those tried supposes that d is monotone there.

    predict: the model itself, or any function that maps a batch to logits [B, 1] (sigmoid) or
        [B, O] (softmax), or to numbers.
    tolerance: in units of D. points: so many k evenly and so many in equal ratios; the step at
        which d crosses the tolerance is then found by bisection, for each example.
    numbers: the outputs are numbers and no logits; D is then their mean absolute difference.
    reads_pads: whether pads behind the real steps reach the answer, as with readout=last.

    Cost: about 2 points T/ln T steps of the batch.

    Raises ValueError for a tolerance or points out of range, and for a batch without a real step.
    Source: the truncated past of language models, Khandelwal et al. 2018, "Sharp nearby, fuzzy far
    away", with the network's own answer in place of the loss.

    >>> from rnnexp.model.rollout import rollout
    >>> rnn = torch.nn.RNN(3, 2)
    >>> rnn.weight_hh_l0.data.zero_().shape
    torch.Size([2, 2])
    >>> batch = Batch(torch.randn(4, 9, 3), torch.zeros(4), torch.full((4,), 9))
    >>> effective_memory(lambda b: rnn(b.inputs)[0][:, -1], batch, reads_pads=True).steps_B
    array([1., 1., 1., 1.])
    """
    more_than("tolerance", tolerance, 0)
    at_least("points", points, 2)
    length_B = batch.lengths.cpu().numpy().astype(np.int64)
    if not len(length_B) or not length_B.all():
        raise ValueError("the batch has an example without any real step")
    longest = int(length_B.max())
    points = min(points, longest)  # as many are every number of steps there is
    spaced = [*np.linspace(1, longest, points), *np.geomspace(1, longest, points)]
    kept_K = np.array(sorted({round(k) for k in spaced}), np.int64)
    full_BO = _answers(predict, batch)

    def distances(row_N: Integers, kept_N: Integers) -> Array:
        cut_NO = truncated_answers(predict, batch, row_N, kept_N, reads_pads)
        return _distances(full_BO[torch.from_numpy(row_N)], cut_NO, numbers)

    rows_B = np.arange(len(length_B))
    of_all_K = [distances(rows_B, np.minimum(k, length_B)) for k in kept_K]
    distance_KB, divergence_KB, changed_KB = np.stack(of_all_K, axis=1)
    finite_B = np.isfinite(distance_KB).all(axis=0)
    for values_KB in (distance_KB, divergence_KB, changed_KB):
        values_KB[:, ~finite_B] = np.nan

    def of_example(row_N: Integers, kept_N: Integers) -> Array:
        distance_N: Array = distances(row_N, np.minimum(kept_N, length_B[row_N]))[0]
        return distance_N

    def of_mean(_: Integers, kept_N: Integers) -> Array:
        kept_B = np.minimum(kept_N[0], length_B)
        return mean_present(np.where(finite_B, distances(rows_B, kept_B)[0], np.nan)[None])

    steps_B = np.minimum(_crossings(kept_K, distance_KB, tolerance, of_example), length_B)
    mean_K, *ends = mean_and_interval(distance_KB)
    low, high = (
        float(_crossings(kept_K, end_K[:, None], tolerance)[0])
        if not np.isnan(end_K).all() else np.nan
        for end_K in ends
    )  # fmt: skip
    return TruncatedPast(
        kept_K, distance_KB, divergence_KB, changed_KB,
        np.where(finite_B, steps_B, np.nan), length_B,
        float(_crossings(kept_K, mean_K[:, None], tolerance, of_mean)[0])
        if finite_B.any() else np.nan,
        low, high,
    )  # fmt: skip


def _crossings(
    kept_K: Integers,
    distance_KB: Array,
    tolerance: float,
    between: Callable[[Integers, Integers], Array] | None = None,
) -> Array:
    """The least k of each column beyond which no distance is above the tolerance, [B].

    between: distances [N] of columns [N] at other k [N]; without it the answer is one of kept_K.
    With the longest sequence kept nothing differs, so that there is a crossing.
    """
    above_KB = distance_KB > tolerance
    columns = np.arange(distance_KB.shape[1])
    last_above_B = len(kept_K) - 1 - above_KB[::-1].argmax(axis=0)
    any_above_B = above_KB.any(axis=0)
    far_B = np.minimum(last_above_B + 1, len(kept_K) - 1)
    low_B = np.where(any_above_B, kept_K[last_above_B], 0)
    high_B = np.where(any_above_B, kept_K[far_B], 1)
    while between is not None and (open_B := high_B - low_B > 1).any():
        middle_N = (low_B + high_B)[open_B] // 2
        above_N = between(columns[open_B], middle_N) > tolerance
        low_B[open_B] = np.where(above_N, middle_N, low_B[open_B])
        high_B[open_B] = np.where(above_N, high_B[open_B], middle_N)
    return high_B.astype(np.float64)


def truncated_answers(
    predict: Predict, batch: Batch, row_N: Integers, kept_N: Integers, reads_pads: bool
) -> Tensor:
    """The answers [N, O] to the last kept_N real steps of the examples row_N.

    Where pads are read, sequences of different widths cannot lie in one batch.
    """
    answers: list[tuple[Integers, Tensor]] = []
    total = batch.inputs.shape[1]
    length_N = batch.lengths.cpu().numpy()[row_N]
    pads_N = total - length_N if reads_pads or batch.padding == "pre" else 0 * length_N
    width_N = pads_N + kept_N
    apart = reads_pads or batch.padding == "pre"
    for width in np.unique(width_N) if apart else [int(width_N.max())]:
        chosen_n = np.flatnonzero(width_N == width) if apart else np.arange(len(row_N))
        rows = torch.from_numpy(row_N[chosen_n]).to(batch.lengths.device)
        kept = torch.from_numpy(kept_N[chosen_n]).to(batch.lengths.device)
        step_nT = torch.arange(int(width), device=kept.device).expand(len(chosen_n), -1)
        if batch.padding == "pre":
            pads_n1 = int(width) - kept[:, None]
            dropped_n1 = batch.lengths[rows][:, None] - kept[:, None]
            index_nT = torch.where(step_nT < pads_n1, step_nT, step_nT + dropped_n1)
        else:
            index_nT = step_nT + (batch.lengths[rows] - kept)[:, None]
        # behind the end of a row that shares its batch with longer ones nothing is read
        inputs = batch.inputs[rows[:, None], index_nT.clamp(max=total - 1)]
        targets = batch.targets[rows]
        part = replace(batch, inputs=inputs, targets=targets, lengths=kept)
        answers.append((chosen_n, _answers(predict, part)))
    order = np.argsort(np.concatenate([chosen_n for chosen_n, _ in answers]))
    return torch.cat([answer for _, answer in answers])[torch.from_numpy(order)]


def _answers(predict: Predict, batch: Batch) -> Tensor:
    """[B, O] in float64, of every step the last real one's."""
    with torch.no_grad():
        outputs = predict(batch).cpu().double()
    if outputs.dim() == 3:
        outputs = outputs[torch.arange(len(outputs)), batch.last_valid_B.cpu()]
    return outputs


def _distances(full_NO: Tensor, cut_NO: Tensor, numbers: bool) -> Array:
    """Distance, divergence and whether the class is another, [3, N]."""
    if numbers:
        off_N = (full_NO - cut_NO).abs().mean(dim=1)
        return torch.stack([off_N, *[torch.full_like(off_N, torch.nan)] * 2]).numpy()
    full_NC, cut_NC = _log_probabilities(full_NO), _log_probabilities(cut_NO)
    p_NC = full_NC.exp()
    distance_N = (p_NC - cut_NC.exp()).abs().sum(dim=1) / 2
    # p ln p is 0 at p = 0
    terms_NC = torch.where(p_NC > 0, p_NC * (full_NC - cut_NC), 0.0)
    changed_N = (full_NC.argmax(dim=1) != cut_NC.argmax(dim=1)).double()
    return torch.stack([distance_N, terms_NC.sum(dim=1).clamp(min=0), changed_N]).numpy()


def _log_probabilities(logits_NO: Tensor) -> Tensor:
    """ln p of each class, from one column (sigmoid) or a column for each class (softmax)."""
    if logits_NO.shape[1] == 1:
        return torch.cat([F.logsigmoid(-logits_NO), F.logsigmoid(logits_NO)], dim=1)
    return F.log_softmax(logits_NO, dim=1)


def _spread(targets: Tensor) -> float:
    """The mean over the numbers of a target of their standard deviations; NaN are no targets."""
    numbers_NO = targets.double().flatten(0, -2)
    known_N = ~numbers_NO.isnan().any(dim=1)
    return float(numbers_NO[known_N].std(dim=0).mean())


class EffectiveMemory(Probe):
    """How many of the last steps decide the answer, on the longest validation examples.

    See `effective_memory`, which says how to read it and how it misleads.

    tolerance: the largest distance that counts as no change: a total variation of probabilities,
        for numbers a share of the standard deviation of the examples' targets.
    points: see `effective_memory`. examples: over so many of the longest validation examples.
    schedule: as in `Probe`; by default before and after training.
    """

    def __init__(
        self,
        tolerance: float = 0.01,
        points: int = 24,
        examples: int = 32,
        at_start: bool = True,
        every: int = 0,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        more_than("tolerance", tolerance, 0)
        at_least("points", points, 2)
        at_least("examples", examples, 2)
        self.tolerance, self.points, self.examples = tolerance, points, examples

    def measure(self, view: ProbeView) -> Measurement:
        batch = view.longest.rows(0, self.examples)
        if not bool(batch.lengths.all()):
            filled = batch.lengths > 0  # the longest come first
            batch = batch.rows(0, int(filled.sum()))
        numbers, tolerance = view.task.regression, self.tolerance
        if numbers:
            tolerance *= _spread(batch.targets)
            if not tolerance > 0:
                raise ValueError("the targets are all alike, so that they give no unit")

        def predict(batch: Batch) -> Tensor:
            return torch.cat([rollout.outputs for rollout, _ in view.rollouts(batch)])

        found = effective_memory(
            predict, batch, tolerance, self.points, numbers, view.model.reads_pads
        )
        mean, low, high = mean_and_interval(found.distance_KB)
        bound = np.inf if numbers else 1.0
        measured = ~np.isnan(found.steps_B)
        return {
            "kept": found.kept_K.astype(np.float64),
            "distance": mean,
            "distance_low": low.clip(min=0.0),
            "distance_high": high.clip(max=bound),
            "divergence": mean_present(found.divergence_KB),
            "changed": mean_present(found.changed_KB),
            "example_steps": found.steps_B,
            "example_length": found.length_B.astype(np.float64),
            "steps": found.steps_of_mean,
            # the ends are at steps tried, the crossing between two of them
            "steps_low": float(np.fmin(found.low, found.steps_of_mean)),
            "steps_high": float(np.fmax(found.high, found.steps_of_mean)),
            "length": float(found.length_B.max()),
            "tolerance": tolerance,
            "numbers": float(numbers),
            "examples": float(measured.sum()),
            "left_out": float((~measured).sum()),
        }
