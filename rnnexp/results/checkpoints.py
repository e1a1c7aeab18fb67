"""The checkpoints of a run on disk. Never imports torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnexp.errors import DamagedError
from rnnexp.manifest import Content, Manifest

#: The file of a checkpoint that holds averages of its weights; see `Average.state`.
AVERAGES = "averages.safetensors"


@dataclass(frozen=True)
class StoredCheckpoint:
    """A folder in checkpoints/, as `RunWriter.save_checkpoint` makes it."""

    path: Path

    @classmethod
    def of_run(cls, run: Path) -> list["StoredCheckpoint"]:
        """Those of a run, the newest first."""
        return [cls(path) for path in sorted((run / "checkpoints").glob("epoch_*_step_*"))[::-1]]

    @property
    def place(self) -> str:
        """`epoch 3, step 120`: the epochs that had ended, and all steps."""
        _, epoch, _, step = self.path.name.split("_")
        return f"epoch {int(epoch)}, step {int(step)}"

    @property
    def is_whole(self) -> bool:
        """Whether all of it is as it was written."""
        try:
            return not Manifest.read(self.path).faults()
        except DamagedError:
            return False

    @property
    def is_averaged(self) -> bool:
        """Whether its training validates and tests averages of the weights (trainer.ema)."""
        try:
            return AVERAGES in Manifest.read(self.path).files
        except DamagedError:  # which is told where its weights are read
            return False

    def content(self, name: str) -> bytes:
        """One of its files. Raises DamagedError where it is not as it was written."""
        return Manifest.read(self.path).content(name)

    def read(self) -> tuple[dict[str, bytes], dict[str, Any], Mapping[str, Content]]:
        """The files of tensors, the state, and what the growing files held.

        Raises DamagedError where anything is not as it was written.
        """
        manifest = Manifest.read(self.path)
        contents = {name: manifest.content(name) for name in manifest.files}
        state = json.loads(contents.pop("state.json"))
        files = {name: Content(*content) for name, content in state["files"].items()}
        state["files"] = {name: content.size for name, content in files.items()}
        return contents, state, files
