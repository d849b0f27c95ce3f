"""The plan of a training: all settings, resolved and checked before a framework is loaded."""

import logging
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run, check_run_name, is_resumable, models_dir, unfinished_path
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig, TaskConfig, TrainingConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.datasets._prepared import data_dir_path
from keras_rnn_zoo.errors import OptionError, RunError
from keras_rnn_zoo.options import Option, Range, check_options, refuse_for_input, refuse_from_data
from keras_rnn_zoo.printing import short_repr
from keras_rnn_zoo.training.small_data import ADAPTED

logger = logging.getLogger(__name__)

_FEW_EXAMPLES = {change: f" The default is {change} for files with few examples." for change in ("more", "less")}

SETTINGS = {
    option.name: option
    for option in (
        Option(
            "epochs",
            int,
            20,
            f"maximum number of passes over the training split.{_FEW_EXAMPLES['more']}",
            bounds=Range(1, 100_000),
        ),
        Option(
            "batch_size", int, 32, f"number of examples in a batch.{_FEW_EXAMPLES['less']}", bounds=Range(1, 100_000)
        ),
        Option(
            "patience",
            int,
            3,
            "number of epochs without improvement on the validation split after which training stops; 0 trains all "
            "epochs." + _FEW_EXAMPLES["more"],
            bounds=Range(0, 100_000),
        ),
        Option("learning_rate", float, 3e-3, "the optimizer's initial learning rate", bounds=Range(1e-9, 100)),
        Option("seed", int, 0, "seed of all random numbers", bounds=Range(0, 2**32 - 1)),
        Option(
            "save_every_steps",
            int,
            0,
            "number of steps between checkpoints within an epoch; 0 saves one only at the end of each epoch",
            bounds=Range(0, 1_000_000_000),
        ),
        Option("deterministic", bool, False, "whether to use only deterministic operations, some of which are slower"),
    )
}
"""Settings of a training, in addition to the options of the architecture and the task."""

FIXED = {
    # Gradients are scaled down to this global norm if theirs is larger (Pascanu et al. 2013).
    "gradient_norm": 1.0,
    # The epsilon of Adam.
    "adam_epsilon": 1e-7,
}
"""Settings that only the defaults of a dataset change, not the user; `config.json` records them, too."""


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
    """

    config: RunConfig
    dataset: registry.Dataset
    path: Path
    resumed: bool
    free: frozenset[str] = frozenset()

    @property
    def unfinished(self) -> Path:
        """The folder that holds the checkpoint of the training until the run is complete."""
        return unfinished_path(self.path)


@dataclass(frozen=True)
class Request:
    """The arguments of `keras_rnn_zoo.train`; `None` for those that the user did not set."""

    architecture: str
    dataset: str | registry.Dataset | None
    data_dir: str | None
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    run: str | None
    models_dir: str | None

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
        return Plan(config, registry.dataset_of(config), path, resumed=True)
    if resumable and not overwrite:
        raise RunError(
            f"An unfinished training of {run!r} is in {unfinished_path(path)}. Resume it with --resume, discard it "
            "with --overwrite, or choose another name with --run NAME."
        )
    dataset = _dataset(architecture, request)
    config = _new_config(architecture, dataset, request, run)
    if request.dataset is None:
        logger.info("Training %s on %s: %s", architecture.name, dataset.name, dataset.summary)
    return Plan(config, dataset, path, resumed=False, free=_free(architecture, dataset, request))


def _free(architecture: registry.Architecture, dataset: registry.Dataset, request: Request) -> frozenset[str]:
    """Returns the names of the settings and options that training chooses by the data."""
    if not dataset.by_address:  # The defaults of a registered dataset were chosen for its size.
        return frozenset()
    set_by_user = {name for name, value in {**request.settings, **request.options}.items() if value is not None}
    by_length = (
        {"subsampling"}
        if "subsampling" in architecture.options and dataset.model_options["input"] == "series"
        else set()
    )
    return (frozenset(ADAPTED) | by_length) - set_by_user


def _new_config(
    architecture: registry.Architecture, dataset: registry.Dataset, request: Request, run: str
) -> RunConfig:
    registry.check_pair(architecture, dataset)
    task = registry.tasks.get(dataset.task)
    accepted = registry.options_of(architecture, dataset)
    input = dataset.model_options["input"]
    options = check_options(accepted, request.options, architecture.name)
    refuse_from_data(accepted, options)
    refuse_for_input(accepted, options, input)
    settings = {name: value for name, value in request.settings.items() if value is not None}
    values = {name: option.default for name, option in {**accepted, **SETTINGS}.items()}
    values |= {**FIXED, **dataset.defaults, **options, **check_options(SETTINGS, settings, "training")}
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
        TrainingConfig(**{name: values[name] for name in (*SETTINGS, *FIXED) if name != "seed"}),
        values["seed"],
        _versions(),
    )


def _dataset(architecture: registry.Architecture, request: Request) -> registry.Dataset:
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
    original |= {**config.dataset.options, **config.task.reader, **config.task.options}
    original |= {**config.options, **config.training.to_json()}
    requested = {"architecture": architecture.name, **request.settings, **request.options}
    if request.dataset is not None:
        requested["dataset"] = _dataset(architecture, request).name
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
