"""Adversarial training: each step trains on a batch of texts, and on the worst small change of their embeddings.

Miyato, Dai and Goodfellow 2017, "Adversarial Training Methods for Semi-Supervised Text Classification". The change is
the gradient of the loss with respect to the embeddings of a text, scaled to a length. The paper normalizes the
embeddings, so that they can't outgrow it; here, the length is relative to theirs, and the model stays as it is.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.frameworks.keras_internals import track_loss, updated_metrics
from keras_rnn_zoo.lazy import tf


def train_adversarially(model: Any, strength: float) -> None:
    """Makes a compiled model train on changed embeddings as well; validation stays as it is.

    Args:
        model: the model, which embeds token ids.
        strength: the length of the change of all embeddings of a text, in lengths of the embedding of one of its words.

    Raises:
        OptionError: the model does not embed its input.
    """
    embeddings = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    if len(embeddings) != 1:
        raise OptionError(
            f"Option 'adversarial' expects a model with one layer of embeddings; received {strength:g} for one with "
            f"{len(embeddings)}. Set adversarial=0."
        )
    step = _tensorflow_step if keras.backend.backend() == "tensorflow" else _jax_step
    model.train_step = functools.partial(step, model, embeddings[0], strength)


def _tensorflow_step(model: Any, layer: Any, strength: float, data: Any) -> Any:
    """Trains on a batch; as `keras.Model.train_step` on TensorFlow."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    weights = model.trainable_weights

    def differentiated(change: Any) -> tuple[Any, Any, Any, list[Any]]:
        with tf.GradientTape() as tape, _changed(layer, change):
            tape.watch(change)
            outputs = model(x, training=True)
            loss = model.compute_loss(x, y, outputs, sample_weight, training=True)
            scaled = model.optimizer.scale_loss(loss)
        slope, *gradients = tape.gradient(scaled, [change, *weights])
        return loss, outputs, slope, gradients

    lengths, nothing = _lengths(layer, x)
    loss, outputs, slope, gradients = differentiated(nothing)
    *_, others = differentiated(_worst(slope, strength * lengths))
    track_loss(model, loss, ops.shape(nothing)[0])  # That of the unchanged texts, as in validation.
    model.optimizer.apply_gradients(zip(map(_mean, gradients, others), weights, strict=True))
    return model.compute_metrics(x, y, outputs, sample_weight)


def _mean(one: Any, other: Any) -> Any:
    """Returns the mean of two gradients; those of the rows of an embedding stay sparse."""
    if one is None:  # The weight has no effect.
        return None
    if isinstance(one, tf.IndexedSlices):
        values, rows = tf.concat([one.values, other.values], 0), tf.concat([one.indices, other.indices], 0)
        return tf.IndexedSlices(values / 2, rows, one.dense_shape)
    return (one + other) / 2


def _jax_step(model: Any, layer: Any, strength: float, state: Any, data: Any) -> Any:
    """Trains on a batch; as `keras.Model.train_step` on JAX."""
    import jax

    trainable, non_trainable, optimizer, metrics = state
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

    def loss_of(variables: Any, change: Any, others: Any) -> Any:
        with _changed(layer, change):
            return model.compute_loss_and_updates(
                variables, others, metrics, x, y, sample_weight, training=True, optimizer_variables=optimizer
            )

    differentiated = jax.value_and_grad(loss_of, argnums=(0, 1), has_aux=True)
    variables = [*model.trainable_variables, *model.non_trainable_variables]  # The embedding may be frozen.
    with keras.StatelessScope(state_mapping=list(zip(variables, [*trainable, *non_trainable], strict=True))):
        lengths, nothing = _lengths(layer, x)
    (_, (loss, outputs, non_trainable, new_metrics)), (gradients, slope) = differentiated(
        trainable, nothing, non_trainable
    )
    changed = differentiated(trainable, _worst(slope, strength * lengths), non_trainable)
    (_, (_, _, non_trainable, _)), (others, _) = changed
    mean = [_mean(*both) for both in zip(gradients, others, strict=True)]
    trainable, optimizer = model.optimizer.stateless_apply(optimizer, mean, trainable)
    logs, metrics = updated_metrics(model, new_metrics, loss, x, y, outputs, sample_weight)
    return logs, (trainable, non_trainable, optimizer, metrics)


def _lengths(layer: Any, x: Any) -> tuple[Any, Any]:
    """Returns the mean length of the embeddings of each text, `(batch, 1, 1)`, and zeros `(batch, time, features)`.

    The length is the root of the mean square over the words, without padding.
    """
    ids = x["source"] if isinstance(x, dict) else x
    words = ids[:, :, 0] if len(ids.shape) == 3 else ids  # The other ids are those of the word's characters.
    vectors = ops.cast(layer.call(words), "float32")
    real = ops.cast(ops.expand_dims(words != 0, -1), vectors.dtype)
    squares = ops.sum(ops.square(vectors) * real, axis=(1, 2), keepdims=True)
    count = ops.maximum(ops.sum(real, axis=(1, 2), keepdims=True), 1)
    return ops.sqrt(squares / count), ops.zeros_like(vectors)


def _worst(slope: Any, length: Any) -> Any:
    """Returns the change of a length that raises the loss of each example most, to first order."""
    square = ops.sum(ops.square(slope), axis=(1, 2), keepdims=True)
    return ops.stop_gradient(ops.where(square > 0, length * slope / ops.sqrt(ops.where(square > 0, square, 1)), 0))


@contextlib.contextmanager
def _changed(layer: Any, change: Any) -> Iterator[None]:
    """Adds a change to what an embedding returns, inside a `with` block."""
    call = layer.call

    def changed(ids: Any) -> Any:
        vectors = call(ids)
        return vectors + ops.cast(change, vectors.dtype)

    # Bypass Keras's attribute tracking.
    object.__setattr__(layer, "call", changed)
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
