"""Classification: the class of an input."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks._compared import ScoreParts, mean_of
from keras_rnn_zoo.tasks._confusion import MATRIX_CLASSES, confusion_report
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.target_checks import check_label
from keras_rnn_zoo.user_data.text_defaults import long_text_defaults


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
    pipeline_tags={"text": "text-classification", "image": "image-classification", "audio": "audio-classification"},
)
class Classification(Task):
    """Predicts the class of an input."""

    monitor, monitor_mode, counts_examples = "val_accuracy", "max", True
    target_per_example = True
    smooths_labels = batched = True

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "num_classes": len(self.classes)}

    class_outputs = ("label",)

    def prediction_signature(self) -> dict[str, Any]:
        probabilities = tf.TensorSpec([None, len(self.classes)], tf.float32)
        return {"label": tf.TensorSpec([None], tf.string), "probabilities": probabilities}

    def loss(self) -> Any:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def smoothed_loss(self, smoothing: float) -> Any:
        from keras_rnn_zoo.layers.steps import SmoothedCrossentropy

        return SmoothedCrossentropy(smoothing)

    def training_metrics(self) -> list[Any]:
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        probabilities = tf.nn.softmax(tf.cast(outputs, tf.float32))
        label = tf.gather(tf.constant(self.classes), tf.argmax(probabilities, axis=-1))
        return {"label": label, "probabilities": probabilities}

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        predictions = super().predictions_for_scoring(generate, inputs, logits)
        if len(self.classes) > MATRIX_CLASSES:  # Probabilities of all examples would take too much memory.
            del predictions["probabilities"]
        return predictions

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sklearn import metrics

        truth, predicted = np.asarray(references), self._indices(predictions)
        indices = range(len(self.classes))
        scores = {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "macro_f1": metrics.f1_score(truth, predicted, labels=indices, average="macro", zero_division=0),
        }
        if len(self.classes) > MATRIX_CLASSES:
            return _plain(scores), confusion_report(truth, predicted, self.classes)
        if len(np.unique(truth)) == len(self.classes):  # ROC AUC is undefined if a class is missing in the split.
            probabilities = np.asarray(predictions["probabilities"])
            confidences = probabilities[:, 1] if len(self.classes) == 2 else probabilities
            scores["roc_auc"] = metrics.roc_auc_score(truth, confidences, multi_class="ovr")
        return _plain(scores), confusion_report(truth, predicted, self.classes)

    def _indices(self, predictions: Mapping[str, Sequence[Any]]) -> Any:
        index_of = {name.encode(): index for index, name in enumerate(self.classes)}
        return np.asarray([index_of[label] for label in predictions["label"]])

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts:
        return mean_of("accuracy", np.asarray(references) == self._indices(predictions))

    def describe(self, prediction: Mapping[str, Any]) -> str:
        return f"{prediction['label']} ({max(prediction['probabilities'].values()):.1%})"

    def trim(self, prediction: dict[str, Any]) -> dict[str, Any]:
        """Names the probabilities: `[0.1, 0.9]` becomes `{"negative": 0.1, "positive": 0.9}`."""
        named = dict(zip(self.classes, prediction["probabilities"], strict=True))
        return {**prediction, "probabilities": named}


def _plain(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items()}
