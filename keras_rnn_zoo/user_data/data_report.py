"""The report on a user's data before training: statistics, examples, and warnings about common problems."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RowsConfig
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.spelling import spelled
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._pixels import image_size
from keras_rnn_zoo.user_data.labels import are_integers, group_similar
from keras_rnn_zoo.user_data.rows import shown
from keras_rnn_zoo.user_data.series_report import series_ranges, series_warnings
from keras_rnn_zoo.user_data.validation_pass import RowReport

logger = logging.getLogger(__name__)

SAMPLE_SIZE = 2000
"""Number of training examples whose lengths and contents are inspected."""
CLASSES_LISTED = 10
FEW_TESTED = 10
"""A test split with fewer rows has no meaningful score: a single row is more than a tenth of it."""
MAX_TRUNCATED_SOURCES, MAX_TRUNCATED_TARGETS = 0.5, 0.05
"""Fractions of texts longer than `max_length` above which there is a warning. Truncated targets are worse: the model
never learns how these texts end."""
MIN_LEAK, MAX_CHANCE = 0.5, 0.1
"""A label leaks into the text if its name occurs in at least the first fraction of the texts of its class, and in at
most the second fraction of the other texts."""


def report_data(reports: Mapping[str, RowReport], recorded: RowsConfig, training: Any, task: Any) -> None:
    """Logs rows, classes, lengths and three examples as the model sees them, and warns about common problems.

    Args:
        reports: the results of the validation pass over the files, by split.
        recorded: what the run records about the data.
        training: the training split as a `tf.data.Dataset`.
        task: the fitted task.
    """
    main = reports["train"]
    path, rows = main.files.named()[0].name, recorded.rows
    columns = ", ".join(f"{word}={column}" for word, column in recorded.columns.items())
    logger.info(
        "%s: %s, %s, %s%s.",
        path,
        quantity(rows["train"], "training row"),
        *(quantity(rows[split], f"{split} row") for split in ("validation", "test")),
        f"; columns {columns}" if columns else "",
    )
    if main.labels:
        logger.info("Classes: %s.", balance(main.labels, sum(main.labels.values())))
    examples = list(training.take(SAMPLE_SIZE).as_numpy_iterator())
    lengths, unit = _lengths(task, [raw for raw, _ in examples])
    percentiles = np.percentile(lengths, (50, 95, 100))
    # Four significant digits are enough for seconds, but would show large numbers of steps as 2e+04.
    median, high, longest = (f"{length:,.0f}" if length >= 1000 else f"{length:.4g}" for length in percentiles)
    logger.info("Lengths: median %s, 95th percentile %s, longest %s %s.", median, high, longest, unit)
    if task.reader.input == "series":
        for line in series_ranges(np.concatenate([raw for raw, _ in examples])):
            logger.info("%s", line)
    for raw, target in examples[:3]:
        logger.info("As the model sees it: %s", _as_seen(task, raw, target))
    few = quantity(rows["test"], "test row")
    warnings = [f"A score on {few} says little."] if rows["test"] < FEW_TESTED else []
    for warning in warnings + _warnings(reports, task, examples, lengths):
        logger.warning("%s", spelled(warning))


def balance(labels: Mapping[str, int], total: int) -> str:
    """Returns the number of each class, and its share of `total`; only the most frequent ones if there are many."""
    ranked = sorted(labels.items(), key=lambda item: -item[1])
    listed = [f"{shown(name)[1:-1]} {count:,} ({count / max(total, 1):.1%})" for name, count in ranked[:CLASSES_LISTED]]
    more = [f"{len(ranked) - CLASSES_LISTED} more"] if len(ranked) > CLASSES_LISTED else []
    return ", ".join(listed + more)


def _ids(task: Any) -> Any:
    """Returns the vocabulary of a task's reader, or `None`."""
    return getattr(task.reader, "ids", None) or getattr(task.reader, "words", None)


def _lengths(task: Any, raws: list[Any]) -> tuple[Any, str]:
    ids = _ids(task)
    if ids is not None:
        return _token_counts(ids, raws), _unit(ids)
    if task.reader.input == "image":
        sizes = [image_size(raw) for raw in raws[:200]]
        return np.array([width for _, width in sizes]), f"pixels wide ({sizes[0][0]} high)"
    lengths = np.array([len(raw) for raw in raws])
    if task.reader.input == "audio":
        return lengths / task.reader.sample_rate, "seconds"
    return lengths, "steps"


def _token_counts(ids: Any, texts: list[Any]) -> Any:
    return ids.tokenize(texts).row_lengths().numpy()


def _unit(ids: Any) -> str:
    from keras_rnn_zoo.layers.text import UNITS

    return UNITS[ids.tokens]


def _target_texts(examples: list[Any]) -> list[bytes]:
    """Returns the targets of examples, each a text; the first one if there are several references."""
    return [target[0] if isinstance(target, np.ndarray) else target for _, target in examples]


def _as_seen(task: Any, raw: Any, target: Any) -> str:
    ids = _ids(task)
    if ids is None:
        inputs = task.preprocess(*task.reader.add_batch_axis(tf.constant(raw)))
        inputs = inputs["source"] if isinstance(inputs, dict) else inputs
        seen = f"{inputs.dtype.name} {tuple(inputs.shape[1:])}"
    else:
        reader = task.reader
        seen = _joined(ids, reader.tokens([raw]) if hasattr(reader, "words") else ids.read([raw]))
    if hasattr(task, "target_ids"):
        tokens = task.target_ids.tokenize(_target_texts([(raw, target)]))
        return f"{seen} -> {_joined(task.target_ids, tokens[:, : task.target_limit])}"
    if isinstance(target, np.ndarray) and target.ndim and target.dtype.kind == "f":
        target = ", ".join(f"{number:.4g}" for number in target)
    elif isinstance(target, np.ndarray):
        target = target[0] if target.ndim else target.item()
    if task.classes and not isinstance(target, bytes):
        target = task.classes[int(target)]
    text = target.decode("utf-8", "replace") if isinstance(target, bytes) else target
    return f"{seen} -> {shown(text)}"


def _joined(ids: Any, tokens: Any) -> str:
    """Returns the tokens of a single text as the model sees them, joined for a message."""
    from keras_rnn_zoo.layers.text import SEPARATORS

    known = frozenset(ids.vocabulary)
    texts = [token.decode("utf-8", "replace") for token in ids.named(tokens).flat_values.numpy()]
    # Readers of words look them up in lower case.
    return shown(SEPARATORS[ids.tokens].join(t if t in known or t.lower() in known else "[UNK]" for t in texts))


def _warnings(reports: Mapping[str, RowReport], task: Any, examples: list[Any], lengths: Any) -> list[str]:
    main = reports["train"]
    warnings = []
    if skipped := sum(report.bad_rows for report in reports.values()):
        faults = [bad.describe(str(report.files.named()[0])) for report in reports.values() for bad in report.bad]
        warnings.append(
            f"{quantity(skipped, 'row cannot be used and is', 'rows cannot be used and are')} skipped; the first one: "
            f"{faults[0]}."
        )
    for report in reports.values():
        warnings += report.files.warnings()
    if main.empty:
        have = quantity(main.empty, "row has", "rows have")
        warnings.append(f"{have} an empty text, from which nothing can be learned. Remove them.")
    if main.has_strata and main.labels and max(main.labels.values()) > 0.95 * main.rows:
        majority = max(main.labels, key=lambda label: main.labels[label])
        warnings.append(
            f"{max(main.labels.values()) / main.rows:.1%} of the rows have the class {majority!r}: always predicting "
            "it would be as accurate. Compare macro_f1."
        )
    if main.has_strata:
        warnings += _odd_classes(main)
    if main.repeated:
        have = quantity(main.repeated, "row has", "rows have")
        warnings.append(f"{have} the same input as another row; such rows are put in the same split.")
    for split, report in reports.items():
        if split == "train":
            continue
        if shared := report.shared:
            are = quantity(report.rows, f"{split} row is", f"{split} rows are")
            warnings.append(f"{shared:,} of the {are} also among the training rows: metrics will be too good.")
    limit = getattr(_ids(task), "max_length", None)
    if limit and np.mean(lengths > limit) > MAX_TRUNCATED_SOURCES:
        warnings.append(_truncated("texts", lengths, limit, _unit(_ids(task))))
    if limit := getattr(task, "target_limit", None):
        target_lengths = _token_counts(task.target_ids, _target_texts(examples))
        if np.mean(target_lengths > limit) > MAX_TRUNCATED_TARGETS:
            warnings.append(_truncated("targets", target_lengths, limit, _unit(task.target_ids)))
    if task.reader.input == "series":
        normalized = task.reader.normalization == "standard"
        warnings += series_warnings(np.concatenate([raw for raw, _ in examples]), normalized=normalized)
    return warnings + (_leaks(task, examples) if main.files.task_files.classes == "one" else [])


def _odd_classes(main: RowReport) -> list[str]:
    """Returns warnings about classes that look alike, seem to be a header, or have a single row."""
    warnings = []
    for group in group_similar(main.labels)[:CLASSES_LISTED]:
        names = " and ".join(ascii(name) for name in group[:3])
        warnings.append(
            f"The labels {names} differ only in case, spaces, Unicode normalization or invisible characters, and are "
            f"{len(group)} classes. If they are the same class, write them the same way."
        )
    single = [name for name, count in main.labels.items() if count == 1]
    first = next(iter(main.labels))
    columns = main.files.columns.values()
    if single == [first] and columns and all(column.isdecimal() for column in columns):
        warnings.append(
            f"Only the first row has the label {first!r}: if it is the header, use its names of the columns in "
            "--columns."
        )
    elif len(single) > 0.5 * len(main.labels):
        values = " Name the column as value=... in --columns if it is a number to predict."
        warnings.append(
            f"{len(single):,} of the {len(main.labels):,} classes have a single row, which cannot be both in the "
            f"training split and in another.{values if are_integers(main.labels) else ''}"
        )
    return warnings


def _truncated(what: str, lengths: Any, limit: int, unit: str) -> str:
    return (
        f"{np.mean(lengths > limit):.0%} of the {what} are longer than max_length={limit} and are truncated; the "
        f"longest has {max(lengths):,} {unit}. Increase it: --set max_length=N."
    )


def _leaks(task: Any, examples: list[Any]) -> list[str]:
    """Returns warnings about labels whose names occur in the texts of their class."""
    if task.reader.input != "text":
        return []
    words = [frozenset(re.findall(r"\w+", raw.decode("utf-8", "replace").casefold())) for raw, _ in examples]
    targets = [int(target) for _, target in examples]
    warnings = []
    for index, name in enumerate(task.classes[:100]):
        label_words = re.findall(r"\w+", name.casefold())
        if not label_words or name.isdecimal():
            continue
        occurs = [all(word in text for word in label_words) for text in words]
        in_class = [occurred for occurred, target in zip(occurs, targets, strict=True) if target == index]
        in_others = [occurred for occurred, target in zip(occurs, targets, strict=True) if target != index]
        if in_class and in_others and np.mean(in_class) >= MIN_LEAK and np.mean(in_others) <= MAX_CHANCE:
            warnings.append(
                f"The label {name!r} occurs in {np.mean(in_class):.0%} of the texts of its class and in "
                f"{np.mean(in_others):.0%} of the others: it leaks into the text. Remove it there."
            )
    return warnings
