"""Classification: which of some classes an input belongs to."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task


@registry.task(
    outputs={
        "label": "the likeliest class: string (batch,)",
        "probabilities": "the probability of each class: float32 (batch, classes), in the order of labels.txt",
    },
)
class Classification(Task):
    """Tells which of some classes an input belongs to."""

    monitor, monitor_mode = "val_accuracy", "max"

    def sizes(self) -> dict[str, Any]:
        return {**super().sizes(), "num_classes": len(self.classes)}

    class_outputs = ("label",)

    def answer_signature(self) -> dict[str, Any]:
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

    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sklearn import metrics

        truth = np.asarray(self.classes)[np.asarray(references)]
        labels = [label.decode() for label in answers["label"]]
        probabilities = np.asarray(answers["probabilities"])
        scores = {
            "accuracy": metrics.accuracy_score(truth, labels),
            "macro_f1": metrics.f1_score(truth, labels, labels=self.classes, average="macro", zero_division=0),
        }
        if len(np.unique(references)) == len(self.classes):  # Undefined where the split lacks a class.
            confidences = probabilities[:, 1] if len(self.classes) == 2 else probabilities
            scores["roc_auc"] = metrics.roc_auc_score(references, confidences, multi_class="ovr")
        confusion = metrics.confusion_matrix(truth, labels, labels=self.classes)
        report = {"confusion_matrix": {"labels": list(self.classes), "rows": confusion.tolist()}}
        return {name: float(value) for name, value in scores.items()}, report

    def describe(self, answer: Mapping[str, Any]) -> str:
        return f"{answer['label']} ({max(answer['probabilities']):.1%})"
