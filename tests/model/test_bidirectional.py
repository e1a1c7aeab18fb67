"""Two directions of torch's modules: what is read where each ends, and who refuses them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnexp.embedding.features import Features
from rnnexp.init.base import Init
from rnnexp.init.chrono import Chrono
from rnnexp.init.forget_bias import ForgetBias
from rnnexp.init.identity import Identity
from rnnexp.init.normal import Normal
from rnnexp.init.orthogonal import Orthogonal
from rnnexp.init.spectral import Spectral
from rnnexp.init.xavier import Xavier
from rnnexp.model.fused import GRU, LSTM, RNN, Fused
from rnnexp.model.lockstep import check_written_out
from rnnexp.model.modules import layers_of
from rnnexp.model.readout import Readout
from rnnexp.regime import regime_of
from rnnexp.regulariser.flossing import Flossing
from rnnexp.types import Batch, Padding
from tests.conftest import TINY, Outcome

KINDS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
LENGTHS, WIDTH, FEATURES, HIDDEN = (5, 9, 1, 12), 12, 3, 6
real_steps_alone = pytest.mark.parametrize("readout", ["last_valid", "mean", "max"])
every_kind = pytest.mark.parametrize("kind", KINDS)


def model_of(kind: str = "lstm", readout: Readout = "last_valid", **settings: Any) -> Fused:
    torch.manual_seed(0)
    common = {"hidden_size": HIDDEN, "bidirectional": True, "readout": readout, **settings}
    return KINDS[kind](Features(FEATURES), 2, **common)


def batch_of(pad: float = 0.0, width: int = WIDTH, padding: Padding = "post") -> Batch:
    """Random examples; `pad` is what stands at their pads."""
    torch.manual_seed(1)
    inputs_BTE = torch.full((len(LENGTHS), width, FEATURES), pad)
    for row, length in enumerate(LENGTHS):
        first = width - length if padding == "pre" else 0
        inputs_BTE[row, first : first + length] = torch.randn(length, FEATURES)
    return Batch(inputs_BTE, torch.zeros(len(LENGTHS)).long(), torch.tensor(LENGTHS), padding)


def of_the_packed_module(module: nn.RNNBase, batch: Batch, readout: str) -> Tensor:
    """What the head should read, by torch's packed sequences: [B, 2H]."""
    lengths_B = batch.lengths
    x_TBE = batch.inputs.transpose(0, 1)
    packed = pack_padded_sequence(x_TBE, lengths_B, enforce_sorted=False)
    states, last = module(packed)
    states_TBH, _ = pad_packed_sequence(states)
    if readout == "last_valid":
        h_LBH = last[0] if isinstance(last, tuple) else last
        return torch.cat([h_LBH[-2], h_LBH[-1]], dim=1)
    texts = [states_TBH[:length, row] for row, length in enumerate(lengths_B.tolist())]
    return torch.stack([x.mean(0) if readout == "mean" else x.amax(0) for x in texts])


@every_kind
@real_steps_alone
@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_answer_is_that_of_torchs_module_on_packed_sequences(
    kind: str, readout: Readout, num_layers: int
) -> None:
    model, batch = model_of(kind, readout, num_layers=num_layers), batch_of()
    classes = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
    twin = classes[kind](FEATURES, HIDDEN, num_layers=num_layers, bidirectional=True)
    twin.load_state_dict(model.recurrence.state_dict())
    expected = model.head(of_the_packed_module(twin, batch, readout))
    assert torch.allclose(model(batch), expected, atol=1e-6)


@every_kind
@real_steps_alone
def test_pads_do_not_change_the_answer(kind: str, readout: Readout) -> None:
    """Neither how many there are nor what stands there."""
    model = model_of(kind, readout, num_layers=2)
    expected = model(batch_of())
    for other in (batch_of(pad=50.0), batch_of(pad=-3.0, width=40)):
        assert torch.allclose(model(other), expected, atol=1e-6)
    texts = [batch_of().rows(row, row + 1).cut(length) for row, length in enumerate(LENGTHS)]
    alone = [model(text) for text in texts]
    assert torch.allclose(torch.cat(alone), expected, atol=1e-6)


@every_kind
def test_last_is_what_torch_gives_of_the_padded_tensor(kind: str) -> None:
    """Both directions cross it from end to end, so that its pads change the answer."""
    model, batch = model_of(kind, "last"), batch_of()
    last = model.recurrence(batch.inputs.transpose(0, 1))[1]
    h_LBH = last[0] if isinstance(last, tuple) else last
    expected = model.head(torch.cat([h_LBH[-2], h_LBH[-1]], dim=1))
    assert torch.allclose(model(batch), expected, atol=1e-6)
    assert not torch.allclose(model(batch_of(width=20)), expected, atol=1e-3)
    assert model.reads_pads


def test_with_pads_first_the_second_direction_comes_to_them_last() -> None:
    """The forward state crosses them before the text, as that of a single direction does."""
    model = model_of()
    with torch.no_grad():
        model.head.weight.zero_()  # type: ignore[union-attr, operator]
        model.head.weight[0, HIDDEN:] = 1  # type: ignore[union-attr, index]
    backward = model(batch_of(padding="pre"))
    assert torch.allclose(model(batch_of(pad=9.0, padding="pre")), backward, atol=1e-6)
    assert torch.allclose(model(batch_of()), backward, atol=1e-6)
    with torch.no_grad():
        model.head.weight[0] = torch.arange(2 * HIDDEN) < HIDDEN  # type: ignore[union-attr, index]
    forward = model(batch_of(padding="pre"))
    assert not torch.allclose(model(batch_of(pad=9.0, padding="pre")), forward, atol=1e-3)


def test_an_example_without_words_counts_one_pad() -> None:
    batch = batch_of()
    empty = Batch(batch.inputs, batch.targets, torch.tensor([0, 9, 1, 12]))
    one = Batch(batch.inputs, batch.targets, torch.tensor([1, 9, 1, 12]))
    model = model_of()
    assert torch.equal(model(empty), model(one))


@every_kind
def test_both_ends_of_a_text_reach_the_answer(kind: str) -> None:
    """dL/dx of a network that forgets: one direction has it at the last words alone."""
    steps = 60
    torch.manual_seed(3)
    x_BTE = torch.randn(4, steps, FEATURES)

    def norms(bidirectional: bool) -> Tensor:
        inputs = x_BTE.clone().requires_grad_()
        model = model_of(kind, bidirectional=bidirectional)
        batch = Batch(inputs, torch.zeros(4).long(), torch.full((4,), steps))
        (gradient,) = torch.autograd.grad(model(batch).square().sum(), inputs)
        return gradient.norm(dim=(0, 2))

    one, both = norms(bidirectional=False), norms(bidirectional=True)
    assert one[0] < 1e-4 * one[-1]
    assert 0.05 < both[0] / both[-1] < 20
    assert both[steps // 2] < 1e-2 * both[0]


def test_an_answer_at_every_step_reads_the_whole_sequence() -> None:
    model = model_of(per_step=True)
    inputs = batch_of().inputs.requires_grad_()
    batch = Batch(inputs, torch.zeros(4, WIDTH).long(), torch.tensor(LENGTHS), per_step=True)
    outputs = model(batch)
    assert outputs.shape == (4, WIDTH, 2)
    (gradient,) = torch.autograd.grad(outputs[1, 4].sum(), inputs)
    reached_T = gradient[1].norm(dim=1) > 0
    assert reached_T.tolist() == [True] * 9 + [False] * 3  # the steps behind it too, and no pad


INITS: dict[str, tuple[str, Init]] = {
    "normal": ("rnn", Normal(0.5)),
    "orthogonal": ("gru", Orthogonal(2.0)),
    "identity": ("rnn", Identity(zero_bias=True, input_std=0.5)),
    "xavier": ("lstm", Xavier()),
    "spectral": ("rnn", Spectral(3.0)),
    "chrono": ("lstm", Chrono(t_max=50.0)),
    "forget_bias": ("gru", ForgetBias(4.0)),
}


@pytest.mark.parametrize("name", INITS)
def test_an_initialisation_reaches_both_directions_of_every_layer(name: str) -> None:
    kind, init = INITS[name]
    model, before = (model_of(kind, num_layers=2) for _ in range(2))
    init(model, torch.Generator().manual_seed(0))
    changed = {
        key
        for (key, weight), old in zip(
            model.recurrence.named_parameters(), before.recurrence.parameters(), strict=True
        )
        if not torch.equal(weight, old)
    }
    ends = {key.partition("_l")[2] for key in changed}
    assert ends == {"0", "0_reverse", "1", "1_reverse"}
    by_end = [{key.partition("_l")[0] for key in changed if key.endswith(f"l{e}")} for e in ends]
    assert all(names == by_end[0] for names in by_end)


def test_its_matrices_have_torchs_names() -> None:
    model = model_of("rnn", num_layers=2)
    names = [name for name, _ in model.recurrence.named_parameters() if name.startswith("weight_")]
    assert set(model.recurrence_parameters()) == set(names)
    assert list(model.recurrent_weights()) == [n for n in names if n.startswith("weight_hh")]
    assert set(model_of("lstm").recurrent_weights()) == {
        f"weight_hh_{end}.{gate}"
        for end in ("l0", "l0_reverse")
        for gate in ("input", "forget", "cell", "output")
    }


def test_what_follows_one_direction_refuses_two() -> None:
    model = model_of("rnn")
    with pytest.raises(ValueError, match="two directions, and a rollout follows one"):
        model.rollout(batch_of())
    with pytest.raises(ValueError, match="two recurrences: roll out one direction each"):
        layers_of(model.recurrence)
    with pytest.raises(ValueError, match="two directions, which are not computed together"):
        check_written_out(model)
    with pytest.raises(ValueError, match="follows one recurrence through time"):
        Flossing(k=1).check(model, 1000)
    with pytest.raises(ValueError, match="engine=bptt is written for one direction"):
        model_of("gru", engine="bptt")
    assert regime_of(model, batch_of()) is None
    assert not model.can_bptt
    assert model.engine_on(torch.device("cpu")) == "fused"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("probes=[gradient_flow]",), "probe 'gradient_flow' needs a single direction"),
        (("regulariser=flossing",), "model.bidirectional=true has two"),
        (("model.recurrent_dropout=0.1",), "use model=unrolled model.cell=rnn"),
        (("trainer.truncate=4",), "use trainer.truncate=null or model.bidirectional=false"),
        (("model.bidirectional=maybe",), "model.bidirectional must be a valid boolean"),
    ],
)
def test_the_command_says_so_in_one_line(
    rnnexp: Callable[..., Outcome], workdir: Path, words: tuple[str, ...], message: str
) -> None:
    outcome = rnnexp(*TINY, "model=rnn", "model.bidirectional=true", *words)
    assert outcome.status == 2
    assert message in outcome.err
    assert not Path("outputs").exists()


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_the_command_trains_it_and_asks_it(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], precision: str
) -> None:
    outcome = rnnexp(
        *TINY, "model=lstm", "model.bidirectional=true", "probes=all", "model.num_layers=2",
        "model.dropout=0.2", "data.eval_lengths=[6]", "plots=false",
        f"trainer.precision={precision}",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "left out; each needs a single direction" in outcome.out
    assert "two directions: what the initial weights do" in outcome.out
    run = run_directory()
    assert sorted(path.stem for path in run.glob("probes/*.npz")) == [
        "grad_norm", "recurrent_weights"
    ]  # fmt: skip
    answer = rnnexp("predict", str(run), "a good film")
    assert answer.status == 0, answer.err
    assert "layer 0's forward recurrent weights" in answer.out
    steps = rnnexp("predict", str(run), "a good film", "--steps")
    assert steps.status == 2
    assert "leave --steps out" in steps.err


def test_a_task_that_is_answered_as_it_is_read_is_told_that_it_is_not(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    words = ("model=rnn", "model.bidirectional=true", "model.hidden_size=4", "trainer.steps=2",
             "trainer.batch_size=4", "plots=false")  # fmt: skip
    outcome = rnnexp("data=flip_flop", "seq_len=10", *words)
    assert outcome.status == 0, outcome.err
    assert "the answer at each step has read the steps behind it too" in outcome.out
    (run,) = Path("outputs/runs").iterdir()
    assert "the steps behind it too" in (run / "rnnexp.log").read_text()
    outcome = rnnexp("data=temporal_order", "seq_len=30", *words)
    assert "the second one ends at the first step" in outcome.out


@pytest.mark.realdata
def test_it_reads_real_reviews_with_every_dropout(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], realdata: Path
) -> None:
    outcome = rnnexp(
        "data=imdb", f"data.path={realdata / 'imdb_subset.csv'}", "data.limit=200", "seq_len=30",
        "model=gru", "model.bidirectional=true", "model.hidden_size=4", "embedding.dim=4",
        "embedding.dropout=0.2", "data.word_dropout=0.1", "trainer.epochs=1", "plots=false",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "each word is replaced by <unk> with probability 0.1" in outcome.out
    assert rnnexp("predict", str(run_directory()), "a film that I liked").status == 0
