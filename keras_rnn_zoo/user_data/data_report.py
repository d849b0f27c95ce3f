"""A first look at a user's data before it is trained on: what it is like, and what usually goes wrong."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RowsConfig
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._pixels import image_size
from keras_rnn_zoo.user_data.labels import alike, are_whole
from keras_rnn_zoo.user_data.rows import shown
from keras_rnn_zoo.user_data.series_report import series_ranges, series_warnings
from keras_rnn_zoo.user_data.validation_pass import RowReport

logger = logging.getLogger(__name__)

SAMPLE = 2000
"""Training examples whose lengths and contents are looked at."""
CLASSES_LISTED = 10
CUT_SOURCES, CUT_TARGETS = 0.5, 0.05
"""Shares of texts longer than `max_length` above which a warning tells of it. Targets count more: a model whose targets
are cut never learns how those texts end."""
LEAK, CHANCE = 0.5, 0.1
"""A class gives itself away if its name stands in so many of its own texts, and in no more of the others."""


def report_data(surveys: Mapping[str, RowReport], recorded: RowsConfig, training: Any, task: Any) -> None:
    """Logs rows, classes, lengths and three examples as the model sees them, and warns of what is odd.

    Args:
        surveys: what the first pass over the files found, by split.
        recorded: what the run records of the data.
        training: the training split as a `tf.data.Dataset`.
        task: the fitted task.
    """
    main = surveys["train"]
    path, rows = main.files.named()[0].name, recorded.rows
    columns = ", ".join(f"{word}={column}" for word, column in recorded.columns.items())
    logger.info(
        "%s: %s to train on, %s to validate on, %s to test on%s.",
        path,
        *(f"{rows[part]:,}" for part in ("train", "validation", "test")),
        f"; columns {columns}" if columns else "",
    )
    if main.labels:
        logger.info("Classes: %s.", _balance(main.labels))
    examples = list(training.take(SAMPLE).as_numpy_iterator())
    lengths, unit = _lengths(task, [raw for raw, _ in examples])
    found = np.percentile(lengths, (50, 95, 100))
    # Four digits tell enough of seconds; of many steps they would be 2e+04.
    median, most, longest = (f"{length:,.0f}" if length >= 1000 else f"{length:.4g}" for length in found)
    logger.info("Lengths: median %s, 95th percentile %s, longest %s %s.", median, most, longest, unit)
    if task.reader.input == "series":
        for line in series_ranges(np.concatenate([raw for raw, _ in examples])):
            logger.info("%s", line)
    for raw, target in examples[:3]:
        logger.info("As the model sees it: %s", _as_seen(task, raw, target))
    for warning in _warnings(surveys, task, examples, lengths):
        logger.warning("Warning: %s", warning)


def _balance(labels: Mapping[str, int]) -> str:
    total = sum(labels.values())
    ranked = sorted(labels.items(), key=lambda item: -item[1])
    told = [f"{shown(name)[1:-1]} {count:,} ({count / total:.1%})" for name, count in ranked[:CLASSES_LISTED]]
    more = [f"{len(ranked) - CLASSES_LISTED} more"] if len(ranked) > CLASSES_LISTED else []
    return ", ".join(told + more)


def _ids(task: Any) -> Any:
    """Returns the vocabulary that a task's reader reads with, or `None`."""
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
    """Returns the targets of examples, each a text; of several references the first, which training learns."""
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
    if isinstance(target, np.ndarray):
        target = target[0] if target.ndim else target.item()
    if task.classes and not isinstance(target, bytes):
        target = task.classes[int(target)]
    answer = target.decode("utf-8", "replace") if isinstance(target, bytes) else target
    return f"{seen} -> {shown(answer)}"


def _joined(ids: Any, tokens: Any) -> str:
    """Returns the tokens of one text as a model sees them, joined for a message."""
    from keras_rnn_zoo.layers.text import SEPARATORS

    known = frozenset(ids.vocabulary)
    texts = [token.decode("utf-8", "replace") for token in tokens.flat_values.numpy()]
    # A reader of words looks them up in lower case.
    return shown(SEPARATORS[ids.tokens].join(t if t in known or t.lower() in known else "[UNK]" for t in texts))


def _warnings(surveys: Mapping[str, RowReport], task: Any, examples: list[Any], lengths: Any) -> list[str]:
    main = surveys["train"]
    found = []
    if skipped := sum(one.bad_rows for one in surveys.values()):
        told = [bad.describe(str(one.files.named()[0])) for one in surveys.values() for bad in one.bad]
        found.append(f"{skipped:,} rows cannot be used and are left out; the first one: {told[0]}.")
    for one in surveys.values():
        found += one.files.warnings()
    if main.empty:
        found.append(f"{main.empty:,} rows have an empty text, which can teach nothing. Leave them out.")
    if main.strata and main.labels and max(main.labels.values()) > 0.95 * main.rows:
        likeliest = max(main.labels, key=lambda label: main.labels[label])
        found.append(
            f"{max(main.labels.values()) / main.rows:.1%} of the rows are of the class {likeliest!r}: always saying so "
            "would be as accurate. Look at macro_f1."
        )
    if main.strata:
        found += _odd_classes(main)
    numbers = np.asarray(main.numbers, "uint64")
    repeated = len(numbers) - len(np.unique(numbers))
    if repeated:
        found.append(f"{repeated:,} rows repeat the input of another; rows that do stand in the same split.")
    for part, one in surveys.items():
        if part == "train":
            continue
        if shared := int(np.isin(np.asarray(one.inputs, "uint64"), np.asarray(main.inputs, "uint64")).sum()):
            found.append(
                f"{shared:,} of the {one.rows:,} rows to {'test' if part == 'test' else 'validate'} on stand among "
                "those to train on, too: the figures will look better than they are."
            )
    limit = getattr(_ids(task), "max_length", None)
    if limit and np.mean(lengths > limit) > CUT_SOURCES:
        found.append(_cut("texts", lengths, limit, _unit(_ids(task))))
    if limit := getattr(task, "target_limit", None):
        written = _token_counts(task.target_ids, _target_texts(examples))
        if np.mean(written > limit) > CUT_TARGETS:
            found.append(_cut("targets", written, limit, _unit(task.target_ids)))
    if task.reader.input == "series":
        normalized = task.reader.normalization == "standard"
        found += series_warnings(np.concatenate([raw for raw, _ in examples]), normalized=normalized)
    return found + (_leaks(task, examples) if main.files.task_files.classes == "one" else [])


def _odd_classes(main: RowReport) -> list[str]:
    """Returns warnings of classes that look alike, are a header, or have a single row."""
    found = []
    for group in alike(main.labels)[:CLASSES_LISTED]:
        names = " and ".join(ascii(name) for name in group[:3])
        found.append(
            f"the labels {names} differ in case, spaces, Unicode form or invisible characters alone, and are "
            f"{len(group)} classes. Write them alike if they are one."
        )
    single = [name for name, count in main.labels.items() if count == 1]
    first = next(iter(main.labels))
    columns = main.files.columns.values()
    if single == [first] and columns and all(column.isdecimal() for column in columns):
        found.append(
            f"the first row alone has the label {first!r}: if it is the header, name the columns as it does, with "
            "--columns."
        )
    elif len(single) > 0.5 * len(main.labels):
        values = " Name the column as value=... in --columns if it is a number to predict."
        found.append(
            f"{len(single):,} of the {len(main.labels):,} classes have a single row, which is either trained on or "
            f"tested, never both.{values if are_whole(main.labels) else ''}"
        )
    return found


def _cut(what: str, lengths: Any, limit: int, unit: str) -> str:
    return (
        f"{np.mean(lengths > limit):.0%} of the {what} are longer than max_length={limit} and are cut; the longest has "
        f"{max(lengths):,} {unit}. Raise it: --set max_length=N."
    )


def _leaks(task: Any, examples: list[Any]) -> list[str]:
    """Returns warnings of classes whose names stand in their own texts."""
    if task.reader.input != "text":
        return []
    words = [frozenset(re.findall(r"\w+", raw.decode("utf-8", "replace").casefold())) for raw, _ in examples]
    targets = [int(target) for _, target in examples]
    found = []
    for number, name in enumerate(task.classes[:100]):
        parts = re.findall(r"\w+", name.casefold())
        if not parts or name.isdecimal():
            continue
        holds = [all(part in text for part in parts) for text in words]
        own = [held for held, target in zip(holds, targets, strict=True) if target == number]
        others = [held for held, target in zip(holds, targets, strict=True) if target != number]
        if own and others and np.mean(own) >= LEAK and np.mean(others) <= CHANCE:
            found.append(
                f"the label {name!r} stands in {np.mean(own):.0%} of its own texts and in {np.mean(others):.0%} of the "
                "others: it leaks into the text. Remove it there."
            )
    return found
