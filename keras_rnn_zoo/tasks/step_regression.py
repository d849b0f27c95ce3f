"""Step regression: a number, or several, for each step of an input."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks._numbers import NumbersTask, number_scores
from keras_rnn_zoo.tasks._steps import StepTask
from keras_rnn_zoo.user_data.step_columns import STEP_COLUMNS, STEP_FORMATS

SHOWN = 10
"""Number of steps whose values are shown."""


@registry.task(
    outputs={
        "values": "the numbers of each step: float32 (batch, steps, targets)",
        "lengths": "the number of steps: int32 (batch,)",
    },
    files=registry.TaskFiles(**STEP_COLUMNS, formats=STEP_FORMATS, dtype="float32"),
)
class StepRegression(StepTask, NumbersTask):
    """Predicts a number, or several, for each step of a series, or for each frame of a recording.

    Targets are scaled to mean 0 and variance 1 on the training split.
    """

    def _count_of(self, examples: Any) -> int:
        shape = examples.element_spec[1].shape
        return int(shape[-1]) if shape.rank == 2 else 1

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        return inputs, self.scaled(tf.reshape(target, [-1, len(self.mean)]))

    def prediction_signature(self) -> dict[str, Any]:
        values = tf.TensorSpec([None, None, len(self.mean)], tf.float32)
        return {"values": values, "lengths": tf.TensorSpec([None], tf.int32)}

    def loss(self) -> Any:
        from keras_rnn_zoo.layers.steps import StepSquaredError

        return StepSquaredError()

    def decode_each(self, outputs: Any, real: Any) -> dict[str, Any]:
        return {"values": self.unscaled(outputs)}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        truth, predicted = [], []
        for true, found, count in zip(references, predictions["values"], predictions["lengths"], strict=True):
            steps = min(count, len(true))
            # Steps beyond the maximum length have no prediction, and count as if the mean had been predicted.
            padded = np.tile(np.asarray(self.mean, "float32"), (len(true), 1))
            padded[:steps] = found[:steps]
            truth.append(true.reshape(len(true), -1))
            predicted.append(padded)
        return number_scores(
            np.concatenate(truth).astype("float64"), np.concatenate(predicted).astype("float64"), self.target_names
        )

    def describe(self, prediction: Mapping[str, Any]) -> str:
        values = prediction["values"]
        shown = [" ".join(f"{number:.4g}" for number in step) for step in values[:SHOWN]]
        return ", ".join(shown) + (", ..." if len(values) > SHOWN else "")
