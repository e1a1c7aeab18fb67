"""rnnexp: train recurrent networks on long sequences and see why they do or do not learn.

`run` does what the command does; `load_run` and `load_study` read what it left, as `Run` and
`LoadedStudy`; `export` writes a trained network for those without rnnexp. The measurements work on
torch's own modules, without a configuration: `rollout`, `gradient_flow`, `lyapunov_spectrum`,
`fixed_points`, `parameter_sensitivity`; `effective_memory` on any function that answers.
"""

import importlib

# `python -m rnnexp` comes by here with the current folder first among the places of modules, where
# a typing.py may lie: no more is imported than Python itself has loaded.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from rnnexp.command.python import export, load_run, load_study, run
    from rnnexp.experiment.loaded_run import Run
    from rnnexp.experiment.loaded_study import LoadedStudy
    from rnnexp.model.rollout import rollout
    from rnnexp.probes.effective_memory import effective_memory
    from rnnexp.probes.fixed_point_search import fixed_points
    from rnnexp.probes.gradient_norms import gradient_flow
    from rnnexp.probes.lyapunov import lyapunov_spectrum
    from rnnexp.probes.state_sensitivity import parameter_sensitivity

__version__ = "0.8.0"
__all__ = [
    "LoadedStudy",
    "Run",
    "effective_memory",
    "export",
    "fixed_points",
    "gradient_flow",
    "load_run",
    "load_study",
    "lyapunov_spectrum",
    "parameter_sensitivity",
    "rollout",
    "run",
]

_HOMES = {
    "LoadedStudy": "rnnexp.experiment.loaded_study",
    "Run": "rnnexp.experiment.loaded_run",
    "effective_memory": "rnnexp.probes.effective_memory",
    "export": "rnnexp.command.python",
    "fixed_points": "rnnexp.probes.fixed_point_search",
    "gradient_flow": "rnnexp.probes.gradient_norms",
    "load_run": "rnnexp.command.python",
    "load_study": "rnnexp.command.python",
    "lyapunov_spectrum": "rnnexp.probes.lyapunov",
    "parameter_sensitivity": "rnnexp.probes.state_sensitivity",
    "rollout": "rnnexp.model.rollout",
    "run": "rnnexp.command.python",
}


def __getattr__(name: str) -> object:
    """Import on first use: the command must not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnexp' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
