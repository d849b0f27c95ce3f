"""Regression: a number for an input."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import read_json
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_json
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.target_checks import check_number


@registry.task(
    outputs={"value": "the number: float32 (batch,)"},
    files=registry.TaskFiles(
        target="value",
        columns={"value": "value price score number amount rating target output y"},
        check=check_number,
        dtype="float32",
    ),
)
class Regression(Task):
    """Predicts a number for an input. Targets are scaled to mean 0 and variance 1 on the training split."""

    FILE = "target.json"
    target_per_example = True

    def __init__(self, reader: Any, classes: tuple[str, ...]) -> None:
        super().__init__(reader, classes)
        self.mean, self.deviation = 0.0, 1.0

    def fit(self, examples: Any) -> str:
        targets = np.fromiter((target for _, target in examples.as_numpy_iterator()), "float64")
        self.mean, self.deviation = float(targets.mean()), float(targets.std()) or 1.0
        return f"{super().fit(examples)}, targets of mean {self.mean:.4g} and deviation {self.deviation:.4g}"

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "head": "regression"}

    def save(self, folder: Path) -> None:
        super().save(folder)
        write_json(folder / self.FILE, {"mean": self.mean, "deviation": self.deviation})

    def load(self, folder: Path | Member) -> None:
        super().load(folder)
        statistics = read_json(folder / self.FILE)
        self.mean, self.deviation = statistics["mean"], statistics["deviation"]

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        return inputs, (tf.cast(target, tf.float32)[None] - self.mean) / self.deviation

    def prediction_signature(self) -> dict[str, Any]:
        return {"value": tf.TensorSpec([None], tf.float32)}

    def loss(self) -> Any:
        return keras.losses.MeanSquaredError()

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        return {"value": tf.cast(outputs, tf.float32)[:, 0] * self.deviation + self.mean}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sklearn import metrics

        scores = {
            "mse": float(metrics.mean_squared_error(references, predictions["value"])),
            "mae": float(metrics.mean_absolute_error(references, predictions["value"])),
        }
        return scores, {}

    def describe(self, prediction: Mapping[str, Any]) -> str:
        return f"{prediction['value']:.{max(0, 4 - _digits(prediction['value']))}f}"


def _digits(value: float) -> int:
    return math.floor(math.log10(abs(value))) + 1 if value else 1
