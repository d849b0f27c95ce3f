"""Synthetic daily sales, whose quantiles are known."""

import math
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.readers._options import History, Horizon, Splits, Stride
from keras_rnn_zoo.user_data.time_defaults import DEFAULT_SPLITS, INPUT, MODEL_DEFAULTS

if TYPE_CHECKING:
    from keras_rnn_zoo.user_data.time_grid import Series

SEED = 1970
SHOPS, DAYS = 3, 1000
NOISE = 5.0
"""The standard deviation of the noise around what is expected, which is all that cannot be forecast."""
LIFT = 30.0
"""What a promotion adds to the sales of a day."""


@registry.dataset(
    task="forecasting",
    size="1,977 train, 261 validation, 561 test windows of 28 days and the next 14",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": INPUT, "covariates": 5},
    defaults={**MODEL_DEFAULTS, "history": 28, "horizon": 14},
)
def toy_sales(
    data_dir: str | None,
    seed: int,
    *,
    history: History = 28,
    horizon: Horizon = 14,
    stride: Stride = 1,
    splits: Splits = DEFAULT_SPLITS,
) -> Examples:
    """Synthetic daily sales of three shops: a trend, a week, a year, promotions known in advance, and noise."""
    from keras_rnn_zoo.datasets._series import windows_of

    return windows_of(sales(), history, horizon, stride, splits)


def sales() -> "list[Series]":
    """Returns the series of the shops, which do not depend on the training seed."""
    from keras_rnn_zoo.datasets._series import series_from
    from keras_rnn_zoo.user_data.frequency import Frequency

    draw = np.random.Generator(np.random.PCG64(SEED))
    series = []
    for shop in range(SHOPS):
        promotions = (draw.random(DAYS) < 0.15).astype("float32")
        values = expected(shop, promotions) + draw.normal(0, NOISE, DAYS)
        series.append(
            series_from("2021-01-01", Frequency("us", 86_400_000_000), values.astype("float32"), promotions[:, None])
        )
        series[-1].name = f"shop {shop + 1}"
    return series


def expected(shop: int, promotions: Any) -> Any:
    """Returns what the sales of each day are without noise, float64 `(days,)`.

    Args:
        shop: the index of the shop.
        promotions: whether there is a promotion, float32 `(days,)`.
    """
    days = np.arange(len(promotions))
    week = np.array([0, 2, 4, 6, 14, 20, -10])[days % 7]
    year = 12 * np.sin(2 * math.pi * days / 365.2425)
    return 100 + 20 * shop + 0.02 * days + week + year + LIFT * promotions
