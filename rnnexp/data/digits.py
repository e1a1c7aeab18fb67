"""Handwritten digits of 8 x 8 pixels, as they come with scikit-learn: real data without a download.

Source: Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits", UCI Machine Learning
Repository; scikit-learn has its test set, 1,797 images.
"""

import hashlib
from typing import Any

import numpy as np

from rnnexp.data.images import Images, RawImages
from rnnexp.errors import DataError

#: Of a pixel: how many of 4 x 4 dots of the scanned image are black.
BRIGHTEST = 16


class Digits(Images):
    """1,797 digits of 64 pixels each; see `Images` for how they are read and split.

    images: the arguments of `Images`.

    All ten classes are about as common: chance is 10.2% and ln 10 to four digits.

    Raises DataError where scikit-learn is not installed.
    """

    def __init__(self, **images: Any) -> None:
        super().__init__(**images)

    def __str__(self) -> str:
        return "the digits of scikit-learn"

    def read(self) -> RawImages:
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise DataError(
                "data=digits reads the images that come with scikit-learn: pip install scikit-learn"
            ) from None
        loaded = load_digits()
        labels = loaded.target.astype(np.int64)
        return RawImages(
            loaded.images.astype(np.uint8), BRIGHTEST, labels, tuple(map(str, range(10)))
        )

    def current_content(self) -> str:
        digest = hashlib.sha256(self._images.pixels_NHW.tobytes())
        digest.update(self._images.labels.astype("<i8").tobytes())
        return digest.hexdigest()
