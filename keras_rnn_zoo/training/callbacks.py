"""Callbacks of training: best weights, history, checkpoints, early stopping, and a check of the loss."""

import contextlib
import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_rnn_zoo.atomic_files import write_text
from keras_rnn_zoo.batching.batches import Batches
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import TrainingError
from keras_rnn_zoo.training.averaging import AveragedWeights
from keras_rnn_zoo.training.checkpoint import assign, read_state, write_state

MIN_LOSS_DECREASE = 0.01
"""Among epochs with equal monitored values, a loss that is lower by this much counts as an improvement."""


class BestCheckpoint(keras.callbacks.Callback):
    """Writes a row of `history.csv` per epoch, keeps the best weights, and stops when they no longer improve.

    Its only state is its rows. `TrainingCheckpoint` saves them, so the best value and the patience survive an
    interruption.

    Args:
        folder: where `history.csv` and the best weights are written.
        monitor: the column that determines the best epoch, such as `"val_loss"`.
        mode: `"min"` or `"max"`: whether lower or higher values are better.
        patience: number of epochs without improvement after which training stops; 0 disables early stopping.
        tie: values of the monitored column that differ by at most this much count as equal.
        writes: whether this process writes files; of several that train together, one does.

    Attributes:
        rows: the rows.
        stopped: whether a callback of the user stopped the training.
        averages: the average of the weights if it is kept in place of the weights of the last step, else `None`.
    """

    def __init__(
        self, folder: Path, monitor: str, mode: str, patience: int, tie: float = 0.0, writes: bool = True
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.rows: list[dict[str, float]] = []
        self.stopped = False
        self.averages: AveragedWeights | None = None
        self._folder = folder
        self._tie = tie
        self._writes = writes
        self._sign = 1 if mode == "max" else -1

    @property
    def history_path(self) -> Path:
        """The table with a row per epoch."""
        return self._folder / "history.csv"

    @property
    def weights_path(self) -> Path:
        """The weights of the best epoch."""
        return self._weights_path(self.best)

    def _weights_path(self, row: Mapping[str, float]) -> Path:
        return self._folder / f"best-{row['epoch']}.state"

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch; among equal ones, the one with the lowest validation loss."""
        return self._best_and_last(self.rows)[0]

    @property
    def exhausted(self) -> bool:
        """Whether there was no improvement for `patience` epochs.

        An improvement is a better monitored value, or an equal one with a clearly lower validation loss. Ties are
        common: with few validation examples, accuracy takes few values, and while no long text is completely correct,
        it stays zero.
        """
        if not self.rows or not self.patience:
            return False
        return self.rows[-1]["epoch"] - self._best_and_last(self.rows)[1]["epoch"] >= self.patience

    def _best_and_last(self, rows: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
        """Returns the row of the best epoch, whose weights are kept, and the row of the last improvement.

        Rows are compared in order: the weights of an epoch are lost unless it was the best so far when it ended.
        """
        best = last = rows[0]
        top, lowest = self._sign * best[self.monitor], best["val_loss"]
        for row in rows[1:]:
            value, loss = self._sign * row[self.monitor], row["val_loss"]
            higher, clearly_higher = value > top, value > top + self._tie
            top = max(top, value)
            if value < top - self._tie:
                continue
            if self._sign * best[self.monitor] < top - self._tie or loss < best["val_loss"]:
                best = row
            if higher or loss <= lowest - MIN_LOSS_DECREASE:
                last, lowest = row, loss if clearly_higher else min(lowest, loss)
        return best, last

    def ending(self, epochs: int) -> str:
        """Returns why a training of up to `epochs` epochs ended and which epoch was the best, as a sentence."""
        done, best = len(self.rows), int(self.best["epoch"])
        if done < epochs and self.stopped and not self.exhausted:
            return f"Stopped by a callback after epoch {done} of {epochs}; the best was epoch {best}."
        if done < epochs:
            equal = ", whose loss is the lowest among equals" if best > done - self.patience else ""
            return (
                f"Stopped after epoch {done} of {epochs}: {self.monitor} has not improved for "
                f"{quantity(self.patience, 'epoch')} (patience={self.patience}); the best was epoch {best}{equal}."
            )
        advice = " The last epoch was the best: more epochs may improve the model." if best == epochs else ""
        if epochs == 1:
            return "The only epoch is done: more epochs may improve the model."
        return f"All {epochs} epochs done; the best was epoch {best}.{advice}"

    def resume(self, rows: Sequence[dict[str, float]]) -> None:
        """Continues an earlier history; raises `RunError` if the file with its best weights is damaged."""
        self.rows = list(rows)
        if self.rows:
            read_state(self.weights_path)
            self._write_history(self.rows)

    def load_best(self, model: Any) -> None:
        """Loads the weights of the best epoch into a model; raises `RunError` if their file is damaged."""
        _, groups = read_state(self.weights_path)
        assign(self.weights_path, model.weights, groups.get("weights", []))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # Remove superseded weights one epoch later: until the checkpoint of this epoch is saved, a resumed training
        # would still need them.
        kept = self.weights_path if self.rows else None
        for path in self._folder.glob("best-*.state") if self._writes else ():
            if path != kept:
                path.unlink()
        self.stopped = bool(
            getattr(self.model, "stop_training", False)
        )  # Nothing but the user's callbacks has set it yet.
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        rows = [*self.rows, row]
        if self._best_and_last(rows)[0] is row:
            # All processes assign the weights, whether they write or not: on JAX, they do that together.
            with self.averages.in_model() if self.averages else contextlib.nullcontext():
                self._write_weights(row)
        self._write_history(rows)
        self.rows = rows  # Last, so that the epoch does not count if there is an interruption before.
        if self.exhausted:
            self.model.stop_training = True

    def _write_weights(self, row: Mapping[str, float]) -> None:
        weights = self.model.weights
        if self._writes:
            write_state(self._weights_path(row), {"epoch": row["epoch"]}, {"weights": weights})

    def _write_history(self, rows: Sequence[dict[str, float]]) -> None:
        if not self._writes:
            return
        table = io.StringIO()
        columns = dict.fromkeys(name for row in rows for name in row)  # Callbacks may add some later.
        writer = csv.DictWriter(table, list(columns), restval="nan", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.history_path, table.getvalue())


class TrainingCheckpoint(keras.callbacks.Callback):
    """Saves a checkpoint to resume training from, after each epoch and optionally every few steps.

    It also passes the index of the epoch to the batches, whose order depends on it.

    Args:
        path: the file of the checkpoint.
        keeper: the callback whose history is saved.
        training: the batches.
        every: number of steps between checkpoints within an epoch; 0 to save only at the end of each epoch.
        first_step: number of steps of the first epoch that were done before the interruption.
        writes: whether this process writes the file; of several that train together, one does.

    Attributes:
        metrics: the values of the metrics' variables to continue the first epoch with; `None` if it starts at its
            beginning.
    """

    def __init__(
        self, path: Path, keeper: BestCheckpoint, training: Batches, every: int, first_step: int, writes: bool = True
    ) -> None:
        super().__init__()
        self.metrics: list[Any] | None = None
        self._path = path
        self._keeper = keeper
        self._training = training
        self._every = every
        self._first_step = first_step
        self._writes = writes
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch
        self._training.epoch.assign(epoch)
        if self.metrics is not None:
            assign(self._path, self.model.metrics_variables, self.metrics)
            self.metrics = None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._every:
            return
        step = self._first_step + batch + 1
        if step % self._every == 0 and step < self._training.count:
            self._save(self._epoch, step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._first_step = 0
        self._save(epoch + 1, 0)

    def _save(self, epoch: int, step: int) -> None:
        model = self.model  # On JAX, this also takes over the state of the last step, in all processes.
        if not self._writes:
            return
        groups = {"model": model.variables, "optimizer": model.optimizer.variables}
        if step:
            groups["metrics"] = model.metrics_variables
        write_state(self._path, {"epoch": epoch, "step": step, "rows": self._keeper.rows}, groups)


class StopAfterEpoch(keras.callbacks.Callback):
    """Stops training at the end of the current epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.stop_training = True


class StopOnInvalidLoss(keras.callbacks.Callback):
    """Raises `TrainingError`, which names the step, as soon as the loss is not finite.

    Args:
        first_step: number of steps of the first epoch that were done before the interruption.
    """

    def __init__(self, first_step: int = 0) -> None:
        super().__init__()
        self._first_step = first_step
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss is {loss} at step {self._first_step + batch + 1} of epoch {self._epoch}. Train with a lower "
                "learning rate, or check the data for values that are not finite."
            )
