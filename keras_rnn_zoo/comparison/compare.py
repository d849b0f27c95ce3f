"""Compares runs on the same examples."""

import hashlib
import os
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.comparison.result import LEVEL, Comparison
from keras_rnn_zoo.comparison.significance import adjusted, difference_of
from keras_rnn_zoo.display.text_tables import Table
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.inference.answers import Answers
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.plotting.subject import Subject
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tasks._compared import ScoreParts, mean_of

_OPTION, _METRIC, _EXAMPLE, _INPUT, _TRUTH = "option", "metric", "example", "input", "truth"
"""The columns of the tables that are not of a run."""
SHOWN = 20
"""Number of examples that runs disagree on which are shown."""


def compare(
    runs: Sequence[Run | str | os.PathLike[str]],
    *,
    split: str | None = None,
    data_dir: str | None = None,
    models_dir: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Compares runs on the same examples, and tests whether they differ.

    Args:
        runs: two or more runs, or their names, with the same dataset. The first one is what others are tested against.
        split: the split to measure on; by default, the test split.
        data_dir: folder of prepared TFDS datasets; by default, the one that training used.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        seed: seed of the tests' random numbers.

    Returns:
        A `Comparison`. A share of right examples is tested by McNemar's test with the mid-p value; span F1, BLEU,
        character error rates and mean losses by a permutation test over the examples. The p values of several tests
        are adjusted (Holm 1979).

    Raises:
        OptionError: there are fewer than two runs, or two have the same name.
        RunError: a run does not exist or is damaged.
        DataError: the runs have other tasks, data or splits than the first.

    Example:
        >>> found = zoo.compare(["first", "second"])                     # doctest: +SKIP
        >>> found.conclusions                                            # doctest: +SKIP
        ['second and first do not differ significantly: accuracy +0.0040 (...)...']
    """
    if isinstance(runs, str | os.PathLike | Run) or len(runs) < 2:
        raise OptionError("A comparison expects a list of two or more runs. Name them, as in zoo compare first second.")
    opened = [Run.find(run, models_dir=models_dir) for run in runs]
    names = [run.name for run in opened]
    if len(set(names)) < len(names):
        raise OptionError(f"The runs to compare have the names {', '.join(names)}. Each expects a name of its own.")
    _check_alike(opened)
    subjects = [Subject(run, split=split or "test", data_dir=data_dir) for run in opened]
    _check_examples(subjects)
    answers = [subject.answers for subject in subjects]
    parts = [_parts(subject) for subject in subjects]
    places = [place for place in range(len(answers[0].losses)) if _differ(answers, place)]
    return Comparison(
        tuple(opened),
        answers[0].data.name,
        answers[0].data.split,
        len(answers[0].losses),
        _options_table(opened),
        _metrics_table(subjects),
        _tests_table(names, parts, seed),
        len(places),
        _differing_table(subjects, places[:SHOWN]),
    )


def _check_alike(runs: Sequence[Run]) -> None:
    first = runs[0]
    for run in runs[1:]:
        for what, own, its in (
            ("task", run.config.task.name, first.config.task.name),
            ("dataset", run.config.dataset.name, first.config.dataset.name),
        ):
            if own != its:
                raise DataError(
                    f"{run.name} has the {what} {own}, but {first.name} has {its}. Compare runs of the same dataset."
                )
        if run.config.task.classes != first.config.task.classes:
            raise DataError(f"{run.name} and {first.name} have different classes. Compare runs of the same dataset.")


def _check_examples(subjects: Sequence[Subject]) -> None:
    """Raises `DataError` unless all runs are measured on the same examples."""
    digests = [_digest(subject.opened.raw) for subject in subjects]
    for subject, digest in zip(subjects[1:], digests[1:], strict=True):
        if digest != digests[0]:
            raise DataError(
                f"The {subject.split} splits of {subjects[0].name} and {subject.name} have different examples: rows of "
                "your own files are divided by the seed of the training. Train both with the same seed, or with "
                "--validation FILE and --test FILE."
            )


def _digest(examples: Any) -> str:
    """Returns the SHA-256 of a `tf.data.Dataset` of examples."""
    digest = hashlib.sha256()
    for example in examples.as_numpy_iterator():
        for part in keras.tree.flatten(example):
            values = np.asarray(part)
            flat = values.tolist() if values.dtype == object else values.tobytes()
            digest.update(repr((values.dtype.str, values.shape, flat)).encode())
    return digest.hexdigest()


def _parts(subject: Subject) -> ScoreParts:
    """Returns what the run is tested by: a metric of its task, or the mean loss."""
    answers = subject.answers
    found = subject.task.score_parts(answers.predictions, answers.references) if answers.predictions else None
    return found or mean_of("loss", answers.losses, higher_is_better=False)


def _differ(answers: Sequence[Answers], place: int) -> bool:
    """Whether the predictions for an example differ in what is chosen: a label, a text, or numbers."""
    first, *others = ({name: values[place] for name, values in one.predictions.items()} for one in answers)
    return any(not np.array_equal(first[name], one[name]) for one in others for name in _chosen(first))


def _chosen(prediction: dict[str, Any]) -> list[str]:
    """Returns the names of the outputs that are chosen, rather than their probabilities or scores."""
    return [name for name, value in prediction.items() if np.asarray(value).dtype.kind in "SUOi"] or [*prediction]


def column_of(run: str) -> str:
    """Returns the column of a run in the tables: its name, or "run NAME" where another column is named so."""
    return f"run {run}" if run in (_OPTION, _METRIC, _EXAMPLE, _INPUT, _TRUTH) else run


def _options_table(runs: Sequence[Run]) -> Table:
    values = [{"architecture": run.config.architecture, "seed": run.config.seed, **run.config.values} for run in runs]
    names = dict.fromkeys(name for one in values for name in one)
    rows = [
        {_OPTION: name, **{column_of(run.name): one.get(name) for run, one in zip(runs, values, strict=True)}}
        for name in names
        if any(one.get(name) != values[0].get(name) for one in values)
    ]
    return Table(rows, "Options that differ", None if rows else {_OPTION: _OPTION})


def _metrics_table(subjects: Sequence[Subject]) -> Table:
    scores = [subject.answers.scored(subject.task)[0] for subject in subjects]
    columns = [column_of(subject.name) for subject in subjects]
    rows = [
        {_METRIC: name, **{column: one.get(name) for column, one in zip(columns, scores, strict=True)}}
        for name in dict.fromkeys(name for one in scores for name in one)
    ]
    cells: dict[str, Any] = {_METRIC: _METRIC}
    for column in columns:
        cells[column] = lambda row, name=column: "-" if row[name] is None else f"{row[name]:.4f}"
    return Table(rows, f"Metrics on the {subjects[0].split} split", cells)


def _tests_table(names: Sequence[str], parts: Sequence[ScoreParts], seed: int) -> Table:
    found = [difference_of(parts[0], one, seed=seed) for one in parts[1:]]
    rows = [
        {
            "run": name,
            "against": names[0],
            "metric": parts[0].metric,
            "difference": one.value,
            "low": one.low,
            "high": one.high,
            "p": p,
            "test": one.test,
            "better": ((one.value > 0) == parts[0].higher_is_better) if p < LEVEL else None,
        }
        for name, one, p in zip(names[1:], found, adjusted([one.p for one in found]), strict=True)
    ]
    return Table(rows, "Differences")


def _differing_table(subjects: Sequence[Subject], places: Sequence[int]) -> Table:
    """Returns the examples at some places, with what each run predicts."""
    rows = []
    examples = subjects[0].raw_examples(places) if places else {}
    first = subjects[0]
    for place in places:
        raw, _ = examples[place]
        picture = first.task.reader.picture(*first.task.reader.add_batch_axis(raw))
        row = {_EXAMPLE: place, _INPUT: picture.content if picture.kind == "text" else picture.kind}
        row[_TRUTH] = first.task.describe_target(first.answers.references[place])
        rows.append({**row, **{column_of(subject.name): subject.predicted(raw) for subject in subjects}})
    return Table(rows, "Examples on which they disagree", None if rows else {_EXAMPLE: _EXAMPLE})
