"""What the numbers of series are like, feature by feature, and what is odd about them."""

from typing import Any

from keras_rnn_zoo.lazy import np

FEATURES_SHOWN = 20
SMALL, LARGE = 0.1, 10.0
"""Means beyond the second and deviations beyond either are far from those that networks learn well from."""
OUTLIER = 50.0
"""Deviations from the mean at which a number is more likely a code for a missing one, or a mistake."""


def series_ranges(steps: Any) -> list[str]:
    """Returns a line for each of the first features: its range, mean and standard deviation.

    Args:
        steps: the steps of some series, one after another: float (steps, features).
    """
    lines = []
    for number, (low, high, mean, deviation) in enumerate(_statistics(steps)[:FEATURES_SHOWN]):
        lines.append(
            f"Feature {number}: from {low:.4g} to {high:.4g}, mean {mean:.4g}, standard deviation {deviation:.4g}."
        )
    if steps.shape[1] > FEATURES_SHOWN:
        lines.append(f"{steps.shape[1] - FEATURES_SHOWN:,} more features are not shown.")
    return lines


def series_warnings(steps: Any, *, normalized: bool) -> list[str]:
    """Returns warnings of features that networks learn badly from, and of numbers that look like mistakes.

    Args:
        steps: the steps of some series, one after another: float (steps, features).
        normalized: whether each feature is scaled to mean 0 and variance 1.
    """
    low, high, mean, deviation = _statistics(steps).T
    found = []
    if missing := int(np.count_nonzero(~np.isfinite(steps))):
        instead = "the mean of the feature" if normalized else "0"
        found.append(f"{missing:,} of the numbers in the series are NaN or infinite and are read as {instead}.")
    constant = low == high
    if constant.any():
        found.append(f"{_named(constant)} always the same number, which teaches nothing.")
    far = ~constant & ((np.abs(mean) > LARGE) | (deviation > LARGE) | (deviation < SMALL))
    if not normalized and far.any():
        found.append(
            f"{_named(far)} far from mean 0 and standard deviation 1, which slows learning down or prevents it. Scale "
            "the series: --set normalization=standard."
        )
    outlying = ~constant & (np.maximum(high - mean, mean - low) > OUTLIER * deviation)
    if outlying.any():
        found.append(
            f"{_named(outlying)} numbers more than {OUTLIER:g} standard deviations from the mean. If they stand for "
            "missing ones, write NaN instead."
        )
    return found


def _statistics(steps: Any) -> Any:
    """Returns the lowest, highest, mean and standard deviation of each feature's finite numbers: (features, 4)."""
    finite = np.isfinite(steps)
    numbers, count = np.where(finite, steps, 0.0).astype("float64"), np.maximum(finite.sum(axis=0), 1)
    mean = numbers.sum(axis=0) / count
    deviation = np.sqrt(np.where(finite, np.square(numbers - mean), 0.0).sum(axis=0) / count)
    low = np.where(finite, steps, np.inf).min(axis=0)
    high = np.where(finite, steps, -np.inf).max(axis=0)
    without = ~finite.any(axis=0)  # A feature without any number counts as one of zeros.
    return np.stack([np.where(without, 0, low), np.where(without, 0, high), mean, deviation], axis=1)


def _named(chosen: Any) -> str:
    """Returns the features that a mask chooses, in words."""
    numbers = [str(number) for number in np.flatnonzero(chosen)]
    told = numbers if len(numbers) <= FEATURES_SHOWN else [*numbers[:FEATURES_SHOWN], "..."]
    return f"{'Feature' if len(numbers) == 1 else 'Features'} {', '.join(told)}:"
