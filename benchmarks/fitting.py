"""Captures the arguments of Keras's `fit` in `zoo train`: the compiled model and the batches."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any


class _CapturedError(Exception):
    """Ends a training when it is about to call `fit`."""


@contextlib.contextmanager
def fit_replaced(make: Callable[[Any], Any]) -> Iterator[None]:
    """Replaces `keras.Model.fit` by `make(fit)` inside a `with` block."""
    import keras

    original, keras.Model.fit = keras.Model.fit, make(keras.Model.fit)
    try:
        yield
    finally:
        keras.Model.fit = original


def captured_fit(name: str, **settings: Any) -> tuple[Any, Any]:
    """Runs `zoo.train` up to its call of `fit`; returns the compiled model and the batches."""
    import keras_rnn_zoo as zoo

    captured: list[Any] = []

    def capture(model: Any, data: Any, **_: Any) -> None:
        captured.extend((model, data))
        raise _CapturedError

    with tempfile.TemporaryDirectory() as folder, fit_replaced(lambda _: capture), contextlib.suppress(_CapturedError):
        zoo.train(name, models_dir=folder, verbose=0, **settings)
    return captured[0], captured[1]


def epoch_seconds() -> Any:
    """Returns a callback that appends the time of each epoch's training steps, without validation, to its `seconds`."""
    import keras

    class EpochSeconds(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._start = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self._last = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds.append(self._last - self._start)

    return EpochSeconds()
