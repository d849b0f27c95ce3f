"""Predictions as arrays in a NumPy archive."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, PredictionFile, named

PROBABILITIES = "predicted_probabilities"


class NpzRows(PredictionFile):
    """A NumPy archive with an array for each value of the rows and of the predictions.

    The probabilities of classes are one array `(examples, classes)`, whose columns are those of the array `classes`.
    Values that are not all numbers become texts; lists become JSON. So no array needs to be unpickled.
    """

    binary, flat = True, False

    def __init__(self, file: Any, schema: Any = None) -> None:
        self._file = file
        self._rows: list[dict[str, Any]] = []
        self._classes: list[str] = []

    def write(self, cells: Mapping[str, Any], prediction: Prediction) -> None:
        row = {**cells, **named(prediction)}
        by_class = row.get(PROBABILITIES)
        if isinstance(by_class, Mapping):
            self._classes = list(by_class)
            row[PROBABILITIES] = np.fromiter(by_class.values(), "float32", len(by_class))
        self._rows.append(row)

    def close(self) -> None:
        names = dict.fromkeys(name for row in self._rows for name in row)
        arrays = {name: _as_array([row.get(name) for row in self._rows]) for name in names}
        if self._classes:
            arrays["classes"] = np.array(self._classes, str)
        np.savez_compressed(self._file, allow_pickle=False, **arrays)


def _as_array(values: list[Any]) -> Any:
    import json

    if all(isinstance(value, np.ndarray) for value in values):
        return np.stack(values)
    if all(isinstance(value, bool | int | float) for value in values):
        return np.array(values)
    texts = (value if isinstance(value, str) else json.dumps(value, default=str) for value in values)
    return np.array(["" if value == "null" else value for value in texts], str)
