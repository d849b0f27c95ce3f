"""Untrained models with tasks, which stream as trained ones do, without a training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.inference.load import LoadedRun

WORDS = "not dull but moving , a fine film of few words it 's".split()


class Untrained(LoadedRun):
    """A task and a model, without a run's folder."""

    title = "The model"
    remedy = "Build it again."

    def __init__(self, task, model):
        super().__init__(None, task, model)


def untrained(architecture, task, **options):
    """Returns a model of an architecture for a task, with random weights."""
    from keras_rnn_zoo import registry

    keras.utils.set_random_seed(3)
    entry = registry.architectures.get(architecture)
    model = entry.make(**{**options, **{k: v for k, v in task.model_options().items() if k in entry.options}})
    for weight in model.trainable_weights:  # Biases are zero in new models.
        weight.assign(weight + 0.3 * np.random.default_rng(1).normal(size=weight.shape))
    return Untrained(task, model)


def reader(kind, **options):
    """Returns a reader of some kind that has learned a little."""
    from keras_rnn_zoo import registry

    made = registry.readers.get(kind).make(**options)
    if kind in ("text", "words"):
        made.fit(tf.data.Dataset.from_tensor_slices([" ".join(WORDS), "It's a film."]))
    if kind == "series":
        made.mean, made.deviation = [0.5, -1.0], [2.0, 0.5]
    return made


def task(name, kind, classes=(), **options):
    """Returns a task whose reader has learned a little."""
    from keras_rnn_zoo import registry

    return registry.tasks.get(name).make(reader(kind, **options), classes)


def assert_same(answer, expected):
    """Holds that two answers have the same labels, and numbers within 1e-5."""
    assert answer.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert answer[name] == pytest.approx(value, abs=1e-5)
        elif isinstance(value, float):
            assert answer[name] == pytest.approx(value, abs=1e-5, rel=1e-5)
        else:
            assert answer[name] == value
