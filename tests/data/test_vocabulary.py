import numpy as np

from rnnexp.data.vocabulary import cut_and_pad


def test_post_and_pre_padding() -> None:
    tokens, offsets = np.array([5, 6, 7, 8, 9]), np.array([0, 3, 3, 5])
    rows = np.arange(3)
    inputs, lengths = cut_and_pad(tokens, offsets, rows, 2, "post")
    assert inputs.tolist() == [[5, 6], [0, 0], [8, 9]]
    assert lengths.tolist() == [2, 0, 2]
    inputs, _ = cut_and_pad(tokens, offsets, rows, 4, "pre")
    assert inputs.tolist() == [[0, 5, 6, 7], [0, 0, 0, 0], [0, 0, 8, 9]]
