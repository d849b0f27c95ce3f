"""Parts of models that forecast: windows cut into segments, and a head for all steps of the horizon at once.

Both follow SegRNN (Lin et al. 2023, "SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting"):
the recurrent layers read whole segments as steps, and the segments of the horizon are forecast at once from the last
state and their position.
"""

import keras
from keras import ops


def window_frontend(
    *,
    targets,
    covariates,
    known,
    past_steps,
    future_steps,
    segment_length,
    channel_independent,
    last_value,
    units,
):
    """Reads windows as a sequence of segments.

    Args:
        targets: number of series of a window.
        covariates: number of values per step that are known in advance.
        known: number of those, the first ones, that are not of the calendar: what they were in the past matters, too.
        past_steps: number of past steps.
        future_steps: number of steps of the horizon.
        segment_length: number of steps that become one step of the sequence, by a learned projection if several.
        channel_independent: whether each target is a sequence of its own, read by the same weights.
        last_value: whether the targets are read, and forecast, as differences from their last value.
        units: number of features of a projected segment.

    Returns:
        The Keras inputs: the past of the targets, float32 `(batch, past_steps, targets)`, alone, or in a dict
        with `covariates`, float32 `(batch, past_steps + future_steps, covariates)`. The sequence, `(sequences,
        segments, features)`, where `sequences` is the batch size, times `targets` if they are independent; its boolean
        mask. What `forecast_head` and `decoded_forecast` need of the window.
    """
    series = keras.Input((past_steps, targets), name="series")
    last = series[:, -1:] if last_value else None  # (batch, 1, targets)
    past = x = series - last if last_value else series
    channels = targets if channel_independent else 1
    if channel_independent:
        x = ops.reshape(ops.transpose(x, (0, 2, 1)), (-1, past_steps, 1))  # (batch * targets, past_steps, 1)
    inputs, future, known_past = series, None, None
    if covariates:
        values = keras.Input((past_steps + future_steps, covariates), name="covariates")
        inputs = {"series": series, "covariates": values}
        x = ops.concatenate([x, _for_each(values[:, :past_steps], channels)], axis=-1)
        future = _for_each(values[:, past_steps:], channels)
        known_past = values[:, :past_steps, :known] if known else None
    x = segments(x, segment_length, at_start=True)
    if segment_length > 1:
        x = keras.layers.Dense(units, activation="relu", name="segment_projection")(x)
    mask = ops.ones_like(x[:, :, 0], dtype="bool")
    return (
        inputs,
        x,
        mask,
        {
            "channels": channels,
            "future": future,
            "known_past": known_past,
            "last": last,
            "past": past,
        },
    )


def _for_each(x, channels):
    """Repeats each row of `(batch, time, features)` for every channel: `(batch * channels, time, features)`."""
    return ops.repeat(x, channels, axis=0) if channels > 1 else x


def segments(x, length, *, at_start):
    """Cuts `(batch, time, features)` into segments, `(batch, ceil(time / length), length * features)`.

    Args:
        x: the sequence, whose number of steps is fixed.
        length: number of steps of a segment.
        at_start: whether zeros fill the first segment, rather than the last one.
    """
    if length == 1:
        return x
    _, steps, features = x.shape
    count = -(-steps // length)
    missing = count * length - steps
    x = ops.pad(x, ((0, 0), (missing, 0) if at_start else (0, missing), (0, 0)))
    return ops.reshape(x, (-1, count, length * features))


def forecast_head(
    x,
    *,
    targets,
    future_steps,
    levels,
    segment_length,
    dropout,
    autoregression,
    channels=1,
    future=None,
    known_past=None,
    last=None,
    past=None,
):
    """Forecasts all steps of the horizon at once.

    Args:
        x: vectors, `(batch * channels, features)`.
        targets: number of series to forecast.
        future_steps: number of steps to forecast.
        levels: number of quantiles.
        segment_length: number of steps that are forecast together, from one vector.
        dropout: fraction of features dropped in training.
        autoregression: whether a linear map of the past, and of what is known in advance, is added to the forecast.
        channels: number of vectors per window: `targets`, or 1 if one vector is for all targets.
        future: what is known in advance of the steps, `(batch * channels, future_steps, covariates)`, or `None`.
        known_past: what was known of the past steps, `(batch, past_steps, known)`, or `None`.
        last: the last values of the targets, `(batch, 1, targets)`, if forecasts are differences from them, or `None`.
        past: the past of the targets, `(batch, past_steps, targets)`, or `None` if the input is not a window.

    Returns:
        The quantiles, float32 `(batch, future_steps, targets, levels)`.
    """
    count = -(-future_steps // segment_length)
    # A vector of a whole window is found by the name of this layer; see `model_parts`.
    x = keras.layers.Dropout(dropout, name="head_dropout" if channels == 1 else "channel_dropout")(x)
    known = () if future is None else (segments(future, segment_length, at_start=False),)
    x = HorizonDecoder(count, name="horizon_decoder")(x, *known)  # (batch * channels, count, features)
    together = targets // channels
    # With zeros at first, training begins with the linear map, or with the last value or the mean.
    size = segment_length * together * levels
    x = keras.layers.Dense(size, kernel_initializer="zeros", dtype="float32", name="quantiles")(x)
    x = arranged(x, channels, together, levels)[:, :future_steps]
    if autoregression and past is not None:
        sizes = {"channels": channels, "future_steps": future_steps, "levels": levels}
        x = x + autoregressive_part(past, future, known_past, **sizes)
    return from_last(x, last)


def from_last(x, last):
    """Returns differences from the last values, `(batch, 1, targets)`, as values; unchanged if `last` is `None`."""
    # Keras's `add` would take the last values of a batch for a bias, if there are as many as quantiles or steps.
    return x if last is None else x - ops.negative(ops.expand_dims(ops.cast(last, "float32"), -1))


def arranged(x, channels, together, levels):
    """Joins segments, `(batch * channels, count, length * together * levels)`, to `(batch, steps, targets, levels)`."""
    steps = x.shape[1] * x.shape[2] // (together * levels)
    x = ops.reshape(x, (-1, channels, steps, together, levels))
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3, 4)), (-1, steps, channels * together, levels))


def autoregressive_part(past, future, known_past, *, channels, future_steps, levels):
    """Returns a linear map of each target's past and of what is known in advance; arguments as in `forecast_head`.

    Its rows are those of `LinearForecast`, whose weights it has in training.

    Returns:
        Float32 `(batch, future_steps, targets, levels)`: zeros, unless training begins with the linear forecast.
    """
    targets = past.shape[-1]
    rows = ops.transpose(past, (0, 2, 1))  # (batch, targets, past_steps)
    if future is not None:
        known = ops.reshape(future, (-1, channels, future_steps * future.shape[-1]))
        rows = ops.concatenate([rows, ops.repeat(known, targets // channels, axis=1)], axis=-1)
    if known_past is not None:
        known = ops.reshape(known_past, (-1, 1, known_past.shape[1] * known_past.shape[2]))
        rows = ops.concatenate([rows, ops.repeat(known, targets, axis=1)], axis=-1)
    x = keras.layers.Dense(future_steps * levels, kernel_initializer="zeros", dtype="float32", name="autoregression")(
        rows
    )
    return ops.transpose(ops.reshape(x, (-1, targets, future_steps, levels)), (0, 2, 1, 3))


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class HorizonDecoder(keras.layers.Layer):
    """Turns a vector into one vector for each segment of the horizon, by one step of a GRU for each.

    The inputs of these steps are learned embeddings of the positions, and a projection of what is known in advance.
    The steps do not depend on one another ("parallel multi-step forecasting", Lin et al. 2023).

    Args:
        count: number of segments.
    """

    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def build(self, state_shape, known_shape=None):
        # Keras passes the shapes of the arguments of `call`.
        features = state_shape[-1]
        self.positions = self.add_weight(shape=(self.count, features), initializer="glorot_uniform", name="positions")
        self.cell = keras.layers.GRUCell(features, name="cell", dtype=self.dtype_policy)
        self.cell.build((None, features))
        if known_shape is not None:
            self.projection = keras.layers.Dense(features, name="projection", dtype=self.dtype_policy)
            self.projection.build(known_shape)

    def call(self, state, known=None):
        features = state.shape[-1]
        states = ops.reshape(ops.repeat(state, self.count, axis=0), (-1, features))  # (batch * count, features)
        if known is None:
            x = ops.tile(ops.cast(self.positions, state.dtype), (ops.shape(state)[0], 1))
        else:
            x = ops.reshape(self.projection(known) + ops.cast(self.positions, state.dtype), (-1, features))
        x, _ = self.cell(x, [states])
        return ops.reshape(x, (-1, self.count, features))

    def compute_output_spec(self, state, known=None):
        return keras.KerasTensor((state.shape[0], self.count, state.shape[-1]), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class PinballLoss(keras.losses.Loss):
    """The mean pinball loss of quantiles (Koenker and Bassett 1978); missing targets do not count.

    Targets are `(batch, steps, targets, 1)`, NaN where missing, and quantiles `(batch, steps, targets, levels)`.

    Args:
        levels: the levels of the quantiles, from 0 to 1.
    """

    def __init__(self, levels, name="pinball_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.levels = list(levels)

    def call(self, y_true, y_pred):
        present = ops.logical_not(ops.isnan(y_true))
        error = ops.where(present, y_true, 0.0) - y_pred
        levels = ops.convert_to_tensor(self.levels, y_pred.dtype)
        losses = ops.maximum(levels * error, (levels - 1.0) * error)
        weights = ops.cast(present, losses.dtype)
        count = ops.maximum(ops.sum(weights), 1.0) * len(self.levels)
        return ops.sum(losses * weights) / count

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}
