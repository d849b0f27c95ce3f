"""The answers of workers to parts of labeled data, which the machine that runs the command scores."""

import contextlib
import logging
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples, SplitPart
from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE, Answered, answered
from keras_rnn_zoo.inference.labeled_data import open_labeled
from keras_rnn_zoo.inference.load import LoadedRun, load
from keras_rnn_zoo.lazy import np, tf

PARTS = 16
"""Number of parts, unless there are few or very many examples."""
MIN_EXAMPLES, MAX_EXAMPLES = 64, 2**16
"""The sizes of a part: with fewer examples, opening it takes longer than predicting it; with more, a worker that fails
has more to repeat."""
_SIZE = struct.Struct("<Q")
_PREDICTION = "prediction/"


@dataclass(frozen=True)
class EvaluationJob:
    """An evaluation, without anything that cannot be sent to a worker.

    Attributes:
        runs: the paths of the run, or of the runs of an ensemble, which every worker must reach.
        dataset: the name or the address of the data; `None` for that of the run.
        split: name of the split.
        checksum: the checksum of the data.
        data_dir: the folder of prepared datasets.
        options: options of the data.
        outputs: whether the outputs of the model are needed, for metrics of Keras.
    """

    runs: tuple[str, ...]
    dataset: str | None
    split: str
    checksum: str
    data_dir: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    outputs: bool = False


class Evaluated(NamedTuple):
    """A part that a worker has evaluated.

    Attributes:
        part: its place among all parts.
        path: the file of its batches.
        examples: number of examples.
    """

    part: int
    path: str
    examples: int


@dataclass(frozen=True)
class OpenedJob:
    """The run and the data that a worker process has loaded. Not a tuple, as Beam keeps a weak reference to it."""

    loaded: LoadedRun
    examples: Examples


def number_of_parts(examples: int) -> int:
    """Returns the number of parts that data is divided into."""
    return max(min(PARTS, -(-examples // MIN_EXAMPLES)), -(-examples // MAX_EXAMPLES))


def open_job(job: EvaluationJob) -> OpenedJob:
    """Loads the run and opens the data; the errors are those of `keras_rnn_zoo.evaluate`.

    Raises:
        DataError: the data is not what it was when the evaluation began.
    """
    with _without_warnings():
        loaded: Any = load(list(job.runs))
        config: RunConfig = loaded.run.config
        labeled = open_labeled(config, job.dataset, job.options, job.data_dir)
    if labeled.examples.checksum != job.checksum:
        raise DataError(
            f"The dataset {labeled.name} is not the same for every worker, or has changed. Name files that all workers "
            "reach by the same path, and leave them as they are until the evaluation is done."
        )
    return OpenedJob(loaded, labeled.examples)


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Leaves out warnings, such as of rows that are skipped: the process that began the evaluation has logged them."""
    logger = logging.getLogger("keras_rnn_zoo")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def batches_of(opened: OpenedJob, split: str, split_part: SplitPart) -> Iterator[Answered]:
    """Yields the answers to a part of a split in batches, as an evaluation of this part alone would."""
    task = opened.loaded.task
    with translate_record_errors(split):
        part = opened.examples.part(split, split_part)
        if any(True for _ in part.take(1)):
            batches = make_batches(part, task, BATCH_SIZE, references=True)
            yield from answered(task, opened.loaded.to_logits, opened.loaded.outputs, batches)


def write_batch(file: IO[bytes], batch: Answered, *, outputs: bool) -> None:
    """Writes a batch to a file, from which `read_batches` reads it.

    Args:
        file: the file.
        batch: the batch.
        outputs: whether to write its targets, and the outputs of the model.
    """
    values = {"references": batch.references, "loss": np.float64(batch.loss), "weight": np.int64(batch.weight)}
    values |= {_PREDICTION + name: found for name, found in batch.predictions.items()}
    values |= {"targets": batch.targets, "logits": batch.logits} if outputs else {}
    found = tf.train.Example()
    for name, value in values.items():
        tensor = tf.make_tensor_proto(np.asarray(value)).SerializeToString()
        found.features.feature[name].bytes_list.value.append(tensor)
    content = found.SerializeToString()
    file.write(_SIZE.pack(len(content)) + content)


def read_batches(file: IO[bytes]) -> Iterator[Answered]:
    """Yields the batches of a file; they have no inputs."""
    while head := file.read(_SIZE.size):
        features = tf.train.Example.FromString(file.read(*_SIZE.unpack(head))).features.feature
        values = {name: _array(features[name].bytes_list.value[0]) for name in features}
        predictions = {
            name.removeprefix(_PREDICTION): value for name, value in values.items() if name.startswith(_PREDICTION)
        }
        loss, weight = float(values["loss"]), int(values["weight"])
        outputs = values.get("targets"), values["references"], values.get("logits")
        yield Answered(None, *outputs, loss, weight, predictions, None)


def _array(content: bytes) -> Any:
    proto = tf.make_tensor_proto(0)  # The class of these has no public name.
    proto.ParseFromString(content)
    return tf.make_ndarray(proto)


def in_order(found: Mapping[int, Evaluated], parts: int) -> list[Evaluated]:
    """Returns the parts in order; raises `ZooError` if one is missing."""
    if missing := [part for part in range(parts) if part not in found]:
        raise ZooError(f"The runner lost the answers to part {missing[0]}. Repeat the command.")
    return [found[part] for part in range(parts)]
