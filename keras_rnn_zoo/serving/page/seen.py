"""What a network reads of an input, for the page to draw: pixels, a spectrogram, or numbers."""

import base64
from typing import Any

from keras_rnn_zoo.frameworks.keras_internals import flatten_layers
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.serving.page.inputs import ChosenSeries, columns_of, moment

MAX_STEPS = 10_000
"""Maximum number of steps that are drawn."""


def seen_by(loaded: Any, raw: Any, series: ChosenSeries | None = None) -> dict[str, Any] | None:
    """Returns what a model reads of a raw input, as plain values; `None` for texts and what cannot be drawn.

    Args:
        loaded: the loaded run or export.
        raw: the raw input.
        series: the series of a table over time.
    """
    draw = _KINDS.get(loaded.task.reader.input)
    return None if draw is None else draw(loaded, raw, series)


def _image(loaded: Any, raw: Any, series: ChosenSeries | None) -> dict[str, Any]:
    reader = loaded.task.reader
    pixels = np.asarray(reader(*reader.to_batch([raw])))[0]
    if reader.variable:  # Columns come first.
        pixels = pixels.transpose(1, 0, 2)[:, :MAX_STEPS]
    return {"kind": "image", **_pixels(np.clip(np.rint(pixels), 0, 255).astype("uint8"))}


def _spectrogram(loaded: Any, raw: Any, series: ChosenSeries | None) -> dict[str, Any] | None:
    from keras_rnn_zoo.layers.audio import LogMel

    model = getattr(loaded, "model", None)
    layer = None if model is None else next((one for one in flatten_layers(model) if isinstance(one, LogMel)), None)
    if layer is None:
        return None
    waveforms = loaded.task.reader(*loaded.task.reader.to_batch([raw]))
    values = np.asarray(layer(tf.where(tf.math.is_nan(waveforms), 0.0, waveforms)))[0, :MAX_STEPS].T[::-1]
    low, high = np.percentile(values, 2), values.max()
    scaled = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    seconds = values.shape[1] * layer.stride / layer.sample_rate
    return {"kind": "spectrogram", "seconds": seconds, **_pixels(scaled.astype("uint8")[..., None])}


def _series(loaded: Any, raw: Any, series: ChosenSeries | None) -> dict[str, Any]:
    values = np.asarray(loaded.task.reader.to_batch([raw])[0])[0, :MAX_STEPS]
    return {"kind": "series", "values": _numbers(values)}


def _window(loaded: Any, raw: Any, series: ChosenSeries | None) -> dict[str, Any]:
    reader = loaded.task.reader
    values, times, _ = (np.asarray(part)[0] for part in reader.to_batch([raw]))
    values = values[-reader.history :]
    labels = list(series.times) if series else [f"+{step}" for step in range(1, reader.horizon + 1)]
    past = [str(-step) for step in range(len(values) - 1, -1, -1)]
    if series and len(times):
        past = list(map(moment, times[: -reader.horizon][-len(values) :]))
    return {
        "kind": "window",
        "series": series.name if series else "",
        "names": list(series.names) if series else [],
        "targets": list(columns_of(loaded).targets),
        "levels": list(loaded.task.levels),
        "past": past,
        "future": labels,
        "values": _numbers(values),
    }


def _numbers(values: Any) -> list[list[float | None]]:
    return [[float(f"{value:.5g}") if np.isfinite(value) else None for value in row] for row in values]


def _pixels(values: Any) -> dict[str, Any]:
    """Returns pixels, uint8 `(height, width, channels)`, for JSON."""
    height, width, channels = values.shape
    data = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"height": height, "width": width, "channels": channels, "pixels": data}


_KINDS = {"image": _image, "audio": _spectrogram, "series": _series, "window": _window}
"""By kind of input: what draws it."""
