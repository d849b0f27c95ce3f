"""The answers of the page: predictions, inspections, and texts token by token."""

import asyncio
import base64
import copy
import dataclasses
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.errors import DataError, InspectionError, OptionError
from keras_rnn_zoo.inspection.inspect import inspect
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.page.inputs import raw_input
from keras_rnn_zoo.serving.page.seen import seen_by
from keras_rnn_zoo.serving.served_models import ServedModel
from keras_rnn_zoo.streaming.stream import Stream, stream

TOP = 6
"""The number of most likely classes or tokens of each step."""
MAX_NUMBERS = 600_000
"""Of inputs with more numbers in their states and gates, the page gets the states alone."""


async def prediction_of(model: ServedModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the prediction for what a person entered, in words too, and what the model read.

    Args:
        model: the model.
        given: `input`, and the `options` of the prediction.
    """
    loaded = model.loaded
    raw, series = await asyncio.to_thread(raw_input, loaded, given.get("input"))
    (prediction,) = await model.predict([raw], **options_in(given))
    return {
        "prediction": prediction,
        "summary": loaded.task.describe(prediction),
        "seen": await model.call(seen_by, loaded, raw, series),
    }


def inspection_of(loaded: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inspection of what a person entered: as JSON of `zoo inspect`, with the states as matrices.

    Args:
        loaded: the loaded run.
        given: `input`, and the `options` of the prediction.
    """
    raw, _ = raw_input(loaded, given.get("input"))
    try:
        found = inspect(loaded, raw, **options_in(given))
    except InspectionError as error:
        raise RequestError(str(error)) from None
    parts = [part for layer in found.layers for part in (layer.states, layer.gates)]
    gates = sum(np.size(values) for part in parts for values in part.values()) <= MAX_NUMBERS
    document = dataclasses.replace(found, layers=()).to_dict(top=TOP)
    document["layers"] = [
        {
            "name": layer.name,
            "cell": layer.cell,
            "direction": layer.direction,
            "sequence": layer.sequence,
            "timeline": layer.timeline,
            "states": {name: _matrix(values) for name, values in layer.states.items()},
            "gates": {name: _matrix(values) for name, values in layer.gates.items()} if gates else {},
        }
        for layer in found.layers
    ]
    return document


def options_in(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a prediction that a request has."""
    options = given.get("options") or {}
    if not isinstance(options, Mapping):
        raise OptionError("Options of a prediction are expected as an object.")
    return dict(options)


def _matrix(values: Any) -> dict[str, Any]:
    """Returns a matrix as 16-bit integers and their scale: a quarter of its size in JSON."""
    scale = float(np.abs(values).max(initial=0)) / 32767 or 1.0
    data = np.rint(np.asarray(values) / scale).astype("<i2").tobytes()
    return {"shape": list(np.shape(values)), "scale": scale, "data": base64.b64encode(data).decode()}


_streams: "weakref.WeakKeyDictionary[Any, Stream]" = weakref.WeakKeyDictionary()
"""A stream of each model, whose functions are traced once."""
_lock = threading.Lock()


class Writer:
    """A text that a language model writes, token by token.

    Args:
        loaded: the loaded run.
        given: `text`, the beginning; `temperature`; `seed`; and `tokens`, the number of tokens to write.
        most: maximum number of tokens.
    """

    def __init__(self, loaded: Any, given: Mapping[str, Any], most: int) -> None:
        options = loaded.task.prediction_options
        if loaded.task.answers != "next":
            raise DataError("Only language models write a text token by token.")
        self.tokens = _number(given, "tokens", min(200, most), 1, most)
        temperature = options["temperature"].check(given.get("temperature", options["temperature"].default))
        self._temperature = float(temperature)
        self._random = np.random.default_rng(_number(given, "seed", 0, 0, 2**31 - 1))
        self._next: str = given.get("text") or ""
        if not isinstance(self._next, str):
            raise DataError("The beginning of the text is expected as 'text'.")
        self._stream = _stream_of(loaded)

    def write(self) -> dict[str, Any]:
        """Returns the next token, its probability at this temperature, and the most likely ones."""
        probabilities = self._stream.feed(self._next)["probabilities"]
        names, values = list(probabilities), np.array(list(probabilities.values()), "float64")
        if self._temperature:
            logits = np.log(np.maximum(values, 1e-30)) / self._temperature
            scaled = np.exp(logits - logits.max())
            scaled /= scaled.sum()
        else:
            scaled = np.eye(len(values))[values.argmax()]
        chosen = int(self._random.choice(len(values), p=scaled))
        best = np.argsort(-scaled, kind="stable")[:TOP]
        self._next = names[chosen]
        top = [[names[index], float(f"{scaled[index]:.4g}")] for index in best]
        return {"token": names[chosen], "probability": float(f"{scaled[chosen]:.4g}"), "top": top}


def _stream_of(loaded: Any) -> Stream:
    """Returns a new stream of a model, with the functions of the first one."""
    with _lock:
        if loaded not in _streams:
            _streams[loaded] = stream(loaded)
        begun = copy.copy(_streams[loaded])
    begun.reset()
    return begun


def _number(given: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(f"{name!r} is expected as an integer from {low:,} to {high:,}; received {value!r:.40}.")
    return value
