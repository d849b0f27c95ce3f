"""What inspections show of a task: the outputs of its model step by step, and what importance is for."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers.reader import Reader


class Passage(NamedTuple):
    """What a model reads and writes in a prediction, to be run again in one pass.

    Attributes:
        inputs: the inputs of the model itself.
        chosen: the index of the class or token that was written at each step, int `(steps,)`; `None` for the most
            likely ones.
        first: the first step whose class or token is part of the answer.
    """

    inputs: Any
    chosen: Any = None
    first: int = 0


class Part(NamedTuple):
    """A part of a transcript, with the frames that it was read from.

    Attributes:
        text: a token.
        start: its first frame.
        end: the frame after its last one.
    """

    text: str
    start: int
    end: int


class Inspected:
    """The part of a task that says what an inspection shows."""

    reader: Reader
    classes: tuple[str, ...]

    output_form: Literal["class", "labels", "numbers"] = "class"
    """What the last axis of the model's output holds: logits of classes, one of which is right; logits of labels, any
    of which may be right; or numbers."""

    def inspected_model(self, model: Any) -> Any:
        """Returns a model with the layers of the run's, whose outputs at each step are what an inspection shows."""
        return model

    def passage(self, inputs: Any, outputs: Any) -> Passage:
        """Returns what the model reads and writes, given preprocessed inputs and the result of `outputs`."""
        return Passage(inputs)

    def input_labels(self, count: int, passage: Passage, *raw: Any) -> list[str]:
        """Returns a text for each of `count` steps of the input in a raw batch; none if there is nothing to inspect."""
        return self.reader.step_labels(count, *raw[: len(self.reader.signature())])

    def output_labels(self, count: int, passage: Passage, *raw: Any) -> list[str]:
        """Returns a text for each of `count` steps of an output that does not have the steps of the input."""
        return list(map(str, range(1, count + 1)))

    def output_names(self) -> tuple[str, ...]:
        """Returns the names of what the last axis of the model's output holds."""
        return self.classes

    def output_values(self, outputs: Any) -> Any:
        """Returns probabilities, or numbers in their units, for outputs of the model `(..., names)`."""
        outputs = tf.cast(outputs, tf.float32)
        return tf.sigmoid(outputs) if self.output_form == "labels" else tf.nn.softmax(outputs)

    def output_units(self) -> tuple[Any, Any]:
        """Returns what numbers of the model are multiplied by, and what is then added, for the units of the targets."""
        return np.float32(1), np.float32(0)

    def parts(self, chosen: Any) -> list[Part]:
        """Returns the parts of a transcript with their frames, given the class of each frame; else nothing."""
        return []

    def alternatives(self, model: Any, inputs: Any) -> list[tuple[str, Sequence[str], float]]:
        """Returns other answers that a search considered: text, tokens and score of each, best first."""
        return []
