"""Every schedule against torch's own, and what it refuses."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler as torchs

from rnnexp.schedule.base import Schedule
from rnnexp.schedule.cosine import Cosine
from rnnexp.schedule.linear import Linear
from rnnexp.schedule.none import Constant
from rnnexp.schedule.one_cycle import OneCycle
from rnnexp.schedule.plateau import Plateau
from rnnexp.schedule.step import Step
from rnnexp.schedule.warmup import Warmup

LR, STEPS = 0.3, 50


def rates_of(schedule: Schedule) -> list[float]:
    return [schedule.rate(LR, step, STEPS, {}) for step in range(STEPS)]


def rates_of_torch(make: Callable[[torch.optim.Optimizer], Any]) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler, rates = make(optimizer), []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step()
    return rates


def behind_a_warmup(of: Callable[[torch.optim.Optimizer], Any], steps: int) -> Any:
    def make(optimizer: torch.optim.Optimizer) -> Any:
        first = torchs.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)
        return torchs.SequentialLR(optimizer, [first, of(optimizer)], milestones=[steps])

    return make


TWINS: dict[str, tuple[Schedule, Callable[[torch.optim.Optimizer], Any]]] = {
    "none": (Constant(), lambda o: torchs.ConstantLR(o, factor=1)),
    "warmup": (
        Warmup(warmup_steps=8), lambda o: torchs.LinearLR(o, start_factor=1 / 8, total_iters=7),
    ),
    "cosine": (
        Cosine(eta_min=0.01), lambda o: torchs.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.01),
    ),
    "cosine behind a warm-up": (
        Cosine(warmup_steps=10),
        behind_a_warmup(lambda o: torchs.CosineAnnealingLR(o, T_max=STEPS - 10), 10),
    ),
    "linear": (
        Linear(end_factor=0.1),
        lambda o: torchs.LinearLR(o, start_factor=1, end_factor=0.1, total_iters=STEPS),
    ),
    "step": (Step(step_size=7, gamma=0.5), lambda o: torchs.StepLR(o, step_size=7, gamma=0.5)),
    "exponential": (Step(step_size=1, gamma=0.9), lambda o: torchs.ExponentialLR(o, gamma=0.9)),
    "one_cycle": (
        OneCycle(pct_start=0.2, div_factor=10, final_div_factor=100),
        lambda o: torchs.OneCycleLR(
            o, max_lr=LR, total_steps=STEPS, pct_start=0.2, div_factor=10, final_div_factor=100,
            cycle_momentum=False,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_it_is_torchs(name: str) -> None:
    schedule, make = TWINS[name]
    assert rates_of(schedule) == pytest.approx(rates_of_torch(make), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("better", ["low", "high"])
def test_a_plateau_is_torchs(better: str) -> None:
    settings = {"factor": 0.5, "patience": 1, "threshold": 0.05, "cooldown": 2, "min_lr": 0.03}
    scores = [1.0, 0.9, 0.89, 0.88, 0.87, 0.5, 0.49, 0.49, 0.48, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    scores = scores if better == "low" else [2 - score for score in scores]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    mode: Any = "min" if better == "low" else "max"
    twin = torchs.ReduceLROnPlateau(optimizer, mode=mode, **settings)  # type: ignore[arg-type]
    ours, kept = Plateau(**settings), dict[str, float]()  # type: ignore[arg-type]
    for score in scores:
        assert ours.rate(LR, 0, STEPS, kept) == pytest.approx(optimizer.param_groups[0]["lr"])
        twin.step(score)
        kept = dict(ours.after(kept, score if better == "low" else -score))
    assert ours.rate(LR, 0, STEPS, kept) == optimizer.param_groups[0]["lr"] < LR


@pytest.mark.parametrize(
    ("make", "steps", "line"),
    [
        (lambda: Warmup(warmup_steps=0), 0, "warmup_steps must be at least 1"),
        (lambda: Warmup(warmup_steps=50), 50, "warmup_steps=50 leaves none of the training's 50"),
        (lambda: Cosine(warmup_steps=60), 50, "warmup_steps=60 leaves none"),
        (lambda: Cosine(eta_min=-1), 0, "eta_min must be at least 0"),
        (lambda: Step(step_size=50), 50, "step_size=50 changes nothing"),
        (lambda: Step(gamma=1.5), 0, "gamma must be at most 1"),
        (lambda: OneCycle(pct_start=1), 0, "pct_start must be"),
        (lambda: Plateau(factor=1), 0, "factor must be"),
        (lambda: Plateau(patience=-1), 0, "patience must be at least 0"),
        (lambda: Linear(end_factor=math.nan), 0, "end_factor must be"),
        (lambda: Linear(end_factor=1), 50, "end_factor=1 leaves the rate"),
        (lambda: Cosine(eta_min=1), 50, "eta_min=1 is no lower rate"),
        (lambda: Plateau(patience=18), 50, "patience=18 lowers the rate for epoch 21"),
        (lambda: Plateau(min_lr=1), 50, "min_lr=1 is no lower rate"),
        (lambda: OneCycle(div_factor=0.5), 50, "div_factor must be greater than 1"),
    ],
)
def test_what_it_refuses(make: Callable[[], Schedule], steps: int, line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}"):
        make().check(steps, 20, LR)
