"""How many jobs run side by side, and what is said of it."""

import pytest

from rnnexp import bounds
from rnnexp.command.places import Places
from rnnexp.experiment import devices
from rnnexp.experiment.checked import Checked
from rnnexp.results.reuse import Identity


def job(threads: int = 1, device: str = "cpu") -> Checked:
    return Checked(Identity("0", None, None), 1.0, threads, device)


@pytest.mark.parametrize(
    ("cores", "jobs", "line"),
    [
        (1, [job()] * 3, "1 job at a time: 1 core, 1 thread each"),
        (2, [job()] * 3, "2 jobs at a time: 2 cores, 1 thread each"),
        (8, [job()] * 3, "3 jobs at a time: 8 cores, 1 thread each"),
        (8, [job(3)] * 9, "2 jobs at a time: 8 cores, 3 threads each"),
        (2, [job(4)] * 3, "1 job at a time: 2 cores, 4 threads each"),
        (4, [job(1), job(4), job(1)], "1 to 3 jobs at a time: 4 cores, 1 to 4 threads each"),
        (4, [job(device="cuda")] * 3, "1 job at a time: on cuda (hydra.launcher.n_jobs=2 for two)"),
    ],
)
def test_as_many_as_there_are_cores_for_their_threads(
    monkeypatch: pytest.MonkeyPatch, cores: int, jobs: list[Checked], line: str
) -> None:
    monkeypatch.setattr(bounds, "own_cores", lambda: cores)
    assert Places.here(None).line(jobs) == line


@pytest.mark.parametrize(
    ("cores", "gpus", "line"),
    [
        (16, 4, "4 jobs at a time: each of 4 GPUs has one (hydra.launcher.n_jobs=N for more)"),
        (6, 4, "3 jobs at a time: each of 4 GPUs has one (hydra.launcher.n_jobs=N for more)"),
        (2, 4, "2 jobs at a time: each of 4 GPUs has one (hydra.launcher.n_jobs=N for more)"),
        (16, 1, "1 job at a time: on cuda (hydra.launcher.n_jobs=2 for two)"),
    ],
)
def test_of_several_gpus_each_has_a_job(
    monkeypatch: pytest.MonkeyPatch, cores: int, gpus: int, line: str
) -> None:
    monkeypatch.setattr(bounds, "own_cores", lambda: cores)
    monkeypatch.setattr(devices, "gpus", lambda: tuple(map(str, range(gpus))))
    jobs = [job(device="cuda")] * 9
    places = Places.here(None, jobs=jobs)
    assert places.line(jobs) == line
    assert Places.here(None, jobs=[job()]).gpus == ()
    running: list[str] = []
    for _ in range(8):
        if (gpu := places.gpu_for(jobs[0], running)) is not None:
            running.append(gpu)
    each = {gpu: running.count(gpu) for gpu in running}
    assert each == ({} if gpus == 1 else {str(gpu): 8 // gpus for gpu in range(gpus)})
    assert places.gpu_for(job(), running) is None
    assert places.gpu_for(job(device="cuda:1"), running) is None
    assert places.taken_by(job(device="cuda:1")) == cores


def test_gpus_are_named_as_this_process_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv(devices.VISIBLE, raising=False)
    assert devices.gpus() == ("0", "1")
    monkeypatch.setenv(devices.VISIBLE, "5, GPU-8c2f")
    assert devices.gpus() == ("5", "GPU-8c2f")


def test_as_many_as_were_asked_for() -> None:
    jobs = [job(4), job(device="cuda"), job()]
    assert Places.here(3).line(jobs) == "3 jobs at a time: hydra.launcher.n_jobs=3"
    assert [Places.here(3).taken_by(each) for each in (*jobs, None)] == [1] * 4


def test_one_of_which_nothing_is_known_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a sweeper that decides as it goes."""
    monkeypatch.setattr(bounds, "own_cores", lambda: 8)
    assert Places.here(None).taken_by(None) == 8


def test_in_this_process_one_after_the_other() -> None:
    for asked in (None, 3):
        line = Places.here(asked, together=True).line([job(), job()])
        assert line == "1 job at a time: jobs.isolate=false keeps them in this process"
