"""What is exported answers as the run does, and needs torch alone."""

import csv
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import rnnexp as package
from rnnexp.data.cleaning import Cleaning
from rnnexp.errors import DamagedError, Terminated, UserError
from rnnexp.experiment.plain import plain_modules
from rnnexp.experiment.predict import predict
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.training.checkpoint import Saver
from rnnexp.training.tensors import tensors_of
from rnnexp.types import Batch
from tests.conftest import HANGS, TINY, TINY_MODEL, Outcome, read_npz

Rnnexp = Callable[..., Outcome]
QUICK = (*TINY, "threads=1", "probes=none")


def quick(*words: str) -> list[str]:
    """The words of a tiny run; vectors of one-hot words have no size of their own."""
    both = [*QUICK, *words]
    return [w for w in both if "embedding=one_hot" not in both or w != "embedding.dim=8"]


KEPT = Path(__file__).parent.parent / "kept" / "version_0.1"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"

#: Loads a program in a process that cannot import rnnexp, and answers what it is asked.
WITHOUT_RNNEXP = """
import sys
class Blocked:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "rnnexp":
            raise ImportError("there is no rnnexp here")
sys.meta_path.insert(0, Blocked())
import numpy as np, torch
asked = np.load("asked.npz")
answer = torch.export.load("net.pt2").module()(*map(torch.from_numpy, asked.values()))
np.save("answered.npy", answer.detach().numpy())
assert not [name for name in sys.modules if name.startswith("rnnexp")]
"""


def rebuilt(facts: dict[str, Any], file: Path) -> nn.ModuleDict:
    """The network that FILE.json describes, of torch's own modules, with the weights of FILE."""
    modules = {
        name: getattr(torch.nn, made["class"])(**made["arguments"])
        for name, made in facts["modules"].items()
    }
    network = nn.ModuleDict(modules)
    network.load_state_dict(load_file(file))  # strict
    return network.eval()


def last_valid(states_TBH: Tensor, lengths_B: Tensor) -> Tensor:
    return states_TBH[lengths_B - 1, torch.arange(len(lengths_B))]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("model=lstm", "model.num_layers=2"), nn.LSTM),
        (("model=gru", "embedding=learned"), nn.GRU),
        (("model=rnn", "model.nonlinearity=relu"), nn.RNN),
        (("model=unrolled", "model.cell=lstm"), nn.LSTM),
        (("model=unrolled", "model.cell=gru", "model.num_layers=2"), nn.GRU),
        (("model=unrolled", "model.cell=rnn"), nn.RNN),
    ],
    ids=["lstm", "gru", "rnn", "unrolled lstm", "unrolled gru", "unrolled rnn"],
)
def test_torchs_own_modules_load_the_weights(
    workdir: Path, words: tuple[str, ...], kind: type[nn.Module]
) -> None:
    run = package.run(quick(*words))
    file, facts_file = package.export(run, "net.safetensors")
    facts = json.loads(facts_file.read_text())
    network = rebuilt(facts, file)
    recurrence = network["recurrence"]
    assert type(recurrence) is kind
    weights = load_file(file)
    # the recurrence alone: its names are torch's
    own = {n.removeprefix("recurrence."): w for n, w in weights.items() if "recurrence." in n}
    arguments = facts["modules"]["recurrence"]["arguments"]
    getattr(torch.nn, kind.__name__)(**arguments).load_state_dict(own)
    model = run.model()
    for name, weight in own.items():
        assert torch.equal(weight, model.get_parameter(f"recurrence.{name}")), name

    inputs_BT, lengths_B = torch.randint(2, len(facts["vocabulary"]), (5, 12)), torch.arange(5) + 8
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-12)):
        plain, whole = network.to(dtype), model.to(dtype)
        states_TBH = plain["recurrence"](plain["embedding"](inputs_BT.T))[0]
        outputs = plain["head"](last_valid(states_TBH, lengths_B))
        expected = whole(Batch(inputs_BT, lengths_B, lengths_B))
        assert torch.allclose(outputs, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "words",
    [
        ("model=lstm", "model.readout=mean", "data.padding=pre"),
        ("model=mingru",),
        ("model=unrolled", "model.cell=slstm", "model.readout=last", "embedding=one_hot"),
        ("model=linear",),
        ("model=bag", "model.head=softmax"),
        ("model=rnn",),  # whose engine is bptt otherwise
    ],
    ids=lambda words: words[-1] if words[0] != "model=lstm" else "lstm",
)
def test_the_program_answers_as_the_run_did(workdir: Path, words: tuple[str, ...]) -> None:
    """Any number of texts at once; one of them in a process without rnnexp."""
    run = package.run(quick(*words, "seq_len=4"))
    assert [path.name for path in package.export(run, "net.pt2")] == ["net.pt2", "net.pt2.json"]
    facts = json.loads(Path("net.pt2.json").read_text())
    count, steps = 7, facts["seq_len"]
    inputs = torch.randint(2, len(facts["vocabulary"]), (count, steps))
    lengths = torch.arange(count) % steps + 1
    with torch.no_grad():
        expected = run.model()(Batch(inputs, lengths, lengths, facts["padding"]))
        answered = torch.export.load("net.pt2").module()(inputs, lengths)
    assert torch.allclose(answered, expected, atol=1e-5)
    if "model=mingru" in words:
        np.savez("asked.npz", inputs=inputs.numpy(), lengths=lengths.numpy())
        subprocess.run([sys.executable, "-c", WITHOUT_RNNEXP], check=True, timeout=HANGS)
        assert np.load("answered.npy") == pytest.approx(expected.numpy(), abs=1e-5)


def test_a_task_of_numbers(workdir: Path) -> None:
    run = package.run(
        ["data=adding", "seq_len=5", "trainer.steps=3", "data.val_count=5", "data.test_count=20",
         "model=unrolled", "model.cell=gru", "probes=none", *TINY_MODEL]
    )  # fmt: skip
    package.export(run, "net.pt2")
    package.export(run, "net.safetensors")
    facts = json.loads(Path("net.pt2.json").read_text())
    assert (facts["inputs"], facts["outputs"], facts["vocabulary"]) == ("numbers", "numbers", None)
    inputs, lengths = torch.rand(3, 5, 2), torch.full((3,), 5)
    program = torch.export.load("net.pt2").module()
    expected = run.model()(Batch(inputs, lengths, lengths))
    assert torch.allclose(program(inputs, lengths), expected, atol=1e-6)
    network = rebuilt(json.loads(Path("net.safetensors.json").read_text()), Path("net.safetensors"))
    states_TBH = network["recurrence"](inputs.transpose(0, 1))[0]
    assert torch.allclose(network["head"](states_TBH[-1]), expected, atol=1e-6)


def recipe() -> dict[str, Any]:
    """What docs/python.md defines for who has no rnnexp: `words_of` and `ids_of`."""
    (block,) = [
        text
        for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        if "def ids_of" in text
    ]
    names: dict[str, Any] = {}
    exec(compile(block.partition("\nfacts = ")[0], PAGE.name, "exec"), names)
    return names


def test_the_recipe_of_the_page_cleans_as_training_does() -> None:
    words_of = recipe()["words_of"]
    texts = [
        "It's <br />GREAT! caf\u00e9 cafe\u0301 co\u00adop a\u200bb F\u0130LM &lt;b&gt; &eacute;",
        "<pad> <unk> \u0e44\u0e17\u0e22\u0e4c 12 x_y e.\u0301 \ufeffend", "", "\x1fa\x1cb  c",
    ]  # fmt: skip
    for number in range(2**5):
        on = [bool(number >> place & 1) for place in range(5)]
        for non_letters in ("space", "delete", "keep"):
            cleaning = Cleaning(
                on[0],
                on[1],
                non_letters,
                "unicode" if on[2] else "ascii",
                on[3],  # type: ignore[arg-type]
            )
            for text in texts:
                assert words_of(text, vars(cleaning)) == cleaning.words(text), cleaning


def table(path: Path) -> list[str]:
    """A table of 120 texts of 3 to 14 words, with a class and a price each; returns the texts."""
    generator = random.Random(1)
    common = ["a", "film", "with", "some", "plot", "and", "Caf\u00e9", "music", "rarely"]
    rows = []
    for place in range(120):
        good = place % 2
        telling = "good fine warm" if good else "bad dull cold"
        words = generator.choices(telling.split(), k=2)
        words += generator.choices(common, k=7)
        words += [f"only{chr(97 + place % 26)}{chr(97 + place // 26)}"] * (place % 6)
        generator.shuffle(words)
        rows.append([" ".join(words), "yes" if good else "no", 1000 + 300 * good + place % 7])
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label", "price"], *rows])
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize(
    "words",
    [
        ("data=csv", "data.cut=last"),
        ("data=csv", "data.cut=middle", "data.unknown=drop", "data.letters=unicode"),
        ("data=csv", "data.tokens=subwords", "data.cut=last", "data.vocab_size=80"),
        ("data=csv_regression", "data.label_column=price", "data.padding=pre"),
    ],
    ids=["last words", "middle, without unknown", "subwords", "numbers"],
)
def test_who_follows_the_page_gets_what_the_test_gave(
    workdir: Path, words: tuple[str, ...]
) -> None:
    """Texts as training read them, numbers in the user's unit: by FILE, FILE.json and what is
    beside them alone."""
    texts = table(workdir / "texts.csv")
    column = [] if "data=csv_regression" in words else ["data.label_column=label"]
    run = package.run(
        [*TINY_MODEL, "threads=1", "probes=none", "model=gru", "embedding.dim=8", "seq_len=6",
         "trainer.epochs=1", "trainer.batch_size=16", "data.path=texts.csv",
         "data.text_column=text", "data.split=60/20/20", *column, *words]
    )  # fmt: skip
    (workdir / "out").mkdir()
    written = package.export(run, "out/net.pt2")
    facts = json.loads((workdir / "out" / "net.pt2.json").read_text())
    assert sorted(Path("out").iterdir()) == sorted(written)
    assert [path.name for path in written[2:]] == list(facts["files"].values())
    asked = texts[-24:]
    ids = [recipe()["ids_of"](text, facts, "out") for text in asked]
    assert any(len(recipe()["words_of"](text, facts["cleaning"])) > 6 for text in asked)
    inputs = torch.zeros(len(ids), 6, dtype=torch.long)
    for row, own in enumerate(ids):
        place = slice(6 - len(own), 6) if facts["padding"] == "pre" else slice(len(own))
        inputs[row, place] = torch.tensor(own)
    program = torch.export.load("out/net.pt2").module()
    outputs = program(inputs, torch.tensor([len(own) for own in ids])).detach()
    stored = read_npz(run.path / "predictions" / "test.npz")["outputs"]
    if "data=csv_regression" in words:
        assert facts["outputs"].startswith("numbers, standardised: ")
        scaling = facts["scaling"]
        numbers = outputs[:, 0] * scaling["standard_deviation"] + scaling["mean"]
        assert numbers.numpy() == pytest.approx(run.predict(asked).number, rel=1e-5)
        assert numbers.numpy() == pytest.approx(stored[:, 0], rel=1e-5)
    else:
        assert facts["scaling"] is None
        assert outputs.numpy() == pytest.approx(stored, abs=1e-5)


def test_a_tokenizer_that_is_there_is_not_overwritten(workdir: Path) -> None:
    table(workdir / "texts.csv")
    run = package.run(
        [*QUICK, "data=csv", "data.path=texts.csv", "data.text_column=text",
         "data.label_column=label", "data.tokens=subwords", "model=gru"]
    )  # fmt: skip
    Path("net.safetensors.tokenizer.json").write_text("mine")
    with pytest.raises(UserError, match=r"net\.safetensors\.tokenizer\.json is there already"):
        package.export(run, "net.safetensors")
    assert [path.name for path in workdir.glob("net*")] == ["net.safetensors.tokenizer.json"]
    assert Path("net.safetensors.tokenizer.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("model=mingru",), "torch.nn has no module for cell=mingru"),
        (("model=linear",), "torch.nn has no module for model=linear|keeps its recurrence"),
        (("model=bag",), "model=bag has no recurrence"),
        (("model=lstm", "embedding=one_hot"), "what reads its inputs"),
    ],
    ids=["mingru", "linear", "bag", "one_hot"],
)
def test_what_torch_has_no_module_for_is_refused_in_a_line(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], words: tuple[str, ...], why: str
) -> None:
    assert rnnexp(*quick(*words)).status == 0
    outcome = rnnexp("export", str(run_directory()), "--to", "net.safetensors")
    assert outcome.status == 2
    assert any(part in outcome.error for part in why.split("|")), outcome.error
    assert "to a file that ends in .pt2" in outcome.error
    assert not list(Path().glob("net*"))


def test_nothing_is_overwritten_and_bad_input_is_told(
    rnnexp: Rnnexp, run_directory: Callable[[], Path]
) -> None:
    assert rnnexp(*QUICK, "model=lstm").status == 0
    run = str(run_directory())
    before = sorted(Path(run).rglob("*"))
    outcome = rnnexp("export", run, "--to", "net.safetensors")
    assert outcome.out.split() == ["net.safetensors", "net.safetensors.json"], outcome.err
    written = Path("net.safetensors").read_bytes()
    Path("other.pt2.json").write_text("mine")
    for to, words in {
        "net.safetensors": "net.safetensors is there already and is not overwritten",
        "other.pt2": "other.pt2.json is there already and is not overwritten",
        "net.onnx": "ends in .safetensors",
        "net": "ends in .safetensors",
        "nowhere/net.pt2": "nowhere: there is no such folder to write net.pt2 into",
        "": "ends in .safetensors",
    }.items():
        outcome = rnnexp("export", run, "--to", to)
        assert outcome.status == 2
        assert words in outcome.error
    assert Path("net.safetensors").read_bytes() == written
    assert Path("other.pt2.json").read_text() == "mine"
    assert not Path("other.pt2").exists()
    for arguments, words in {
        (run,): "required: --to",
        ("nowhere", "--to", "a.pt2"): "there is no such run directory",
        (".", "--to", "a.pt2"): "is not a run directory",
    }.items():
        outcome = rnnexp("export", *arguments)
        assert outcome.status == 2
        assert words in outcome.error
    assert sorted(Path(run).rglob("*")) == before


def test_runs_that_have_no_result(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    assert rnnexp(*QUICK, "model=lstm").status == 0
    summary = run_directory() / "summary.json"
    (run_directory() / "manifest.json").unlink()
    held = json.loads(summary.read_text())
    for changed, words in (
        ({"status": "diverged"}, "has diverged: its weights answer nothing"),
        (
            {"status": "failed"},
            "has not finished (its status is failed) and has no checkpoint",
        ),
    ):
        summary.write_text(json.dumps({**held, "sealed": False, **changed}))
        run = str(run_directory())
        outcomes = [
            rnnexp("export", run, "--to", "net.pt2"),
            rnnexp("predict", run, "a film"),
            rnnexp("predict", run, "--texts", "data.csv", "--to", "net.csv"),
        ]
        for outcome in outcomes:  # in one and the same line
            assert outcome.status == 2, outcome.out
            assert words in outcome.error
        with pytest.raises(UserError, match=re.escape(words)):
            package.load_run(run).model()
    assert not list(Path().glob("net*"))


def test_a_run_of_version_0_1(workdir: Path) -> None:
    run = package.load_run(KEPT / "recall")
    file, facts = package.export(run, workdir / "net.safetensors")
    network = rebuilt(json.loads(facts.read_text()), file)
    assert torch.equal(
        network["recurrence"].weight_hh_l0, run.model().get_parameter("recurrence.weight_hh_l0")
    )
    assert plain_modules(run.model())["head"].weight.shape == network["head"].weight.shape
    assert set(read_npz(KEPT / "recall" / "predictions/test.npz"))
    with pytest.raises(UserError, match=r"ends in \.safetensors"):
        package.export(KEPT / "recall", "net.bin")


@pytest.fixture
def stopped(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., package.Run]:
    """Begins a run of these words and stops it behind its first checkpoint."""
    save = Saver.save

    def save_and_stop(self: Saver) -> None:
        save(self)
        raise Terminated

    def begun(*words: str) -> package.Run:
        monkeypatch.setattr(Saver, "save", save_and_stop)
        more = ("trainer.epochs=3", "checkpoint.every_seconds=0", "model=lstm")
        assert rnnexp(*QUICK, *more, *words).status == 143
        return package.load_run(run_directory())

    return begun


def test_a_run_that_was_stopped_says_which_weights_these_are(
    rnnexp: Rnnexp, stopped: Callable[..., package.Run]
) -> None:
    run = stopped()
    outcome = rnnexp("export", str(run.path), "--to", "net.safetensors")
    assert outcome.status == 0, outcome.err
    assert "the run has not finished (interrupted)" in outcome.out
    facts = json.loads(Path("net.safetensors.json").read_text())
    assert facts["unfinished"].startswith("epoch ")
    assert "averaged" not in facts["unfinished"]
    assert facts["test"] is None
    assert not run.model().training
    assert [note for note in run.notes() if "it has not finished: interrupted" in note]
    assert "model() has the weights of" in run.notes()[0]


def test_the_weights_of_a_stopped_run_with_averages_are_these(
    rnnexp: Rnnexp, stopped: Callable[..., package.Run]
) -> None:
    run = stopped("trainer.ema=0.9")
    newest, *_ = StoredCheckpoint.of_run(run.path)
    weights, averages = (
        tensors_of(newest.content(f"{name}.safetensors")) for name in ("weights", "averages")
    )
    parameters = dict(run.model().named_parameters())
    assert set(weights) == set(parameters)
    for place, (name, parameter) in enumerate(parameters.items()):
        assert torch.equal(parameter, averages[str(place)]), name
    assert any(not torch.equal(weights[name], parameters[name]) for name in weights)
    told = f"of {newest.place}, averaged (trainer.ema)"
    assert f"weights:        {told}: the run has not" in predict(run.path, "a good film")
    assert told in run.notes()[0]
    outcome = rnnexp("export", str(run.path), "--to", "net.safetensors")
    assert f"weights {told}: the run has not finished" in outcome.out
    exported = load_file("net.safetensors")["recurrence.weight_hh_l0"]
    assert torch.equal(exported, parameters["recurrence.weight_hh_l0"])

    (newest.path / "averages.safetensors").unlink()
    with pytest.raises(DamagedError, match=r"averages\.safetensors is missing"):
        run.model()
