"""Evaluation of a run with the metrics of its task."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.batching.batches import Batches, make_batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.display.printing import one_line, quantity
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.display.text_tables import html_facts, result_line
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.inference.engine import check_engine
from keras_rnn_zoo.inference.labeled_data import open_labeled
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks._predictions import fault_of_numbers
from keras_rnn_zoo.tasks.task import Task

BATCH_SIZE = 128

logger = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Scorecard(Mapping[str, float]):
    """The metrics of a run on a split: a mapping from names to values, as in `scorecard["accuracy"]`.

    Attributes:
        run: name of the run.
        architecture: name of the architecture.
        dataset: name or address of the dataset.
        split: name of the split; "all" for data that the run was not trained on, of which all rows are used.
        examples: number of examples.
        metrics: the metrics by name.
        report: more detailed results of the task, such as metrics per class.
    """

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

    @property
    def result(self) -> str:
        """The metrics as a line, such as "Test split (32 examples): loss 0.1200, accuracy 0.9688"."""
        return result_line(self.metrics, self.split, self.examples)

    @property
    def measured(self) -> dict[str, Any]:
        """What the `metrics.json` of a run holds: the split, the number of examples, the metrics and the report."""
        return {"split": self.split, "examples": self.examples, "metrics": self.metrics, **self.report}

    def __repr__(self) -> str:
        return one_line(f"<Scorecard of the run {self.run!r} on {self.dataset}. {self.result}>")

    def _repr_html_(self) -> str:
        facts = {"run": self.run, "architecture": self.architecture, "dataset": self.dataset}
        part = "all rows" if self.split == "all" else f"{self.split} split"
        facts["data"] = f"{part}, {quantity(self.examples, 'example')}"
        return html_facts({**facts, **{name: f"{value:.4f}" for name, value in self.items()}})

    def as_json(self) -> dict[str, Any]:
        """Returns the scorecard as plain values, for `zoo evaluate --json`.

        Of the report, it has `"confusion"`: for classes or tags, the `"labels"` and the `"counts"`, a row for each true
        label and a column for each predicted one; with many of them, the most frequent confusions; otherwise `None`.
        """
        names = ("run", "architecture", "dataset", "split", "examples", "metrics")
        matrix = self.report.get("confusion_matrix")
        confusion = {"labels": matrix["labels"], "counts": matrix["rows"]} if matrix else self.report.get("confusions")
        return {**{name: getattr(self, name) for name in names}, "confusion": confusion}


def evaluate(
    run: Run | str | LoadedRun | list[Any] | tuple[Any, ...] | None = None,
    *,
    dataset: Any = None,
    split: str | None = None,
    data_dir: str | None = None,
    models_dir: str | None = None,
    engine: str = "",
    runner: Sequence[str] = (),
    **options: Any,
) -> Scorecard:
    """Evaluates a run on a split of the dataset it was trained on, or on all rows of other labeled data.

    Warns if the data has changed since training. Data in memory is not part of a run: pass it again. If it is the same,
    the splits are those of the training.

    Args:
        run: the run or its name, or a run that `zoo.load` returned; a list of runs, for their ensemble; `None` for the
            only run.
        dataset: the data, as for `zoo.train`: a name, the address of files, or data in memory; by default, what the run
            was trained on.
        split: `"test"`, `"validation"` or `"train"`; by default, `"test"`, or `"all"` for other data.
        data_dir: folder of prepared TFDS datasets; by default, the one that training used.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        engine: `"beam"` lets many workers predict, on Apache Beam; see docs/beam.md. By default, this process does.
        runner: with Beam, the options of its runner, such as `["--runner=DaskRunner"]`.
        **options: options of `dataset`, such as `columns`, `skip_bad_rows` and `encoding`; by default, the columns are
            those of the training if they exist.

    Returns:
        The metrics.

    Raises:
        RunError: the run does not exist or is damaged, or its predictions are not finite.
        DataError: the dataset or the split does not exist, or the data does not fit the run; or the data is in memory,
            which Beam does not evaluate.
        ZooError: the pipeline of Beam failed.

    Example:
        >>> zoo.evaluate("reviews", dataset="csv:part-*.csv", engine="beam")["accuracy"]
        0.9688
    """
    if engine or runner:
        from keras_rnn_zoo.beam.evaluate_parts import check_evaluation

        check_engine(engine, "the option runner requires it")
        check_evaluation(dataset, runner)
    if isinstance(run, list | tuple):
        from keras_rnn_zoo.inference.ensemble import load_ensemble

        run = load_ensemble(run, models_dir=models_dir)
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    data = open_split(found, dataset, split, data_dir, options)
    with translate_record_errors(data.name):
        loaded = run if isinstance(run, LoadedRun) else load_run(found)
        from keras_rnn_zoo.training.further_metrics import further_metrics

        further = further_metrics(found.config.training.metrics, (), loaded.task, loaded.model)
        if engine:
            from keras_rnn_zoo.beam.evaluate_parts import answered_in_parts

            batches = answered_in_parts(loaded, data, dataset, data_dir, options, runner, outputs=bool(further))
        else:
            prepared = make_batches(data.raw, loaded.task, BATCH_SIZE, references=True)
            batches = answered(loaded.task, loaded.to_logits, loaded.outputs, prepared)
    examples, metrics, report = score_of(loaded.task, batches, further)
    return Scorecard(loaded.name, found.config.architecture, data.name, data.split, examples, metrics, report)


class OpenedSplit(NamedTuple):
    """The examples that a run is evaluated on.

    Attributes:
        name: name or address of the dataset.
        split: name of the split.
        raw: a `tf.data.Dataset` of `(raw, target)`.
        checksum: SHA-256 digest of the dataset.
    """

    name: str
    split: str
    raw: Any
    checksum: str


def open_split(
    run: Run, dataset: Any, split: str | None, data_dir: str | None, options: Mapping[str, Any]
) -> OpenedSplit:
    """Opens the examples that a run is evaluated on; arguments and errors as of `evaluate`."""
    config, trained_on = run.config, run.config.dataset
    name, examples, own = open_labeled(config, dataset, options, data_dir)
    split = split or ("test" if own else "all")
    if own and (examples.checksum != trained_on.checksum or examples.classes != config.task.classes):
        logger.warning(
            "The dataset %s is not the one that %s was trained on (now version %s, then %s), so metrics are not "
            "comparable.",
            name,
            run.name,
            examples.version,
            trained_on.version,
        )
    with translate_record_errors(name):
        return OpenedSplit(name, split, examples.split(split), examples.checksum)


def score(
    task: Task,
    predict_logits: Callable[[Any], Any],
    generate: Any,
    batches: Batches,
    further: Sequence[Any] = (),
) -> tuple[dict[str, float], dict[str, Any]]:
    """Evaluates a model on batches.

    Args:
        task: the fitted task.
        predict_logits: function from the inputs of a batch to logits.
        generate: function from the inputs of a batch to the outputs of a task that generates step by step; `None` to
            compute only the loss of such a task.
        batches: batches of inputs, targets and references.
        further: Keras metrics of targets and logits to compute in addition.

    Returns:
        The loss, the task's metrics and the further ones, those that are finite, and the task's detailed report.

    Raises:
        RunError: predictions, or the loss, are not finite.
    """
    has_predictions = generate is not None or not task.generates
    found = answered(task, predict_logits, generate, batches)
    return score_of(task, found, further, has_predictions=has_predictions)[1:]


def score_of(
    task: Task, batches: Iterable["Answered"], further: Sequence[Any] = (), *, has_predictions: bool = True
) -> tuple[int, dict[str, float], dict[str, Any]]:
    """Scores what a model says about batches; see `score`, also for the other arguments.

    Args:
        batches: the batches with their answers.
        has_predictions: whether they have predictions, and not only the loss.

    Returns:
        The number of examples, the metrics and the report.
    """
    losses, weights = [], []
    all_predictions: dict[str, list[Any]] = {}
    references: list[Any] = []
    for batch in batches:
        losses.append(batch.loss)
        weights.append(batch.weight)
        for metric in further:
            metric.update_state(np.asarray(batch.targets), np.asarray(batch.logits))
        for name, values in batch.predictions.items():
            all_predictions.setdefault(name, []).extend(values)
        references.extend(np.asarray(batch.references))
    loss = float(np.average(losses, weights=weights)) if any(weights) else float("nan")
    metrics, report = task.score(all_predictions, references, loss) if has_predictions else ({}, {})
    metrics = {"loss": loss, **metrics}
    metrics |= {metric.name: float(metric.result()) for metric in further if metric.name not in metrics}
    return len(references), {name: value for name, value in metrics.items() if np.isfinite(value)}, report


class Answered(NamedTuple):
    """A batch with what a model says about it.

    Attributes:
        inputs: the inputs of the model.
        targets: the targets, as in training.
        references: the targets as the dataset has them.
        logits: the outputs of the model.
        loss: the mean loss of what is scored.
        weight: the number of what is scored, such as steps.
        predictions: arrays by name, as `Task.score` takes them; none of a task that generates, without `generate`.
        numbers: the places of the examples in the split, if batches have them, int64 `(batch,)`; else `None`.
    """

    inputs: Any
    targets: Any
    references: Any
    logits: Any
    loss: float
    weight: int
    predictions: dict[str, Any]
    numbers: Any


def answered(task: Task, predict_logits: Callable[[Any], Any], generate: Any, batches: Batches) -> Iterator[Answered]:
    """Yields batches with their predictions; arguments and errors as of `score`."""
    announce(f"Evaluating on {quantity(batches.examples, 'example')}")
    loss_function = task.loss()
    has_predictions = generate is not None or not task.generates
    for inputs, targets, references, *numbers in batches.data:
        logits = predict_logits(inputs)
        loss, weight = float(loss_function(targets, logits)), task.loss_weight(targets)
        predictions = task.predictions_for_scoring(generate, inputs, logits) if has_predictions else {}
        arrays = {name: np.asarray(values) for name, values in predictions.items()}
        fault = fault_of_numbers(arrays)
        if fault or (weight and np.isnan(loss)):  # A CTC loss is infinite if no alignment is possible.
            raise RunError(
                f"The model cannot be evaluated: {fault or 'its loss is NaN'}. Train it again with a lower learning "
                "rate."
            )
        yield Answered(inputs, targets, references, logits, loss, weight, arrays, numbers[0] if numbers else None)
