"""The parts of a trained model, found by the names of its layers.

A model that writes has the layers `memory`, `memory_mask` and `decoder`; one that gives a single answer from a sequence
has `head_dropout`, which the vector of the sequence goes through.
"""

import keras
from keras import ops

from keras_rnn_zoo.layers.masking import MaskedMeanPooling
from keras_rnn_zoo.layers.text import START


def read_source(model, source):
    """Returns what a model that writes has read of a batch: the memory `(batch, time, features)` and its mask."""
    parts = [model.get_layer(name).output for name in ("memory", "memory_mask")]
    return keras.Model(model.input["source"], parts)(source, training=False)


def has_vector(model):
    """Whether a model reads a sequence as one vector on its way."""
    return "memory" in _names(model) or ("head_dropout" in _names(model) and _output_input(model).ndim == 2)


def vector_of(model, inputs):
    """Returns the vectors `(batch, features)` that a model reads a batch as, float32.

    It is what the head answers from, or of a model that writes the mean of what it read, which its decoder begins with.

    Args:
        model: a model for which `has_vector` is true.
        inputs: a batch of its input, or of its input `source`.
    """
    if "memory" in _names(model):
        memory, mask = read_source(model, inputs)
        return ops.cast(MaskedMeanPooling()(memory, mask=mask), "float32")
    return ops.cast(keras.Model(model.input, _output_input(model))(inputs, training=False), "float32")


def attends(model):
    """Whether a model that writes attends to what it read."""
    return model.get_layer("decoder").attention is not None


def attention_of(model, source, ids):
    """Returns how much each step of a text attended to each step of its source, `(batch, steps, time)`.

    Args:
        model: a model for which `attends` is true.
        source: a batch of its input `source`.
        ids: the texts, int32 `(batch, steps)`.
    """
    before = ops.concatenate([ops.full_like(ids[:, :1], START), ids[:, :-1]], axis=1)
    return ops.cast(model.get_layer("decoder").attend(before, *read_source(model, source)), "float32")


def _names(model):
    return {layer.name for layer in model.layers}


def _output_input(model):
    return model.get_layer("head_dropout").input
