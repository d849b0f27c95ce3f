"""Optimizers by name, with the learning rate of a training."""

from typing import Any

import keras

from keras_rnn_zoo.artifacts.run_config import TrainingConfig
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.training.adam import Adam
from keras_rnn_zoo.training.averaging import averaging
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.settings import OPTIMIZERS


def make_optimizer(settings: TrainingConfig, objects: KerasObjects, steps: int) -> Any:
    """Returns the optimizer of a training.

    Args:
        settings: the settings of the training.
        objects: its Keras objects, maybe with the optimizer itself or a schedule of its learning rate.
        steps: number of steps in which a learning rate that is a number decays to zero.

    Raises:
        OptionError: a callback sets the learning rate, but a schedule does so as well.
    """
    optimizer = objects.optimizer
    if optimizer is None:
        rate = objects.learning_rate
        if rate is None:
            rate = _cosine(settings, steps)
        optimizer = _named(settings, rate)
    _refuse_two_schedules(optimizer, objects.callbacks)
    return optimizer


def _cosine(settings: TrainingConfig, steps: int) -> Any:
    """Returns the schedule of a learning rate that decays to zero along a cosine, maybe after a linear warm-up."""
    rate, warmup = settings.learning_rate or 0.0, settings.warmup or 0.0
    count = max(1, round(warmup * steps)) if 0 < warmup < 1 else round(warmup)
    if count >= steps and count:
        raise OptionError(
            f"Option 'warmup' expects fewer steps than the {steps:,} of the whole training; received {warmup:g}. A "
            "number below 1 is a fraction of all steps."
        )
    cosine = keras.optimizers.schedules.CosineDecay
    if not count:
        return cosine(rate, decay_steps=steps)
    return cosine(rate / count, decay_steps=steps - count, warmup_target=rate, warmup_steps=count)


def _named(settings: TrainingConfig, rate: Any) -> Any:
    name = settings.optimizer or "adam"
    arguments: dict[str, Any] = {"global_clipnorm": settings.gradient_norm or None}
    if OPTIMIZERS[name].has_epsilon:
        arguments["epsilon"] = settings.adam_epsilon
    cls = Adam if name in ("adam", "adamw") else getattr(keras.optimizers, OPTIMIZERS[name].cls)
    if name == "adamw":  # AdamW is Adam with weight decay, by default this much in Keras.
        arguments["weight_decay"] = 0.004
    if settings.weight_averaging:
        return averaging(cls, settings.weight_averaging, rate, **arguments)
    return cls(rate, **arguments)


def _refuse_two_schedules(optimizer: Any, callbacks: tuple[Any, ...]) -> None:
    setters = keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler
    found = [type(callback).__name__ for callback in callbacks if isinstance(callback, setters)]
    if found and isinstance(optimizer.get_config().get("learning_rate"), dict):  # The config of a schedule.
        raise OptionError(
            f"The callback {found[0]} sets the learning rate, but it already follows a schedule. Pass an optimizer "
            "with a constant one, such as optimizer=keras.optimizers.Adam(0.003)."
        )
