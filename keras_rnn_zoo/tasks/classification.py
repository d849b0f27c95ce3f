"""Classification: which of some classes an input belongs to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.files import write_text
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.tasks.task import Task, as_batches


@registry.task(
    endpoint={
        "inputs": {"text": "the texts: string (batch,), UTF-8"},
        "outputs": {
            "label": "the likeliest class: string (batch,)",
            "probabilities": "the probability of each class: float32 (batch, classes), in the order of labels.txt",
        },
    }
)
class Classification(Task):
    """Tells which of some classes an input belongs to.

    Args:
        vocabulary_size: most words in use, padding and the unknown word among them; the commonest are kept.
        max_length: most words read of a text; of a longer one, the last ones are read.
    """

    bucketed = True
    monitor, monitor_mode = "val_accuracy", "max"
    LABELS_FILE = "labels.txt"

    def __init__(
        self,
        input: str,
        classes: tuple[str, ...],
        *,
        vocabulary_size: Annotated[int, Range(3, 10_000_000)] = 20_000,
        max_length: Annotated[int, Range(1, 1_000_000)] = 400,
    ) -> None:
        from keras_rnn_zoo.layers.text import WordIds

        super().__init__(input, classes)
        self.reader = WordIds(vocabulary_size, max_length)

    def fit(self, examples: Any) -> str:
        counts = self.reader.adapt(as_batches(examples))
        total = sum(counts.values())
        known = sum(counts[word] for word in self.reader.vocabulary)
        size = len(self.reader.vocabulary)
        return f"vocabulary of {size:,}, which covers {known / max(total, 1):.1%} of {total:,} words"

    def sizes(self) -> dict[str, Any]:
        return {
            "input": self.input,
            "num_classes": len(self.classes),
            "vocabulary_size": len(self.reader.vocabulary),
        }

    def input_signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="text")]

    def preprocess(self, raw: Any) -> Any:
        return self.reader(raw)

    def resources(self) -> list[Any]:
        return [self.reader]

    def loss(self) -> Any:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def training_metrics(self) -> list[Any]:
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def decode(self, logits: Any) -> dict[str, Any]:
        probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
        label = tf.gather(tf.constant(self.classes), tf.argmax(probabilities, axis=-1))
        return {"label": label, "probabilities": probabilities}

    def score(self, answers: Mapping[str, Any], targets: Any) -> tuple[dict[str, float], dict[str, Any]]:
        from sklearn import metrics

        truth = np.asarray(self.classes)[targets]
        labels = answers["label"].astype(str)
        probabilities = answers["probabilities"]
        scores = {
            "accuracy": metrics.accuracy_score(truth, labels),
            "macro_f1": metrics.f1_score(truth, labels, labels=self.classes, average="macro", zero_division=0),
        }
        if len(np.unique(targets)) == len(self.classes):  # Undefined where the split lacks a class.
            confidences = probabilities[:, 1] if len(self.classes) == 2 else probabilities
            scores["roc_auc"] = metrics.roc_auc_score(targets, confidences, multi_class="ovr")
        confusion = metrics.confusion_matrix(truth, labels, labels=self.classes)
        report = {"confusion_matrix": {"labels": list(self.classes), "rows": confusion.tolist()}}
        return {name: float(value) for name, value in scores.items()}, report

    def describe(self, answer: Mapping[str, Any]) -> str:
        return f"{answer['label']} ({max(answer['probabilities']):.1%})"

    def to_batch(self, inputs: Sequence[Any]) -> Any:
        for text in inputs:
            if not isinstance(text, str | bytes):
                raise DataError(f"{self.input} is expected as str or bytes; received {text!r}.")
        raw = [text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text for text in inputs]
        return tf.constant(raw, tf.string)

    def save(self, folder: Path) -> None:
        write_text(folder / self.LABELS_FILE, "\n".join(self.classes) + "\n")
        self.reader.save_files(folder)

    def load(self, folder: Path) -> None:
        self.classes = tuple((folder / self.LABELS_FILE).read_text(encoding="utf-8").split("\n")[:-1])
        self.reader.load_files(folder)
