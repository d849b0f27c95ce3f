"""The base class of tasks whose targets are numbers: one or several for an example, or for each of its steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import read_values
from keras_rnn_zoo.artifacts.schema import SCALES, any_of, float32, positive
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_json
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks._options import TargetNames
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.columns import JOINT

_SAVED = {"mean": any_of(float32, SCALES["mean"]), "deviation": any_of(positive, SCALES["deviation"])}
"""What is kept of a fitted task. Runs of earlier versions have a number in place of a list."""


class NumbersTask(Task):
    """A task that predicts numbers. Each target is scaled to mean 0 and variance 1 on the training split."""

    gives_logits = False

    FILE = "target.json"
    output_form = "numbers"

    def __init__(self, reader: Any, classes: tuple[str, ...], *, target_names: TargetNames = "") -> None:
        super().__init__(reader, classes)
        self._names = tuple(target_names.split(JOINT)) if target_names else ()
        self.mean, self.deviation = [0.0], [1.0]

    @property
    def target_names(self) -> tuple[str, ...]:
        """The name of each target; its index if the user's data does not name it."""
        count = len(self.mean)
        return self._names if len(self._names) == count else tuple(map(str, range(count)))

    def fit(self, examples: Any) -> str:
        targets = examples.map(tf.autograph.experimental.do_not_convert(lambda raw, target: target))
        if targets.element_spec.shape.is_fully_defined():  # An object for each row would take more than its number.
            targets = targets.batch(1024)
        rows = [np.asarray(target, "float64").ravel() for target in targets.as_numpy_iterator()]
        count = self._count_of(examples)
        columns = np.concatenate(rows).reshape(-1, count).T.copy()
        present = [column[np.isfinite(column)] for column in columns]
        self.mean = [float(column.mean()) if len(column) else 0.0 for column in present]
        self.deviation = [(float(column.std()) if len(column) else 0.0) or 1.0 for column in present]
        learned = f"targets of mean {self.mean[0]:.4g} and deviation {self.deviation[0]:.4g}"
        return f"{super().fit(examples)}, {learned if count == 1 else f'{count} targets, each scaled by its own'}"

    def _count_of(self, examples: Any) -> int:
        """Returns the number of targets in the examples of a dataset."""
        shape = examples.element_spec[1].shape
        return int(shape[-1]) if shape.rank else 1

    def model_options(self) -> dict[str, Any]:
        several = {"targets": len(self.mean)} if len(self.mean) > 1 else {}
        return {**super().model_options(), "head": "regression", **several}

    def size_labels(self) -> dict[str, Sequence[str]]:
        return {**super().size_labels(), "targets": self.target_names}

    def save(self, folder: Path) -> None:
        super().save(folder)
        write_json(folder / self.FILE, {"mean": self.mean, "deviation": self.deviation})

    def load(self, folder: Path | Member) -> None:
        super().load(folder)
        statistics = read_values(folder / self.FILE, _SAVED, [("mean", "deviation")])
        self.mean, self.deviation = (np.ravel(statistics[name]).tolist() for name in ("mean", "deviation"))

    def scaled(self, target: Any) -> Any:
        """Returns targets `(..., targets)` on the scale of the model's outputs."""
        return (tf.cast(target, tf.float32) - tf.constant(self.mean)) / tf.constant(self.deviation)

    def unscaled(self, outputs: Any) -> Any:
        """Returns outputs of the model `(..., targets)` in the units of the targets."""
        return tf.cast(outputs, tf.float32) * tf.constant(self.deviation) + tf.constant(self.mean)

    def output_names(self) -> tuple[str, ...]:
        return self.target_names

    def output_values(self, outputs: Any) -> Any:
        return self.unscaled(outputs)

    def judged_targets(self, targets: Any) -> Any:
        return np.asarray(self.unscaled(targets))

    def output_units(self) -> tuple[Any, Any]:
        return np.asarray(self.deviation, "float32"), np.asarray(self.mean, "float32")


def number_scores(truth: Any, predicted: Any, names: Sequence[str]) -> tuple[dict[str, float], dict[str, Any]]:
    """Returns the errors of predicted numbers, and of several targets those of each.

    Those of all targets are the means of those of each, as scikit-learn defines them.

    Args:
        truth: the numbers, NaN where missing: `(examples, targets)`.
        predicted: the predictions: `(examples, targets)`.
        names: the name of each target.
    """
    from sklearn import metrics

    by_target: dict[str, dict[str, float]] = {}
    for name, true, found in zip(names, truth.T, predicted.T, strict=True):
        present = np.isfinite(true)
        if present.any():
            mse = float(metrics.mean_squared_error(true[present], found[present]))
            mae = float(metrics.mean_absolute_error(true[present], found[present]))
            by_target[name] = {"mse": mse, "mae": mae, "rmse": mse**0.5}
    kinds = next(iter(by_target.values()), {})
    scores = {kind: float(np.mean([errors[kind] for errors in by_target.values()])) for kind in kinds}
    return scores, {"per_target": by_target} if len(names) > 1 else {}
