"""What every task provides: the only place that knows both raw examples and tensors."""

import abc
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


class Task(abc.ABC):
    """One kind of problem, for one kind of input.

    `decode(model(preprocess(raw)))` is the answer to a raw batch: training, evaluation, prediction and export all use
    these three pieces, and no other.

    Args:
        input: the kind of raw input, such as `"text"`.
        classes: the names of the classes, in the order of their numbers; empty where the task has none.

    Keyword-only arguments of a subclass are options of the task.
    """

    bucketed: bool
    """Whether preprocessed inputs differ in length, so that batches are made of similar ones."""

    monitor: str
    """The column of `history.csv` that tells which epoch is best."""
    monitor_mode: str
    """`"min"` or `"max"`: whether less or more of it is better."""

    def __init__(self, input: str, classes: tuple[str, ...]) -> None:
        self.input = input
        self.classes = classes

    @abc.abstractmethod
    def fit(self, examples: Any) -> str:
        """Learns what preprocessing needs from the training split, a `tf.data.Dataset` of `(raw, target)`.

        Returns:
            What was learnt, in a line for the training log.
        """

    @abc.abstractmethod
    def sizes(self) -> dict[str, Any]:
        """Returns the options that the model takes from the data."""

    @abc.abstractmethod
    def input_signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch, named as users of an export name its inputs."""

    @abc.abstractmethod
    def preprocess(self, raw: Any) -> Any:
        """Returns the model's input for a raw batch, in TensorFlow ops."""

    @abc.abstractmethod
    def resources(self) -> list[Any]:
        """Returns the layers with tables that `preprocess` and `decode` look up, which an export must carry."""

    @abc.abstractmethod
    def loss(self) -> Any:
        """Returns the Keras loss of logits."""

    @abc.abstractmethod
    def training_metrics(self) -> list[Any]:
        """Returns the Keras metrics shown while training."""

    @abc.abstractmethod
    def decode(self, logits: Any) -> dict[str, Any]:
        """Returns the answers to a batch by name, each a tensor `(batch, ...)`, in TensorFlow ops."""

    @abc.abstractmethod
    def score(self, answers: Mapping[str, Any], targets: Any) -> tuple[dict[str, float], dict[str, Any]]:
        """Scores decoded answers (arrays by name) against the targets.

        Returns:
            The metrics by name, and a fuller report of plain values.
        """

    @abc.abstractmethod
    def describe(self, answer: Mapping[str, Any]) -> str:
        """Returns one answer as a line for people."""

    @abc.abstractmethod
    def to_batch(self, inputs: Sequence[Any]) -> Any:
        """Returns the tensor of a raw batch of inputs; raises `DataError` for what is no input of this kind."""

    @abc.abstractmethod
    def save(self, folder: Path) -> None:
        """Writes what `fit` learnt to `folder`, as plain text."""

    @abc.abstractmethod
    def load(self, folder: Path) -> None:
        """Reads what `save` wrote."""


def as_batches(examples: Any, size: int = 1024) -> Iterable[Any]:
    """Yields batches of the raw inputs of a `tf.data.Dataset` of `(raw, target)`."""
    return examples.map(lambda raw, target: raw).batch(size).prefetch(2)
