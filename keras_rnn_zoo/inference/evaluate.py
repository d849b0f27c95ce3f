"""How well a run answers, by the metrics of its task."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.batching import Batches, make_batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks._predictions import fault_of_numbers
from keras_rnn_zoo.tasks.task import Task

BATCH_SIZE = 128

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scorecard(Mapping[str, float]):
    """The metrics of a run on a split, by name: `scorecard["accuracy"]`."""

    run: str
    architecture: str
    dataset: str
    split: str
    examples: int
    metrics: dict[str, float]
    report: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return self.metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)

    def as_json(self) -> dict[str, Any]:
        """The scorecard as plain values, for `zoo evaluate --json`."""
        names = ("run", "architecture", "dataset", "split", "examples", "metrics")
        return {name: getattr(self, name) for name in names}


def evaluate(
    run: Run | str | LoadedRun | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    models_dir: str | None = None,
) -> Scorecard:
    """Measures a run on a split of the data set it was trained on. Warns where the data is no longer the same.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        split: `"test"`, `"validation"` or `"train"`.
        data_dir: folder of prepared TFDS data sets; the one that training used by default.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Raises:
        RunError: no such run, a damaged one, or one whose predictions are not finite.
        DataError: the data set or the split is not there.
    """
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    config, dataset = found.config, found.config.dataset
    examples = rebuild.open_examples(config, data_dir)
    if examples.checksum != dataset.checksum or examples.classes != config.task.classes:
        logger.warning(
            "The dataset %s is not what %s was trained on (version %s, then %s): the figures do not compare.",
            dataset.name,
            found.name,
            examples.version,
            dataset.version,
        )
    with translate_record_errors(dataset.name):
        raw = examples.split(split)
        loaded = run if isinstance(run, LoadedRun) else load_run(found)
        batches = make_batches(raw, loaded.task, BATCH_SIZE, references=True)
    metrics, report = score(loaded.task, loaded.to_logits, loaded.outputs, batches)
    return Scorecard(found.name, config.architecture, dataset.name, split, batches.examples, metrics, report)


def score(
    task: Task,
    predict_logits: Callable[[Any], Any],
    generate: Any,
    batches: Batches,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Measures a model over batches.

    Args:
        task: the fitted task.
        predict_logits: returns the logits of the inputs of a batch.
        generate: returns the outputs of a task that generates step by step; `None` to measure the loss alone of such
            a task.
        batches: inputs, targets and references.

    Returns:
        The loss and the task's metrics, as far as they are finite, and the task's fuller report.
    """
    loss_function = task.loss()
    losses, weights = [], []
    measured = generate is not None or not task.generates
    answers: dict[str, list[Any]] = {}
    references: list[Any] = []
    for inputs, targets, reference in batches.data:
        logits = predict_logits(inputs)
        losses.append(float(loss_function(targets, logits)))
        weights.append(task.loss_weight(targets))
        predictions = task.predictions_for_scoring(generate, inputs, logits) if measured else {}
        found = {name: np.asarray(values) for name, values in predictions.items()}
        fault = fault_of_numbers(found)
        if fault or (weights[-1] and np.isnan(losses[-1])):  # Some losses are infinite where no answer is possible.
            raise RunError(
                f"The model cannot be measured: {fault or 'its loss is not a number'}. Train it again with a lower "
                "learning rate."
            )
        for name, values in found.items():
            answers.setdefault(name, []).extend(values)
        references.extend(reference.numpy())
    loss = float(np.average(losses, weights=weights)) if any(weights) else float("nan")
    metrics, report = task.score(answers, references, loss) if measured else ({}, {})
    return {name: value for name, value in {"loss": loss, **metrics}.items() if np.isfinite(value)}, report
