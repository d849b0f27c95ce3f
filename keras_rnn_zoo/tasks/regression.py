"""Regression: a number, or several, for an input."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks._numbers import NumbersTask, number_scores
from keras_rnn_zoo.user_data.target_checks import check_number


@registry.task(
    outputs={"value": "the number: float32 (batch,), or several: float32 (batch, targets)"},
    files=registry.TaskFiles(
        target="value",
        columns={"value": "value price score number amount rating target output y"},
        check=check_number,
        dtype="float32",
        joins=("value",),
    ),
)
class Regression(NumbersTask):
    """Predicts a number, or several, for an input. Each is scaled to mean 0 and variance 1 on the training split."""

    target_per_example = batched = True

    def examples(self, raw: Any, targets: Any) -> tuple[Any, Any]:
        inputs, _ = super().examples(raw, targets)
        return inputs, self.scaled(tf.reshape(targets, [tf.shape(targets)[0], -1]))

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        return inputs, self.scaled(tf.reshape(target, [-1]))

    def prediction_signature(self) -> dict[str, Any]:
        several = [len(self.mean)] if len(self.mean) > 1 else []
        return {"value": tf.TensorSpec([None, *several], tf.float32)}

    def loss(self) -> Any:
        return keras.losses.MeanSquaredError()

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        values = self.unscaled(outputs)
        return {"value": values if len(self.mean) > 1 else values[:, 0]}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        truth, predicted = (
            np.asarray(rows, "float64").reshape(len(rows), -1) for rows in (references, predictions["value"])
        )
        return number_scores(truth, predicted, self.target_names)

    def describe(self, prediction: Mapping[str, Any]) -> str:
        value = prediction["value"]
        if isinstance(value, Mapping):
            return ", ".join(f"{name} {_shown(number)}" for name, number in value.items())
        return _shown(value)

    def trim(self, prediction: dict[str, Any]) -> dict[str, Any]:
        """Names several numbers: `[0.5, 2.0]` becomes `{"speed": 0.5, "load": 2.0}`."""
        value = prediction["value"]
        return {"value": dict(zip(self.target_names, value, strict=True)) if isinstance(value, list) else value}


def _shown(value: float) -> str:
    digits = math.floor(math.log10(abs(value))) + 1 if value else 1
    return f"{value:.{max(0, 4 - digits)}f}"
