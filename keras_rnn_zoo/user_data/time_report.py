"""The report on a table over time before training: series, steps, splits, and what was repaired or is unusual."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.spelling import spelled
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.series_report import OUTLIER_DEVIATIONS
from keras_rnn_zoo.user_data.time_table import TimeTable
from keras_rnn_zoo.user_data.windows import Windows

logger = logging.getLogger(__name__)

LISTED = 10
"""Maximum number of columns or series to list."""
MAX_MISSING = 0.3
"""Fraction of missing values above which there is a warning."""


def report_series(read: TimeTable, bounds: Sequence[int], windows: Mapping[str, Windows], task: Any) -> None:
    """Logs what a table over time contains and how it is split, and warns about common problems.

    Args:
        read: the table.
        bounds: the times at which validation and test begin, and the time at which test ends.
        windows: the windows of each split.
        task: the fitted task.
    """
    path, columns, clock = read.source.path.name, read.columns, read.clock
    lengths = [len(one) for one in read.series]
    several = f"{len(lengths):,} series of " if len(lengths) > 1 else ""
    several += f"{min(lengths):,} to " if min(lengths) < max(lengths) else ""
    first = min(int(one.times[0]) for one in read.series)
    last = max(int(one.times[-1]) for one in read.series)
    logger.info(
        "%s: %s of %s, from %s to %s; columns %s.",
        path,
        several + quantity(max(lengths), "step"),
        read.step,
        clock.write(first),
        clock.write(last),
        ", ".join(f"{word}={name}" for word, name in columns.as_options().items()),
    )
    any_split = windows["train"]
    logger.info(
        "Windows of %s and the next %s: %s for training, %s for validation from %s, %s for the test from %s.",
        quantity(any_split.history, "step"),
        f"{any_split.horizon:,}",
        f"{len(any_split):,}",
        f"{len(windows['validation']):,}",
        clock.write(bounds[0]),
        f"{len(windows['test']):,}",
        clock.write(bounds[1]),
    )
    values = np.concatenate([one.values for one in read.series])
    for name, column in list(zip(columns.targets, values.T, strict=True))[:LISTED]:
        logger.info("Target %s: %s.", name, _range(column))
    for line in _repairs(read, values):
        logger.info("%s", line)
    for warning in _warnings(read, values, windows):
        logger.warning("%s", spelled(warning))


def _range(column: Any) -> str:
    finite = column[np.isfinite(column)].astype("float64")
    if not len(finite):
        return "no values"
    low, high, mean, deviation = finite.min(), finite.max(), finite.mean(), finite.std()
    return f"from {low:.4g} to {high:.4g}, mean {mean:.4g}, standard deviation {deviation:.4g}"


def _repairs(read: TimeTable, values: Any) -> list[str]:
    """Returns a line for everything in the table that was put in order."""
    lines = []
    if read.unsorted:
        were = quantity(read.unsorted, "row was", "rows were")
        lines.append(f"{were} earlier than the row before; rows are sorted by time.")
    if read.repeated:
        are = quantity(read.repeated, "row repeats another one and is", "rows repeat another row and are")
        lines.append(f"{are} dropped.")
    gaps, steps = read.gaps
    if gaps:
        lines.append(
            f"{quantity(gaps, 'gap')} with {quantity(steps, 'step')} without a row: these values are missing. "
            "Forecasts read the last value before a gap, and targets in it are not learned or scored."
        )
    if empty := int(np.count_nonzero(np.isnan(values))) - steps * values.shape[1]:
        are = quantity(empty, "value is", "values are")
        lines.append(f"{are} empty or NaN, and treated like values in a gap.")
    return lines


def _warnings(read: TimeTable, values: Any, windows: Mapping[str, Windows]) -> list[str]:
    warnings = []
    if skipped := read.report.bad_rows:
        where = read.report.bad[0].describe(str(read.source.path))
        are = quantity(skipped, "row cannot be used and is", "rows cannot be used and are")
        warnings.append(f"{are} left out; the first one: {where}.")
    window = windows["train"].history + windows["train"].horizon
    short = [one for one in read.series if len(one) < window]
    if short:
        names = ", ".join(f"{one.name!r} ({len(one):,})" for one in short[:LISTED])
        warnings.append(
            f"{quantity(len(short), 'series is', 'series are')} shorter than a window of {window:,} steps and not "
            f"used: {names}. Make the window shorter, with history and horizon, to use them."
        )
    untrained = {int(number) for number in np.unique(windows["train"].places[:, 0])}
    later = [one.name for number, one in enumerate(read.series) if number not in untrained and one not in short]
    if later:
        warnings.append(
            f"{quantity(len(later), 'series has', 'series have')} no training window, because of a late beginning: "
            f"{', '.join(map(repr, later[:LISTED]))}."
        )
    missing = np.isnan(values).mean(axis=0)
    for name, column, share in zip(read.columns.targets, values.T, missing, strict=True):
        finite = column[np.isfinite(column)].astype("float64")
        if not len(finite) or finite.min() == finite.max():
            warnings.append(f"The target {name!r} is constant, so there is nothing to forecast.")
            continue
        if share > MAX_MISSING:
            warnings.append(f"{share:.0%} of the values of the target {name!r} are missing.")
        if np.abs(finite - finite.mean()).max() > OUTLIER_DEVIATIONS * finite.std():
            warnings.append(
                f"The target {name!r} has numbers more than {OUTLIER_DEVIATIONS:g} standard deviations from its mean. "
                "If they represent missing values, leave them empty."
            )
    known = np.concatenate([one.known for one in read.series])
    for name, column in zip(read.columns.known, known.T, strict=True):
        finite = column[np.isfinite(column)]
        if not len(finite) or finite.min() == finite.max():
            warnings.append(f"The known column {name!r} is constant, so nothing can be learned from it.")
    return warnings
