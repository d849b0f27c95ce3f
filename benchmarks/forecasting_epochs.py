"""An epoch of the same LSTM forecaster by `zoo train`, in plain Keras and in Darts.

A layer of 64 units reads 168 steps of one series, and a dense layer forecasts the next 24 from its last state. Batches
of 32 windows, Adam, the mean absolute error or, for the zoo, the pinball loss of the median, which is half of it. The
zoo's model also has a step of a GRU for each step of the horizon; the peers have not. Each work trains two epochs and
returns the seconds of the second one, without validation.
"""

import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HISTORY, HORIZON, UNITS, BATCH = 168, 24, 64, 32


def series(steps: int) -> Any:
    """Returns an hourly series with a day, a week and noise, float32 `(steps,)`."""
    hours = np.arange(steps)
    waves = np.sin(2 * np.pi * hours / 24) + 0.5 * np.sin(2 * np.pi * hours / 168)
    return (waves + np.random.default_rng(0).normal(0, 0.3, steps)).astype("float32")


def training_windows(steps: int) -> tuple[Any, Any]:
    """Returns the windows of the training split, `(windows, history, 1)`, and what follows them."""
    values = series(steps)[: round(0.7 * steps)]
    views = np.lib.stride_tricks.sliding_window_view(values, HISTORY + HORIZON)
    return views[:, :HISTORY, None].copy(), views[:, HISTORY:].copy()


def ours(steps: int) -> Callable[[], float]:
    """Returns a function that trains by `zoo.train`."""
    from fitting import epoch_seconds, fit_replaced

    import keras_rnn_zoo as zoo

    folder = Path(tempfile.mkdtemp())
    times = np.datetime64("2020-01-01T00") + np.arange(steps)
    with open(folder / "series.csv", "w", newline="") as file:
        csv.writer(file).writerows([("time", "y"), *zip(times, series(steps), strict=True)])

    def work() -> float:
        seconds = epoch_seconds()

        def timed(fit: Any) -> Any:
            return lambda model, data, callbacks, **settings: fit(
                model, data, callbacks=[*callbacks, seconds], **settings
            )

        settings = {"history": HISTORY, "horizon": HORIZON, "units": UNITS, "batch_size": BATCH, "epochs": 2}
        settings |= {"patience": 0, "quantiles": "", "calendar": False, "autoregression": False, "dropout": 0}
        address = f"csv:{folder / 'series.csv'}"
        with fit_replaced(timed):
            zoo.train(
                "many_to_one", dataset=address, models_dir=str(folder / "models"), overwrite=True, verbose=0, **settings
            )
        return float(seconds.seconds[1])

    return work


def plain_keras(steps: int) -> Callable[[], float]:
    """Returns a function that trains the layers of Keras."""
    import keras
    from fitting import epoch_seconds

    x, y = training_windows(steps)

    def work() -> float:
        model = keras.Sequential([keras.layers.LSTM(UNITS), keras.layers.Dense(HORIZON)])
        model.compile("adam", "mae")
        seconds = epoch_seconds()
        model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0, callbacks=[seconds])
        return float(seconds.seconds[1])

    return work


def darts(steps: int) -> Callable[[], float]:
    """Returns a function that trains the `BlockRNNModel` of Darts."""
    from darts import TimeSeries
    from darts.models import BlockRNNModel
    from networks import torch_with_all_cores
    from pytorch_lightning.callbacks import Callback

    torch = torch_with_all_cores()
    values = TimeSeries.from_values(series(steps)[: round(0.7 * steps)])

    class EpochSeconds(Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.seconds: list[float] = []

        def on_train_epoch_start(self, *_: Any) -> None:
            self._start = time.perf_counter()

        def on_train_batch_end(self, *_: Any) -> None:
            self._last = time.perf_counter()

        def on_train_epoch_end(self, *_: Any) -> None:
            self.seconds.append(self._last - self._start)

    def work() -> float:
        callback = EpochSeconds()
        trainer = {"accelerator": "cpu", "callbacks": [callback], "enable_progress_bar": False, "logger": False}
        model = BlockRNNModel(
            HISTORY,
            HORIZON,
            model="LSTM",
            hidden_dim=UNITS,
            batch_size=BATCH,
            n_epochs=2,
            loss_fn=torch.nn.L1Loss(),
            pl_trainer_kwargs=trainer,
        )
        model.fit(values)
        return callback.seconds[1]

    return work
