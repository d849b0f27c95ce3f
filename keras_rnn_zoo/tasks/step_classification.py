"""Step classification: the class, or several classes at once, of each step of an input."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks._compared import ScoreParts, ratio_of
from keras_rnn_zoo.tasks._confusion import confusion_report
from keras_rnn_zoo.tasks._steps import StepTask, in_runs
from keras_rnn_zoo.user_data.columns import JOINT
from keras_rnn_zoo.user_data.step_columns import STEP_COLUMNS, STEP_FORMATS

THRESHOLD = 0.5
"""With several classes at once, those with a higher probability are predicted."""


@registry.task(
    outputs={
        "labels": "the class of each step, several joined by +: string (batch, steps), padded with empty strings",
        "probabilities": "the probability of each class: float32 (batch, steps, classes), in the order of labels.txt",
        "lengths": "the number of steps: int32 (batch,)",
    },
    files=registry.TaskFiles(**STEP_COLUMNS, formats=STEP_FORMATS, dtype="int32"),
)
class StepClassification(StepTask):
    """Predicts the class of each step of a series, or of each frame of a recording.

    Args:
        multilabel: whether a step may have several classes at once, or none. Each class then has a probability of its
            own. By default, your data decides.
    """

    smooths_labels = True

    def __init__(self, reader: Any, classes: tuple[str, ...], *, multilabel: bool = False) -> None:
        super().__init__(reader, classes)
        self.multilabel = multilabel
        self.output_form = "labels" if multilabel else "class"
        if not multilabel:
            self.monitor, self.monitor_mode = "val_accuracy", "max"
            self.class_outputs = ("labels",)

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "num_classes": len(self.classes)}

    def prediction_signature(self) -> dict[str, Any]:
        return {
            "labels": tf.TensorSpec([None, None], tf.string),
            "probabilities": tf.TensorSpec([None, None, len(self.classes)], tf.float32),
            "lengths": tf.TensorSpec([None], tf.int32),
        }

    def loss(self) -> Any:
        from keras_rnn_zoo.layers.steps import StepBinaryCrossentropy, StepCrossentropy

        return StepBinaryCrossentropy() if self.multilabel else StepCrossentropy()

    def smoothed_loss(self, smoothing: float) -> Any:
        from keras_rnn_zoo.layers.steps import StepCrossentropy

        return None if self.multilabel else StepCrossentropy(smoothing)

    def training_metrics(self) -> list[Any]:
        from keras_rnn_zoo.layers.steps import StepAccuracy

        return [] if self.multilabel else [StepAccuracy(name="accuracy")]

    def decode_each(self, outputs: Any, real: Any) -> dict[str, Any]:
        outputs, classes = tf.cast(outputs, tf.float32), tf.constant(self.classes)
        if self.multilabel:
            probabilities = tf.sigmoid(outputs)
            labels = _joined(probabilities > THRESHOLD, classes)
        else:
            probabilities = tf.nn.softmax(outputs)
            labels = tf.gather(classes, tf.argmax(outputs, axis=-1))
        return {"labels": tf.where(real, labels, ""), "probabilities": probabilities}

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        # Labels and probabilities of all steps would take too much memory.
        logits = np.asarray(logits)
        found = logits > 0 if self.multilabel else logits.argmax(axis=-1).astype("int32")
        return {"classes": found, "lengths": self.step_counts(inputs)}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sklearn import metrics

        truth, predicted = self._scored_steps(predictions, references)
        true, found = np.concatenate(truth), np.concatenate(predicted)
        average = {"labels": range(len(self.classes)), "zero_division": 0}
        scores = {
            "accuracy": metrics.accuracy_score(true, found),
            "macro_f1": metrics.f1_score(true, found, average="macro", **average),
        }
        if not self.multilabel:
            return _plain(scores), confusion_report(true, found, self.classes)
        scores["f1"] = metrics.f1_score(true, found, average="micro", **average)
        of_each = metrics.f1_score(true, found, average=None, **average)
        return _plain(scores), {"f1_of_each_class": _plain(dict(zip(self.classes, of_each, strict=True)))}

    def _scored_steps(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Returns what is true and predicted at the steps that are scored, sequence by sequence."""
        # Steps beyond the maximum length have no prediction, and count as errors.
        unread = 0 if self.multilabel else IGNORED
        truth, predicted = [], []
        for true, found, count in zip(references, predictions["classes"], predictions["lengths"], strict=True):
            padded = np.full(true.shape, unread, "int32")
            padded[: min(count, len(true))] = found[: min(count, len(true))]
            scored = true != IGNORED if true.ndim == 1 else (true != IGNORED).all(axis=1)
            truth.append(true[scored])
            predicted.append(padded[scored])
        return truth, predicted

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts:
        truth, predicted = self._scored_steps(predictions, references)
        right = [(true == found).reshape(len(true), -1).all(1) for true, found in zip(truth, predicted, strict=True)]
        return ratio_of("accuracy", [one.sum() for one in right], [len(one) for one in right])

    def describe(self, prediction: Mapping[str, Any]) -> str:
        return in_runs(label or "none" for label in prediction["labels"])


def _joined(active: Any, classes: Any) -> Any:
    """Returns the names of the active classes of each step, joined: boolean `(batch, steps, classes)` to string."""
    batch, steps = tf.unstack(tf.shape(active)[:2])
    places = tf.where(active)  # (active classes, 3): row, step, class
    step = tf.cast(places[:, 0], tf.int32) * steps + tf.cast(places[:, 1], tf.int32)
    names = tf.strings.unsorted_segment_join(tf.gather(classes, places[:, 2]), step, batch * steps, JOINT)
    return tf.reshape(names, [batch, steps])


def _plain(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items()}
