"""What training does besides fitting: keep the best weights, write the history, stop in time."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import h5py
import keras

from keras_rnn_zoo.errors import TrainingError
from keras_rnn_zoo.files import write_text
from keras_rnn_zoo.runs import damaged


def is_whole_hdf5(path: Path) -> bool:
    """Whether a file, such as one of weights, is HDF5 and not cut short."""
    try:
        with h5py.File(path, "r"):
            return True
    except OSError:
        return False


class KeepBest(keras.callbacks.Callback):
    """Writes one row of `history.csv` an epoch, keeps the best weights, and stops when they no longer improve.

    All it remembers is in `history.csv`, so that best value and patience outlast an interruption.

    Args:
        folder: where `history.csv` and the best weights are written.
        monitor: the column that tells which epoch is best, such as `"val_loss"`.
        mode: `"min"` or `"max"`: whether less or more of it is better.
        patience: number of epochs without improvement after which training stops.
    """

    def __init__(self, folder: Path, monitor: str, mode: str, patience: int) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.rows: list[dict[str, float]] = []
        self._folder = folder
        self._sign = 1 if mode == "max" else -1

    @property
    def history_path(self) -> Path:
        """The table of epochs."""
        return self._folder / "history.csv"

    @property
    def weights_path(self) -> Path:
        """The weights of the best epoch."""
        return self._folder / f"best-{self.best['epoch']}.weights.h5"

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch; of equal ones, the one of lowest loss on the validation split."""
        return max(self.rows, key=lambda row: (self._sign * row[self.monitor], -row["val_loss"]))

    @property
    def exhausted(self) -> bool:
        """Whether the monitored value has not improved for `patience` epochs.

        While it is 0, as where no long text is right yet, a lower loss on the validation split is an improvement.
        """
        values = [(self._sign * row[self.monitor], 0.0 if row[self.monitor] else -row["val_loss"]) for row in self.rows]
        return bool(values) and len(values) - 1 - values.index(max(values)) >= self.patience

    def resume(self, epochs: int) -> None:
        """Takes up the first `epochs` rows of an earlier history; raises `RunError` where it or the weights lack."""
        try:
            with open(self.history_path, encoding="utf-8", newline="") as file:
                rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
            self.rows = [{**row, "epoch": int(row["epoch"])} for row in rows[:epochs]]
            _ = self.best
        except (OSError, TypeError, ValueError, KeyError) as error:
            raise damaged(self.history_path, f"it cannot be read as a table of epochs ({error!r})") from error
        if [row["epoch"] for row in self.rows] != list(range(1, epochs + 1)):
            raise damaged(self.history_path, f"it does not hold epochs 1 to {epochs}")
        if not is_whole_hdf5(self.weights_path):
            raise damaged(self.weights_path, "it is missing or cut short")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # The weights of an earlier best are removed an epoch late: until the state of this epoch is saved, too, an
        # interruption goes back to them.
        kept = self.weights_path if self.rows else None
        for path in self._folder.glob("best-*.weights.h5"):
            if path != kept:
                path.unlink()
        self.rows.append({"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}})
        if self.best is self.rows[-1]:
            self.model.save_weights(self.weights_path)
        table = io.StringIO()
        writer = csv.DictWriter(table, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.history_path, table.getvalue())
        if self.exhausted:
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
