"""Optimizers by name, with the learning rate of a training."""

from typing import Any

import keras

from keras_rnn_zoo.artifacts.run_config import TrainingConfig
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.training.adam import Adam
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
            rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, decay_steps=steps)
        optimizer = _named(settings, rate)
    _refuse_two_schedules(optimizer, objects.callbacks)
    return optimizer


def _named(settings: TrainingConfig, rate: Any) -> Any:
    name = settings.optimizer or "adam"
    arguments: dict[str, Any] = {"global_clipnorm": settings.gradient_norm or None}
    if OPTIMIZERS[name].has_epsilon:
        arguments["epsilon"] = settings.adam_epsilon
    if name == "adam":
        return Adam(rate, **arguments)
    if name == "adamw":  # AdamW is Adam with weight decay, by default this much in Keras.
        return Adam(rate, weight_decay=0.004, **arguments)
    return getattr(keras.optimizers, OPTIMIZERS[name].cls)(rate, **arguments)


def _refuse_two_schedules(optimizer: Any, callbacks: tuple[Any, ...]) -> None:
    setters = keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler
    found = [type(callback).__name__ for callback in callbacks if isinstance(callback, setters)]
    if found and isinstance(optimizer.get_config().get("learning_rate"), dict):  # The config of a schedule.
        raise OptionError(
            f"The callback {found[0]} sets the learning rate, but it already follows a schedule. Pass an optimizer "
            "with a constant one, such as optimizer=keras.optimizers.Adam(0.003)."
        )
