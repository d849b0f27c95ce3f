"""The base class of tasks, the only module that deals with both raw examples and tensors."""

import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_text
from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Option
from keras_rnn_zoo.readers._chunks import attach_chunks, attached_chunks
from keras_rnn_zoo.readers.reader import Reader
from keras_rnn_zoo.tasks._answers import Answers
from keras_rnn_zoo.tasks._compared import Compared
from keras_rnn_zoo.tasks._endpoint import Endpoint, classes_endpoint, guard_batch, logits_endpoint
from keras_rnn_zoo.tasks._inspected import Inspected
from keras_rnn_zoo.tasks._judged import Judged


def raw_alone(examples: Any) -> Any:
    """Returns the raw inputs of a `tf.data.Dataset` of `(raw, target)`."""
    raws = examples.map(tf.autograph.experimental.do_not_convert(lambda raw, target: raw))
    attach_chunks(raws, attached_chunks(examples))
    return raws


class Task(Answers, Compared, Inspected, Judged, abc.ABC):
    """A kind of problem, such as classification: converts examples to tensors, and outputs of models to predictions.

    The prediction for a raw batch is `decode(outputs(model, preprocess(raw)))`. Training, evaluation, prediction and
    export all use these three methods, in this order:

        train     fit -> save -> model_options (to build the model) -> prepare_model
                  for each example: example = with_target(read(raw), target), and lengths (to make batches)
                  loss, training_metrics; at the end, calibrate -> save, evaluate
        evaluate  for each batch: loss, loss_weight, predictions_for_scoring (decode); at the end: score
        predict   load -> model_options (to build the model)
                  for each batch: to_batch -> preprocess -> outputs -> decode -> trim; describe (to print)
        export    load -> input_signature, default_endpoint (preprocess -> outputs -> decode), endpoints, resources

    A trained model is loaded as in "predict" before it is evaluated or exported.

    Args:
        reader: reads the raw inputs.
        classes: names of the classes, in the order of their indices; empty for tasks without classes.

    Keyword-only arguments of a subclass are options of the task.
    """

    monitor: str = "val_loss"
    """The column of `history.csv` that determines the best epoch."""
    monitor_mode: str = "min"
    """`"min"` or `"max"`: whether lower or higher values of it are better."""
    counts_examples: bool = False
    """Whether that column is a fraction of the validation examples."""

    target_per_example: bool = False
    """Whether an example has a single target, a class or a number, rather than a sequence."""

    generates: bool = False
    """Whether the task generates its output step by step, which takes much longer than one pass of the model."""

    smooths_labels: bool = False
    """Whether the task has a loss with smoothed labels, `smoothed_loss`."""

    gives_logits: bool = True
    """Whether the model's outputs are logits of classes, whose probabilities an ensemble averages, or numbers."""

    target_padding: int = IGNORED
    """The value that pads integer targets."""

    repeats_inputs: bool = False
    """Whether consecutive training examples may have the same raw input, which is then read once."""

    targets_match_input_length: bool = True
    """Whether targets with several steps are as long as their inputs, and must be padded to the same length."""

    prediction_options: ClassVar[Mapping[str, Option]] = {}
    """Options of prediction, which `to_batch` takes by name."""

    export_check_options: ClassVar[Mapping[str, Any]] = {}
    """Values of these options for checking an export, if the defaults would take too long."""

    calibrates: bool = False
    """Whether the task learns something from the outputs of the trained model for the validation split."""

    CLASSES_FILE = "labels.txt"

    def __init__(self, reader: Reader, classes: tuple[str, ...]) -> None:
        self.reader = reader
        self.classes = classes

    # What is learned from the data and saved

    def fit(self, examples: Any) -> str:
        """Learns what preprocessing needs, such as a vocabulary, from the training split.

        Args:
            examples: a `tf.data.Dataset` of `(raw, target)`.

        Returns:
            What was learned, in a line for the training log.
        """
        return self.reader.fit(raw_alone(examples)) or "nothing to learn before training"

    def model_options(self) -> dict[str, Any]:
        """Returns the model's options that the data determines."""
        return self.reader.model_options()

    def size_labels(self) -> dict[str, Sequence[str]]:
        """Returns the labels of sizes in `model_options`, as `Reader.size_labels` does, such as names of classes."""
        classes = {"num_classes": self.classes} if self.classes else {}
        return {**self.reader.size_labels(), **classes}

    def resources(self) -> list[Any]:
        """Returns the layers with lookup tables of `preprocess` and `decode`, which an export must contain."""
        return self.reader.resources()

    def save(self, folder: Path) -> None:
        """Writes what `fit` learned to `folder`, as plain text."""
        if self.classes:
            write_text(folder / self.CLASSES_FILE, "\n".join(self.classes) + "\n")
        self.reader.save(folder)

    def load(self, folder: Path | Member) -> None:
        """Reads what `save` wrote; raises `ValueError` if its classes are not those of the task."""
        if self.classes:
            saved = (folder / self.CLASSES_FILE).read_text(encoding="utf-8").split("\n")[:-1]
            if tuple(saved) != self.classes:
                raise ValueError(f"the classes in {self.CLASSES_FILE} are not those of the configuration")
        self.reader.load(folder)

    def prepare_model(self, model: Any) -> None:
        """Sets the weights of a new model that `fit` has learned, if there are any, before it is trained."""

    def calibrate(self, answers: Iterable[tuple[Any, Any]]) -> None:
        """Learns from batches of targets and logits of the trained model for the validation split, if `calibrates`."""

    # From raw examples to tensors

    def input_signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of a raw batch, with the names of an export's inputs."""
        return self.reader.signature()

    def input_defaults(self) -> dict[str, Any]:
        """Returns the default values of optional inputs, by name; they are the last ones of the signature."""
        return self.reader.defaults()

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Converts inputs to the tensors of a raw batch; raises `DataError` for an invalid input."""
        return self.reader.to_batch(inputs)

    def preprocess(self, *raw: Any) -> Any:
        """Returns the inputs of `outputs` for a raw batch, in TensorFlow ops."""
        return self.reader(*raw)

    def model_inputs(self, *raw: Any) -> Any:
        """Returns the inputs of the model itself for a raw batch."""
        return self.preprocess(*raw)

    def example(self, raw: Any, target: Any) -> tuple[Any, Any]:
        """Converts an example of a dataset to the model's inputs and target in training."""
        return self.with_target(self.read(raw), target)

    def read(self, raw: Any) -> Any:
        """Preprocesses a single raw input of a dataset."""
        return self.preprocess(*self.reader.add_batch_axis(raw))[0]

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        """Returns the result of `example` for a raw input, given `inputs`, the result of `read`."""
        return inputs, target

    batched: bool = False
    """Whether texts can be read by `examples`, several at a time, which takes less time than by `example`."""

    def examples(self, raw: Any, targets: Any) -> tuple[Any, Any]:
        """Converts a batch of examples, raw inputs `(batch,)` and their targets; the inputs are ragged."""
        inputs = self.preprocess(raw)
        lengths = tf.math.count_nonzero(inputs, axis=1)
        return tf.RaggedTensor.from_tensor(inputs, tf.maximum(lengths, 1)), targets

    def frames_needed(self, targets: Sequence[Any]) -> Any:
        """Returns the number of frames that the model's output must have for each target, int `(targets,)`.

        `None` means that any number of frames is enough.
        """
        return None

    def target_steps(self, steps: Any) -> Any:
        """Returns the number of steps of the targets for inputs of `steps` steps, if they match; ints or tensors."""
        return steps

    @property
    def variable_length(self) -> bool:
        """Whether examples vary in their `lengths`, so that batches are made of examples of similar length."""
        return self.reader.variable

    def lengths(self, inputs: Any, target: Any) -> list[Any]:
        """Returns the numbers of steps of an example, int32 scalars, beginning with the most expensive one."""
        return [tf.shape(inputs)[0]]

    class_outputs: tuple[str, ...] = ()
    """Names of the outputs that are names of classes."""

    # From logits to predictions

    @abc.abstractmethod
    def loss(self) -> Any:
        """Returns the Keras loss of logits."""

    def smoothed_loss(self, smoothing: float) -> Any:
        """Returns the Keras loss of logits in training with smoothed labels, or `None` if there is none.

        Args:
            smoothing: the probability that is shared equally among all classes.
        """
        return None

    def loss_weight(self, targets: Any) -> int:
        """Returns the number of values whose mean is the loss of a batch."""
        return len(targets)

    def training_metrics(self) -> list[Any]:
        """Returns the Keras metrics that are shown during training."""
        return []

    def standalone(self, model: Any) -> tuple["Task", Any]:
        """Returns the task and the model of exports that hold only a model.

        The classes with the highest output of that model are those that the task predicts.
        """
        return self, model

    def outputs(self, model: Any, inputs: Any) -> Any:
        """Returns the model's outputs for preprocessed inputs: logits, or generated tokens if the task generates."""
        return model(inputs, training=False)

    def echoed_inputs(self, *raw: Any) -> dict[str, Any]:
        """Returns the inputs that a prediction repeats, for a raw batch, by name."""
        return {}

    # The endpoints of an export

    def default_endpoint(self, outputs: Callable[[Any], Any]) -> Endpoint:
        """Returns the endpoint from raw inputs to predictions: `decode(outputs(preprocess(raw)))`."""

        def predict(*raw: Any) -> dict[str, Any]:
            inputs = self.preprocess(*raw)
            return {**self.echoed_inputs(*raw), **self.decode(outputs(inputs), inputs)}

        return Endpoint(guard_batch(predict, self._valid_rows), self.input_signature(), self.input_defaults())

    def endpoints(self, model: Any) -> dict[str, Endpoint]:
        """Returns the other endpoints of a model's export, by name."""
        from keras_rnn_zoo.layers.model_parts import has_vector, vector_of

        endpoints = {"logits": logits_endpoint(self.standalone(model)[1], self.model_inputs)}
        if self.classes:
            endpoints["classes"] = classes_endpoint(self.classes)
        if has_vector(model):
            endpoints["encode"] = self.reading_endpoint(lambda source, *raw: {"vector": vector_of(model, source)})
        return endpoints

    def reading_endpoint(self, predict: Callable[..., dict[str, Any]]) -> Endpoint:
        """Returns an endpoint with the reader's inputs and the outputs `predict(reader(*raw), *raw)`."""
        call = guard_batch(lambda *raw: predict(self.reader(*raw), *raw), self._valid_rows)
        return Endpoint(call, self.reader.signature(), self.reader.defaults())

    def _valid_rows(self, *raw: Any) -> Any:
        return self.reader.valid_mask(*raw[: len(self.reader.signature())])

    # From logits to scores

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        """Returns the predictions that `score` needs for a batch.

        Args:
            generate: function from preprocessed inputs to `outputs`, for tasks that generate step by step.
            inputs: the inputs of the model.
            logits: the logits of the model for these inputs.
        """
        return self.decode(logits, inputs)

    @abc.abstractmethod
    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Computes metrics of predictions.

        Args:
            predictions: the decoded predictions by name, each with a value per example.
            references: the targets of the dataset.
            loss: the mean loss.

        Returns:
            The metrics by name, and a detailed report of plain values.
        """
