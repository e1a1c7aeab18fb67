from rnnexp.streams import stream_seed


def test_streams_differ_by_seed_purpose_and_index() -> None:
    seeds = {
        stream_seed(seed, purpose, epoch)
        for seed in range(5)
        for purpose in ("order", "dropout", "weights")
        for epoch in range(5)
    }
    assert len(seeds) == 75


def test_a_stream_is_the_same_in_every_release() -> None:
    assert stream_seed(0, "order", 1) == 6030183226608184633
    assert 0 <= stream_seed(2**31, "weights") < 2**63
