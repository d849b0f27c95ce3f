"""A recurrent decoder of forecasts, which reads its own last output (Sutskever et al. 2014).

Training and inference run the same loop. The decoder thus learns from its own errors, and needs neither the true values
(teacher forcing; Williams and Zipser 1989) nor a schedule between both (Bengio et al. 2015).
"""

import itertools

import keras
from keras import ops

from keras_rnn_zoo import registry
from keras_rnn_zoo.layers.bridge import states_from
from keras_rnn_zoo.layers.forecast import arranged, autoregressive_part, from_last, segments
from keras_rnn_zoo.layers.residual import ResidualBlocks


def decoded_forecast(
    x,
    *,
    cell,
    units,
    num_layers,
    targets,
    future_steps,
    levels,
    segment_length,
    dropout,
    block,
    autoregression,
    channels,
    future,
    known_past,
    last,
    past,
):
    """Forecasts the segments of the horizon one after another.

    Args:
        x: the vectors of the encoder, `(batch * channels, features)`.
        cell: the name of the decoder's cell in the registry.
        units: size of a layer's state.
        num_layers: number of recurrent layers of the decoder.
        targets: number of series to forecast.
        future_steps: number of steps to forecast.
        levels: number of quantiles.
        segment_length: number of steps that are forecast together.
        dropout: fraction of features dropped in training.
        block: how the decoder's layers are stacked; see `recurrent_stack`.
        autoregression: whether a linear map of the past is added to the forecast.
        channels: number of vectors per window: `targets`, or 1 if one vector is for all targets.
        future: what is known in advance of the steps, `(batch * channels, future_steps, covariates)`, or `None`.
        known_past: what was known of the past steps, `(batch, past_steps, known)`, or `None`.
        last: the last values of the targets, `(batch, 1, targets)`, if forecasts are differences from them, or `None`.
        past: the past of the targets, `(batch, past_steps, targets)`.

    Returns:
        The quantiles, float32 `(batch, future_steps, targets, levels)`.
    """
    count, together = -(-future_steps // segment_length), targets // channels
    # A vector of a whole window is found by the name of this layer; see `model_parts`.
    x = keras.layers.Dropout(dropout, name="head_dropout" if channels == 1 else "channel_dropout")(x)
    base = None
    if autoregression:
        linear = {"channels": channels, "future_steps": future_steps, "levels": levels}
        base = autoregressive_part(past, future, known_past, **linear)
        base = _by_segment(base, channels, count, segment_length)
    outputs = segment_length * together * levels
    decoder = FeedbackCell(cell, units, num_layers, outputs, has_base=autoregression, block=block)
    begin = _last_segment(past, channels, segment_length, levels)
    states = keras.layers.Dense(sum(decoder.bridged), activation="tanh", name="bridge")(x)
    states = states_from(states, decoder.state_size[1:], decoder.bridged)
    # Where in the horizon a segment is, what is known in advance of it, and the linear part of its forecast.
    inputs = [ops.cumsum(ops.repeat(ops.ones_like(x[:, :1, None]) / count, count, axis=1), axis=1)]
    inputs += [] if future is None else [segments(future, segment_length, at_start=False)]
    inputs += [] if base is None else [ops.cast(base, x.dtype)]
    inputs = ops.concatenate(inputs, axis=-1) if len(inputs) > 1 else inputs[0]
    x = keras.layers.RNN(decoder, return_sequences=True, name="decoder")(inputs, initial_state=[begin, *states])
    x = arranged(ops.cast(x, "float32"), channels, together, levels)[:, :future_steps]
    return from_last(x, last)


def _by_segment(x, channels, count, length):
    """Cuts `(batch, steps, targets, levels)` into segments, `(batch * channels, count, outputs)`; undoes `arranged`."""
    _, steps, targets, levels = x.shape
    x = ops.pad(x, ((0, 0), (0, count * length - steps), (0, 0), (0, 0)))
    x = ops.reshape(x, (-1, count * length, channels, targets // channels * levels))
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, count, length * (targets // channels) * levels))


def _last_segment(past, channels, length, levels):
    """Returns the last values of the past as an output of the decoder, `(batch * channels, outputs)`."""
    x = past[:, -length:]
    x = ops.pad(x, ((0, 0), (max(0, length - past.shape[1]), 0), (0, 0)))  # (batch, length, targets)
    x = ops.repeat(ops.expand_dims(x, -1), levels, axis=-1)
    return _by_segment(x, channels, 1, length)[:, 0]


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class FeedbackCell(keras.layers.Layer):
    """A step of a decoder whose output is an input of the next step, to be run by `keras.layers.RNN`.

    Its states are its last output and those of its cells. An input is what is known of a step, followed by what is
    added to its output if `has_base`.

    Args:
        cell: the name of a cell in the registry.
        units: size of a layer's state.
        num_layers: number of layers.
        outputs: number of features of an output.
        has_base: whether the last `outputs` features of an input are added to the output.
        block: `"plain"`, or `"residual"` for residual blocks; see `keras_rnn_zoo.layers.residual`.
    """

    def __init__(self, cell, units, num_layers, outputs, has_base=False, block="plain", **kwargs):
        super().__init__(**kwargs)
        self.options = {
            "cell": cell,
            "units": units,
            "num_layers": num_layers,
            "outputs": outputs,
            "has_base": has_base,
            "block": block,
        }
        entry, dtype = registry.cells.find(cell), self.dtype_policy
        names = [f"{entry.name}_{number}" for number in range(1, num_layers + 1)]
        self.cells = [entry.layer(units, dtype=dtype, name=name).cell for name in names]
        self.blocks = None
        if block == "residual":
            self.blocks = ResidualBlocks(units, num_layers, dtype=dtype, name="blocks")
        # With zeros, training begins with what is added to the output.
        self.head = keras.layers.Dense(outputs, kernel_initializer="zeros", dtype=dtype, name="quantiles")
        self._sizes = [keras.tree.flatten(one.state_size) for one in self.cells]
        self.state_size = [outputs, *itertools.chain(*self._sizes)]
        self.bridged = [*itertools.chain(*map(entry.bridged_sizes, self._sizes))]
        self.output_size = outputs

    def build(self, inputs_shape):
        units, outputs = self.options["units"], self.options["outputs"]
        features = inputs_shape[-1] + (0 if self.options["has_base"] else outputs)
        if self.blocks:
            self.blocks.build((None, features))
            features = units
        for number, cell in enumerate(self.cells):
            cell.build((None, units if number else features))
        self.head.build((None, units))

    def call(self, inputs, states, training=False):
        output, *states = states
        base = None
        if self.options["has_base"]:
            known = inputs.shape[-1] - self.options["outputs"]
            inputs, base = inputs[:, :known], inputs[:, known:]
        x, after, rest = ops.concatenate([inputs, output], axis=-1), [], iter(states)
        x = self.blocks.into(x) if self.blocks else x
        for number, (cell, sizes) in enumerate(zip(self.cells, self._sizes, strict=True)):
            y = self.blocks.before(number, x) if self.blocks else x
            y, new = cell(y, list(itertools.islice(rest, len(sizes))), training=training)
            x = self.blocks.after(number, x, y, training) if self.blocks else y
            after += keras.tree.flatten(new)
        x = self.blocks.last(x) if self.blocks else x
        output = self.head(x) if base is None else self.head(x) + base
        return output, [output, *after]

    def get_config(self):
        return {**super().get_config(), **self.options}
