"""What a training will do, settled and checked before a framework is loaded."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
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

_FEW = {way: f" The default is {way} for files with few examples." for way in ("more", "less")}

SETTINGS = {
    option.name: option
    for option in (
        Option("epochs", int, 20, f"most passes over the training split.{_FEW['more']}", bounds=Range(1, 100_000)),
        Option("batch_size", int, 32, f"examples in a batch.{_FEW['less']}", bounds=Range(1, 100_000)),
        Option(
            "patience",
            int,
            3,
            "epochs without improvement on the validation split after which training stops; 0 trains all epochs."
            + _FEW["more"],
            bounds=Range(0, 100_000),
        ),
        Option("learning_rate", float, 3e-3, "the optimizer's first learning rate", bounds=Range(1e-9, 100)),
        Option("seed", int, 0, "seed of all that is drawn at random", bounds=Range(0, 2**32 - 1)),
        Option(
            "save_every_steps",
            int,
            0,
            "steps after which the state of the training is saved within an epoch, too; 0 saves it at its end alone",
            bounds=Range(0, 1_000_000_000),
        ),
        Option("deterministic", bool, False, "whether only operations are used that give the same numbers each time"),
    )
}
"""Settings of a training, beside the options of the architecture and the task."""

FIXED = {
    # Gradients whose norm, over all weights together, is larger are scaled down to it (Pascanu et al. 2013).
    "gradient_norm": 1.0,
    # Adam's.
    "adam_epsilon": 1e-7,
}
"""Settings that only a data set's defaults change; `config.json` records them, too."""


@dataclass(frozen=True)
class Plan:
    """A training to be done.

    Attributes:
        config: the description of the run, as far as it is known.
        dataset: its dataset.
        path: the run's folder.
        resumed: whether an interrupted training is gone on with.
        free: the settings and options that neither the user nor a registered data set chose, and which follow from the
            training examples; see `keras_rnn_zoo.training.small_data` and `keras_rnn_zoo.training.subsampling`.
    """

    config: RunConfig
    dataset: registry.Dataset
    path: Path
    resumed: bool
    free: frozenset[str] = frozenset()

    @property
    def unfinished(self) -> Path:
        """The folder that holds the state of the training until the run is whole."""
        return unfinished_path(self.path)


@dataclass(frozen=True)
class Request:
    """What the user asked for; `None` where the user said nothing."""

    architecture: str
    dataset: str | registry.Dataset | None
    data_dir: str | None
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    run: str | None
    models_dir: str | None

    @property
    def path(self) -> Path:
        """The run's folder; raises `UnknownNameError` or `RunError` where a name is none."""
        name = self.run or registry.architectures.get(self.architecture).name
        return models_dir(self.models_dir) / check_run_name(name)


def make_plan(request: Request, *, resume: bool, overwrite: bool) -> Plan:
    """Settles a training; arguments and errors as `keras_rnn_zoo.train`."""
    architecture = registry.architectures.get(request.architecture)
    path = request.path
    run = path.name
    _check_unfinished(path)
    resumable = is_resumable(path)
    if resume:
        if not resumable:
            raise RunError(
                f"There is no unfinished training of {run!r} in {path.parent} to resume. Leave out --resume."
            )
        unfinished = Run(unfinished_path(path))
        unfinished.check()
        config = unfinished.config
        _check_same(config, request, architecture)
        if request.data_dir is not None:  # The same data may have moved; its checksum is compared when it is opened.
            moved = replace(config.dataset, data_dir=_data_dir(registry.dataset_of(config), request))
            config = replace(config, dataset=moved)
        return Plan(config, registry.dataset_of(config), path, resumed=True)
    if resumable and not overwrite:
        raise RunError(
            f"An unfinished training of {run!r} lies in {unfinished_path(path)}. Go on with it by --resume, discard it "
            "by --overwrite, or give this one another name by --run NAME."
        )
    dataset = _dataset(architecture, request)
    return Plan(
        _new_config(architecture, dataset, request, run),
        dataset,
        path,
        resumed=False,
        free=_free(architecture, dataset, request),
    )


def _free(architecture: registry.Architecture, dataset: registry.Dataset, request: Request) -> frozenset[str]:
    """Returns the names of the settings and options that the training chooses by the data."""
    if not dataset.by_address:  # The defaults of a registered data set were chosen for its size.
        return frozenset()
    given = {name for name, value in {**request.settings, **request.options}.items() if value is not None}
    thinned = (
        {"subsampling"}
        if "subsampling" in architecture.options and dataset.model_options["input"] == "series"
        else set()
    )
    return (frozenset(ADAPTED) | thinned) - given


def _new_config(
    architecture: registry.Architecture, dataset: registry.Dataset, request: Request, run: str
) -> RunConfig:
    registry.check_pair(architecture, dataset)
    task = registry.tasks.get(dataset.task)
    known = registry.options_of(architecture, dataset)
    given = check_options(known, request.options, architecture.name)
    refuse_from_data(known, given)
    refuse_for_input(known, given, dataset.model_options["input"])
    settings = {name: value for name, value in request.settings.items() if value is not None}
    chosen = {**{name: option.default for name, option in {**known, **SETTINGS}.items()}, **FIXED, **dataset.defaults}
    chosen |= {**given, **check_options(SETTINGS, settings, "training")}
    input = dataset.model_options["input"]
    return RunConfig(
        run,
        architecture.name,
        DatasetConfig(
            dataset.name,
            _pick(chosen, dataset.options),
            _data_dir(dataset, request),
            summary=dataset.summary,
            size=dataset.size,
            license=dataset.license,
        ),
        TaskConfig(
            task.name, input, _pick(chosen, task.options), _pick(chosen, registry.reader_of(task, input).options)
        ),
        _pick(chosen, {name: option for name, option in architecture.options.items() if not option.from_data}),
        TrainingConfig(**{name: chosen[name] for name in (*SETTINGS, *FIXED) if name != "seed"}),
        chosen["seed"],
        _versions(),
    )


def _dataset(architecture: registry.Architecture, request: Request) -> registry.Dataset:
    if request.dataset is None:
        return registry.default_dataset(architecture)
    if isinstance(request.dataset, registry.Dataset):
        return request.dataset
    return registry.find_dataset(request.dataset, architecture.tasks, {**request.options, "data_dir": request.data_dir})


def _data_dir(dataset: registry.Dataset, request: Request) -> str | None:
    if dataset.source == "tfds":
        return str(data_dir_path(request.data_dir).resolve())
    if request.data_dir is not None:
        raise OptionError(
            f"The dataset {dataset.name!r} {'is embedded and reads' if dataset.embedded else 'reads'} nothing from a "
            f"data directory; received {short_repr(request.data_dir)}. Leave it out, or name another dataset."
        )
    return None


def _pick(values: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    return {name: values[name] for name in options}


def _versions() -> dict[str, str]:
    packages = ("keras-rnn-zoo", "tensorflow", "keras", "tensorflow-datasets", "numpy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}


def _check_same(config: RunConfig, request: Request, architecture: registry.Architecture) -> None:
    """Raises `OptionError` if the user asks to resume a training with settings other than it began with."""
    begun = {"architecture": config.architecture, "dataset": config.dataset.name, "seed": config.seed}
    begun |= {**config.dataset.options, **config.task.reader, **config.task.options}
    begun |= {**config.options, **config.training.to_json()}
    asked = {"architecture": architecture.name, **request.settings, **request.options}
    if request.dataset is not None:
        asked["dataset"] = _dataset(architecture, request).name
    for name, value in asked.items():
        if value is not None and value != begun.get(name):
            raise OptionError(
                f"The unfinished training began with {name}={short_repr(begun.get(name))}; received "
                f"{short_repr(value)}. Leave it out to resume, or train anew with --overwrite."
            )


def _check_unfinished(path: Path) -> None:
    """Raises `RunError` if what has the name of the unfinished training of a run is no folder of plain files."""
    folder = unfinished_path(path)
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise RunError(f"{folder} is no folder, and the state of a training would be written there. Remove it.")
    snapshot = Snapshot(folder)
    for name, fault in snapshot.walk(snapshot.names()):
        if fault:
            raise RunError(f"{folder / name} is in the way of the training: {fault}. Remove it.")
