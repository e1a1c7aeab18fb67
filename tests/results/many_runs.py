"""Studies of many runs, made of one that was run: by what writes runs, and without training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnexp.experiment.spec import RunSpec
from rnnexp.results.plan import record_plan
from rnnexp.results.reuse import Identity
from rnnexp.results.runs import RunDirectory

#: Files of a run that are the same whatever its settings, as far as anything is read of them.
COPIED = ("task.json", "environment.json", "metrics.csv", "timings.csv")


def copy_runs(
    model: RunDirectory, study: Path, settings: Sequence[Mapping[str, Any]]
) -> list[Identity]:
    """Finished runs of a study, one for each of `settings`, which are dotted keys of numbers.

    Each is what the same command with these settings would leave, but for the numbers, which are
    those of `model`, its score a little more with each run. Returns what makes each that run.
    """
    summary = model.summary
    contents = {name: model.content(name) for name in COPIED}
    contents |= {
        f"probes/{name}.npz": model.content(f"probes/{name}.npz") for name in model.probe_names
    }
    identities = []
    for number, changed in enumerate(settings):
        config = json.loads(json.dumps(model.config))
        for key, value in changed.items():
            *groups, name = key.split(".")
            place = config
            for group in groups:
                place = place[group]
            place[name] = value
        words = tuple(f"{key}={value}" for key, value in changed.items())
        spec = RunSpec(config, summary.choices, words, study=study, job=number)
        assert summary.test is not None
        score = 0.5 + (number * 37 % 400) / 1000
        made = summary.model_copy(
            deep=True,
            update={
                "seed": config["seed"],
                "seq_len": config["seq_len"],
                "fingerprint": spec.fingerprint,
                "overrides": spec.overrides,
                "words": list(words),
                "job": number,
                "started": f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}.{number:06d}",
                "test": {**summary.test, "accuracy": score},
                "test_interval": {"accuracy": [score - 0.05, score + 0.05]},
            },
        )
        run = RunDirectory.create_at(study / spec.job_name, made, spec.config_text)
        for name, content in contents.items():
            (run.path / name).parent.mkdir(exist_ok=True)
            (run.path / name).write_bytes(content)
        run.finish(made)
        identities.append(Identity(spec.fingerprint, made.content, made.measured, made.code))
    record_plan(study, [identity.fingerprint for identity in identities])
    return identities
