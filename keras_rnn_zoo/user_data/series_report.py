"""Statistics of the features of series, and warnings about unusual ones."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.lazy import np

FEATURES_SHOWN = 20
MIN_DEVIATION, MAX_DEVIATION = 0.1, 10.0
"""Networks learn poorly from features whose standard deviation is outside this range, or whose mean exceeds the upper
bound."""
OUTLIER_DEVIATIONS = 50.0
"""A number this many standard deviations from the mean is probably a code for a missing value, or an error."""


def series_ranges(steps: Any, names: Sequence[str] = ()) -> list[str]:
    """Returns a line for each of the first features: its range, mean and standard deviation.

    Args:
        steps: the concatenated steps of some series: float `(steps, features)`.
        names: the names of the features; by default, they are numbered.
    """
    named = _names(names, steps)
    lines = []
    for name, (low, high, mean, deviation) in zip(named, _statistics(steps)[:FEATURES_SHOWN], strict=False):
        lines.append(
            f"Feature {name}: from {low:.4g} to {high:.4g}, mean {mean:.4g}, standard deviation {deviation:.4g}."
        )
    if steps.shape[1] > FEATURES_SHOWN:
        lines.append(f"{steps.shape[1] - FEATURES_SHOWN:,} more features are not shown.")
    return lines


def series_warnings(steps: Any, names: Sequence[str] = (), *, normalized: bool) -> list[str]:
    """Returns warnings about features from which networks learn poorly, and about numbers that look like errors.

    Args:
        steps: the concatenated steps of some series: float `(steps, features)`.
        names: the names of the features; by default, they are numbered.
        normalized: whether each feature is scaled to mean 0 and variance 1.
    """
    named = _names(names, steps)
    low, high, mean, deviation = _statistics(steps).T
    warnings = []
    if missing := int(np.count_nonzero(~np.isfinite(steps))):
        instead = "the mean of the feature" if normalized else "0"
        warnings.append(f"{missing:,} of the numbers in the series are NaN or infinite and are read as {instead}.")
    constant = low == high
    if constant.any():
        warnings.append(f"{_selected(constant, named)} constant, so nothing can be learned from it.")
    far = ~constant & ((np.abs(mean) > MAX_DEVIATION) | (deviation > MAX_DEVIATION) | (deviation < MIN_DEVIATION))
    if not normalized and far.any():
        warnings.append(
            f"{_selected(far, named)} far from mean 0 and standard deviation 1, which slows down or prevents learning. "
            "Scale the series: --set normalization=standard."
        )
    outlying = ~constant & (np.maximum(high - mean, mean - low) > OUTLIER_DEVIATIONS * deviation)
    if outlying.any():
        warnings.append(
            f"{_selected(outlying, named)} numbers more than {OUTLIER_DEVIATIONS:g} standard deviations from the mean. "
            "If they represent missing values, write NaN instead."
        )
    return warnings


def _statistics(steps: Any) -> Any:
    """Returns minimum, maximum, mean and standard deviation of each feature's finite numbers: `(features, 4)`."""
    finite = np.isfinite(steps)
    numbers, count = np.where(finite, steps, 0.0).astype("float64"), np.maximum(finite.sum(axis=0), 1)
    mean = numbers.sum(axis=0) / count
    deviation = np.sqrt(np.where(finite, np.square(numbers - mean), 0.0).sum(axis=0) / count)
    low = np.where(finite, steps, np.inf).min(axis=0)
    high = np.where(finite, steps, -np.inf).max(axis=0)
    empty = ~finite.any(axis=0)  # Features without any finite number count as zeros.
    return np.stack([np.where(empty, 0, low), np.where(empty, 0, high), mean, deviation], axis=1)


def _names(names: Sequence[str], steps: Any) -> list[str]:
    """Returns what each feature is called: its quoted name, or its number."""
    return [repr(name) for name in names] or [str(number) for number in range(steps.shape[1])]


def _selected(mask: Any, names: Sequence[str]) -> str:
    """Returns the features that a mask selects, such as "Features 0, 3:"."""
    found = [name for name, selected in zip(names, mask, strict=True) if selected]
    listed = found if len(found) <= FEATURES_SHOWN else [*found[:FEATURES_SHOWN], "..."]
    return f"{'Feature' if len(found) == 1 else 'Features'} {', '.join(listed)}:"
