"""What training does besides fitting: keep the best weights, write the history, stop in time."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import keras

from keras_rnn_zoo.errors import TrainingError
from keras_rnn_zoo.runs import write_text


class KeepBest(keras.callbacks.Callback):
    """Writes one row of `history.csv` an epoch, keeps the best weights, and stops when they no longer improve.

    All it remembers is in `history.csv`, so that an interrupted training goes on as if nothing had happened.

    Args:
        folder: where `history.csv` and the best weights are written.
        monitor: the column that tells which epoch is best, such as `"val_loss"`.
        mode: `"min"` or `"max"`: whether less or more of it is better.
        patience: number of epochs without improvement after which training stops.
    """

    def __init__(self, folder: Path, monitor: str, mode: str, patience: int) -> None:
        super().__init__()
        self.weights_path = folder / "best.weights.h5"
        self.monitor = monitor
        self.patience = patience
        self._history_path = folder / "history.csv"
        self._sign = 1 if mode == "max" else -1
        self.rows: list[dict[str, float]] = []

    def resume(self, epochs: int) -> None:
        """Takes up the first `epochs` rows of an earlier history."""
        with open(self._history_path, encoding="utf-8", newline="") as file:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        self.rows = [{**row, "epoch": int(row["epoch"])} for row in rows if row["epoch"] <= epochs]

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch; of equal ones, the one of lowest loss on the validation split."""
        return max(self.rows, key=lambda row: (self._sign * row[self.monitor], -row["val_loss"]))

    @property
    def epochs_without_improvement(self) -> int:
        """The number of epochs since the monitored value was first as good as it has ever been."""
        values = [self._sign * row[self.monitor] for row in self.rows]
        return len(values) - 1 - values.index(max(values))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.rows.append({"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}})
        if self.best is self.rows[-1]:
            beside = self.weights_path.with_name("beside.weights.h5")
            self.model.save_weights(beside)
            beside.replace(self.weights_path)
        table = io.StringIO()
        writer = csv.DictWriter(table, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self._history_path, table.getvalue())
        if self.epochs_without_improvement >= self.patience:
            self.model.stop_training = True


class StopOnBadLoss(keras.callbacks.Callback):
    """Raises `TrainingError`, which names the step, as soon as the loss is not a finite number."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss is {loss} at step {batch + 1} of epoch {self._epoch}. Train with a lower learning rate, or "
                "look for values in the data that are not finite."
            )
