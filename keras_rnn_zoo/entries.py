"""What is known of each kind of entry before it is made. Imports no framework."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from keras_rnn_zoo.catalog import Entry, are_names
from keras_rnn_zoo.options import Option


@dataclass(frozen=True)
class Architecture(Entry):
    """A build function: options in, an uncompiled `keras.Model` out.

    Attributes:
        tasks: the tasks that it can do.
        default_dataset: the embedded data set that it is trained on when none is named.
        order: place among the architectures; those without one follow by name.
        frames: for transcription, given the steps of an input and, by keyword, its kind and the options of the model
            and of its reader, returns the number of frames that the model's output has; `None` where it is not known.
    """

    tasks: tuple[str, ...] = ()
    default_dataset: str = ""
    order: float = math.inf
    frames: Callable[..., int] | None = None

    def check(self) -> None:
        super().check()
        if not (are_names(self.tasks) and self.tasks and "input" in self.options and self.options["input"].choices):
            raise TypeError(f"The architecture {self.name!r} needs `tasks` and an option `input` with its choices.")
        if not isinstance(self.order, int | float) or math.isnan(self.order):
            raise TypeError(f"The `order` of the architecture {self.name!r} must be a number; received {self.order!r}.")


@dataclass(frozen=True)
class Dataset(Entry):
    """A function that opens a data set; see `keras_rnn_zoo.datasets.examples`.

    Attributes:
        task: the task that its examples are for.
        source: `"embedded"`, `"tfds"` for a data set that TensorFlow Datasets downloads and prepares, or `"files"`.
        location: where the prepared files of a TFDS data set lie within its data directory.
        size: number of examples in each split, in words.
        license: terms of use of the data.
        model_options: options that a model takes from this data set before any of it was read; `build` uses them.
        defaults: training settings and options that suit this data set better than the general ones.

    Its own options, such as the length of its sequences, are the keyword-only parameters of its function.
    """

    task: str = ""
    source: Literal["embedded", "tfds", "files"] = "embedded"
    location: str = ""
    size: str = ""
    license: str = ""
    model_options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        super().check()
        mappings = all(isinstance(facts, Mapping) for facts in (self.model_options, self.defaults))
        if not (self.task and mappings and isinstance(self.model_options.get("input"), str)):
            raise TypeError(f"The dataset {self.name!r} needs a `task`, and `sizes` with the kind of its `input`.")
        for name, value in self.defaults.items():
            if not isinstance(value, bool | int | float | str):
                raise TypeError(f"The default of {name!r} of the dataset {self.name!r} is {value!r}, no plain value.")

    def default_of(self, option: Option) -> Any:
        """Returns the default of an option or a setting for this data set."""
        return self.defaults.get(option.name, option.default)

    @property
    def embedded(self) -> bool:
        """Whether the data set is made on the spot, without network or files."""
        return self.source == "embedded"

    @property
    def by_address(self) -> bool:
        """Whether the data set was named by an address, such as `csv:FILE`, rather than registered under a name."""
        return ":" in self.name


@dataclass(frozen=True)
class Task(Entry):
    """A subclass of `keras_rnn_zoo.tasks.task.Task`.

    Attributes:
        outputs: for each output of the exported default endpoint, its meaning, dtype and shape.
        inputs: the same for inputs that the task takes beside those of its reader.
        readers: the reader of each kind of input, where it is another than the one named as the kind.
    """

    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)

    @property
    def prediction_options(self) -> Mapping[str, Option]:
        """The options that an answer of this task takes, such as the temperature of a language model."""
        return self.make.prediction_options  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Reader(Entry):
    """A subclass of `keras_rnn_zoo.readers.reader.Reader`.

    Attributes:
        inputs: for each input of an exported endpoint, its meaning, dtype and shape.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileFormat(Entry):
    """A form of files that a user brings: a function from an address to a `Dataset`.

    It is called with the place (the address without the form's name), the tasks wanted, the options given and what a
    run knows of it already; see `keras_rnn_zoo.user_data.dataset`.

    Attributes:
        tasks: the tasks that its examples can be for.
        address: what an address looks like, such as `"csv:FILE"`.
        endings: the endings of file names in this form.
    """

    tasks: tuple[str, ...] = ()
    address: str = ""
    endings: tuple[str, ...] = ()
