"""The format `tfds`: any dataset of TensorFlow Datasets, including those without an entry in the zoo."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.datasets._prepared import (
    checksum,
    data_dir_path,
    find_prepared,
    open_prepared,
    read_examples,
    recorded_dir,
)
from keras_rnn_zoo.datasets._tagged import tagging_defaults
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf, tfds
from keras_rnn_zoo.readers._options import MaxSeconds
from keras_rnn_zoo.readers._wav import DEFAULT_MAX_SECONDS, resample
from keras_rnn_zoo.user_data.columns import choose_task, parse_columns, resolve, usual_columns, words_of
from keras_rnn_zoo.user_data.conll_file import joined
from keras_rnn_zoo.user_data.dataset import open_dataset
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource

SPLITS = {"validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
"""Names of the splits of TFDS datasets, most common first."""

FEATURE_KINDS = {
    "text": ("text",),
    "label": ("label", "text", "number"),
    "value": ("number", "real"),
    "source": ("text",),
    "target": ("text",),
    "tokens": ("texts",),
    "tags": ("labels", "texts"),
    "image": ("image",),
    "caption": ("text", "texts"),
    "audio": ("audio",),
    "series": ("series",),
}
"""The kinds of features that each word of the option `columns` can name."""

OTHER_KINDS = ("text", "label", "number", "real")
"""The kinds for any other word, which names the target of a plugin's task."""

INPUTS = ("text", "image", "audio", "series")


class TfdsSplit(RowSource):
    """One split of a prepared dataset.

    Args:
        builder: the TFDS builder.
        split: the split, as TFDS names it.
        tasks: the tasks that it may be for.
        given: the feature that the user named for each word.
        sample_rate: sample rate to which recordings are resampled, in Hz; 0 to keep their own.
        max_seconds: maximum number of seconds to read of a recording, from its start.
    """

    def __init__(  # A split is located by its builder.
        self, builder: Any, split: str, tasks: tuple[str, ...], given: Mapping[str, str], sample_rate: int = 0,
        max_seconds: float = DEFAULT_MAX_SECONDS,
    ) -> None:  # fmt: skip
        self.builder, self.split, self.sample_rate, self.max_seconds = builder, split, sample_rate, max_seconds
        self.features_by_name = dict(_flat(builder.info.features))
        self.kinds = {name: _kind(feature) for name, feature in self.features_by_name.items()}
        self.task = choose_task(tasks, given, list(self.kinds), lambda name: self.kinds[name] == "real")
        inputs = [kind for kind in INPUTS if kind != self.task_files.target]
        present = [kind for kind in inputs if kind in self.kinds.values()]
        self.input = next((kind for kind in inputs if kind in given), present[0] if present else inputs[0])
        self.columns = {}
        for word in words_of(self.task, self.input):
            fitting = [
                n
                for n, kind in self.kinds.items()
                if kind in FEATURE_KINDS.get(word, OTHER_KINDS) and n not in self.columns.values()
            ]
            user_column = {word: given[word]} if word in given else {}
            self.columns |= resolve(
                (word,), user_column, fitting, f"The TFDS dataset {builder.info.full_name}", self.task
            )
        series = self.features_by_name[next(iter(self.columns.values()))]
        self.features = series.shape[-1] if self.input == "series" and len(series.shape) == 2 else 1
        self.chunk = 16 if self.input == "image" else 256

    def other(self, split: str) -> "TfdsSplit":
        """Returns another split of the same dataset, read in the same way."""
        return TfdsSplit(self.builder, split, (self.task,), self.columns, self.sample_rate, self.max_seconds)

    def named(self) -> list[Path]:
        return [Path(self.builder.info.full_name)]

    def paths(self) -> list[Path]:
        return sorted(Path(self.builder.data_dir).glob("*-of-*"))

    def checksum(self) -> str:
        return checksum(Path(self.builder.data_dir))

    def raw_spec(self) -> Any:
        shapes = {"audio": [None], "series": [None, self.features]}
        return tf.TensorSpec(shapes[self.input], tf.float32) if self.input in shapes else super().raw_spec()

    def rows(self) -> Iterator[Row | BadRow]:
        raw_name, target_name = self.columns.values()
        features = self.builder.info.features
        names = (raw_name, target_name)  # A slash separates nested features, but may also be part of a name.
        needed = {top for top in features for name in names if name == top or name.startswith(f"{top}/")}
        decoders = {name: tfds.decode.SkipDecoding() for name in needed if self.kinds.get(name) == "image"}
        partial = tfds.decode.PartialDecoding({name: features[name] for name in needed}, decoders=decoders)
        try:
            examples = read_examples(self.builder, self.split, partial).as_numpy_iterator()
        except ValueError as error:
            raise DataError(
                f"The split {self.split!r} of {self.builder.info.full_name} cannot be read: {error}"
            ) from None
        for index, example in enumerate(examples):
            flat = dict(_flat(example))
            raw = self._input(flat[raw_name], raw_name)
            yield Row(f"example {index} of {self.split}", raw, self._target(flat[target_name], target_name))

    def _input(self, value: Any, name: str) -> Any:
        if self.task_files.classes == "several":
            return _sentence(value)
        if self.kinds[name] == "audio":
            return self._samples(value, self.features_by_name[name].sample_rate or self.sample_rate)
        if self.kinds[name] == "series":
            return np.asarray(value if value.ndim > 1 else value[:, None], "float32")
        return value

    def _samples(self, value: Any, rate: int) -> Any:
        """Returns the samples of a recording, from -1 to 1, resampled and with its channels averaged."""
        if value.dtype.kind in "iu":
            value = value / 32_768.0  # TFDS stores 16-bit samples as wider integers.
        mono = np.asarray(value, "float32") if value.ndim == 1 else np.asarray(value, "float32").mean(axis=1)
        try:
            return resample(mono, rate, self.sample_rate or rate, self.max_seconds)
        except DataError as error:
            raise DataError(f"A recording of {self.builder.info.full_name} cannot be read: {error}.") from None

    def _target(self, value: Any, name: str) -> Any:
        kind, feature = self.kinds[name], self.features_by_name[name]
        if self.task_files.classes == "several":
            tags = [self._class(feature.feature, name, tag) for tag in value] if kind == "labels" else value
            return _sentence(tags)
        if self.task_files.references:
            return _texts(value) if kind == "texts" else _texts([value])
        if kind == "label":
            return self._class(feature, name, value) if value >= 0 else ""
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value.item()

    def defaults(self) -> dict[str, Any]:
        if self.task_files.classes == "several":
            tags = self.columns[self.task_files.target]
            return tagging_defaults(self.features_by_name[tags].feature.names if self.kinds[tags] == "labels" else ())
        rate = self.features_by_name[self.columns["audio"]].sample_rate if self.input == "audio" else None
        return {"sample_rate": max(1000, min(rate, 16_000))} if rate else {}

    def _class(self, feature: Any, name: str, value: Any) -> str:
        """Returns the name of a class index."""
        if not 0 <= value < feature.num_classes:
            raise DataError(
                f"The TFDS dataset {self.builder.info.full_name} has an example with the label {value}, but names of "
                f"only {feature.num_classes} labels: its file {name}.labels.txt is damaged. Copy the dataset again."
            )
        return str(feature.int2str(int(value)))

    def load(self, row: Row) -> Any:
        return row.raw.encode() if isinstance(row.raw, str) else row.raw

    def key(self, row: Row) -> bytes:
        return row.raw.encode() if isinstance(row.raw, str) else bytes(row.raw)


def _sentence(words: Any) -> str:
    return " ".join(map(joined, _texts(words)))


def _texts(values: Any) -> list[str]:
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the leaves of nested features or examples, with names joined by slashes."""
    for name, value in tree.items():
        if hasattr(value, "items") and not hasattr(value, "feature"):
            yield from _flat(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def _kind(feature: Any) -> str:
    """Returns the kind of a TFDS feature, as in `FEATURE_KINDS`."""
    features = tfds.features
    if isinstance(feature, features.Sequence):
        inner = _kind(feature.feature)
        return {"text": "texts", "label": "labels"}.get(inner, "series" if inner in ("real", "number") else "other")
    for kind, classes in (("label", features.ClassLabel), ("image", features.Image), ("audio", features.Audio)):
        if isinstance(feature, classes):
            return kind
    if isinstance(feature, features.Text) or (
        feature.shape == () and feature.np_dtype in (str, bytes, object, np.str_)
    ):
        return "text"
    if feature.shape == ():
        return "real" if np.issubdtype(feature.np_dtype, np.floating) else "number"
    return "series" if len(feature.shape) in (1, 2) else "other"


@registry.file_format(
    "tfds",
    order=9,
    tasks=("classification", "regression", "translation", "tagging", "captioning", "transcription"),
    address="tfds:NAME[/CONFIG]",
    column_names="table",
    move=None,
)
def tfds_set(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A TFDS dataset by name. Its features are the columns, and its splits have the names of TFDS."""
    location = location.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9_]+(/[A-Za-z0-9_.+-]*[A-Za-z0-9_+-])?(:[0-9.]+)?", location):
        # With other characters, such as a colon, TFDS may run code from third-party repositories.
        raise DataError(
            f"The name of a TFDS dataset is expected, such as imdb_reviews or glue/sst2; received {location!r}."
        )
    recorded = config.dataset.recorded if config else None
    chosen = recorded.columns if recorded else parse_columns(str(options.get("columns", "")), usual_columns())
    recorded_folder = config.dataset.data_dir if config else None
    builder = _open(location, options.get("data_dir") or recorded_dir(location, recorded_folder))
    source = TfdsSplit(builder, "train", tasks, chosen)

    def open_set(
        data_dir: str | None, seed: int, fault_of: Callable[[Any, Any], str] | None = None, *,
        columns: str = "", validation: str = "", test: str = "", skip_bad_rows: bool = False,
        sample_rate: int = 16_000, max_seconds: MaxSeconds = DEFAULT_MAX_SECONDS,
    ) -> Examples:  # fmt: skip
        """A dataset of TensorFlow Datasets.

        Args:
            data_dir: the folder of prepared datasets.
            seed: seed of the splits that the dataset does not have.
            fault_of: given an example's raw input and target, returns why it cannot be learned from, or "".
            columns: which feature holds what, such as text=content,label=stars; guessed from kinds and names if empty.
            validation: the validation split; if empty, that of the dataset, or a tenth of the training split.
            test: the test split; if empty, that of the dataset, or a tenth of the training split.
            skip_bad_rows: whether to skip examples that cannot be used.
            sample_rate: sample rate to which recordings are resampled, in Hz.
        """
        opened = _open(location, data_dir)
        files = {"train": TfdsSplit(opened, "train", (source.task,), source.columns, sample_rate, max_seconds)}
        for split, chosen_name in (("validation", validation), ("test", test)):
            tfds_name = chosen_name or next((name for name in SPLITS[split] if name in opened.info.splits), "")
            if tfds_name:
                files[split] = files["train"].other(tfds_name)
        return open_dataset(files, seed, skip_bad_rows, config, fault_of)

    return registry.Dataset(
        name=f"tfds:{location}",
        make=open_set,
        task=source.task,
        source="tfds",
        location=location,
        size="as the run's configuration says",
        license="that of the dataset; see TFDS",
        model_options={"input": source.input},
        defaults=source.defaults(),
        checks_examples=True,
    )


def _open(location: str, data_dir: str | None) -> Any:
    """Returns the builder of a dataset; if the name has no config and a single one is prepared, that of the config."""
    folder = data_dir_path(data_dir)
    if not find_prepared(location, folder) and "/" not in location:
        configs = sorted(
            path.name for path in (folder / location).glob("*") if find_prepared(f"{location}/{path.name}", folder)
        )
        if len(configs) == 1:
            location = f"{location}/{configs[0]}"
        elif configs:
            raise DataError(
                f"The dataset {location!r} is prepared with the configs {', '.join(configs)}. Name one: "
                f"tfds:{location}/{configs[0]}."
            )
    builder = open_prepared(location, data_dir)
    if "train" not in builder.info.splits:
        raise DataError(
            f"The dataset {location!r} has no split 'train'; it has {', '.join(builder.info.splits)}. Name another."
        )
    return builder
