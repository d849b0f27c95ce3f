"""Finds the parts of a trained model by the names of its layers.

A model that generates text from a source has the layers `memory`, `memory_mask` and `decoder`. A model that makes one
prediction per sequence passes the sequence's vector through the layer `head_dropout`.
"""

import keras
from keras import ops

from keras_rnn_zoo.layers.masking import MaskedMeanPooling
from keras_rnn_zoo.layers.text import START


def read_source(model, source):
    """Encodes a batch of sources with the encoder of a text-generating model.

    Args:
        model: a model with layers `memory` and `memory_mask`.
        source: a batch of the model's input `source`.

    Returns:
        The memory `(batch, time, features)` and its boolean mask `(batch, time)`.
    """
    outputs = [model.get_layer(name).output for name in ("memory", "memory_mask")]
    return keras.Model(model.input["source"], outputs)(source, training=False)


def has_vector(model):
    """Returns whether a model represents an input sequence by a single vector."""
    return "memory" in _names(model) or ("head_dropout" in _names(model) and _output_input(model).ndim == 2)


def vector_of(model, inputs):
    """Returns the model's vector for each example of a batch, float32 `(batch, features)`.

    This is the input of the output head. For a text-generating model, it is the mean of the encoder's outputs, from
    which the decoder's initial states are computed.

    Args:
        model: a model for which `has_vector` is true.
        inputs: a batch of the model's input, or of its input `source`.
    """
    if "memory" in _names(model):
        memory, mask = read_source(model, inputs)
        return ops.cast(MaskedMeanPooling()(memory, mask=mask), "float32")
    return ops.cast(keras.Model(model.input, _output_input(model))(inputs, training=False), "float32")


def attends(model):
    """Returns whether a text-generating model has attention."""
    return model.get_layer("decoder").attention is not None


def attention_of(model, source, ids):
    """Returns the attention weights of each step of a text over the steps of its source.

    Args:
        model: a model for which `attends` is true.
        source: a batch of the model's input `source`.
        ids: the token ids of the texts, int32 `(batch, steps)`.

    Returns:
        Float32 `(batch, steps, source steps)`.
    """
    previous = ops.concatenate([ops.full_like(ids[:, :1], START), ids[:, :-1]], axis=1)
    return ops.cast(model.get_layer("decoder").attend(previous, *read_source(model, source)), "float32")


def _names(model):
    return {layer.name for layer in model.layers}


def _output_input(model):
    return model.get_layer("head_dropout").input
