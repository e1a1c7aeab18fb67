"""Images as sequences: a network reads their pixels one by one, and says what is in the image.

Shapes: N images, H rows, W columns of pixels, T steps.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.corpus import Int64Array
from rnnexp.data.splits import SPLITS, described, lacking_classes, parse_split, split_rows
from rnnexp.errors import DataError
from rnnexp.ranges import at_least
from rnnexp.streams import stream_seed
from rnnexp.types import SequenceDataset, Split

#: Bytes of a pixel as float32, before and after it is put into its place.
PIXEL = 4 + 4


@dataclass(frozen=True)
class RawImages:
    """Images of one size with their classes.

    pixels_NHW: from 0, which is empty, to `brightest`. labels: indices into `classes`.
    is_test: whether each belongs to the corpus' own test split; None if it has none.
    """

    pixels_NHW: npt.NDArray[np.uint8]
    brightest: int
    labels: Int64Array
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.labels)


class Images(Classification):
    """The pixels of an image, row by row, one at each step, as numbers from 0 to 1.

    Inputs are float [N, T, 1]. A subclass reads the images. The task was posed for MNIST by Le,
    Jaitly and Hinton 2015 ("A simple way to initialize recurrent networks of rectified linear
    units"), in the order of the rows and in one random order for all images.

    seq_len: at least as many steps as an image has pixels: none is cut, and a longer one changes
        nothing.
    pool: the mean of pool x pool pixels is one step, which makes sequences pool² times shorter.
    permute_seed: None reads the pixels row by row; a number, in the random order of that seed, the
        same for all images, so that neighbours in the image lie far apart in time.
    split: shares of training, validation and test in percent. Where a corpus has a test split of
        its own, that one is used, and the first two shares divide the rest. Each class is divided
        in these shares.
    shuffle_seed: of the order of the images before they are split; None keeps theirs.
    limit: use so many images alone, the first in that order.

    Chance is that of the class shares p_k among the images: the best answer that ignores them is
    the commonest class, max p_k, and its loss the entropy, -sum p_k ln p_k.
    """

    input_size = 1

    def __init__(
        self,
        *,
        seq_len: int = 100,
        pool: int = 1,
        permute_seed: int | None = None,
        split: str = "80/10/10",
        shuffle_seed: int | None = 0,
        limit: int | None = None,
    ) -> None:
        at_least("pool", pool, 1)
        for name, seed in (("permute_seed", permute_seed), ("shuffle_seed", shuffle_seed)):
            if seed is not None:
                at_least(name, seed, 0)
        if limit is not None:
            at_least("limit", limit, 1)
        shares = parse_split(split)
        self._images = images = self.read()
        self._pool = pool
        rows, columns = images.pixels_NHW.shape[1:]
        if rows % pool or columns % pool:
            raise ValueError(f"pool={pool} does not divide images of {rows} x {columns} pixels")
        steps = (rows // pool) * (columns // pool)
        if seq_len < steps:
            raise ValueError(
                f"seq_len={seq_len} would cut the images, which have {steps} pixels: type "
                f"seq_len={steps}" + _smaller(rows, columns, pool)
            )
        self._order_T = np.arange(steps)
        if permute_seed is not None:
            generator = np.random.default_rng(stream_seed(permute_seed, "pixels"))
            self._order_T = generator.permutation(steps)
        bounds.fits("pool", pool, len(images) * steps * PIXEL, f"{len(images)} images")
        self.shuffled = True  # stratified
        self._rows = split_rows(images, shares, shuffle_seed, limit, stratify=True, what="image")
        used = np.concatenate([self._rows[name] for name in SPLITS])
        counts = np.bincount(images.labels[used], minlength=len(images.classes))
        if lacking := set(range(len(counts))) - set(images.labels[self._rows["train"]].tolist()):
            raise DataError(
                f"{self}: the train split of {len(self._rows['train'])} images has none of class "
                f"'{images.classes[min(lacking)]}': raise data.limit"
            )
        self.output_size, self.classes = len(counts), images.classes
        self.chance = classification_chance(counts.tolist())
        self.content = self.current_content()
        self._splits: dict[Split, SequenceDataset] = {}
        own_test = images.is_test is not None
        divided = described(shares, shuffle_seed, True, own_test, what="image")
        self.report = {
            **{name: len(self._rows[name]) for name in SPLITS},
            "classes": dict(zip(self.classes, counts.tolist(), strict=True)),
            "pixels": [rows, columns],
            "steps": steps,
            "pool": pool,
            "permute_seed": permute_seed,
            "notes": [
                f"images: {rows} x {columns} pixels, {_read(pool, permute_seed)}: {steps} steps",
                f"split: {divided}",
                *lacking_classes(images, self._rows, what="image"),
            ],
        }

    @abstractmethod
    def read(self) -> RawImages:
        """The images and their classes."""

    @abstractmethod
    def current_content(self) -> str:
        """A digest of the images and their classes, as they are now."""

    def split(self, name: Split) -> SequenceDataset:
        if name not in self._splits:
            rows, pool = self._rows[name], self._pool
            pixels_NHW = self._images.pixels_NHW[rows]
            count, height, width = pixels_NHW.shape
            blocks = pixels_NHW.reshape(count, height // pool, pool, width // pool, pool)
            means_NT = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(count, -1)
            inputs_NT1 = means_NT[:, self._order_T, None] / np.float32(self._images.brightest)
            self._splits[name] = SequenceDataset(
                torch.from_numpy(inputs_NT1),
                torch.from_numpy(self._images.labels[rows]),
                torch.full((count,), len(self._order_T)),
            )
        return self._splits[name]

    def state(self) -> dict[str, Any]:
        return {"classes": list(self.classes)}


def _read(pool: int, permute_seed: int | None) -> str:
    """How they are read, in words."""
    means = f" as means of {pool} x {pool}" if pool > 1 else ""
    order = "row by row" if permute_seed is None else f"in the random order of seed {permute_seed}"
    return f"read{means} {order}"


def _smaller(rows: int, columns: int, pool: int) -> str:
    """The words for shorter sequences; none where pixels cannot be pooled further."""
    least = next((k for k in range(pool + 1, rows) if not (rows % k or columns % k)), None)
    if least is None:
        return ""
    steps = (rows // least) * (columns // least)
    return f", or data.pool={least} seq_len={steps} for fewer and larger pixels"
