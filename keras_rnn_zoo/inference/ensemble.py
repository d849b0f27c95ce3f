"""Ensembles of runs, which predict together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.run import Run

_OPTIONS = frozenset({"beam_size", "length_penalty", "bleu_tokenize"})
"""Options of a task that runs of an ensemble need not share: those of the first one apply."""
_IN_TRAINING = frozenset({"vectors", "freeze_embedding", "words_from_vectors"})
"""Options of a reader that matter only to the weights and the vocabulary, which is compared."""


@dataclass(frozen=True)
class LoadedEnsemble(LoadedRun):
    """Several runs in memory that predict as one.

    Attributes:
        run: the first run, whose task decodes the predictions.
        model: a model whose output is the mean of those of the runs: of their probabilities, or of their numbers.
        runs: the runs.
    """

    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        return ",".join(run.name for run in self.runs)

    @property
    def title(self) -> str:
        return f"The ensemble of the runs {', '.join(run.name for run in self.runs)}"


def load_ensemble(runs: Sequence[Any], *, models_dir: str | None = None) -> LoadedRun:
    """Loads runs that predict together.

    Their architectures and options may differ, but not what they read and predict.

    Args:
        runs: the runs, their names, or runs that `zoo.load` returned.
        models_dir: the folder of the runs.

    Raises:
        RunError: there is no run, one does not exist or is damaged, or they differ in their task, labels or vocabulary.
    """
    if not runs:
        raise RunError("An ensemble needs one run or more; received none. Name the runs.")
    loaded = [run if isinstance(run, LoadedRun) else load_run(run, models_dir=models_dir) for run in runs]
    first = loaded[0]
    for other in loaded[1:]:
        if fault := _difference(first.run.config, other.run.config):
            raise RunError(
                f"The runs {first.name!r} and {other.name!r} cannot predict together: {fault}. Train both on the same "
                "data with the same options of the task."
            )
    if len(loaded) == 1:
        return first
    from keras_rnn_zoo.layers.ensembles import ensemble_of

    model = ensemble_of([one.model for one in loaded], first.task.gives_logits)
    return LoadedEnsemble(first.run, first.task, model, tuple(one.run for one in loaded))


def _difference(one: RunConfig, other: RunConfig) -> str:
    """Returns in what two runs differ that an ensemble has to share, in words, or ""."""
    for what in ("name", "input", "classes"):
        ours, theirs = getattr(one.task, what), getattr(other.task, what)
        if ours != theirs:
            named = {"name": "tasks", "input": "kinds of input", "classes": "labels"}[what]
            return f"their {named} are {short_repr(ours)} and {short_repr(theirs)}"
    task = registry.tasks.get(one.task.name)
    for part, ours, theirs in (
        (registry.reader_of(task, one.task.input), one.task.reader, other.task.reader),
        (task, one.task.options, other.task.options),
    ):
        # A run of an earlier version lacks options that were added later, and does as by default.
        defaults = {name: option.default for name, option in part.options.items()}
        first, second = {**defaults, **ours}, {**defaults, **theirs}
        for name in sorted({*first, *second} - _OPTIONS - _IN_TRAINING):
            if first.get(name) != second.get(name):
                return f"{name} is {short_repr(first.get(name))} and {short_repr(second.get(name))}"
    if one.task.name == "transcription" and one.options.get("subsampling") != other.options.get("subsampling"):
        return f"subsampling is {one.options.get('subsampling')} and {other.options.get('subsampling')}"
    for name in sorted(file for file in {*one.files, *other.files} if file.startswith("task/")):
        if one.files.get(name) != other.files.get(name):
            return f"their files {name} differ, as do those of runs with different training data"
    return ""
