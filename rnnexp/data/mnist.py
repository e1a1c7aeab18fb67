"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, from files in the idx format.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document
recognition". Read from a folder with the four files, packed or not; those that are missing are
downloaded. Fashion-MNIST and other sets in the same four files are read alike.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from rnnexp.data.download import download
from rnnexp.data.idx import read_idx
from rnnexp.data.images import Images, RawImages
from rnnexp.errors import DataError
from rnnexp.files import file_digest, user_path

log = logging.getLogger(__name__)

#: The files by their published names: images and classes to train on, and to test on.
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
#: Of the packed files.
CHECKSUMS = (
    "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "md5:9fb629c4189551a2d022fa330f9573f3",
    "md5:ec29112dd5afa0611ce80d1b7f02629c",
)
BRIGHTEST = 255


class Mnist(Images):
    """60,000 digits to train and validate on, 10,000 to test; see `Images` for how they are read.

    Sequential MNIST is seq_len=784; permuted, permute_seed=0 beside it; pool=4 with seq_len=49 is a
    short form of either.

    folder: where the four idx files are, as they are or as .gz, and where a download goes.
    url: the address below which train-images-idx3-ubyte.gz and the others are.
    checksums: the `algorithm:digest` of each of the four packed files, in the order images,
        classes, test images, test classes; None for those of MNIST. Only a download is compared
        with them.
    images: the arguments of `Images`.

    Chance is about 11.2% (the digit 1), 2.30 nats.

    Raises DataError for files that are missing and cannot be had, are damaged, or do not belong
    together.
    """

    def __init__(
        self,
        *,
        folder: str = "data/mnist",
        url: str = "https://ossci-datasets.s3.amazonaws.com/mnist",
        checksums: list[str] | None = None,
        **images: Any,
    ) -> None:
        known = tuple(CHECKSUMS if checksums is None else checksums)
        if len(known) != len(FILES):
            raise ValueError(
                f"checksums must be {len(FILES)}, one for each file (got {len(known)})"
            )
        self.folder = user_path(folder)
        self._paths = [
            find(self.folder, name) or _download(url, name, checksum, self.folder)
            for name, checksum in zip(FILES, known, strict=True)
        ]
        super().__init__(**images)

    def __str__(self) -> str:
        return str(self.folder)

    def read(self) -> RawImages:
        parts = [self._part(*self._paths[:2]), self._part(*self._paths[2:])]
        (images, labels), (test_images, test_labels) = parts
        if images.shape[1:] != test_images.shape[1:]:
            sizes = [" x ".join(map(str, part.shape[1:])) for part in (images, test_images)]
            raise DataError(
                f"{self._paths[0]} has images of {sizes[0]} pixels and {self._paths[2]} of "
                f"{sizes[1]}: they do not belong together"
            )
        all_labels = np.concatenate([labels, test_labels]).astype(np.int64)
        is_test = np.arange(len(all_labels)) >= len(labels)
        classes = tuple(map(str, range(int(all_labels.max()) + 1)))
        pixels = np.concatenate([images, test_images])
        return RawImages(pixels, BRIGHTEST, all_labels, classes, is_test)

    def _part(self, images: Path, labels: Path) -> tuple[np.ndarray[Any, Any], ...]:
        pixels_NHW, label_N = read_idx(images, axes=3), read_idx(labels, axes=1)
        if len(pixels_NHW) != len(label_N):
            raise DataError(
                f"{images} has {len(pixels_NHW)} images and {labels} {len(label_N)} classes: they "
                "do not belong together"
            )
        if not pixels_NHW.size:
            raise DataError(f"{images} holds no images")
        return pixels_NHW, label_N

    def current_content(self) -> str:
        return " ".join(file_digest(path) for path in self._paths)


def find(folder: Path, name: str) -> Path | None:
    """One of the files, under its published name or with a dot (train-images.idx3-ubyte)."""
    for spelled in (name, name.replace("-idx", ".idx")):
        for path in (folder / spelled, folder / f"{spelled}.gz"):
            if path.exists():
                return path
    return None


def _download(url: str, name: str, checksum: str, folder: Path) -> Path:
    packed = f"{name}.gz"
    address = f"{url.rstrip('/')}/{packed}"
    log.info("downloading %s", address)
    way_out = f"put {packed} into {folder}/ by other means, or set data.folder to where it is"
    return download(address, checksum, folder, packed, way_out)
