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


def parts_of(model):
    """Returns the layers of the frontend and of the encoder of a model, for training to freeze.

    The frontend is everything before the first recurrent layer, or in a network without one before the first dense
    layer: embeddings and convolutions. The encoder is everything after it and before the head, whose input is `memory`
    or `head_dropout`, or else the output of the last recurrent layer, or the input of the last layer with weights.

    Args:
        model: a functional model.

    Returns:
        A dict with the lists `frontend` and `encoder`.
    """
    layers = [layer for layer in model.layers if has_weights(layer)]
    if len(layers) == 1 and hasattr(layers[0], "parts"):
        return layers[0].parts()
    readers = [layer for layer in layers if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)]
    firsts = readers or [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    ends = [name for name in ("memory", "head_dropout") if name in _names(model)]
    if ends:
        encoded = _before(model, model.get_layer(ends[0]))
    elif readers:
        encoded = {*_before(model, readers[-1]), readers[-1].name}
    else:
        encoded = _before(model, layers[-1])
    reading = _before(model, firsts[0]) & encoded if firsts else encoded
    return {
        "frontend": [layer for layer in layers if layer.name in reading],
        "encoder": [layer for layer in layers if layer.name in encoded - reading],
    }


def has_weights(layer):
    """Returns whether a layer has weights, trainable or not."""
    return bool(layer.weights)


def _before(model, layer):
    """Returns the names of the layers that the input of a layer depends on."""
    return _names(keras.Model(model.input, layer.input))


def _names(model):
    return {layer.name for layer in model.layers}


def _output_input(model):
    return model.get_layer("head_dropout").input
