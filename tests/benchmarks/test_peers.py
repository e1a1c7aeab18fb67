"""All peers train the same network: the same loss before the first update, and after it."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import peers as all_peers
from benchmarks.cases import BLOCKS, Case
from benchmarks.children import Child
from benchmarks.peers import notebook, peers, plain, rnnexp
from benchmarks.peers.base import Peer
from benchmarks.peers.products import PRODUCTS, flops

SMALL = {"batch_size": 3, "size": 5, "vocabulary": 30}


def by_hand(case: Case) -> list[Peer]:
    """The peers written in torch alone, but for the one that is compared with them."""
    return [
        peer
        for peer in peers()
        if peer.packages == ("torch",) and peer.trains and peer.exact and peer.takes(case)
        and peer is not rnnexp.OURS
    ]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(BLOCKS))
def test_a_training_of_rnnexp_has_the_losses_of_a_loop_by_hand(kind: str) -> None:
    case = Case(kind, 100, **SMALL)
    train = rnnexp.OURS.training(case)
    ours = [train(1).loss, train(case.steps).loss, train(case.steps).loss]
    assert by_hand(case)
    for peer in by_hand(case):
        train = peer.training(case)
        theirs = [train(1).loss, train(case.steps).loss, train(case.steps).loss]
        assert theirs == pytest.approx(ours, abs=2e-6), peer.name


def test_an_epoch_is_every_text_once() -> None:
    """The first step's loss of all texts at once does not depend on their order."""
    case = Case("rnn", 400, epoch_steps=1, **SMALL)
    assert len(set(case.lengths)) > 1
    ours, theirs = (peer.training(case)(1).loss for peer in (rnnexp.OURS, plain.FLUSHED))
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_the_notebooks_loop_is_torchs_rnn() -> None:
    torch.manual_seed(0)
    module, loop = nn.RNN(5, 5, batch_first=True), notebook.unrolled_recurrence(5)
    theirs = dict(module.named_parameters())
    with torch.no_grad():
        for name, parameter in loop.named_parameters():
            parameter.copy_(theirs[f"{name}_l0"])
    x_BTE = torch.randn(3, 7, 5)
    torch.testing.assert_close(loop(x_BTE)[0], module(x_BTE)[0])


def test_weights_and_texts_are_the_same_in_another_process() -> None:
    case = Case("lstm", 20, epoch_steps=2, **SMALL)
    _ = case.inputs
    packed = pickle.dumps(case)
    assert len(packed) < 500
    again = pickle.loads(packed)
    assert again == case
    assert np.array_equal(again.inputs, case.inputs)
    assert all(np.array_equal(again.weights[name], case.weights[name]) for name in case.weights)
    assert case.weights["weight_hh"].shape == (20, 5)
    assert ((case.inputs != 0).sum(axis=1) == case.lengths).all()


def test_a_round_is_some_400_tokens_of_each_text() -> None:
    assert [Case("rnn", n).steps for n in (50, 100, 200, 400, 1600)] == [8, 4, 2, 1, 1]
    assert Case("rnn", 400, epoch_steps=16).steps == 16


def test_the_products_are_those_of_a_step() -> None:
    """Counted by torch: of rnnexp's step without its readout, and of the products alone."""
    from torch.utils.flop_counter import FlopCounterMode

    case = Case("unrolled", 4, **SMALL)
    with FlopCounterMode(display=False) as counter:
        PRODUCTS.training(case)(1)
    assert counter.get_total_flops() == 12 * 4 * 3 * 5 * 5 == flops(case)
    train = notebook.FLUSHED.training(case)
    with FlopCounterMode(display=False) as counter:
        train(1)
    head = 3 * 2 * 3 * 5  # [B, H] x [H, 1], forward and twice backward
    first = 2 * 3 * 5 * 5  # dL/dh_0, which a step does without
    assert counter.get_total_flops() in (flops(case) + head, flops(case) + head - first)


def test_every_file_with_peers_is_asked() -> None:
    folder = Path(all_peers.__file__).parent
    files = [path.stem for path in folder.glob("*.py") if "\nPEERS = " in path.read_text()]
    assert {type(peer).__module__.rpartition(".")[2] for peer in peers()} == set(files)
    names = [peer.name for peer in peers()]
    assert names[0] == "rnnexp"
    assert len(set(names)) == len(names)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("peer", [peer for peer in peers() if peer.framework and peer.typical])
def test_a_framework_trains_the_same(peer: Peer) -> None:
    if missing := peer.missing():
        pytest.skip(f"{' and '.join(missing)} not installed: pip install -e '.[benchmark]'")
    with Child(peer, threads=1) as child:
        for case in (
            *(Case(kind, 7, **SMALL) for kind in ("rnn", "lstm", "gru")),
            Case("lstm", 400, epoch_steps=1, **SMALL),
        ):
            child.prepare(case)
            theirs = child.train(1).round.loss
            assert theirs == pytest.approx(rnnexp.OURS.training(case)(1).loss, abs=1e-5), case


def test_a_process_tells_what_went_wrong_in_it() -> None:
    with Child(PRODUCTS, threads=1) as child:
        with pytest.raises(RuntimeError, match=r"(?s)products alone:.*AssertionError"):
            child.train(1)
        child.prepare(Case("rnn", 10, **SMALL))
        before = child.forget_peak()
        done = child.train(2)
        assert done.round.seconds > 0
        assert done.peak_bytes >= before > 10_000_000
