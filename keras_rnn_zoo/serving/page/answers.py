"""The answers of the page: predictions, inspections, and texts token by token."""

import asyncio
import base64
import dataclasses
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.errors import DataError, InspectionError, OptionError
from keras_rnn_zoo.inspection.inspect import inspect
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.page.inputs import raw_input
from keras_rnn_zoo.serving.page.seen import seen_by
from keras_rnn_zoo.serving.sampling import draw, samples, sampling_of
from keras_rnn_zoo.serving.served_models import ServedModel
from keras_rnn_zoo.streaming.stream import stream

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

    Gates are left out where they would be too much for a browser; then `without_gates` is true.

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
    document["without_gates"] = not gates and any(layer.gates for layer in found.layers)
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


class Writer:
    """A text that a language model of characters writes, one character after another.

    Args:
        loaded: the loaded run.
        given: `text`, the beginning; and the `options` of the prediction.
        most: maximum number of characters.

    Attributes:
        count: the number of characters.
    """

    def __init__(self, loaded: Any, given: Mapping[str, Any], most: int) -> None:
        if not samples(loaded.task):
            raise DataError("Text is written letter by letter by language models of characters only.")
        text = given.get("text")
        if not isinstance(text, str) or not text:
            raise DataError("The beginning of a text is expected as 'text'.")
        sampling = sampling_of(loaded.task, options_in(given), most)
        self.count = sampling.characters
        self._drawn = draw(stream(loaded), text, sampling)

    def write(self) -> dict[str, Any]:
        """Returns the next character, its probability at the temperature, and the most likely ones."""
        text, tokens, probabilities = next(self._drawn)
        best = np.argsort(-probabilities, kind="stable")[:TOP]
        top = [[tokens[index], _rounded(probabilities[index])] for index in best]
        return {"token": text, "probability": _rounded(probabilities[tokens.index(text)]), "top": top}


def _rounded(value: Any) -> float:
    return float(f"{value:.4g}")
