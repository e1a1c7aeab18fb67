"""How the sensitivity of the states to the weights grows with the steps seen, in a run.

Shapes: T time, B batch, K numbers of steps.
"""

import numpy as np

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.norms import mean_and_interval, mean_present
from rnnexp.probes.state_sensitivity import ALL, gradient_by_steps, parameter_sensitivity
from rnnexp.ranges import at_least

#: Numbers that a measurement computes at most: about a minute.
MOST_NUMBERS = 1e10


class ParameterSensitivity(Probe):
    """E‖dh_n/dθ‖² of each weight by the number n of steps seen, on the longest examples; and from
    which steps the gradient of the loss with respect to the weight comes.

    See `parameter_sensitivity` in state_sensitivity.py, which says how to read it and how it
    misleads. Means over examples, with 95% t-intervals.

    growth: d ln ‖dh_n/dθ‖² / d ln n between half of the steps and all of them, in the mean over
        examples: 0 where small changes of the state die out; where the state adds up what it
        reads 3 (inputs of mean 0) to 4; more where the dynamics is chaotic.
    step: root mean square over examples of ‖c_k‖, what the use of θ at the step k before the
        readout adds to the gradient of an example's loss; so_far: of the sum of those up to it.
        Not with readout=mean or max, where the loss enters at many steps.

    examples, directions: so many longest examples, and signs drawn for each.
    seed: of the signs. schedule: as in `Probe`; by default before and after training.

    Cost: about three times the steps, times examples x directions x weights; a measurement of more
    than 1e10 of these is refused.
    """

    def __init__(
        self,
        examples: int = 8,
        directions: int = 2,
        seed: int = 0,
        at_start: bool = True,
        every: int = 0,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        at_least("examples", examples, 1)
        at_least("directions", directions, 1)
        at_least("seed", seed, 0)
        self.examples, self.directions, self.seed = examples, directions, seed

    def measure(self, view: ProbeView) -> Measurement:
        batch = view.longest.rows(0, self.examples)
        rollout = view.model.rollout(batch)
        weights = 0
        if rollout.step_map is not None:
            weights = sum(weight.numel() for weight in rollout.step_map.weights.values())
        numbers = 3 * batch.inputs.shape[1] * len(batch) * self.directions * weights
        if numbers > MOST_NUMBERS:
            raise ValueError(
                f"{numbers:.1g} numbers are more than {MOST_NUMBERS:.0g}: lower "
                "probes.parameter_sensitivity.examples or directions"
            )
        found = parameter_sensitivity(rollout, None, self.directions, self.seed)
        measured: Measurement = {
            "steps": found.steps_K.astype(np.float64),
            "state": mean_present(found.state_KB),
            "examples": float((~np.isnan(found.squared[ALL])).any(axis=0).sum()),
            "exact": float(found.exact),
        }
        for name, squared_KB in found.squared.items():
            mean_K, low_K, high_K = mean_and_interval(squared_KB)
            measured[f"squared.{name}"] = mean_K
            measured[f"squared_low.{name}"] = low_K
            measured[f"squared_high.{name}"] = high_K
            growth_B = _growth(found.steps_K.astype(np.float64), squared_KB)
            growth = (float(ends[0]) for ends in mean_and_interval(growth_B[None]))
            for key, value in zip(("growth", "growth_low", "growth_high"), growth, strict=True):
                measured[f"{key}.{name}"] = value
        if rollout.reads_one_state:
            by_steps = gradient_by_steps(rollout, view.total_loss(rollout, batch))
            for name in (*by_steps.step,):
                if "." in name:
                    continue  # blocks have their sensitivity; by steps they would fill the file
                for key, norms in (("step", by_steps.step), ("so_far", by_steps.so_far)):
                    measured[f"{key}.{name}"] = np.sqrt(mean_present(norms[name] ** 2))
        return measured


def _growth(steps_K: Array, squared_KB: Array) -> Array:
    """The slope of ln ‖dh_n/dθ‖² against ln n over the last half of the steps, of each example."""
    if len(steps_K) < 2:
        return np.full(squared_KB.shape[1], np.nan)
    # an example that is a little shorter has half of the steps, and has no slope
    with np.errstate(divide="ignore", invalid="ignore"):
        logs_B = np.log(squared_KB[-1]) - np.log(squared_KB[-2])
        slope_B: Array = logs_B / np.log(steps_K[-1] / steps_K[-2])
    return np.where(np.isfinite(slope_B), slope_B, np.nan)
