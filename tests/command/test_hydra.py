"""What is done to Hydra's launchers before they start workers."""

from collections.abc import Iterator

import hydra
import pytest

from rnnexp import plugins
from rnnexp.command.hydra import set_up_slurm


@pytest.fixture(autouse=True)
def own_choices() -> Iterator[None]:
    with hydra.initialize_config_dir(str(plugins.own_config_dir()), version_base="1.3"):
        yield


@pytest.mark.parametrize(
    ("words", "setup"),
    [
        ([], ["export PYTHONSAFEPATH=1"]),
        (["hydra.launcher.setup=[module load cuda]"], ["module load cuda"]),
    ],
)
def test_jobs_of_a_cluster_start_without_the_modules_beside_them(
    words: list[str], setup: list[str]
) -> None:
    """Whatever environment the cluster gives them."""
    overrides = ["hydra/launcher=submitit_slurm", *words]
    config = hydra.compose("config", overrides=overrides, return_hydra_config=True)
    set_up_slurm(config)
    assert list(config.hydra.launcher.setup)[: len(setup)] == setup
    assert config.hydra.launcher.setup[-1] == "export PYTHONSAFEPATH=1"


def test_other_launchers_are_left_alone() -> None:
    config = hydra.compose("config", return_hydra_config=True)
    before = dict(config.hydra.launcher)
    set_up_slurm(config)
    assert dict(config.hydra.launcher) == before
