"""What every task provides: the only place that knows both raw examples and tensors."""

import abc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from keras_rnn_zoo.files import write_text
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Option
from keras_rnn_zoo.padding import IGNORED
from keras_rnn_zoo.readers.reader import Reader


class Task(abc.ABC):
    """One kind of problem.

    `decode(outputs(model, preprocess(raw)))` is the answer to a raw batch: training, evaluation, prediction and export
    all use these three pieces, and no other.

    Args:
        reader: what reads the raw inputs.
        classes: the names of the classes, in the order of their numbers; empty where the task has none.

    Keyword-only arguments of a subclass are options of the task.
    """

    monitor: str = "val_loss"
    """The column of `history.csv` that tells which epoch is best."""
    monitor_mode: str = "min"
    """`"min"` or `"max"`: whether less or more of it is better."""

    target_padding: int = IGNORED
    """What pads integer targets."""

    aligned: bool = True
    """Whether targets of several steps are as long as the inputs beside them, and must be padded as they are."""

    answer_options: ClassVar[Mapping[str, Option]] = {}
    """Options of an answer, which `to_batch` takes by name."""

    CLASSES_FILE = "labels.txt"

    def __init__(self, reader: Reader, classes: tuple[str, ...]) -> None:
        self.reader = reader
        self.classes = classes

    # What is learnt from the data, and kept

    def fit(self, examples: Any) -> str:
        """Learns what preprocessing needs from the training split, a `tf.data.Dataset` of `(raw, target)`.

        Returns:
            What was learnt, in a line for the training log.
        """
        return self.reader.fit(examples.map(lambda raw, target: raw)) or "nothing to learn before training"

    def sizes(self) -> dict[str, Any]:
        """Returns the options that the model takes from the data."""
        return self.reader.sizes()

    def resources(self) -> list[Any]:
        """Returns the layers with tables that `preprocess` and `decode` look up, which an export must carry."""
        return self.reader.resources()

    def save(self, folder: Path) -> None:
        """Writes what `fit` learnt to `folder`, as plain text."""
        if self.classes:
            write_text(folder / self.CLASSES_FILE, "\n".join(self.classes) + "\n")
        self.reader.save(folder)

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote."""
        if self.classes:
            self.classes = tuple((folder / self.CLASSES_FILE).read_text(encoding="utf-8").split("\n")[:-1])
        self.reader.load(folder)

    # From raw examples to tensors

    def input_signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch, named as users of an export name its inputs."""
        return self.reader.signature()

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the tensors of a raw batch of inputs; raises `DataError` for what is no input of this kind."""
        return self.reader.to_batch(inputs)

    def preprocess(self, *raw: Any) -> Any:
        """Returns the inputs of `outputs` for a raw batch, in TensorFlow ops."""
        return self.reader(*raw)

    def example(self, raw: Any, target: Any) -> tuple[Any, Any]:
        """Returns one example of a data set as the model is trained on it: its inputs and its target."""
        return self.preprocess(*self.reader.batch_of_one(raw))[0], target

    @property
    def bucketed(self) -> bool:
        """Whether examples differ in their `lengths`, so that batches are made of similar ones."""
        return self.reader.variable

    def lengths(self, inputs: Any, target: Any) -> list[Any]:
        """Returns the numbers of steps of one example, int32 scalars; what decides most of the work comes first."""
        return [tf.shape(inputs)[0]]

    # From logits to answers

    @abc.abstractmethod
    def loss(self) -> Any:
        """Returns the Keras loss of logits."""

    def loss_weight(self, targets: Any) -> int:
        """Returns how many values the loss of a batch is the mean of."""
        return len(targets)

    def training_metrics(self) -> list[Any]:
        """Returns the Keras metrics shown while training."""
        return []

    def outputs(self, model: Any, inputs: Any) -> Any:
        """Returns what the model makes of preprocessed inputs: its logits, unless the task writes step by step."""
        return model(inputs, training=False)

    @abc.abstractmethod
    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        """Returns the answers to a batch by name, each a tensor `(batch, ...)`, in TensorFlow ops."""

    def echo(self, *raw: Any) -> dict[str, Any]:
        """Returns what an answer repeats of a raw batch, by name."""
        return {}

    def scored_answers(self, write: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        """Returns the answers that `score` asks for, to the inputs of a batch whose logits are known.

        A task that writes step by step calls `write`, which gives the `outputs` of preprocessed inputs.
        """
        return self.decode(logits, inputs)

    @abc.abstractmethod
    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Scores decoded answers (for each name, one value an example) against the targets of the data set.

        Returns:
            The metrics by name, and a fuller report of plain values.
        """

    @abc.abstractmethod
    def describe(self, answer: Mapping[str, Any]) -> str:
        """Returns one answer as a line for people."""

    def trim(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Returns one answer, in plain Python values, without its padding."""
        return answer
