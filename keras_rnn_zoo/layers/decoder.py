"""The recurrent decoder, which generates text token by token, with or without an encoder."""

import itertools

import keras
from keras import ops

from keras_rnn_zoo import registry
from keras_rnn_zoo.layers.attention import SequenceAttention
from keras_rnn_zoo.layers.bridge import states_from
from keras_rnn_zoo.layers.residual import ResidualBlocks


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class TextDecoder(keras.layers.Layer):
    """Predicts each token from the previous ones and, if there is an encoder, from its outputs (the memory).

    The lowest recurrent layer reads the embedded tokens. Its output is the query of the attention; the attended vector
    is an additional input of the layers above (as in Wu et al. 2016) and is joined to the last layer's output before
    the logits (Luong et al. 2015). Attention never feeds into the next step's lower layers, so in training each layer
    runs over the whole text at once. Without attention, the mean of the memory is joined to each embedding instead (Cho
    et al. 2014). The initial states are a layer of `tanh` units over the mean of the memory. The output layer shares
    its weights with the embedding (Press and Wolf 2017).

    Args:
        vocabulary_size: number of token ids.
        embedding_dim: size of a token's embedding.
        cell: the name of a cell in the registry.
        units: size of a layer's state.
        num_layers: number of recurrent layers.
        attention: `"none"`, `"luong"` or `"bahdanau"`; see `SequenceAttention`.
        dropout: fraction of features dropped in training: of embeddings, between layers and before the logits.
        block: `"plain"`, or `"residual"` for residual blocks; see `keras_rnn_zoo.layers.residual`.

    Example:
        >>> decoder = TextDecoder(vocabulary_size=50, embedding_dim=16, cell="gru", units=32)
        >>> tuple(decoder(keras.ops.ones((2, 7), "int32")).shape)
        (2, 7, 50)
    """

    def __init__(
        self,
        vocabulary_size,
        embedding_dim,
        cell,
        units,
        num_layers=1,
        attention="none",
        dropout=0.0,
        block="plain",
        **kwargs,
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
            "block": block,
        }
        dtype = self.dtype_policy
        # Scaled as in Vaswani et al. 2017, so that the same weights work as embeddings and as output layer.
        self.scale = embedding_dim**0.5
        normal = keras.initializers.RandomNormal(stddev=1 / self.scale)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, normal, dtype=dtype, name="embedding")
        entry = registry.cells.find(cell)
        self.recurrent = [
            entry.layer(units, return_sequences=True, dtype=dtype, name=f"{entry.name}_{number}")
            for number in range(1, num_layers + 1)
        ]
        self.blocks = None
        if block == "residual":
            self.blocks = ResidualBlocks(units, num_layers, dropout, dtype=dtype, name="blocks")
        self.attention = None
        if attention != "none":
            self.attention = SequenceAttention(attention, units, dtype=dtype, name="attention")
        self.joined = keras.layers.Dense(embedding_dim, activation="tanh", dtype=dtype, name="joined")
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype, name="dropout")
        self.state_sizes = [keras.tree.flatten(layer.cell.state_size) for layer in self.recurrent]
        self.bridged = [entry.bridged_sizes(sizes) for sizes in self.state_sizes]
        states = sum(map(sum, self.bridged))
        self.bridge = keras.layers.Dense(states, activation="tanh", dtype=dtype, name="bridge")

    def build(self, ids_shape, memory_shape=None, memory_mask_shape=None):
        read = memory_shape[-1] if memory_shape else 0
        units, embedded = self.options["units"], self.options["embedding_dim"]
        self.embedding.build((None, None))
        if self.blocks:
            self.blocks.build((None, None, embedded))
            embedded = units
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
        """Returns the logits of the next token at each step.

        Args:
            ids: token ids, int32 `(batch, time)`.
            memory: the encoder's outputs, `(batch, memory time, features)`, or `None`.
            memory_mask: boolean `(batch, memory time)`, true at real steps.
            training: whether to apply dropout.

        Returns:
            Float32 `(batch, time, vocabulary_size)`.
        """
        return self._whole(ids, memory, memory_mask, training)[0]

    def attend(self, ids, memory, memory_mask):
        """Returns the attention weights `(batch, time, memory time)` at each of `ids` `(batch, time)`."""
        return self._whole(ids, memory, memory_mask, False)[1]

    def _whole(self, ids, memory, memory_mask, training):
        context, states = self.start(ids, memory, memory_mask)

        def whole(number, x):
            return self.recurrent[number](x, initial_state=states[number], training=training)

        return self._logits(ids, context, whole, training)

    def start(self, rows, memory=None, memory_mask=None):
        """Returns the context for all steps, and the initial states.

        Args:
            rows: a tensor whose first axis is the batch; only its size is used.
            memory: the encoder's outputs, `(batch, memory time, features)`, or `None`.
            memory_mask: boolean `(batch, memory time)`, true at real steps.

        Returns:
            The context, a dict of tensors to pass to `step`; and for each layer, a list of states `(batch, units)`.
        """
        if memory is None:
            count, dtype = ops.shape(rows)[0], self.compute_dtype
            return {}, [[ops.zeros((count, size), dtype) for size in sizes] for sizes in self.state_sizes]
        weights = ops.expand_dims(ops.cast(memory_mask, memory.dtype), -1)
        mean = ops.sum(memory * weights, axis=1) / ops.sum(weights, axis=1)  # (batch, features)
        flat = iter(
            states_from(self.bridge(mean), *(itertools.chain(*sizes) for sizes in (self.state_sizes, self.bridged)))
        )
        states = [list(itertools.islice(flat, len(layer_sizes))) for layer_sizes in self.state_sizes]
        if self.attention is None:
            return {"mean": mean}, states
        return {"memory": memory, "memory_mask": memory_mask, "keys": self.attention.keys(memory)}, states

    def step(self, ids, context, states):
        """Advances by one token.

        Args:
            ids: the last token of each text, int32 `(batch,)`.
            context: the context from `start`.
            states: the states after the previous token.

        Returns:
            The logits of the next token, float32 `(batch, vocabulary_size)`, and the new states.
        """
        after = [list(layer_states) for layer_states in states]

        def one(number, x):
            output, after[number] = self.recurrent[number].cell(x[:, 0], states[number])
            return ops.expand_dims(output, 1)

        logits, _ = self._logits(ops.expand_dims(ids, 1), context, one, False)
        return logits[:, 0], after

    def parts(self):
        """Returns the parts of a decoder without memory that training can freeze, as `model_parts.parts_of` does."""
        return {"frontend": [self.embedding], "encoder": [*self.recurrent, *([self.blocks] if self.blocks else [])]}

    def state_shapes(self, features=None):
        """Returns, for each state of a decoder without memory by name, the shape of a row and the value at the start.

        Together with `resume`, this lets the decoder read a text in parts; see `keras_rnn_zoo.layers.masking.Masked`.
        """
        return {
            f"{layer.name}_{index}": ((size,), 0.0)
            for layer, sizes in zip(self.recurrent, self.state_sizes, strict=True)
            for index, size in enumerate(sizes)
        }

    def resume(self, ids, mask, states):
        """Reads the next part of texts, without a memory.

        Args:
            ids: token ids, int32 `(batch, time)`.
            mask: boolean `(batch, time)`, true at tokens.
            states: the states after the part before, as named in `state_shapes`.

        Returns:
            The logits of the next token at each step, float32 `(batch, time, vocabulary_size)`, and the new states.
        """
        after: dict[str, object] = {}

        def part(number, x):
            layer = self.recurrent[number]
            names = [f"{layer.name}_{index}" for index in range(len(self.state_sizes[number]))]
            before = [states[name] for name in names]
            _, outputs, ends = layer.inner_loop(x, initial_state=before, mask=mask, training=False)
            after.update(zip(names, keras.tree.flatten(ends), strict=True))
            return outputs

        return self._logits(ids, {}, part, False)[0], after

    def _logits(self, ids, context, advance, training):
        """Returns the logits and the attention weights, which are `None` without attention.

        Args:
            ids: token ids, `(batch, time)`.
            context: the context from `start`.
            advance: a function that runs the layer with the given index over `x`, `(batch, time, features)`.
            training: whether to apply dropout.
        """
        x = self.dropout(self.embedding(ids) * self.scale, training=training)  # (rows, time, embedding_dim)
        extra_input = weights = None
        if "mean" in context:
            mean = ops.expand_dims(context["mean"], 1)
            extra_input = ops.broadcast_to(mean, (*ops.shape(x)[:2], mean.shape[-1]))
        x = self.blocks.into(x) if self.blocks else x
        for number in range(len(self.recurrent)):
            y = self.blocks.before(number, x) if self.blocks else x
            if number and not self.blocks:
                y = self.dropout(y, training=training)
            y = advance(number, y if extra_input is None else ops.concatenate([y, extra_input], axis=-1))
            x = self.blocks.after(number, x, y, training) if self.blocks else y
            if self.attention and number == 0:
                extra_input, weights = self.attention(x, **context)
        x = self.blocks.last(x) if self.blocks else x
        x = self.joined(x if extra_input is None else ops.concatenate([x, extra_input], axis=-1))
        x = self.dropout(x, training=training)
        logits = ops.matmul(x, ops.transpose(self.embedding.embeddings)) + self.bias
        return ops.cast(logits, "float32"), weights

    def compute_output_spec(self, ids, memory=None, memory_mask=None, training=False):
        return keras.KerasTensor((*ids.shape, self.options["vocabulary_size"]), dtype="float32")

    def get_config(self):
        return {**super().get_config(), **self.options}


def decode_from(memory, memory_mask, **options):
    """Adds a decoder on top of an encoder, in a functional model.

    `keras_rnn_zoo.layers.search` finds the parts of the model by the layer names set here.

    Args:
        memory: the encoder's outputs, `(batch, memory time, features)`.
        memory_mask: boolean `(batch, memory time)`, true at real steps.
        **options: the options of `TextDecoder`.

    Returns:
        The Keras input for the text so far, int32 `(batch, time)`, and the float32 logits of the next token at each
        step, `(batch, time, vocabulary_size)`.
    """
    target = keras.Input((None,), dtype="int32", name="target")
    memory = keras.layers.Identity(name="memory")(memory)
    memory_mask = keras.layers.Identity(dtype="bool", name="memory_mask")(memory_mask)
    return target, TextDecoder(**options, name="decoder")(target, memory, memory_mask)
