"""A run as an object: what it is, how well it does, and what can be done with it. Imports no framework."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts import run as folders
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import one_line
from keras_rnn_zoo.display.text_tables import html_facts, result_line
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.training.settings import SETTINGS

if TYPE_CHECKING:
    from keras_rnn_zoo.inference.evaluate import Scorecard
    from keras_rnn_zoo.inference.load import LoadedRun
    from keras_rnn_zoo.tasks.task import Task


class Run(folders.Run):
    """A trained model with everything needed to use it, in the folder `path`: what `keras_rnn_zoo.train` returns.

    The model is loaded when it is first needed, and then kept.

    Args:
        path: the run's folder.

    Example:
        >>> run = zoo.train("many_to_one", epochs=3)                   # doctest: +SKIP
        >>> run.metrics["accuracy"], run.history["val_loss"]           # doctest: +SKIP
        >>> run.predict(["a film to remember"])[0]["label"]            # doctest: +SKIP
    """

    @classmethod
    def find(cls, run: "folders.Run | str | os.PathLike[str] | None" = None, *, models_dir: str | None = None) -> "Run":
        """Returns a run.

        Args:
            run: its name, that of its architecture, or the path of its folder; `None` for the only run.
            models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

        Raises:
            RunError: there is no such run, or its `config.json` is damaged.
        """
        found = folders.open_run(run, models_dir)
        if isinstance(found, cls):
            return found
        opened = cls(found.path)
        opened.__dict__.update(found.__dict__)  # The folder stays open.
        return opened

    @cached_property
    def _loaded(self) -> "LoadedRun":
        from keras_rnn_zoo.inference.load import load_run

        return load_run(self)

    @property
    def model(self) -> Any:
        """The `keras.Model` with the best weights. Raises `RunError` if a file is missing or damaged."""
        return self._loaded.model

    @property
    def task(self) -> "Task":
        """The fitted task, which preprocesses inputs and decodes outputs. Raises like `model`."""
        return self._loaded.task

    def predict(self, inputs: Sequence[Any], **options: Any) -> list[dict[str, Any]]:
        """Predicts raw inputs; arguments, results and errors as in `keras_rnn_zoo.predict`."""
        return self._loaded.predict(inputs, **options)

    def evaluate(self, **arguments: Any) -> "Scorecard":
        """Evaluates the run on a split of its dataset; arguments, results and errors as in `keras_rnn_zoo.evaluate`."""
        from keras_rnn_zoo.inference.evaluate import evaluate

        return evaluate(self._loaded, **arguments)

    def export(self, **arguments: Any) -> Path:
        """Exports the run as a new version; arguments, results and errors as in `keras_rnn_zoo.export`."""
        from keras_rnn_zoo.exporting.export import export

        return export(self._loaded, **arguments)

    @property
    def result(self) -> str:
        """The metrics at the end of training, as a line: "Test split (32 examples): loss 0.1200, accuracy 0.9688"."""
        measured = self.measured
        return result_line(measured["metrics"], measured["split"], measured["examples"])

    def __repr__(self) -> str:
        try:
            config = self.config
            what = f"{config.architecture} on {config.dataset.name}. {self.result}. {self.path}"
        except ZooError as error:
            what = str(error)
        return one_line(f"<Run {self.name!r}: {what}>")

    def _repr_html_(self) -> str:
        try:
            facts = self._facts()
        except ZooError as error:
            facts = {"error": str(error)}
        return html_facts({"run": self.name, **facts})

    def _facts(self) -> dict[str, str]:
        """Returns what the run is and how well it does, by the word for it."""
        config = self.config
        facts = {"architecture": config.architecture, "dataset": config.dataset.name, "task": config.task.name}
        if chosen := _chosen(config):
            facts["options"] = ", ".join(f"{name}={value}" for name, value in chosen.items())
        best = "" if config.best_epoch is None else f", the best was epoch {config.best_epoch}"
        facts["epochs"] = f"{config.epochs_trained} of up to {config.training.epochs}{best}"
        if not config.finished:
            facts["epochs"] += "; interrupted"
        return {**facts, "result": self.result, "path": str(self.path)}


def _chosen(config: RunConfig) -> dict[str, Any]:
    """Returns the options and settings of a run that differ from the defaults of its parts, by name."""
    task, dataset, known = registry.tasks.get(config.task.name), config.dataset, registry.datasets
    parts = [
        ({**config.training.to_json(), "seed": config.seed}, SETTINGS),
        (config.options, registry.architectures.get(config.architecture).options),
        (config.task.options, task.options),
        (config.task.reader, registry.reader_of(task, config.task.input).options),
        (dataset.options, known.get(dataset.name).options if dataset.name in known.names() else {}),
    ]
    chosen = {}
    for values, options in parts:
        for name, value in values.items():
            if name != "epochs" and (value != options[name].default if name in options else value):
                chosen[name] = value
    return chosen
