"""The monthly numbers of sunspots since 1749."""

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.readers._options import History, Horizon, Splits, Stride
from keras_rnn_zoo.user_data.time_defaults import DEFAULT_SPLITS, INPUT, MODEL_DEFAULTS


@registry.dataset(
    task="forecasting",
    size="2,033 train, 302 validation, 614 test windows of 144 months and the next 12",
    license="public domain",
    terms="https://www.ngdc.noaa.gov/stp/solar/ssndata.html",
    model_options={"input": INPUT},
    defaults={**MODEL_DEFAULTS, "history": 144, "horizon": 12},
)
def sunspots(
    data_dir: str | None,
    seed: int,
    *,
    history: History = 144,
    horizon: Horizon = 12,
    stride: Stride = 1,
    splits: Splits = DEFAULT_SPLITS,
) -> Examples:
    """Monthly mean sunspot numbers from 1749 to 2009, with cycles of about eleven years (NOAA)."""
    from keras_rnn_zoo.datasets._series import numbers_of, series_from, windows_of
    from keras_rnn_zoo.user_data.frequency import Frequency

    series = series_from("1749-01-01", Frequency("month", 1), numbers_of("sunspots"))
    return windows_of([series], history, horizon, stride, splits)
