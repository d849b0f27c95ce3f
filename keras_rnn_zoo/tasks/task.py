"""What every task provides: the only place that knows both raw examples and tensors."""

import abc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_text
from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Option
from keras_rnn_zoo.readers.reader import Reader
from keras_rnn_zoo.tasks._endpoint import Endpoint, guard_batch


def raw_alone(examples: Any) -> Any:
    """Returns the raw inputs of a `tf.data.Dataset` of `(raw, target)`."""
    return examples.map(tf.autograph.experimental.do_not_convert(lambda raw, target: raw))


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
    counts_examples: bool = False
    """Whether that column is a share of the validation examples."""

    generates: bool = False
    """Whether the task generates its output step by step, which takes much longer than one pass of the model."""

    target_padding: int = IGNORED
    """What pads integer targets."""

    repeats_inputs: bool = False
    """Whether consecutive training examples may have the same raw input, which is then read once."""

    targets_match_input_length: bool = True
    """Whether targets of several steps are as long as the inputs beside them, and must be padded as they are."""

    prediction_options: ClassVar[Mapping[str, Option]] = {}
    """Options of an answer, which `to_batch` takes by name."""

    export_check_options: ClassVar[Mapping[str, Any]] = {}
    """Values of them with which an export is checked, where the defaults would take long."""

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
        return self.reader.fit(raw_alone(examples)) or "nothing to learn before training"

    def model_options(self) -> dict[str, Any]:
        """Returns the options that the model takes from the data."""
        return self.reader.model_options()

    def resources(self) -> list[Any]:
        """Returns the layers with tables that `preprocess` and `decode` look up, which an export must carry."""
        return self.reader.resources()

    def save(self, folder: Path) -> None:
        """Writes what `fit` learnt to `folder`, as plain text."""
        if self.classes:
            write_text(folder / self.CLASSES_FILE, "\n".join(self.classes) + "\n")
        self.reader.save(folder)

    def load(self, folder: Path | Member) -> None:
        """Reads what `save` wrote; raises `ValueError` where its classes are not those that the task was made with."""
        if self.classes:
            found = (folder / self.CLASSES_FILE).read_text(encoding="utf-8").split("\n")[:-1]
            if tuple(found) != self.classes:
                raise ValueError(f"the classes in {self.CLASSES_FILE} are not those of the configuration")
        self.reader.load(folder)

    # From raw examples to tensors

    def input_signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch, named as users of an export name its inputs."""
        return self.reader.signature()

    def input_defaults(self) -> dict[str, Any]:
        """Returns the values of inputs that may be left out, by name; they are the last ones of the signature."""
        return self.reader.defaults()

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the tensors of a raw batch of inputs; raises `DataError` for what is no input of this kind."""
        return self.reader.to_batch(inputs)

    def preprocess(self, *raw: Any) -> Any:
        """Returns the inputs of `outputs` for a raw batch, in TensorFlow ops."""
        return self.reader(*raw)

    def model_inputs(self, *raw: Any) -> Any:
        """Returns the inputs of the model alone for a raw batch."""
        return self.preprocess(*raw)

    def example(self, raw: Any, target: Any) -> tuple[Any, Any]:
        """Returns one example of a dataset as the model is trained on it: its inputs and its target."""
        return self.with_target(self.read(raw), target)

    def read(self, raw: Any) -> Any:
        """Returns what the reader makes of one raw input of a dataset."""
        return self.preprocess(*self.reader.add_batch_axis(raw))[0]

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        """Returns `example` of a raw input that has been read: `inputs` is what `read` returned."""
        return inputs, target

    def frames_needed(self, targets: Sequence[Any]) -> Any:
        """Returns how many frames a model must make of an input for each target, int `(targets,)`, or `None`.

        `None` tells that targets need no frames of their own.
        """
        return None

    @property
    def variable_length(self) -> bool:
        """Whether examples differ in their `lengths`, so that batches are made of similar ones."""
        return self.reader.variable

    def lengths(self, inputs: Any, target: Any) -> list[Any]:
        """Returns the numbers of steps of one example, int32 scalars; what decides most of the work comes first."""
        return [tf.shape(inputs)[0]]

    def prediction_signature(self) -> dict[str, Any]:
        """Returns the `tf.TensorSpec` of each output of the default endpoint, by name; empty where it is not known."""
        return {}

    class_outputs: ClassVar[tuple[str, ...]] = ()
    """Names of the outputs that hold names of classes."""

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

    def echoed_inputs(self, *raw: Any) -> dict[str, Any]:
        """Returns what an answer repeats of a raw batch, by name."""
        return {}

    # What an export offers

    def default_endpoint(self, outputs: Callable[[Any], Any]) -> Endpoint:
        """Returns the endpoint from raw inputs to answers: `decode(outputs(preprocess(raw)))`."""

        def answer(*raw: Any) -> dict[str, Any]:
            inputs = self.preprocess(*raw)
            return {**self.echoed_inputs(*raw), **self.decode(outputs(inputs), inputs)}

        return Endpoint(guard_batch(answer, self._usable), self.input_signature(), self.input_defaults())

    def endpoints(self, model: Any) -> dict[str, Endpoint]:
        """Returns the further endpoints that an export of a model has, by name."""
        from keras_rnn_zoo.layers.model_parts import has_vector, vector_of

        found = {"logits": self._logits(model)}
        if self.classes:
            found["classes"] = self._classes()
        if has_vector(model):
            found["encode"] = self.reading_endpoint(lambda source, *raw: {"vector": vector_of(model, source)})
        return found

    def reading_endpoint(self, answer: Callable[..., dict[str, Any]]) -> Endpoint:
        """Returns an endpoint of the reader's inputs, whose answers are `answer(reader(*raw), *raw)`."""
        call = guard_batch(lambda *raw: answer(self.reader(*raw), *raw), self._usable)
        return Endpoint(call, self.reader.signature(), self.reader.defaults())

    def _usable(self, *raw: Any) -> Any:
        return self.reader.valid_mask(*raw[: len(self.reader.signature())])

    def _logits(self, model: Any) -> Endpoint:
        several = isinstance(model.input, dict)
        tensors = model.input if several else {model.input.name: model.input}
        signature = [tf.TensorSpec(tensor.shape, tensor.dtype, name=name) for name, tensor in tensors.items()]

        def call(*values: Any) -> dict[str, Any]:
            return {"logits": model(dict(zip(tensors, values, strict=True)) if several else values[0], training=False)}

        def sample(*raw: Any) -> list[Any]:
            inputs = self.model_inputs(*raw)
            return [tf.cast(inputs[spec.name] if several else inputs, spec.dtype) for spec in signature]

        return Endpoint(call, signature, sample=sample)

    def _classes(self) -> Endpoint:
        def call(numbers: Any) -> dict[str, Any]:
            names, every = tf.constant(self.classes), tf.range(len(self.classes))
            return {"names": tf.gather(names, tf.cond(tf.size(numbers) > 0, lambda: numbers, lambda: every))}

        none = tf.zeros([0], tf.int32)
        signature = [tf.TensorSpec([None], tf.int32, name="numbers")]
        return Endpoint(call, signature, {"numbers": none}, sample=lambda *raw: [none])

    # From logits to scores

    def predictions_for_scoring(self, write: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        """Returns the answers that `score` asks for, to the inputs of a batch whose logits are known.

        A task that writes step by step calls `write`, which gives the `outputs` of preprocessed inputs.
        """
        return self.decode(logits, inputs)

    @abc.abstractmethod
    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Scores decoded answers (for each name, one value an example) against the targets of the dataset.

        Returns:
            The metrics by name, and a fuller report of plain values.
        """

    @abc.abstractmethod
    def describe(self, answer: Mapping[str, Any]) -> str:
        """Returns one answer as a line for people."""

    def trim(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Returns one answer, in plain Python values, without its padding."""
        return answer
