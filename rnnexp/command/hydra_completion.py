"""What Hydra's own completion says of the words that are Hydra's, as `hydra/launcher=`."""

from collections.abc import Sequence

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.plugins.completion_plugin import DefaultCompletionPlugin

from rnnexp import plugins
from rnnexp.command.hydra import CONFIG_NAME


def of_hydra(words: Sequence[str], word: str) -> list[str]:
    """The candidates for `word`; of the words before only settings count, as a preset's."""
    before = [other for other in words if "=" in other]
    with initialize_config_dir(str(plugins.own_config_dir()), version_base="1.3"):
        completion = DefaultCompletionPlugin(GlobalHydra.instance().config_loader())
        return completion._query(CONFIG_NAME, " ".join([*before, word]))
