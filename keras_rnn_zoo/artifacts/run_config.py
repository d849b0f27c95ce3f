"""The descriptions of runs (`config.json`) and exports (`export.json`). Imports no framework."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.schema import (
    DIGEST,
    FILES,
    MAX_CLASSES,
    NAME,
    OPTIONS,
    SCALAR,
    Document,
    any_of,
    anything,
    boolean,
    checked,
    dict_of,
    integer,
    list_of,
    nested,
    null,
    number,
    text,
)

FORMAT_VERSION = 1
"""The version of the layout of `config.json` and `export.json`. Files of another version are not read."""

_COUNTS = dict_of(integer(), NAME, max_items=10)
_PATH = text(4096, r"[^\x00]+")
_RUN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FREQUENCY = r"(([1-9]\d{0,17} us|[1-9]\d{0,5} (business day|month))( count)?)?"
"""Matches the step of series over time, as `user_data.frequency.Frequency.parse` reads it, or ""."""


def _pairs(bounds: Mapping[str, list[int]]) -> dict[str, tuple[int, int]]:
    return {name: (test, validation) for name, (test, validation) in bounds.items()}


@dataclass(frozen=True)
class SplitConfig(Document):
    """How the rows of files were split; see `keras_rnn_zoo.user_data.splitting`.

    Attributes:
        seed: seed of the hash of each row's key.
        bounds: for each stratum (a class; "" if there are no classes), two thresholds: rows whose hash is below the
            first belong to the test split, and those below the second to the validation split.
    """

    seed: int = checked(integer(0, 2**64 - 1))
    bounds: Mapping[str, tuple[int, int]] = checked(
        dict_of(list_of(integer(0, 2**53), 2, 2), text(100_000)), as_=_pairs
    )


@dataclass(frozen=True)
class RowsConfig(Document):
    """What training recorded about a user's files, so that they can be reopened without a validation pass.

    Attributes:
        rows: number of usable rows in each split.
        columns: the column of each part of an example, such as `{"text": "review", "label": "stars"}`.
        split: how the rows were split; `None` for a single text.
        bad_rows: number of rows in each file that were skipped.
        left_out: locations of the rows in each file whose input cannot be used.
        frequency: the step of series over time, as `user_data.frequency.Frequency.parse` reads it; "" for other files.
    """

    rows: Mapping[str, int] = checked(_COUNTS)
    columns: Mapping[str, str] = checked(dict_of(text(100_000), NAME, max_items=100), default_factory=dict)
    split: SplitConfig | None = nested(SplitConfig, optional=True)
    bad_rows: Mapping[str, int] = checked(_COUNTS, default_factory=dict)
    left_out: Mapping[str, list[str]] = checked(
        dict_of(list_of(text(100_000)), NAME, max_items=10), default_factory=dict
    )
    frequency: str = checked(text(100, _FREQUENCY), optional=True, default="")


@dataclass(frozen=True)
class DatasetConfig(Document):
    """A dataset, and what training recorded about it.

    Attributes:
        name: name of the dataset, or its address (`csv:/data/reviews.csv`).
        options: values of its options.
        data_dir: the folder of prepared TFDS datasets; `None` for other datasets.
        version: version of the data; "" until the data is opened.
        checksum: SHA-256 of the data; "" until it is opened.
        summary: what the data is, in one line.
        size: number of examples in each split, in words.
        license: terms of use of the data.
        recorded: for a user's files, what training recorded about them; `None` for other datasets.
    """

    name: str = checked(text(100_000, r"[^\x00]+"))
    options: Mapping[str, Any] = checked(dict_of(any_of(SCALAR, text(100_000)), NAME, max_items=1000))
    data_dir: str | None = checked(any_of(null, _PATH), optional=True)
    version: str = checked(NAME, default="")
    checksum: str = checked(NAME, default="")
    summary: str = checked(text(), default="")
    size: str = checked(text(), default="")
    license: str = checked(text(), default="")
    recorded: RowsConfig | None = nested(RowsConfig, optional=True)


@dataclass(frozen=True)
class TaskConfig(Document):
    """A task and its reader.

    Attributes:
        name: name of the task.
        input: kind of input: `"text"`, `"image"`, `"audio"`, `"series"` or `"window"`.
        options: values of the task's options.
        reader: values of the reader's options.
        classes: names of the classes, in the order of their indices; empty until the data is opened.
    """

    name: str = checked(NAME)
    input: str = checked(NAME)
    options: Mapping[str, Any] = checked(OPTIONS)
    reader: Mapping[str, Any] = checked(OPTIONS)
    classes: tuple[str, ...] = checked(list_of(text(100_000), max_items=MAX_CLASSES), as_=tuple, default=())

    @property
    def reader_entry(self) -> registry.Reader:
        """The entry of the reader; raises `UnknownNameError` if a plugin that provides it, or the task, is missing."""
        return registry.reader_of(registry.tasks.get(self.name), self.input)


@dataclass(frozen=True)
class TrainingConfig(Document):
    """Settings of a training; see `keras_rnn_zoo.training.settings` for their meaning and bounds.

    Attributes:
        objects: descriptions of the settings that are Keras objects, which cannot be recorded; their fields are `None`.
            `None` if there are no such settings.
    """

    epochs: int = checked(integer(1))
    batch_size: int = checked(integer(1))
    patience: int = checked(integer())
    save_every_steps: int = checked(integer())
    deterministic: bool = checked(boolean)
    learning_rate: float | None = checked(any_of(null, number), optional=True)
    gradient_norm: float | None = checked(any_of(null, number), optional=True)
    adam_epsilon: float | None = checked(any_of(null, number), optional=True)
    optimizer: str | None = checked(any_of(null, NAME), optional=True)
    class_weight: str = checked(text(100_000), default="")
    metrics: str | None = checked(any_of(null, text()), optional=True)
    dtype_policy: str = checked(NAME, default="float32")
    freeze: str = checked(NAME, optional=True, default="nothing")
    extend_vocabulary: bool = checked(boolean, optional=True, default=True)
    label_smoothing: float = checked(number, optional=True, default=0.0)
    adversarial: float = checked(number, optional=True, default=0.0)
    weight_averaging: float | None = checked(any_of(null, number), optional=True, default=0.0)
    warmup: float | None = checked(any_of(null, number), optional=True, default=0.0)
    objects: Mapping[str, str] | None = checked(dict_of(text(100_000), NAME, max_items=10), optional=True)


@dataclass(frozen=True)
class CostConfig(Document):
    """What a training took, including its evaluation.

    Attributes:
        processor_minutes: processor time of all threads, in minutes.
        peak_memory: the largest amount of memory of the process, in bytes; 0 if the system does not say.
    """

    processor_minutes: float = checked(number)
    peak_memory: int = checked(integer())


@dataclass(frozen=True)
class SourceConfig(Document):
    """The run whose weights a training started from.

    Attributes:
        run: its name.
        digest: the SHA-256 that its `config.json` states, which covers the digests of its other files.
        dataset: the dataset that it was trained on.
    """

    run: str = checked(text(100, _RUN_NAME))
    digest: str = checked(DIGEST)
    dataset: str = checked(text(100_000))


@dataclass(frozen=True)
class RunConfig(Document):
    """A run: everything needed to repeat it, and what its folder contains.

    `keras_rnn_zoo.training.plan.make_plan` creates it. It is immutable: each step of a training that learns more, such
    as the classes of the data, makes a copy with the new values.

    Attributes:
        run: name of the run.
        architecture: name of the architecture.
        dataset: the dataset.
        task: the task.
        options: values of the architecture's options, except those that the data determines.
        training: settings of the training.
        seed: seed of all random numbers.
        versions: versions of Python and of the packages in use, by name; `backend` is the Keras backend.
        finished: whether the training ended without interruption and the run was evaluated on the test split.
        epochs_trained: number of epochs that were trained.
        best_epoch: the epoch whose weights were kept; `None` until an epoch is trained.
        storage: the dtype in which `model.keras` stores weights that are float32 in the model.
        cost: what the training took; `None` if it was resumed, or had several processes.
        source: the run whose weights the training started from; `None` for a training from nothing.
        processes: the number of processes that trained it together, at the end if it was resumed with another number.
        files: SHA-256 of each file that training wrote, by its path within the run's folder.
        digest: SHA-256 of `config.json` without this field.
        format_version: layout of `config.json`.
    """

    run: str = checked(text(100, _RUN_NAME))
    architecture: str = checked(NAME)
    dataset: DatasetConfig = nested(DatasetConfig)
    task: TaskConfig = nested(TaskConfig)
    options: Mapping[str, Any] = checked(OPTIONS)
    training: TrainingConfig = nested(TrainingConfig)
    seed: int = checked(integer(0, 2**32 - 1))
    versions: Mapping[str, str] = checked(dict_of(NAME, NAME, max_items=1000))
    finished: bool = checked(boolean, default=False)
    epochs_trained: int = checked(integer(), default=0)
    best_epoch: int | None = checked(any_of(null, integer()), optional=True)
    storage: str = checked(text(20, "float32|float16"), optional=True, default="float32")
    cost: CostConfig | None = nested(CostConfig, optional=True)
    source: SourceConfig | None = nested(SourceConfig, optional=True)
    processes: int = checked(integer(1), optional=True, default=1)
    files: Mapping[str, str] = checked(FILES, default_factory=dict)
    digest: str = checked(DIGEST, default="")
    format_version: int = checked(integer(), default=FORMAT_VERSION)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the options of all parts and of the settings of the training, by name."""
        parts = (self.options, self.task.options, self.task.reader, self.dataset.options, self.training.to_json())
        return {name: value for part in parts for name, value in part.items()}


@dataclass(frozen=True)
class ExportedDataset(Document):
    """The dataset that an exported run was trained on."""

    name: str = checked(text(100_000))
    version: str = checked(NAME)
    checksum: str = checked(NAME)
    license: str = checked(text(), default="")


@dataclass(frozen=True)
class ExportConfig(Document):
    """An export: what it contains, and how it was checked. Written to `export.json`.

    Attributes:
        format: name of the export format.
        run: name of the run.
        architecture: name of the architecture.
        dataset: the dataset of the run.
        task: the task.
        versions: versions of Python and of the packages that trained the run.
        endpoints: for each endpoint of a SavedModel, its inputs with dtype and shape.
        inputs: the inputs of another format's model, with dtype and shape.
        quantized: whether the weights are quantized to 8 bits.
        check: how the export was compared with its run; `None` if it was not.
        bytes: sizes of the file before and after quantization.
        metrics: metrics before and after quantization.
        details: anything else that the export format reports.
        streaming: whether the endpoints read an input in parts, with explicit states.
        files: SHA-256 of each file, by its path within the export's folder.
        digest: SHA-256 of `export.json` without this field.
        format_version: layout of `export.json`.
    """

    format: str = checked(NAME)
    run: str = checked(NAME)
    architecture: str = checked(NAME)
    dataset: ExportedDataset = nested(ExportedDataset)
    task: TaskConfig = nested(TaskConfig)
    versions: Mapping[str, str] = checked(dict_of(NAME, NAME, max_items=1000))
    endpoints: Mapping[str, Any] | None = checked(anything, optional=True)
    inputs: Mapping[str, Any] | None = checked(anything, optional=True)
    quantized: bool | None = checked(anything, optional=True)
    check: Mapping[str, Any] | None = checked(anything, optional=True)
    bytes: Mapping[str, int] | None = checked(anything, optional=True)
    metrics: Mapping[str, Any] | None = checked(anything, optional=True)
    details: Mapping[str, Any] | None = checked(anything, optional=True)
    streaming: bool | None = checked(boolean, optional=True)
    files: Mapping[str, str] = checked(FILES, default_factory=dict)
    digest: str = checked(DIGEST, default="")
    format_version: int = checked(integer(), default=FORMAT_VERSION)
