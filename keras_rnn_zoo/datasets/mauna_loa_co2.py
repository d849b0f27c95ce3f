"""The carbon dioxide in the air of Mauna Loa since 1958."""

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.readers._options import History, Horizon, Splits, Stride
from keras_rnn_zoo.user_data.time_defaults import DEFAULT_SPLITS, INPUT, MODEL_DEFAULTS


@registry.dataset(
    task="forecasting",
    size="321 train, 42 validation, 94 test windows of 36 months and the next 12",
    license="public domain",
    terms="https://gml.noaa.gov/about/disclaimer.html",
    model_options={"input": INPUT},
    # Batches, epochs and patience are those that a user's own files with as few windows get.
    defaults={**MODEL_DEFAULTS, "history": 36, "horizon": 12, "batch_size": 16, "epochs": 72, "patience": 10},
)
def mauna_loa_co2(
    data_dir: str | None,
    seed: int,
    *,
    history: History = 36,
    horizon: Horizon = 12,
    stride: Stride = 1,
    splits: Splits = DEFAULT_SPLITS,
) -> Examples:
    """Monthly mean CO2 at Mauna Loa from 1958 to 2001, which grows and has a yearly season (Keeling and Whorf 2004)."""
    from keras_rnn_zoo.datasets._series import numbers_of, series_from, windows_of
    from keras_rnn_zoo.user_data.frequency import Frequency

    series = series_from("1958-03-01", Frequency("month", 1), numbers_of("mauna_loa_co2"))
    return windows_of([series], history, horizon, stride, splits)
