"""Tests of the difference of two scores on the same examples."""

from typing import Any, NamedTuple

import numpy as np

from keras_rnn_zoo.tasks._compared import ScoreParts

RESAMPLES = 9_999
"""Number of random exchanges, and of bootstrap samples."""
_MAX_NUMBERS = 2**24
"""Maximum number of numbers that are summed at a time."""


class Difference(NamedTuple):
    """The difference of two scores.

    Attributes:
        value: the second score minus the first.
        low: the lower end of its 95% interval, by the bootstrap over the examples (Efron 1979).
        high: the upper end.
        p: the probability of a difference at least as large if there were none, two-sided.
        test: what `p` is of: "McNemar" or "permutation".
    """

    value: float
    low: float
    high: float
    p: float
    test: str


def difference_of(first: ScoreParts, second: ScoreParts, *, seed: int = 0) -> Difference:
    """Tests the difference of two scores on the same examples.

    Scores that are the share of examples that are right are compared by McNemar's test, with the mid-p value (Fagerland
    et al. 2013), whose false alarms are close to the nominal rate. Others are compared by a permutation test, which
    exchanges the predictions of random examples (Noreen 1989).

    Args:
        first: a metric of the first model, in parts.
        second: the same of the second model, for the same examples.
        seed: seed of the random numbers.
    """
    from scipy import stats

    size, parts = first.values.shape
    both = np.concatenate([first.values, second.values])

    def difference(ones: Any, others: Any) -> Any:
        return second.total(both[others].sum(axis=-2)) - first.total(both[ones].sum(axis=-2))

    places = np.arange(size)
    value = float(difference(places, places + size))
    # The parts of a resample are summed at once.
    common = {"vectorized": True, "rng": np.random.default_rng(seed), "batch": max(1, _MAX_NUMBERS // (size * parts))}
    if np.array_equal(first.values, second.values):
        return Difference(0.0, 0.0, 0.0, 1.0, "McNemar" if _is_right_or_wrong(both) else "permutation")
    interval = stats.bootstrap(
        (places,),
        lambda sample, axis: difference(sample, sample + size),
        n_resamples=RESAMPLES,
        method="percentile",
        **common,
    ).confidence_interval
    if _is_right_or_wrong(both):
        p, test = _mcnemar(first.values[:, 0], second.values[:, 0]), "McNemar"
    else:
        found = stats.permutation_test(
            (places, places + size),
            lambda ones, others, axis: difference(ones, others),
            permutation_type="samples",
            n_resamples=RESAMPLES,
            **common,
        )
        p, test = float(found.pvalue), "permutation"
    return Difference(value, float(interval.low), float(interval.high), p, test)


def adjusted(values: list[float]) -> list[float]:
    """Returns p values adjusted for the number of tests (Holm 1979)."""
    order = np.argsort(values)
    scaled = np.asarray(values)[order] * np.arange(len(values), 0, -1)
    result = np.empty(len(values))
    result[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in result]


def _is_right_or_wrong(values: Any) -> bool:
    return bool(values.shape[1] == 1 and np.isin(values, (0, 1)).all())


def _mcnemar(first: Any, second: Any) -> float:
    from scipy import stats

    only_first, only_second = int((first > second).sum()), int((second > first).sum())
    fewer, discordant = min(only_first, only_second), only_first + only_second
    tail = stats.binom.cdf(fewer, discordant, 0.5) - stats.binom.pmf(fewer, discordant, 0.5) / 2
    return float(min(1.0, 2 * tail))
