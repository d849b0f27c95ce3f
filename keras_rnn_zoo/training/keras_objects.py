"""Settings of a training that are Keras objects, which only Python code can pass. Imports no framework.

A run's `config.json` holds a description of each, which a resumed training compares with the object it is given.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import Option, join_pairs

_MAX_DESCRIPTION = 2000
"""Maximum number of characters that describe an object."""
OPTIMIZER_SETTINGS = ("learning_rate", "warmup", "gradient_norm", "adam_epsilon", "weight_averaging")
"""Settings that an optimizer object has itself."""


@dataclass(frozen=True)
class KerasObjects:
    """The Keras objects of a training.

    Attributes:
        optimizer: a `keras.optimizers.Optimizer`, or `None` for a named one.
        learning_rate: a `keras.optimizers.schedules.LearningRateSchedule`, or `None` for a number.
        metrics: metrics in addition to those of the task; empty if they are names.
        callbacks: callbacks in addition to those of the zoo.
    """

    optimizer: Any = None
    learning_rate: Any = None
    metrics: tuple[Any, ...] = ()
    callbacks: tuple[Any, ...] = ()

    def descriptions(self) -> dict[str, str]:
        """Returns a description of each object that is given: its class and, if it has one, its Keras config."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: ", ".join(map(_described, value)) if isinstance(value, tuple) else _described(value)
            for name, value in given.items()
            if value not in (None, ())
        }


def _described(value: Any) -> str:
    if isinstance(value, str):
        return value
    name = getattr(value, "__name__", type(value).__name__)
    try:
        config = value.get_config()
    except (AttributeError, NotImplementedError):  # Callbacks and functions have no config.
        config = {}
    return _call(name, config)[:_MAX_DESCRIPTION]


def _call(name: Any, config: Mapping[str, Any]) -> str:
    """Returns a class and its Keras config like a call, `SGD(learning_rate=0.1)`, without names that Keras numbers."""

    def text(value: Any) -> str:
        nested = isinstance(value, Mapping) and isinstance(value.get("config"), Mapping)
        return _call(value.get("class_name"), value["config"]) if nested else repr(value)

    given = [f"{key}={text(value)}" for key, value in sorted(config.items()) if value is not None and key != "name"]
    return f"{name}({', '.join(given)})" if given else str(name)


def separate_objects(settings: Mapping[str, Any], options: Mapping[str, Option]) -> tuple[dict[str, Any], KerasObjects]:
    """Separates the settings of a training into plain values and Keras objects.

    Args:
        settings: the settings by name; `None` for those that are not set.
        options: what the settings accept as plain values.

    Returns:
        The plain settings, with lists and mappings of plain values as text, and the objects.

    Raises:
        OptionError: a value is neither plain nor an object of the right class, or two settings contradict each other.
    """
    plain = dict(settings)
    if isinstance(plain.get("class_weight"), Mapping):
        plain["class_weight"] = join_pairs(plain["class_weight"])
    found: dict[str, Any] = {}
    for name, kind, plain_type in (
        ("optimizer", "optimizers.Optimizer", str),
        ("learning_rate", "optimizers.schedules.LearningRateSchedule", (int, float)),
    ):
        value = plain.get(name)
        if value is not None and not isinstance(value, plain_type) and _is_foreign(value):
            expected = f"{options[name].accepts}, or a keras.{kind} object"
            found[name] = _checked(name, value, (kind,), expected)
            plain[name] = None
    found["callbacks"] = _listed("callbacks", plain.pop("callbacks", None), ("callbacks.Callback",))
    metrics = plain.get("metrics")
    if metrics is not None and not isinstance(metrics, str):
        names = [one for one in metrics if isinstance(one, str)] if isinstance(metrics, Sequence) else []
        if names and len(names) == len(metrics):
            plain["metrics"] = ",".join(names)
        else:
            found["metrics"] = _listed("metrics", metrics, ("metrics.Metric", "losses.Loss"), names)
            plain["metrics"] = None
    if found.get("learning_rate") is not None and settings.get("warmup"):
        raise OptionError(
            f"Option 'warmup' applies to a learning rate that is a number; received {settings['warmup']:g} with a "
            "schedule. Make the warm-up part of the schedule, or omit it."
        )
    if found.get("optimizer") is not None:
        _refuse_settings_of(found["optimizer"], settings)
    return plain, KerasObjects(**found)


def _is_foreign(value: Any) -> bool:
    """Whether a value is not a number of any library, such as NumPy's, which the check of plain values accepts."""
    return not hasattr(value, "__float__")


def _checked(name: str, value: Any, kinds: Sequence[str], expected: str) -> Any:
    """Returns `value` if it is an object of one of the Keras classes; raises `OptionError` otherwise."""
    keras: Any = sys.modules.get("keras")  # Without Keras, there can be none of its objects.
    classes = []
    for kind in kinds if keras else ():
        cls = keras
        for part in kind.split("."):
            cls = getattr(cls, part)
        classes.append(cls)
    if isinstance(value, tuple(classes)):
        return value
    hint = ""
    if isinstance(value, type) and issubclass(value, tuple(classes)):
        hint = f" That is a class: create an object, {value.__name__}(...)."
    raise OptionError(f"Option {name!r} expects {expected}; received {short_repr(value)}.{hint}")


def _listed(name: str, values: Any, kinds: Sequence[str], names: Sequence[str] = ()) -> tuple[Any, ...]:
    """Returns a list of objects of one of the Keras classes, or of some `names`, as a tuple."""
    if values is None:
        return ()
    article = f"keras.{kinds[0]}"
    expected = f"a list of {article} objects" + (" or names" if name == "metrics" else "")
    if not isinstance(values, list | tuple):
        raise OptionError(f"Option {name!r} expects {expected}; received {short_repr(values)}. Put it in a list.")
    return tuple(value if value in names else _checked(name, value, kinds, expected) for value in values)


def _refuse_settings_of(optimizer: Any, settings: Mapping[str, Any]) -> None:
    for name in OPTIMIZER_SETTINGS:
        if settings.get(name) is not None:
            raise OptionError(
                f"An optimizer object has its own {name.replace('_', ' ')}; received {name}="
                f"{short_repr(settings[name])} as well. Set it in {type(optimizer).__name__}(...), or pass the "
                "optimizer's name."
            )
    if getattr(optimizer, "use_ema", False):
        raise OptionError(
            f"The optimizer {type(optimizer).__name__} averages the weights with use_ema=True, but the run would not "
            "keep the average. Name the optimizer, and set weight_averaging=0.999."
        )
    if optimizer.built:
        raise OptionError(
            f"The optimizer {type(optimizer).__name__} was already used to train another model. Create a new one."
        )
