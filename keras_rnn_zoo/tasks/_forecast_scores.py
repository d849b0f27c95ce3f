"""Metrics of forecasts, and the forecasts that a network must beat: the seasonal naive one and a linear one."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.quantiles import MEDIAN

MAX_LINEAR_ROWS, MAX_LINEAR_NUMBERS = 20_000, 2**26
"""Maximum number of rows, and of numbers in them, from which the linear forecast is learned."""
MAX_SPREAD = 4.0
"""The most by which quantiles are spread around the median."""
STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
"""Strengths of the ridge penalty among which the training rows choose."""
FOLDS, MIN_FOLD_ROWS, MAX_FOLD_NUMBERS = 4, 4, 2**22
"""Number of comparisons of strengths, each on a tenth of the rows, its minimum, and the maximum of numbers in all."""


def seasonal_naive(history: Any, horizon: int, season: int) -> Any:
    """Returns the forecast that repeats the last season, or the last value if the history is shorter than that.

    Args:
        history: the past, `(batch, steps, targets)`.
        horizon: number of steps to forecast.
        season: number of steps in a season.

    Returns:
        The forecast, `(batch, horizon, targets)`.
    """
    steps = history.shape[1]
    season = season if season <= steps else 1
    return history[:, steps - season + np.arange(horizon) % season]


def seasonal_differences(values: Any, starts: Sequence[int], season: int) -> Any:
    """Returns the mean absolute difference of each target to its value a season before, float64 `(targets,)`.

    Args:
        values: the values of all series, one after the other, `(rows, targets)`.
        starts: the rows that begin a series.
        season: number of steps in a season.
    """
    parts = [part for part in np.split(values.astype("float64"), list(starts)[1:]) if len(part) > season]
    differences = [np.abs(part[season:] - part[:-season]) for part in parts] or [np.ones((1, values.shape[1]))]
    together = np.concatenate(differences)
    present = np.isfinite(together)
    scale = np.where(present, together, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    return np.where(scale > 0, scale, 1.0)


class LinearForecast:
    """A ridge regression (scikit-learn) from a window to its horizon, the same for every target.

    It reads the past of a target, as the network does, and what is known in advance. The strength of its penalty is the
    one with the lowest absolute error on later rows of the training split (scikit-learn's `TimeSeriesSplit`).

    Attributes:
        weights: float32 `(features, horizon)`.
        intercept: float32 `(horizon,)`.
        known: number of the covariates, the first ones, of which it also reads the past.
    """

    _errors: Any = None

    def __init__(self, weights: Any, intercept: Any, known: int = 0) -> None:
        self.weights, self.intercept = np.asarray(weights, "float32"), np.asarray(intercept, "float32")
        self.known = known

    @classmethod
    def fit(cls, batches: Any, horizon: int, last_value: bool, windows: int, known: int = 0) -> "LinearForecast":
        """Learns from batches of `(inputs, targets)`, as a model gets them; from some windows if there are many."""
        features, outcomes, stride = [], [], 0
        for inputs, targets in batches:
            rows, _ = _rows(inputs, horizon, last_value, known)
            width = rows.shape[-1]
            if not stride:
                limit = max(1, min(MAX_LINEAR_ROWS, MAX_LINEAR_NUMBERS // width) // targets.shape[2])
                stride = -(-windows // limit)
                offset = 0
            outcome = np.transpose(targets[..., 0] - _level(inputs, last_value), (0, 2, 1))
            chosen = slice((-offset) % stride, None, stride)
            offset += len(targets)
            rows, outcome = rows[chosen].reshape(-1, width), outcome[chosen].reshape(-1, horizon)
            complete = np.isfinite(outcome).all(axis=1)
            features.append(rows[complete])
            outcomes.append(outcome[complete])
        x, y = np.concatenate(features), np.concatenate(outcomes)
        if not len(x):
            return cls(np.zeros((width, horizon)), np.zeros(horizon), known)
        found = _ridge(x.astype("float64"), y.astype("float64"), -(-horizon // stride) * targets.shape[2])
        linear = cls(found.coef_.reshape(horizon, width).T, np.broadcast_to(found.intercept_, horizon), known)
        linear._errors = y - (x @ linear.weights + linear.intercept)
        return linear

    def residuals(self, levels: Any) -> Any:
        """Returns the quantiles of the errors where the forecast was learned, `(horizon, levels)`; zeros if unknown."""
        if self._errors is None:
            return np.zeros((len(self.intercept), len(levels)), "float32")
        return np.quantile(self._errors, levels, axis=0).T.astype("float32")

    def __call__(self, inputs: Any, horizon: int, last_value: bool) -> Any:
        """Returns the forecast for the inputs of a model, scaled like its targets: `(batch, horizon, targets)`."""
        rows, targets = _rows(inputs, horizon, last_value, self.known)
        forecast = rows.reshape(-1, rows.shape[-1]) @ self.weights + self.intercept
        return np.transpose(forecast.reshape(-1, targets, horizon), (0, 2, 1)) + _level(inputs, last_value)


def _ridge(x: Any, y: Any, gap: int) -> Any:
    """Returns a ridge regression whose strength is chosen by the error on later rows.

    Args:
        x: the features of rows in the order of time, `(rows, features)`.
        y: their outcomes, `(rows, horizon)`.
        gap: number of rows whose outcomes overlap with those of a later row.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

    stride = max(1, x.size // MAX_FOLD_NUMBERS)
    rows, outcomes, gap = x[::stride], y[::stride], -(-gap // stride)
    size = len(rows) // 10
    if size < MIN_FOLD_ROWS or len(rows) - FOLDS * size - gap < size:  # Too few rows to compare strengths.
        return Ridge().fit(x, y)
    folds = TimeSeriesSplit(FOLDS, test_size=size, gap=gap)
    search = GridSearchCV(
        Ridge(), {"alpha": STRENGTHS}, cv=folds, scoring="neg_mean_absolute_error", refit=False, error_score="raise"
    )
    return Ridge(**search.fit(rows, outcomes).best_params_).fit(x, y)


def past_of(inputs: Any) -> Any:
    """Returns the past of the targets among the inputs of a model, float32 `(batch, steps, targets)`."""
    return np.asarray(inputs["series"] if isinstance(inputs, Mapping) else inputs)


def _level(inputs: Any, last_value: bool) -> Any:
    return past_of(inputs)[:, -1:] if last_value else np.float32(0)


def _rows(inputs: Any, horizon: int, last_value: bool, known: int) -> tuple[Any, int]:
    """Returns the features of each window and target, float32 `(batch, targets, features)`, and the targets."""
    past = past_of(inputs) - _level(inputs, last_value)
    rows, targets = np.transpose(past, (0, 2, 1)), past.shape[2]
    if isinstance(inputs, Mapping):
        values = np.asarray(inputs["covariates"])
        for part in (values[:, -horizon:], values[:, :-horizon, :known]):
            flat = part.reshape(len(past), 1, part.shape[1] * part.shape[2])
            rows = np.concatenate([rows, np.repeat(flat, targets, axis=1)], axis=-1)
    return rows, targets


def point_scores(truth: Any, forecast: Any, scale: Any) -> dict[str, float]:
    """Returns the errors of a point forecast; missing values do not count.

    `mse`, `mae` and `rmse` are scikit-learn's; it has no `smape` and `mase`. The symmetric error is 0 to 2 (Makridakis
    1993), 0 where both are 0. `mase` divides the absolute error of each target by that of its seasonal naive forecast
    within the training split (Hyndman and Koehler 2006).

    Args:
        truth: the values, `(windows, steps, targets)`, NaN where missing.
        forecast: the forecast, of the same shape.
        scale: the mean absolute seasonal difference of each target in the training split, `(targets,)`.
    """
    from sklearn import metrics

    present = np.isfinite(truth)
    if not present.any():
        return {}
    true, predicted = truth[present].astype("float64"), forecast[present].astype("float64")
    error, size = np.abs(true - predicted), np.abs(true) + np.abs(predicted)
    mse = float(metrics.mean_squared_error(true, predicted))
    return {
        "mse": mse,
        "mae": float(metrics.mean_absolute_error(true, predicted)),
        "rmse": float(np.sqrt(mse)),
        "smape": float(np.mean(np.where(size > 0, 2 * error / np.where(size > 0, size, 1), 0))),
        "mase": float(np.mean(error / np.broadcast_to(scale, truth.shape)[present])),
    }


def quantile_scores(truth: Any, quantiles: Any, levels: Sequence[float]) -> tuple[dict[str, float], dict[str, float]]:
    """Returns the scores of quantiles, and for each level the fraction of values below its quantile.

    `wql` is the weighted quantile loss, twice the pinball loss (scikit-learn) over the mean absolute value (Park et al.
    2022); `coverage` the fraction of values between the lowest and the highest quantile.

    Args:
        truth: the values, `(windows, steps, targets)`, NaN where missing.
        quantiles: the quantiles, `(windows, steps, targets, levels)`.
        levels: their levels.
    """
    from sklearn import metrics

    present = np.isfinite(truth)
    if not present.any():
        return {}, {}
    true, found = truth[present].astype("float64"), quantiles[present].astype("float64")
    total = float(np.mean(np.abs(true)))
    losses = [metrics.mean_pinball_loss(true, found[:, number], alpha=level) for number, level in enumerate(levels)]
    scores = {"wql": float(2 * np.mean(losses) / total)} if total else {}
    if len(levels) > 1:
        scores["coverage"] = float(np.mean((found[:, 0] <= true) & (true <= found[:, -1])))
    below = {f"{level:g}": float(np.mean(true <= found[:, number])) for number, level in enumerate(levels)}
    return scores, below


def spread_of(truth: Any, quantiles: Any, levels: Sequence[float]) -> float:
    """Returns how far quantiles must be spread around the median for the outermost ones to cover what they should.

    The score of a value is its distance from the median, in units of the distance of the outermost quantile on its side
    (Romano et al. 2019 add a distance instead). It is never below 1: few values are no reason to narrow an interval.

    Args:
        truth: the values, `(windows, steps, targets)`, NaN where missing.
        quantiles: their quantiles in order, `(windows, steps, targets, levels)`.
        levels: the levels, the median among them, and at least one more.
    """
    middle = quantiles[..., list(levels).index(MEDIAN)]
    distance, scores, share = truth - middle, [], []
    for sign, outer in ((-1, 0), (1, -1)):
        if levels[outer] == MEDIAN:
            continue
        width = np.maximum(sign * (quantiles[..., outer] - middle), 1e-6)
        scores.append((sign * distance / width)[np.isfinite(truth) & (sign * distance > 0)])
        share.append(2 * abs(levels[outer] - MEDIAN))
    together = np.concatenate(scores)
    if not len(together):
        return 1.0
    level = min(1.0, float(np.mean(share)) * (1 + 1 / len(together)))
    return float(np.clip(np.quantile(together, level, method="higher"), 1.0, MAX_SPREAD))


def per_step(truth: Any, forecast: Any, quantiles: Any, scale: Any, levels: Sequence[float]) -> dict[str, list[float]]:
    """Returns the scores of points and quantiles at each step of the horizon; steps without values are left out."""
    scores = []
    for step in range(truth.shape[1]):
        of_quantiles, _ = quantile_scores(truth[:, [step]], quantiles[:, [step]], levels)
        scores.append(point_scores(truth[:, [step]], forecast[:, [step]], scale) | of_quantiles)
    return {name: [one[name] for one in scores if name in one] for name in next((one for one in scores if one), {})}
