"""The plan of a training: all settings, resolved and checked before a framework is loaded."""

import logging
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run, check_run_name, is_resumable, models_dir, unfinished_path
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig, SourceConfig, TaskConfig, TrainingConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.datasets._prepared import data_dir_path
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError, RunError
from keras_rnn_zoo.networks.index import protect_network
from keras_rnn_zoo.options import Option, check_options, refuse_from_data, refuse_without_effect
from keras_rnn_zoo.training.check_settings import checked_settings
from keras_rnn_zoo.training.keras_objects import OPTIMIZER_SETTINGS, KerasObjects
from keras_rnn_zoo.training.settings import OPTIMIZERS, SETTINGS
from keras_rnn_zoo.training.small_data import ADAPTED
from keras_rnn_zoo.training.source import inherited_options
from keras_rnn_zoo.user_data.python_data import PythonData
from keras_rnn_zoo.user_data.vectors_file import VectorsFile

ARGUMENTS = (
    "callbacks",
    "data_dir",
    "dataset",
    "from_run",
    "models_dir",
    "overwrite",
    "resume",
    "run",
    "track",
    "verbose",
)
"""Arguments of `keras_rnn_zoo.train` that are neither settings nor options."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """A planned training.

    Attributes:
        config: the description of the run, as far as it is known before the data is opened.
        dataset: its dataset.
        path: the run's folder.
        resumed: whether this resumes an interrupted training.
        free: names of the settings and options that neither the user nor a registered dataset has set. Training chooses
            them by the training examples; see `keras_rnn_zoo.training.small_data` and
            `keras_rnn_zoo.training.subsampling`.
        source: the run whose weights the training starts from; `None` for one from nothing, or a resumed one.
        data: the data if it is in memory, else `None`.
        reports: whether to log statistics of the user's data, and warnings about it.
    """

    config: RunConfig
    dataset: registry.Dataset
    path: Path
    resumed: bool
    free: frozenset[str] = frozenset()
    source: Run | None = None
    data: PythonData | None = None
    reports: bool = True

    @property
    def unfinished(self) -> Path:
        """The folder that holds the checkpoint of the training until the run is complete."""
        return unfinished_path(self.path)


@dataclass(frozen=True)
class Request:
    """The arguments of `keras_rnn_zoo.train`; `None` for those that the user did not set.

    `separate_objects` makes `settings`, which are plain, and `objects` from its settings. For `reports`, see `Plan`.
    """

    architecture: str
    dataset: str | registry.Dataset | PythonData | None
    data_dir: str | None
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    run: str | None
    models_dir: str | None
    objects: KerasObjects = field(default_factory=KerasObjects)
    source: Run | None = None
    trackers: tuple[str, ...] = ()
    reports: bool = True

    @property
    def path(self) -> Path:
        """The run's folder; raises `UnknownNameError` or `RunError` if a name is invalid."""
        name = self.run or registry.architectures.get(self.architecture).name
        return models_dir(self.models_dir) / check_run_name(name)


def make_plan(request: Request, *, resume: bool, overwrite: bool) -> Plan:
    """Plans a training; arguments and errors as in `keras_rnn_zoo.train`."""
    architecture = registry.architectures.get(request.architecture)
    path = request.path
    run = path.name
    data = request.dataset if isinstance(request.dataset, PythonData) else None
    _check_unfinished(path)
    resumable = is_resumable(path)
    if resume:
        if not resumable:
            raise RunError(f"There is no unfinished training of {run!r} in {path.parent} to resume. Omit --resume.")
        unfinished = Run(unfinished_path(path))
        unfinished.check()
        config = unfinished.config
        _check_same(config, request, architecture)
        if request.data_dir is not None:  # The data may have moved; its checksum is compared when it is opened.
            moved = replace(config.dataset, data_dir=_data_dir(registry.dataset_of(config), request))
            config = replace(config, dataset=moved)
        return Plan(config, registry.dataset_of(config, data), path, resumed=True, data=data)
    protect_network(path)
    if resumable and not overwrite:
        raise RunError(
            f"An unfinished training of {run!r} is in {unfinished_path(path)}. Resume it with --resume, discard it "
            "with --overwrite, or choose another name with --run NAME."
        )
    dataset = requested_dataset(architecture, request)
    config = new_config(architecture, dataset, request, run)
    if request.dataset is None:
        logger.info("Training %s on %s: %s", architecture.name, dataset.name, dataset.summary)
    free = _free(architecture, dataset, request)
    return Plan(config, dataset, path, False, free, request.source, data, request.reports)


def _free(architecture: registry.Architecture, dataset: registry.Dataset, request: Request) -> frozenset[str]:
    """Returns the names of the settings and options that training chooses by the data."""
    if not dataset.by_address:  # The defaults of a registered dataset were chosen for its size.
        return frozenset()
    set_by_user = {name for name, value in {**request.settings, **request.options}.items() if value is not None}
    by_length = (
        {"subsampling"}
        if "subsampling" in architecture.options
        and dataset.model_options["input"] == "series"
        and not request.source  # Its weights fit its own factor.
        else set()
    )
    return (frozenset(ADAPTED) | by_length) - set_by_user


def new_config(architecture: registry.Architecture, dataset: registry.Dataset, request: Request, run: str) -> RunConfig:
    """Returns the description of a new run, as far as it is known before the data is opened.

    Raises:
        OptionError: an option or setting is unknown, invalid or set by the data.
        DataError: the architecture does not support the dataset.
    """
    registry.check_pair(architecture, dataset)
    task = registry.tasks.get(dataset.task)
    accepted = registry.options_of(architecture, dataset)
    input = dataset.model_options["input"]
    options = check_options(accepted, request.options, architecture.name, [*SETTINGS, *ARGUMENTS])
    refuse_from_data(accepted, options)
    refuse_without_effect(accepted, options, input, task.name)
    settings = checked_settings(
        request.settings, task, input, bool(request.objects.metrics), fine_tunes=bool(request.source)
    )
    source = request.source.config if request.source else None
    values = {name: option.default for name, option in {**accepted, **SETTINGS}.items()}
    values |= {**dataset.defaults, **inherited_options(source, architecture, dataset), **options, **settings}
    if (rate := OPTIMIZERS[values["optimizer"]].learning_rate) and "learning_rate" not in settings:
        values["learning_rate"] = rate  # The datasets' defaults are for Adam.
    if values.get("vectors"):
        values["embedding_dim"] = _vector_size(values["vectors"], options)
    elif options.get("words_from_vectors"):
        raise OptionError("Option 'words_from_vectors' needs a file of word vectors. Set vectors=FILE, or omit it.")
    objects = request.objects.descriptions()
    in_objects = {*objects, *(OPTIMIZER_SETTINGS if "optimizer" in objects else ())}
    values |= dict.fromkeys(in_objects & SETTINGS.keys())
    return RunConfig(
        run,
        architecture.name,
        DatasetConfig(
            dataset.name,
            _pick(values, dataset.options),
            _data_dir(dataset, request),
            summary=dataset.summary,
            size=dataset.size,
            license=dataset.license,
        ),
        TaskConfig(
            task.name, input, _pick(values, task.options), _pick(values, registry.reader_of(task, input).options)
        ),
        _pick(values, {name: option for name, option in architecture.options.items() if not option.from_data}),
        TrainingConfig(**{name: values[name] for name in SETTINGS if name != "seed"}, objects=objects or None),
        values["seed"],
        _versions(),
        source=SourceConfig(source.run, source.digest, source.dataset.name) if source else None,
    )


def _vector_size(location: str, options: Mapping[str, Any]) -> int:
    """Returns the dimension of a file of word vectors; raises `OptionError` if the user asks for another one."""
    size = VectorsFile(location).dimension
    if options.get("embedding_dim", size) != size:
        raise OptionError(
            f"The vectors in {location} have {size:,} numbers each, but embedding_dim={options['embedding_dim']}. Omit "
            "embedding_dim, which follows the file."
        )
    return size


def requested_dataset(architecture: registry.Architecture, request: Request) -> registry.Dataset:
    """Returns the dataset of a request, by default that of the architecture; raises `DataError` if there is none."""
    if request.dataset is None:
        return registry.default_dataset(architecture, request.architecture)
    if isinstance(request.dataset, registry.Dataset):
        return request.dataset
    return registry.find_dataset(request.dataset, architecture.tasks, {**request.options, "data_dir": request.data_dir})


def _data_dir(dataset: registry.Dataset, request: Request) -> str | None:
    if dataset.source == "tfds":
        return str(data_dir_path(request.data_dir).resolve())
    if request.data_dir is not None:
        raise OptionError(
            f"The dataset {dataset.name!r} {'is embedded and reads' if dataset.embedded else 'reads'} nothing from a "
            f"data directory; received {short_repr(request.data_dir)}. Omit it, or name another dataset."
        )
    return None


def _pick(values: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    return {name: values[name] for name in options}


def _versions() -> dict[str, str]:
    from importlib import metadata  # Imported late: as slow as the registry, and `zoo show` does not need it.

    packages = ("keras-rnn-zoo", "tensorflow", "keras", "tensorflow-datasets", "numpy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}


def _check_same(config: RunConfig, request: Request, architecture: registry.Architecture) -> None:
    """Raises `OptionError` if the user requests other settings than those that the training started with."""
    original = {"architecture": config.architecture, "dataset": config.dataset.name, "seed": config.seed}
    original |= {**config.values, **(config.training.objects or {})}
    objects = request.objects.descriptions()
    requested = {"architecture": architecture.name, **request.settings, **request.options, **objects}
    for name, described in (config.training.objects or {}).items():
        if requested.get(name) is None:
            raise OptionError(
                f"The unfinished training started with the object {name}={described}, which could not be saved. Pass "
                f"the same again: zoo.train(..., {name}=..., resume=True); or start again with --overwrite."
            )
    if request.source and request.source.config.digest != (config.source and config.source.digest):
        began = f"from the run {config.source.run!r}, as it was then" if config.source else "from nothing"
        raise OptionError(
            f"The unfinished training started {began}; received --from {request.source.path}, which is another run. "
            "Omit --from to resume, or start again with --overwrite."
        )
    if request.dataset is not None:
        data = request.dataset
        requested["dataset"] = (
            data.name if isinstance(data, PythonData) else requested_dataset(architecture, request).name
        )
    for name, value in requested.items():
        if value is not None and value != original.get(name):
            raise OptionError(
                f"The unfinished training started with {name}={short_repr(original.get(name))}; received "
                f"{short_repr(value)}. Omit it to resume, or start again with --overwrite."
            )


def _check_unfinished(path: Path) -> None:
    """Raises `RunError` if the path of the unfinished training of a run is not a folder of regular files."""
    folder = unfinished_path(path)
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise RunError(f"{folder} is not a directory, but the training would write its checkpoints there. Remove it.")
    snapshot = Snapshot(folder)
    for name, fault in snapshot.walk(snapshot.names()):
        if fault:
            raise RunError(f"{folder / name} blocks the training: {fault}. Remove it.")
