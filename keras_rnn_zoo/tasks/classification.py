"""Classification: which of some classes an input belongs to."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.target_checks import check_label
from keras_rnn_zoo.user_data.text_defaults import long_text_defaults

MATRIX_CLASSES = 100
"""Classes up to which every pair of them is counted, and the area under the curve is measured."""
CONFUSIONS = 50
"""Pairs of classes that are listed where there are more."""


@registry.task(
    outputs={
        "label": "the most likely class: string (batch,)",
        "probabilities": "the probability of each class: float32 (batch, classes), in the order of labels.txt",
    },
    files=registry.TaskFiles(
        target="label",
        columns={"label": "label class category sentiment stars intent topic polarity rating target output y"},
        check=check_label,
        dtype="int64",
        classes="one",
        text_defaults=long_text_defaults,
    ),
)
class Classification(Task):
    """Tells which of some classes an input belongs to."""

    monitor, monitor_mode, counts_examples = "val_accuracy", "max", True

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "num_classes": len(self.classes)}

    class_outputs = ("label",)

    def prediction_signature(self) -> dict[str, Any]:
        probabilities = tf.TensorSpec([None, len(self.classes)], tf.float32)
        return {"label": tf.TensorSpec([None], tf.string), "probabilities": probabilities}

    def loss(self) -> Any:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def training_metrics(self) -> list[Any]:
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        probabilities = tf.nn.softmax(tf.cast(outputs, tf.float32))
        label = tf.gather(tf.constant(self.classes), tf.argmax(probabilities, axis=-1))
        return {"label": label, "probabilities": probabilities}

    def predictions_for_scoring(self, write: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        answers = super().predictions_for_scoring(write, inputs, logits)
        if len(self.classes) > MATRIX_CLASSES:  # As many numbers as examples times classes would fill the memory.
            del answers["probabilities"]
        return answers

    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sklearn import metrics

        place = {name.encode(): number for number, name in enumerate(self.classes)}
        truth = np.asarray(references)
        guesses = np.asarray([place[label] for label in answers["label"]])
        numbers = range(len(self.classes))
        scores = {
            "accuracy": metrics.accuracy_score(truth, guesses),
            "macro_f1": metrics.f1_score(truth, guesses, labels=numbers, average="macro", zero_division=0),
        }
        if len(self.classes) > MATRIX_CLASSES:
            return _plain(scores), {"confusions": self._confusions(truth, guesses)}
        if len(np.unique(truth)) == len(self.classes):  # Undefined where the split lacks a class.
            probabilities = np.asarray(answers["probabilities"])
            confidences = probabilities[:, 1] if len(self.classes) == 2 else probabilities
            scores["roc_auc"] = metrics.roc_auc_score(truth, confidences, multi_class="ovr")
        confusion = metrics.confusion_matrix(truth, guesses, labels=numbers)
        return _plain(scores), {"confusion_matrix": {"labels": list(self.classes), "rows": confusion.tolist()}}

    def _confusions(self, truth: Any, guesses: Any) -> list[dict[str, Any]]:
        """Returns the pairs of a class and the one taken for it, the most frequent first."""
        pairs = Counter(zip(truth.tolist(), guesses.tolist(), strict=True))
        wrong = sorted(((-count, pair) for pair, count in pairs.items() if pair[0] != pair[1]))[:CONFUSIONS]
        return [
            {"true": self.classes[right], "predicted": self.classes[guess], "examples": -count}
            for count, (right, guess) in wrong
        ]

    def describe(self, answer: Mapping[str, Any]) -> str:
        return f"{answer['label']} ({max(answer['probabilities']):.1%})"


def _plain(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items()}
