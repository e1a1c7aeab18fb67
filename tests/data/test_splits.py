import pytest

from rnnexp.data.splits import parse_split


@pytest.mark.parametrize("split", ["80/10", "80/10/20", "a/b", "100", "0/50/50", "80/20/0", ""])
def test_a_split_that_does_not_add_up_is_refused(split: str) -> None:
    with pytest.raises(ValueError, match="split must be"):
        parse_split(split)
