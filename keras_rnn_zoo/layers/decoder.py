"""The recurrent decoder: writes a text token by token, after what was read or from nothing."""

import keras
from keras import ops

from keras_rnn_zoo.layers.attention import SequenceAttention
from keras_rnn_zoo.layers.recurrent import CELLS


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class TextDecoder(keras.layers.Layer):
    """Predicts each token from those before it and, where there is one, from a memory that it attends to.

    The lowest recurrent layer reads the embedded tokens; its state is the query of the attention, and what was attended
    to goes to the layers above (as in Wu et al. 2016) and joins the last state before the logits (Luong et al. 2015).
    No step's attention feeds an earlier layer of the next step, so in training every layer runs over the whole text at
    once. Without attention, the mean of the memory joins each embedding instead (Cho et al. 2014). The states begin
    as a layer of `tanh` units over the mean of the memory. Logits are products with the embeddings themselves (Press
    and Wolf 2017).

    Args:
        vocabulary_size: number of token ids.
        embedding_dim: features of an embedding.
        cell: a name in `CELLS`.
        units: features of a layer's state.
        num_layers: number of recurrent layers.
        attention: `"none"`, `"luong"` or `"bahdanau"`; see `SequenceAttention`.
        dropout: share of features dropped in training: of embeddings, between layers and before the logits.
    """

    def __init__(
        self, vocabulary_size, embedding_dim, cell, units, num_layers=1, attention="none", dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.options = {
            "vocabulary_size": vocabulary_size,
            "embedding_dim": embedding_dim,
            "cell": cell,
            "units": units,
            "num_layers": num_layers,
            "attention": attention,
            "dropout": dropout,
        }
        dtype = self.dtype_policy
        # Scaled as in Vaswani et al. 2017, so that the same weights suit both what is read and the logits.
        self.scale = embedding_dim**0.5
        normal = keras.initializers.RandomNormal(stddev=1 / self.scale)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, normal, dtype=dtype, name="embedding")
        self.recurrent = [
            CELLS[cell](units, return_sequences=True, dtype=dtype, name=f"{cell}_{number}")
            for number in range(1, num_layers + 1)
        ]
        self.attention = None
        if attention != "none":
            self.attention = SequenceAttention(attention, units, dtype=dtype, name="attention")
        self.joined = keras.layers.Dense(embedding_dim, activation="tanh", dtype=dtype, name="joined")
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype, name="dropout")
        self.states_a_layer = 2 if cell == "lstm" else 1
        states = num_layers * self.states_a_layer * units
        self.bridge = keras.layers.Dense(states, activation="tanh", dtype=dtype, name="bridge")

    def build(self, ids_shape, memory_shape=None, memory_mask_shape=None):
        read = memory_shape[-1] if memory_shape else 0
        units, embedded = self.options["units"], self.options["embedding_dim"]
        self.embedding.build((None, None))
        for number, layer in enumerate(self.recurrent):
            below = units if number else embedded
            extra = read if number or not self.attention else 0
            layer.build((None, None, below + extra))
        if memory_shape:
            self.bridge.build((None, read))
        if self.attention:
            self.attention.build(memory_shape)
        self.joined.build((None, None, units + read))
        self.bias = self.add_weight(shape=(self.options["vocabulary_size"],), initializer="zeros", name="bias")

    def call(self, ids, memory=None, memory_mask=None, training=False):
        """Returns logits `(batch, time, vocabulary)` of the token after each of `ids` `(batch, time)`."""
        return self._whole(ids, memory, memory_mask, training)[0]

    def attend(self, ids, memory, memory_mask):
        """Returns the weights of the attention `(batch, time, memory time)` after each of `ids` `(batch, time)`."""
        return self._whole(ids, memory, memory_mask, False)[1]

    def _whole(self, ids, memory, memory_mask, training):
        context, states = self.start(ids, memory, memory_mask)

        def whole(number, x):
            return self.recurrent[number](x, initial_state=states[number], training=training)

        return self._logits(ids, context, whole, training)

    def start(self, rows, memory=None, memory_mask=None):
        """Returns what all steps need of the memory, and the states to begin with.

        Args:
            rows: a tensor whose first axis has as many rows as texts are written.
            memory: what was read, `(batch, time, features)`, or `None`.
            memory_mask: its mask, `(batch, time)`.
        """
        if memory is None:
            zeros = ops.zeros((ops.shape(rows)[0], self.options["units"]), self.compute_dtype)
            return {}, [[zeros] * self.states_a_layer for _ in self.recurrent]
        weights = ops.expand_dims(ops.cast(memory_mask, memory.dtype), -1)
        mean = ops.sum(memory * weights, axis=1) / ops.sum(weights, axis=1)  # (batch, features)
        parts = ops.split(self.bridge(mean), len(self.recurrent) * self.states_a_layer, axis=-1)
        states = [
            parts[number * self.states_a_layer : (number + 1) * self.states_a_layer]
            for number in range(len(self.recurrent))
        ]
        if self.attention is None:
            return {"mean": mean}, states
        return {"memory": memory, "memory_mask": memory_mask, "keys": self.attention.keys(memory)}, states

    def step(self, ids, context, states):
        """Returns the logits `(rows, vocabulary)` after one more token, `ids` `(rows,)`, and the next states."""
        after = [list(layer_states) for layer_states in states]

        def one(number, x):
            output, after[number] = self.recurrent[number].cell(x[:, 0], states[number])
            return ops.expand_dims(output, 1)

        logits, _ = self._logits(ops.expand_dims(ids, 1), context, one, False)
        return logits[:, 0], after

    def _logits(self, ids, context, advance, training):
        """Returns the logits and the weights of the attention, `None` without one."""
        x = self.dropout(self.embedding(ids) * self.scale, training=training)  # (rows, time, embedding_dim)
        beside = weights = None
        if "mean" in context:
            mean = ops.expand_dims(context["mean"], 1)
            beside = ops.broadcast_to(mean, (*ops.shape(x)[:2], mean.shape[-1]))
        for number in range(len(self.recurrent)):
            if number:
                x = self.dropout(x, training=training)
            x = advance(number, x if beside is None else ops.concatenate([x, beside], axis=-1))
            if self.attention and number == 0:
                beside, weights = self.attention(x, **context)
        x = self.joined(x if beside is None else ops.concatenate([x, beside], axis=-1))
        x = self.dropout(x, training=training)
        logits = ops.matmul(x, ops.transpose(self.embedding.embeddings)) + self.bias
        return ops.cast(logits, "float32"), weights

    def compute_output_spec(self, ids, memory=None, memory_mask=None, training=False):
        return keras.KerasTensor((*ids.shape, self.options["vocabulary_size"]), dtype="float32")

    def get_config(self):
        return {**super().get_config(), **self.options}


def decode_from(memory, memory_mask, **options):
    """Puts a decoder on what an encoder read.

    The names of the layers are those by which `keras_rnn_zoo.layers.search` finds the parts of a model again.

    Args:
        memory: what was read, `(batch, time, features)`.
        memory_mask: its mask, `(batch, time)`.
        **options: those of `TextDecoder`.

    Returns:
        The input of the text so far, int32 `(batch, time)`, and the logits of the next token at each step.
    """
    target = keras.Input((None,), dtype="int32", name="target")
    memory = keras.layers.Identity(name="memory")(memory)
    memory_mask = keras.layers.Identity(dtype="bool", name="memory_mask")(memory_mask)
    return target, TextDecoder(**options, name="decoder")(target, memory, memory_mask)
