"""What earlier versions called things by other names: the one place that knows them.

A run directory of an earlier version names classes where they lay then, and settings as they were
called then. `upgraded` brings its configuration to this version's names, so that it is found done,
compared, reported and loaded as if it had been made today.
"""

from collections.abc import Mapping
from typing import Any

#: Where a class lay in an earlier version, and where it lies now.
TARGETS: Mapping[str, str] = {
    "rnnexp.trainer.Trainer": "rnnexp.training.trainer.Trainer",
    "rnnexp.clip.NoClip": "rnnexp.clip.none.NoClip",
    "rnnexp.clip.Norm": "rnnexp.clip.norm.Norm",
    "rnnexp.clip.Value": "rnnexp.clip.value.Value",
    "rnnexp.clip.AGC": "rnnexp.clip.agc.AGC",
    "rnnexp.embedding.Learned": "rnnexp.embedding.learned.Learned",
    "rnnexp.embedding.OneHot": "rnnexp.embedding.one_hot.OneHot",
    "rnnexp.embedding.Glove": "rnnexp.embedding.glove.Glove",
    "rnnexp.init.Default": "rnnexp.init.default.Default",
    "rnnexp.init.Normal": "rnnexp.init.normal.Normal",
    "rnnexp.init.Orthogonal": "rnnexp.init.orthogonal.Orthogonal",
    "rnnexp.init.Identity": "rnnexp.init.identity.Identity",
    "rnnexp.init.Xavier": "rnnexp.init.xavier.Xavier",
    "rnnexp.init.Spectral": "rnnexp.init.spectral.Spectral",
    "rnnexp.init.Chrono": "rnnexp.init.chrono.Chrono",
    "rnnexp.init.ForgetBias": "rnnexp.init.forget_bias.ForgetBias",
}

#: What a setting was called in an earlier version, and what it is called now, by dotted keys.
SETTINGS: Mapping[str, str] = {}

#: Groups that 0.1 did not have, with the choice that does what was done before.
GROUPS_SINCE: Mapping[str, Mapping[str, Any]] = {
    "schedule": {"_target_": "rnnexp.schedule.none.Constant"},
    "loss": {
        "_target_": "rnnexp.loss.default.Default",
        "class_weights": None,
        "label_smoothing": 0.0,
    },
    "regulariser": {"_target_": "rnnexp.regulariser.none.NoRegulariser"},
}

#: What `trainer.optimizer` of versions before 0.7 named, as the group that it is since: the
#: settings beside the rate were at these values, torch's defaults, but for `alpha`.
OPTIMIZERS: Mapping[str, Mapping[str, Any]] = {
    "adam": {
        "_target_": "rnnexp.optimizer.adam.Adam",
        "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False,
    },
    "adamw": {
        "_target_": "rnnexp.optimizer.adamw.AdamW",
        "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False,
    },
    "sgd": {
        "_target_": "rnnexp.optimizer.sgd.SGD",
        "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False,
    },
    "rmsprop": {
        "_target_": "rnnexp.optimizer.rmsprop.RMSprop",
        "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False,
    },
}  # fmt: skip

#: What to type in the place of a setting of an earlier version; {} stands for its value.
INSTEAD: Mapping[str, str] = {
    "trainer.learning_rate": "optimizer.lr={}",
    "trainer.optimizer": "optimizer={}",
    "trainer.alpha": "optimizer=rmsprop optimizer.alpha={}",
}


def instead(key: str, value: str) -> str | None:
    """The words to type in the place of a setting of an earlier version."""
    if key not in INSTEAD:
        return None
    if key == "trainer.alpha" and value in ("", "null", "None"):
        return "nothing: optimizer=rmsprop has its alpha"
    return INSTEAD[key].format(value or "...")


def key_now(key: str) -> str:
    """What a setting that a command named is called now."""
    now = INSTEAD.get(key)
    return key if now is None else now.rpartition("=")[0].split()[-1]


def optimizer_name(node: Mapping[str, Any]) -> str | None:
    """What `trainer.optimizer` called the optimizer of an upgraded configuration."""
    names = {str(of["_target_"]): name for name, of in OPTIMIZERS.items()}
    return names.get(str(node.get("_target_")))


#: What a choice, as `group=name`, or a preset was called in an earlier version, and is called now.
CHOICES: Mapping[str, str] = {"experiment=memory_horizon": "experiment=trainability"}

#: The same of what is found in a study: its key in study.json and the name of its figure.
FINDINGS: Mapping[str, str] = {"memory_horizon": "trainability"}

#: Settings that did not exist in version 0.1, each with the value that does what 0.1 did, or leaves
#: the choice to rnnexp: at that value they are no part of a run's identity, and runs of 0.1 stay
#: what they were. A setting whose value is null needs no entry: null counts as not set.
LATER: Mapping[str, Any] = {
    "data.cut": "first",
    "data.items": 1,
    "data.stratify": False,
    "data.tokens": "words",
    **GROUPS_SINCE,
    "data.word_dropout": 0.0,
    "embedding.dropout": 0.0,
    "model.bidirectional": False,
    "model.engine": "auto",
    "model.recurrent_dropout": 0.0,
    "probes.every_step": False,
    "trainer.accumulate": 1,
    "trainer.shuffle": True,
    "trainer.stateful": False,
    "trainer.stop_when_solved": False,
}

#: What computed the models that have a choice of engines now, before they had it (0.5).
ENGINES: Mapping[str, str] = {
    "rnnexp.model.fused.RNN": "fused",
    "rnnexp.model.fused.GRU": "fused",
    "rnnexp.model.unrolled.Unrolled": "autograd",
}


def engine_before(config: Mapping[str, Any]) -> str | None:
    """What computed a run whose summary does not say it; None without a choice."""
    return ENGINES.get(str((config.get("model") or {}).get("_target_")))


def has_engines(model: Mapping[str, Any]) -> bool:
    """Whether that part of a configuration has a choice of engines."""
    return model.get("_target_") in ENGINES


def upgraded(config: Mapping[str, Any]) -> dict[str, Any]:
    """A run's configuration in this version's names; one of this version is unchanged."""
    made = _with_targets(config)
    if made:  # else the run ended before it wrote its configuration
        made = {**GROUPS_SINCE, **_with_optimizer(made)}
    for old, new in SETTINGS.items():
        place = _node(made, old)
        name = old.rpartition(".")[2]
        if place is not None and name in place:
            value = place.pop(name)
            _node(made, new, make=True)[new.rpartition(".")[2]] = value
    return made


def _with_optimizer(config: Mapping[str, Any]) -> dict[str, Any]:
    """With a group `optimizer` in the place of three settings of the trainer."""
    trainer = dict(config.get("trainer") or {})
    if "optimizer" in config or "learning_rate" not in trainer:
        return dict(config)
    group = dict(OPTIMIZERS[trainer.pop("optimizer", "adam")], lr=trainer.pop("learning_rate"))
    alpha = trainer.pop("alpha", None)
    if alpha is not None:
        group["alpha"] = alpha
    return {**config, "trainer": trainer, "optimizer": group}


def in_first_names(
    config: Mapping[str, Any], written: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`upgraded`, with an optimizer as the first version named it, where it had it.

    A run's identity is a hash that versions before 0.7 have made of these names. written: the
    configuration as the run has it, which may be of such a version.
    """
    group = dict(config.get("optimizer") or {})
    names = [name for name, of in OPTIMIZERS.items() if of["_target_"] == group.get("_target_")]
    if not names or "lr" not in group:
        return dict(config)
    lr, alpha = group.pop("lr"), group.get("alpha")
    usual = dict(OPTIMIZERS[names[0]])
    own = {"learning_rate": lr, "optimizer": names[0]}
    # the setting was null where it was not given, and counted where it was
    was_given = ((written or {}).get("trainer") or {}).get("alpha") is not None
    if alpha != usual.get("alpha") or was_given:
        own["alpha"] = usual["alpha"] = alpha
    if group != usual:
        return dict(config)
    made = {key: value for key, value in config.items() if key != "optimizer"}
    return {**made, "trainer": {**config.get("trainer", {}), **own}}


def _with_targets(config: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            value = _with_targets(value)
        elif key == "_target_" and isinstance(value, str):
            value = TARGETS.get(value, value)
        made[key] = value
    return made


def _node(config: dict[str, Any], key: str, make: bool = False) -> Any:
    """What holds the last part of a dotted key; None where it is not there. make: make it."""
    node: Any = config
    for part in key.split(".")[:-1]:
        if not isinstance(node, dict) or (part not in node and not make):
            return None
        node = node.setdefault(part, {})
    return node


def came_later(key: str, value: Any) -> bool:
    """Whether a setting, by its dotted key, was not there in version 0.1 and changes nothing."""
    return key in LATER and value == LATER[key]
