"""`logger=wandb`: a run of Weights & Biases, kept here or sent as it goes."""

import os
import sys
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from requests.utils import get_netrc_auth

from rnnexp.logger.base import Logger, Outcome, RunFacts
from rnnexp.logger.wandb_files import steps_in

#: The exit status by which wandb knows a run that failed from one that did not.
EXIT_CODES = {"finished": 0, "diverged": 0, "pruned": 0, "interrupted": 130}

#: Variables that hold what one logs in with.
CREDENTIALS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")


class WandB(Logger):
    """Settings as the run's config, numbers by step as its history, scores as its summary.

    mode: `offline` keeps everything in a folder, from which `wandb sync` sends it; `online` sends
    it as the run goes. project: the name under which it is filed, by study in groups. entity: the
    user or team; None for whom one has logged in as. folder: in which wandb makes its own; None for
    the one that the runs lie in.
    """

    needs, extra = ("wandb",), "wandb"

    def __init__(
        self,
        mode: Literal["offline", "online"] = "offline",
        project: str = "rnnexp",
        entity: str | None = None,
        folder: str | None = None,
        timeout: float = 60,
    ) -> None:
        super().__init__(timeout)
        if not project.strip():
            raise ValueError("project must be a name (got an empty one)")
        self.mode, self.project, self.entity, self.folder = mode, project, entity, folder

    def check(self) -> None:
        super().check()
        if self.mode == "online" and not _is_logged_in():
            raise ValueError(
                "mode=online sends the run to Weights & Biases, where nobody is logged in here: "
                "type wandb login, or use logger.wandb.mode=offline"
            )

    def start(self, run: RunFacts) -> Container[int]:
        folder = Path(self.folder) if self.folder is not None else run.outputs
        folder.mkdir(parents=True, exist_ok=True)
        online = self.mode == "online"
        # an interrupted process leaves in the file of an offline run what had been written by then
        logged = steps_in(folder / "wandb", run.id) if run.goes_on and not online else set()
        if "wandb" not in sys.modules:
            # a service of the parent's may hold a run for one that goes on whose process has died
            os.environ.pop("WANDB_SERVICE", None)
        with _hooks_kept():
            import wandb

            self._wandb: Any = wandb
            self._run: Any = wandb.init(
                id=run.id, name=run.name, group=run.study, project=self.project,
                entity=self.entity, dir=str(folder), mode=self.mode, config=dict(run.settings),
                tags=[text[:64] for text in _tags(run)], notes=run.tags["command"],
                resume="allow" if run.goes_on and online else None, reinit="create_new",
                settings=wandb.Settings(
                    console="off", silent=True, init_timeout=self.timeout * 0.9,
                    finish_timeout=self.timeout * 0.9, finish_timeout_raises=True,
                ),
            )  # fmt: skip
        self._run.config.update({"rnnexp": dict(run.tags)}, allow_val_change=True)
        return range(self._run.step) if online else logged  # what the server has, it keeps

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self._run.log(dict(numbers), step=step)

    def end(self, outcome: Outcome) -> None:
        if outcome.figures:
            images = {
                f"figures/{path.stem}": self._wandb.Image(str(path)) for path in outcome.figures
            }
            self._run.log(images, step=outcome.step + 1)  # a row that has been sent takes no more
        ended = {"status": outcome.status, "reason": outcome.reason}
        self._run.summary.update({**outcome.scores, **ended})
        with _hooks_kept():
            self._run.finish(exit_code=EXIT_CODES.get(outcome.status, 1))


def _tags(run: RunFacts) -> list[str]:
    synthetic = ["synthetic data"] if run.tags["synthetic"] == "true" else []
    return [*synthetic, run.tags["data"], run.tags["model"]]


def _is_logged_in() -> bool:
    """Whether there is what one logs in with; the server is not asked."""
    if any(os.environ.get(name) for name in CREDENTIALS):
        return True
    import wandb

    settings = wandb.setup().settings  # a file of the user's may name another server
    return bool(settings.api_key or get_netrc_auth(settings.base_url))


@contextmanager
def _hooks_kept() -> Iterator[None]:
    """wandb puts functions of its own in place of these two, to see how the process ends."""
    hooks = sys.excepthook, sys.exit
    try:
        yield
    finally:
        sys.excepthook, sys.exit = hooks
