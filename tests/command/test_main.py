"""The command as a user types it."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnexp.data.base import class_probabilities
from rnnexp.data.text_encoder import TextEncoder
from rnnexp.experiment.load import load_model
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.runs import RunDirectory
from tests.conftest import HANGS, TINY, Outcome, wait_until

Rnnexp = Callable[..., Outcome]

GOOD = "text,label\n" + "a b,x\nc d,y\n" * 30
FILES = {
    "one.csv": "text,label\n" + "a b,x\n" * 30,
    "three.csv": "text,label\n" + "a b,x\nc d,y\ne f,z\n" * 30,
    "ok.csv": GOOD,
    "glove.txt": "a 1 2 3\nb 1 2 3\n",
}
CSV = ("data=csv", "data.path=ok.csv")

BAD_INPUT: list[tuple[tuple[str, ...], str]] = [
    # unknown names
    (("seq_length=5",), "unknown setting 'seq_length'; did you mean 'seq_len'?"),
    (("hidden_size=5",), "unknown setting 'hidden_size'; did you mean 'model.hidden_size'?"),
    (
        ("model.hiden_size=5",),
        "unknown setting 'model.hiden_size'; did you mean 'model.hidden_size'?",
    ),
    (("+foo=1",), "unknown setting 'foo'"),
    (("+seqlen=1",), "unknown setting 'seqlen'; did you mean 'seq_len'?"),
    (("+trainer.epoch=1",), "unknown setting 'trainer.epoch'; did you mean 'trainer.epochs'?"),
    (("init.std=1",), "unknown setting 'init.std'; other choices of init have it"),
    (("model=lstmm",), "model=lstmm is no option; did you mean 'lstm'?"),
    (
        ("experiment=quick_start",),
        "experiment=quick_start is no option; did you mean 'quickstart'?",
    ),
    (("seed=1", "report", "x"), "a verb stands first: rnnexp report ..."),
    (("--package",), "--package needs a value"),
    (("verify", "all"), "'all' cannot be verified: there are checks of cells/NAME"),
    (("predcit", "x", "y"), "did you mean 'predict'?"),
    (("seq_len",), "'seq_len' needs a value: seq_len=..."),
    (("--foo",), "unknown option --foo; see rnnexp --help"),
    (("--multi",), "unknown option --multi; did you mean --multirun?"),
    (("--cfg", "foo"), "--cfg takes one of job, hydra, all (got foo)"),
    (("--cfg",), "--cfg needs a value: one of job, hydra, all"),
    (("--info=foo",), "--info takes one of all, config, defaults,"),
    (("--multirun=3",), "--multirun takes no value"),
    (("--resolve",), "--resolve flag can only be used in conjunction with --cfg"),
    (("--run", "--cfg", "job"), "Only one of --run, --multirun, --cfg"),
    (("--shell-completion",), "--shell-completion takes install=SHELL or uninstall=SHELL"),
    (("--experimental-rerun", "x"), "unknown option --experimental-rerun"),
    (("--config-dir",), "--config-dir needs a folder"),
    (("--config-dir", "nowhere", "seed=1"), "--config-dir nowhere: there is no such folder"),
    (("--help", "--config-dir", "nowhere"), "--config-dir nowhere: there is no such folder"),
    (("report", ".", "--config-dir", "nowhere"), "--config-dir nowhere: there is no such folder"),
    (("=5",), "'=5' chooses nothing"),
    (("model=null",), "'model=null' chooses nothing"),
    (("~clip",), "clip is not set: choose one with clip=..."),
    # wrong types
    (("seq_len=abc",), "seq_len must be a valid integer (got abc)"),
    (("seq_len=12.5",), "seq_len must be a valid integer (got 12.5)"),
    (("seq_len=null",), "seq_len must be a valid integer (got null)"),
    (("plots=maybe",), "plots must be a valid boolean (got maybe)"),
    (("model.hidden_size=abc",), "model.hidden_size must be a valid integer (got abc)"),
    (("model.readout=lasst",), "did you mean 'last'?"),
    (("data.padding=left",), "data.padding must be 'post' or 'pre' (got left)"),
    (("seq_len=5,10",), "seq_len=5,10 has several values: add -m"),
    # out of range
    (("seq_len=0",), "seq_len must be at least 1 (got 0)"),
    (("seed=-1",), "seed must be at least 0 (got -1)"),
    (("threads=0",), "threads must be at least 1 (got 0)"),
    ((*CSV, "model.hidden_size=-3"), "model.hidden_size must be at least 1 (got -3)"),
    (("optimizer.lr=nan",), "optimizer.lr must be a number (got nan)"),
    (("clip=norm", "clip.max_norm=0"), "clip.max_norm must be greater than 0"),
    (("init=normal", "init.std=-1"), "init.std must be at least 0 (got -1.0)"),
    ((*CSV, "embedding.dim=0"), "embedding.dim must be at least 1 (got 0)"),
    (("data.label_noise=0.9",), "data.label_noise must be at least 0 and below 0.5"),
    (("data.split=80/30",), "data.split must be train/validation/test or train/test in percent"),
    (("name=a/b",), "name must be a plain file name"),
    # contradictions
    ((*CSV, "model.dropout=0.5"), "model.dropout=0.5 acts between layers and there is one"),
    (
        (*CSV, "trainer.patience=2", "data.split=80/20"),
        "trainer.patience=2 watches the validation split",
    ),
    (
        (*CSV, "model=bag", "init=orthogonal"),
        "init=orthogonal sets recurrent weights and model=bag",
    ),
    ((*CSV, "trainer.batch_size=500", "trainer.drop_last=true"), "trainer.batch_size=500 with"),
    (("data=csv", "data.path=three.csv", "model.head=sigmoid"), "use model.head=softmax"),
    ((*CSV, "+data.seq_len=3"), "data.seq_len cannot be set"),
    ((*CSV, "model=bag", "model.readout=mean"), "readout must be last or last_valid for model=bag"),
    # files
    (("data=csv",), "data.path is not set"),
    (("data=csv", "data.path=nope.csv"), "nope.csv: there is no such file"),
    (("data=csv", "data.path=one.csv"), "every row has the class 'x'"),
    ((*CSV, "data.limit=3"), "3 texts are too few for a split of 80/10/10"),
    (("data=imdb", "data.path=nope.csv"), "nope.csv: there is no such file"),
    (("experiment=notebook",), "data/imdb_subset.csv: there is no such file"),
    ((*CSV, "embedding=glove"), "embedding.path is not set"),
    (
        (*CSV, "embedding=glove", "embedding.path=glove.txt", "embedding.dim=50"),
        "glove.txt, line 1: vectors of 3 numbers where embedding.dim=50 expects 50",
    ),
    # devices
    (("device=cuda:99",), "device=cuda:99 is not there: use device=cpu or device=auto"),
    (("device=tpu",), "device must be auto, cpu, cuda, cuda:N or mps (got tpu)"),
    # components
    (("model._target_=os.system",), "is no subclass of rnnexp.model.base.SequenceModel"),
    (("model._target_=no.such.Class",), "model._target_=no.such.Class cannot be imported"),
    # tasks with known answers
    (("data=adding", "seq_len=1"), "adding needs seq_len of 2 or more"),
    (("data=temporal_order", "seq_len=5"), "temporal_order needs seq_len of 10 or more"),
    (("data=temporal_order", "data.symbols=4"), "data.symbols must be 2 or 3 (got 4)"),
    (("data=recall", "seq_len=9", "data.distance=9"), "data.distance=9 lies beyond the sequence"),
    (("data=recall", "data.classes=0"), "data.classes must be at least 2 (got 0)"),
    (("data=recall", "seq_len=3", "data.distractors=3"), "data.distractors=3 do not fit"),
    (("data=adding", "data.markers=both"), "data.markers must be 'halves' or 'anywhere'"),
    (("data=copying", "model.head=sigmoid"), "head=sigmoid answers with one class"),
    (("data=adding", "model.head=softmax"), "the data asks for numbers: use model.head=auto"),
    (("data=copying", "model.head_bound=0"), "model.head_bound must be greater than 0"),
    (("data=parity", "data.eval_lengths=[0]"), "data.eval_lengths=[0]: seq_len must be at least 1"),
    (
        ("data=temporal_order", "data.eval_lengths=[200,5]"),
        "data.eval_lengths=[200, 5]: temporal_order needs seq_len of 10 or more",
    ),
    (("data=parity", "data.eval_lengths=50"), "data.eval_lengths must be a valid list"),
    ((*CSV, "data.eval_lengths=[-3]"), "seq_len must be at least 1 (got -3)"),
    (("data=random_tokens", "data.eval_lengths=[50]"), "unknown setting 'data.eval_lengths'"),
    (("data=parity", "trainer.steps=0"), "trainer.steps must be at least 1 (got 0)"),
    (("data=parity", "data.val_count=0", "trainer.patience=1"), "use data.val_count=1000"),
    (("trainer.alpha=0.9",), "type optimizer=rmsprop optimizer.alpha=0.9"),
    (
        ("trainer.learning_rate=0.1",),
        "trainer.learning_rate has another name now: type optimizer.lr=0.1",
    ),
    (("trainer.optimizer=sgd",), "trainer.optimizer has another name now: type optimizer=sgd"),
    (("data=adding", "model=rnn", "init=chrono"), "use a gated model, such as model=lstm"),
    (("data=parity", "seq_len=1", "init=chrono"), "t_max must be greater than 2"),
    (("data=adding", "clip=agc", "clip.factor=0"), "clip.factor must be greater than 0"),
    (("-m", "data=recall", "data.distance=5,500"), "lies beyond the sequence"),
    # sweeps
    (("-m", *CSV, "seq_len=5,0"), "seq_len must be at least 1 (got 0) [in data=csv"),
    (("-m", *CSV, "model=rnn,bag", "init=orthogonal"), "bag has none: use init=default [in "),
    (("-m", "seq_len=5,10", "+foo=1"), "unknown setting 'foo' [in seq_len=5 +foo=1]"),
    # verbs
    (("predict",), "predict: the following arguments are required: run, text"),
    (("predict", "nope"), "predict: the following arguments are required: text, or --file FILE"),
    (("predict", "nope", "a", "--file", "b"), "predict: a text and --file are both given"),
    (("predict", "nope", "--file", "gone.txt"), "gone.txt: there is no such file (looked from"),
    (
        ("predict", "nope", "ok.csv"),
        "'ok.csv' is a file: to ask about what it holds, type rnnexp predict nope --file ok.csv",
    ),
    (("predict", "nope", "-bad"), "put -- before a text that begins with a dash"),
    (("predict", "nope", "hello"), "nope: there is no such run directory"),
    (("predict", ".", "hello"), ". is not a run directory"),
    (("report", "nope"), "nope is neither a run nor a study"),
    (("report", "."), ". is neither a run nor a study"),
    (("init=normal", "init.std=inf"), "init.std must be finite, within ±3.4e+38 (got inf)"),
    ((*CSV, "model.head_bound=1e300"), "model.head_bound must be finite"),
    (("init=identity", "init.scale=-1e300"), "init.scale must be finite"),
    (("data=parity", "data.test_count=1000000000000000"), "would take 800 PB of memory"),
    (("device=cpu:",), "device must be auto, cpu, cuda, cuda:N or mps (got cpu:)"),
    (("hydra/launcher=foo",), "hydra/launcher=foo is no option"),
    (("experiment=",), "'experiment=' chooses nothing"),
    (("seed=1,",), "'seed=1,' cannot be read"),
    ((*CSV, "data.label_column=text"), "text_column and label_column are both 'text'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT)
def test_bad_input_gets_one_line_and_writes_nothing(
    rnnexp: Rnnexp, workdir: Path, arguments: tuple[str, ...], message: str
) -> None:
    for name, content in FILES.items():
        Path(name).write_text(content)
    outcome = rnnexp(*arguments)
    assert outcome.status == 2
    assert outcome.error.startswith("rnnexp: error: ")
    assert message in outcome.error
    assert outcome.out == ""
    assert {path.name for path in workdir.iterdir()} <= {*FILES, "data"}


def test_an_outputs_folder_that_cannot_be_made(rnnexp: Rnnexp) -> None:
    Path("outputs").write_text("a file")
    Path("ok.csv").write_text(GOOD)
    for extra in ((), ("seed=0,1", "-m")):
        outcome = rnnexp(*CSV, "seq_len=3", *extra)
        assert outcome.status == 2
        assert "cannot be written" in outcome.err.splitlines()[-1]


def test_a_run_from_the_prompt(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    outcome = rnnexp(*TINY, "model=gru", "name=first")
    assert outcome.status == 0, outcome.err
    path = run_directory()
    assert path.name.endswith("_gru_T12_s0_first")
    assert "test accuracy" in outcome.out
    own = str(path.relative_to(Path.cwd()))
    assert outcome.out.splitlines()[-2:] == [own, f"{own}/report.html"]
    assert outcome.err == ""


def test_predict_answers_and_refuses(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], csv_file: Callable[..., Path]
) -> None:
    csv_file(rows=300)
    settings = ("data=csv", "data.path=texts.csv", "seq_len=8", "plots=false", "trainer.epochs=8",
                "optimizer.lr=0.01", "model.hidden_size=16")  # fmt: skip
    assert rnnexp(*settings).status == 0
    run = str(run_directory())
    for text, label in (("A good film, number x!", "good"), ("'a bad film' = number", "bad")):
        outcome = rnnexp("predict", run, text)
        assert outcome.status == 0, outcome.err
        lines = dict(line.split(":", 1) for line in outcome.out.strip().splitlines())
        assert lines["label"].strip() == label
        assert float(lines["confidence"].strip(" %")) > 90
        norms = re.fullmatch(
            r" +(\S+) of all parameters, (\S+) of layer 0's recurrent weights \(h2h\) alone; "
            "of the loss, had this label been right",
            lines["gradient norm"],
        )
        assert norms is not None
        everything, recurrent = map(float, norms.groups())
        assert 0 < recurrent < everything < 1
    assert "no word that the network knows" in rnnexp("predict", run, "!!!").error
    assert "unknown" in rnnexp("predict", run, "good zebra").out
    assert "label:" in rnnexp("predict", run, "-bad film").out
    assert "nan" not in rnnexp("predict", run, "good " * 8).out

    summary = json.loads((run_directory() / "summary.json").read_text())
    (run_directory() / "manifest.json").unlink()  # which would say that the summary is another
    for status, refusal in (
        ("diverged", "has diverged: its weights answer nothing"),
        ("failed", "has not finished (its status is failed) and has no checkpoint"),
        ("running", "has not finished (its status is running) and has no checkpoint"),
    ):
        changed = {**summary, "status": status, "sealed": False}
        (run_directory() / "summary.json").write_text(json.dumps(changed))
        outcome = rnnexp("predict", run, "good")
        assert outcome.status == 2
        assert refusal in outcome.error


def test_predict_uses_the_best_epoch_after_early_stopping(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], csv_file: Callable[..., Path]
) -> None:
    csv_file(rows=300)
    settings = ("data=csv", "data.path=texts.csv", "seq_len=8", "plots=false", "clip=norm",
                "optimizer.lr=0.5", "trainer.epochs=9", "trainer.patience=1")  # fmt: skip
    assert rnnexp(*settings).status == 0
    run = RunDirectory.open(run_directory())
    assert run.summary.tested is not None
    assert run.summary.tested.weights == "best"
    assert run.summary.epochs != run.summary.tested.epoch
    model = load_model(run)
    encode = TextEncoder(run.task.model_dump(), 8)
    outputs = model(encode.batch(encode.read("a good film").ids))
    confidence = class_probabilities(outputs).max().item()
    answer = rnnexp("predict", str(run_directory()), "a good film").out
    assert f"confidence:     {confidence:.1%}" in answer


def test_report_draws_a_run_and_a_study_again(rnnexp: Rnnexp, workdir: Path) -> None:
    rnnexp("-m", *TINY, "seq_len=6,12", "study=both", "plots=true", "probes=none")
    study = workdir / "outputs" / "studies" / "both"
    figure = study / "plots" / "score_vs_length.png"
    job = next(study.glob("*/summary.json")).parent
    curve = job / "plots" / "learning_curves.svg"
    before = curve.read_bytes()
    figure.unlink()
    curve.unlink()
    assert rnnexp("report", str(study)).status == 0
    assert figure.exists()
    assert rnnexp("report", str(job / "report.html")).status == 0  # as its last line names it
    assert curve.read_bytes() == before
    pages = [str(place / "report.html") for place in (study, job)]
    for words in (["report", pages[0]], ["check", pages[0]], ["check", pages[1]],
                  ["predict", pages[1], "a fine film"], ["study", "status", pages[0]],
                  ["compare", pages[0], "both"]):  # fmt: skip
        outcome = rnnexp(*words)
        assert "no such" not in outcome.err + outcome.out, words
        assert "neither a run nor a study" not in outcome.err, words
        assert "there is no study" not in outcome.err, words


def test_a_sweep_does_only_what_is_missing(rnnexp: Rnnexp, workdir: Path) -> None:
    command = ("-m", *TINY, "model=rnn,bag", "seed=0,1", "study=s")
    outcome = rnnexp(*command)
    assert outcome.status == 0, outcome.err
    study = workdir / "outputs" / "studies" / "s"
    assert {"study.csv", "study.json", "plots"} <= {p.name for p in study.iterdir()}
    summaries = {p: p.stat().st_mtime_ns for p in study.glob("*/summary.json")}
    assert len(summaries) == 4
    assert "95% interval" in outcome.out

    # one failed, one was killed: they are run again, their remains are kept
    failed, killed = sorted(summaries)[:2]
    for path, status in ((failed, "failed"), (killed, "running")):
        path.write_text(json.dumps({**json.loads(path.read_text()), "status": status}))
    again = rnnexp(*command)
    assert again.status == 0
    assert again.out.count("done before") == 2
    for path, time_ns in summaries.items():
        unchanged = path.stat().st_mtime_ns == time_ns
        assert unchanged == (path not in (failed, killed))
        assert json.loads(path.read_text())["status"] == "finished"
    assert len(list((study / "superseded").iterdir())) == 2


def test_the_same_run_in_other_words_is_the_same_run(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp("-m", *TINY, "model=bag", "seed=0,1", "study=s").status == 0
    outcome = rnnexp("-m", *TINY, "model=bag", "seed=0,1", "study=s", "trainer.batch_size=64")
    assert outcome.out.count("done before") == 2
    assert len(list((workdir / "outputs" / "studies" / "s").glob("*/summary.json"))) == 2


def test_changed_data_are_run_again(
    rnnexp: Rnnexp, workdir: Path, csv_file: Callable[..., Path]
) -> None:
    csv_file(rows=60)
    command = ("-m", "data=csv", "data.path=texts.csv", "seq_len=4", "plots=false", "model=bag",
               "seed=0,1", "study=s")  # fmt: skip
    assert rnnexp(*command).status == 0
    assert rnnexp(*command).out.count("done before") == 2
    csv_file(rows=80)
    outcome = rnnexp(*command)
    assert "done before" not in outcome.out
    assert outcome.err.count("the data have changed since it was run: run again") == 2
    assert len(list((workdir / "outputs/studies/s/superseded").iterdir())) == 2


def test_a_sweep_over_presets_is_one_study(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp("-m", *TINY, "experiment=smoke,quickstart", "seed=0", "model=bag")
    assert outcome.status == 0, outcome.err
    (study,) = (workdir / "outputs" / "studies").iterdir()
    assert study.name.startswith("sweep_")
    assert (study / "study.csv").exists()


def test_threads_of_one_job_do_not_leak_into_the_next(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp("-m", *TINY, "threads=2,null", "model=bag", "study=s").status == 0
    environments = (workdir / "outputs" / "studies" / "s").glob("*/environment.json")
    assert {json.loads(path.read_text())["threads"] for path in environments} == {1, 2}


def test_an_unnamed_study_is_named_by_its_preset_or_a_hash(rnnexp: Rnnexp, workdir: Path) -> None:
    sweep = ("-m", *TINY, "seed=0,1", "model=bag")
    for _ in range(2):
        assert rnnexp(*sweep).status == 0
    assert rnnexp(*sweep, "experiment=smoke").status == 0
    names = sorted(p.name for p in (workdir / "outputs" / "studies").iterdir())
    assert len(names) == 2
    assert names[0] == "smoke"
    assert names[1].startswith("sweep_")


def test_a_failing_job_never_costs_the_table(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnexp.training.trainer import Trainer

    real_fit = Trainer.fitting

    def fit(self: Trainer, *arguments: Any) -> Any:
        seed = arguments[4]
        if seed == 1:
            raise RuntimeError("the disk is on fire")
        return real_fit(self, *arguments)

    monkeypatch.setattr(Trainer, "fitting", fit)
    outcome = rnnexp("-m", *TINY, "seed=0,1,2", "model=bag", "study=s")
    assert outcome.status == 1
    assert "RuntimeError: the disk is on fire" in outcome.err
    assert "2 1 failed" in outcome.out
    study = workdir / "outputs" / "studies" / "s"
    rows = (study / "study.csv").read_text()
    assert rows.count("finished") == 2
    assert rows.count("the disk is on fire") == 1
    (log,) = study.glob("bag_T12_s1_*/rnnexp.log")
    assert "Traceback" in log.read_text()


def test_a_job_that_fails_before_it_begins_has_its_row(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnexp.experiment import run_spec

    real_build = run_spec.build

    def build(spec: RunSpec) -> Any:
        if spec.dials.seed == 1:
            raise MemoryError("no memory left")
        return real_build(spec)

    monkeypatch.setattr(run_spec, "build", build)
    outcome = rnnexp("-m", *TINY, "seed=0,1,2", "model=bag", "study=s")
    assert outcome.status == 1
    assert "2 1 failed" in outcome.out
    rows = (workdir / "outputs" / "studies" / "s" / "study.csv").read_text()
    assert "MemoryError: no memory left" in rows


def test_a_diverged_run_is_a_result(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    outcome = rnnexp(*TINY, "optimizer.lr=1e38", "optimizer=sgd", "model=linear",
                     "trainer.epochs=3", "plots=true")  # fmt: skip
    assert outcome.status == 0
    summary = json.loads((run_directory() / "summary.json").read_text())
    assert summary["status"] == "diverged"
    assert summary["reason"].startswith("step ")
    assert summary["test"] is None
    assert "diverged: step" in outcome.err
    assert (run_directory() / "weights.safetensors").is_file()
    assert "(diverged)" in (run_directory() / "plots" / "learning_curves.svg").read_text()


def test_two_processes_do_not_share_a_job(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for what the other is at, and looks again: both end with the whole table."""
    from filelock import FileLock

    from rnnexp.experiment.job import Job

    command = ("-m", *TINY, "seed=0,1", "model=bag", "study=s")
    assert rnnexp(*command).status == 0
    study = workdir / "outputs" / "studies" / "s"
    summary = next(study.glob("bag_T12_s0_*/summary.json"))
    there = json.loads(summary.read_text())
    (summary.parent / "manifest.json").unlink()  # which would say that the summary is another
    lock = FileLock(study / ".locks" / f"{there['fingerprint']}.lock")
    really_free = Job.is_free

    def other_process_ends(job: Job) -> bool:
        """It is asked a first time, while the other is at work."""
        assert not really_free(job)
        if summary.parent.is_dir():
            summary.write_text(json.dumps({**there, "sealed": False}))
        lock.release()
        monkeypatch.setattr(Job, "is_free", really_free)
        return False

    for more in ((), ("trainer.batch_size=64",)):
        summary.write_text(json.dumps({**there, "status": "running", "sealed": False}))
        lock.acquire()
        monkeypatch.setattr(Job, "is_free", other_process_ends)
        outcome = rnnexp(*command, *more)
        assert outcome.status == 0, outcome.err
        lines = outcome.out.splitlines()
        assert "#1 bag_T12_s0  runs in another process" in lines
        assert "waiting for #1 bag_T12_s0, which another process runs (Ctrl-C ends this)" in lines
        assert outcome.out.count("done before") == 2
        assert "unfinished" not in outcome.out

    # the other process may not have begun to write, and may die
    shutil.rmtree(summary.parent)
    lock.acquire()
    monkeypatch.setattr(Job, "is_free", other_process_ends)
    outcome = rnnexp(*command)
    assert outcome.status == 0, outcome.err
    assert json.loads(summary.read_text())["status"] == "finished"


@pytest.mark.parametrize(
    ("stop", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_an_interrupted_run_says_so(workdir: Path, stop: signal.Signals, status: int) -> None:
    command = [sys.executable, "-m", "rnnexp", *TINY, "data.limit=400", "trainer.epochs=100000",
               "checkpoint.every_seconds=0.01"]  # fmt: skip
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        # a job of a shell in the background inherits an ignored Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_until(lambda: any(Path("outputs").glob("runs/*/checkpoints/epoch_*")))
        process.send_signal(stop)
        _, errors = process.communicate(timeout=HANGS)
    finally:
        process.kill()
    assert process.returncode == status, errors
    (path,) = Path("outputs/runs").iterdir()
    assert json.loads((path / "summary.json").read_text())["status"] == "interrupted"
    assert "Traceback" not in errors
    assert list(path.glob("checkpoints/epoch_*"))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from rnnexp.command.main import main; main(['--help']); "
        "print([m for m in ('torch', 'pandas', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_version_and_config(rnnexp: Rnnexp) -> None:
    assert rnnexp("--version").out.startswith("rnnexp ")
    assert "hidden_size: 7" in rnnexp("--cfg", "job", "model.hidden_size=7").out


def test_hydra_full_error_gives_the_traceback(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(ValueError, match="seq_len must be at least 1"):
        rnnexp("seq_len=0")


def test_a_reader_that_goes_away_costs_nothing(workdir: Path) -> None:
    """`rnnexp ... | head -1`: the run goes on, and nothing is said of it."""
    command = [sys.executable, "-m", "rnnexp", *TINY, "trainer.epochs=20", "name=piped"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(HANGS), errors) == (0, "")
    (summary,) = workdir.glob("outputs/runs/*_piped/summary.json")
    assert json.loads(summary.read_text())["status"] == "finished"
