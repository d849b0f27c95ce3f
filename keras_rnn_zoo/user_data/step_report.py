"""The report on sequences with a target for each step before training: sequences, classes, lengths, and warnings."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RowsConfig
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.spelling import spelled
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.columns import JOINT
from keras_rnn_zoo.user_data.data_report import CLASSES_LISTED, balance
from keras_rnn_zoo.user_data.series_report import series_ranges, series_warnings
from keras_rnn_zoo.user_data.step_sequences import Sequences, StepSequence
from keras_rnn_zoo.user_data.step_targets import StepForm

logger = logging.getLogger(__name__)

MAX_SHARE = 0.95
"""Share of the steps that one class may have without a warning."""


def report_steps(
    path: Any,
    form: StepForm,
    read: Mapping[str, Sequences],
    groups: Mapping[str, Sequence[StepSequence]],
    recorded: RowsConfig,
    task: Any,
) -> None:
    """Logs sequences, classes or numbers, and lengths, and warns about common problems.

    Args:
        path: the file, or the name of data in memory.
        form: the form of the targets.
        read: what was read, by split.
        groups: the sequences of each split.
        recorded: what the run records about the data.
        task: the fitted task.
    """
    main = read["train"]
    columns = ", ".join(f"{word}={column}" for word, column in recorded.columns.items())
    sizes = [f"{len(groups[name]):,} {name}" for name in ("train", "validation", "test")]
    logger.info("%s: sequences: %s; columns %s.", path.name, ", ".join(sizes), columns)
    lengths = np.array([len(one.targets) for one in main.found])
    logger.info(
        "Steps: %s; of a sequence, median %s, longest %s.",
        f"{lengths.sum():,}",
        f"{np.median(lengths):,.0f}",
        f"{lengths.max():,}",
    )
    if main.classes:
        several = " A step may have several classes." if form.multilabel else ""
        shares = balance(dict(zip(main.classes, main.counts, strict=True)), int(lengths.sum()))
        logger.info("Classes of the steps: %s.%s", shares, several)
    warnings = _warnings(form, read, groups, task, lengths)
    if main.found[0].inputs.ndim > 1:
        steps = np.concatenate([one.inputs for one in main.found])
        names = input_names(recorded.columns, steps.shape[1])
        for line in series_ranges(steps, names):
            logger.info("%s", line)
        warnings += series_warnings(steps, names, normalized=task.reader.normalization == "standard")
    for warning in warnings:
        logger.warning("%s", spelled(warning))


def input_names(columns: Mapping[str, str], features: int) -> list[str]:
    """Returns the columns of a table that hold the features of a step; [] if they are not one for each feature."""
    names = columns.get("input", "").split(JOINT)
    return names if len(names) == features and names[0] else []


def _warnings(
    form: StepForm,
    read: Mapping[str, Sequences],
    groups: Mapping[str, Sequence[StepSequence]],
    task: Any,
    lengths: Any,
) -> list[str]:
    main, warnings = read["train"], []
    if skipped := sum(one.report.bad_rows for one in read.values()):
        first = next(one.report for one in read.values() if one.report.bad)
        where = first.bad[0].describe(str(first.files.named()[0]))
        are = quantity(skipped, "row or target cannot be used and is", "rows or targets cannot be used and are")
        warnings.append(f"{are} left out; the first one: {where}.")
    if short := int((lengths == 1).sum()):
        have = quantity(short, "sequence has", "sequences have")
        warnings.append(f"{have} a single step, from which no order can be learned.")
    owner, option = task.reader.limit()
    limit = int(task.target_steps(getattr(owner, option)))
    stated = f"max_steps={limit}" if option == "max_steps" else f"{limit:,} frames, which max_seconds allows"
    name = "max_steps" if option == "max_steps" else "max_seconds"
    if cut := int((lengths > limit).sum()):
        have = quantity(cut, "sequence has", "sequences have")
        warnings.append(
            f"{have} more than {stated}; the rest is neither read nor predicted. Increase it: --set {name}=N, or cut "
            "long recordings into several."
        )
    keys = [one.key() for one in main.found]
    if repeated := len(keys) - len(set(keys)):
        are = quantity(repeated, "sequence is", "sequences are")
        warnings.append(f"{are} equal to another one; such sequences are put in the same split.")
    if form.multilabel or not main.classes:
        return warnings
    trained = np.zeros(len(main.classes), "int64")
    for one in groups["train"]:
        trained += np.bincount(one.targets[one.targets >= 0], minlength=len(trained))
    if absent := [name for name, count in zip(main.classes, trained, strict=True) if not count]:
        occur = quantity(len(absent), "class occurs", "classes occur")
        warnings.append(f"{occur} in no training sequence: {', '.join(map(repr, absent[:CLASSES_LISTED]))}.")
    share = max(main.counts) / max(1, sum(main.counts))
    if share > MAX_SHARE:
        majority = main.classes[int(np.argmax(main.counts))]
        warnings.append(
            f"{share:.1%} of the steps have the class {majority!r}: always predicting it would be as accurate. Compare "
            "macro_f1."
        )
    return warnings
