"""Series in arrays of NumPy: ragged, padded or joined, with classes, one-hot targets or numbers."""

import numpy as np
import pytest
from fault_files import npz, ragged
from format_files import X, opened, rows, write

from keras_rnn_zoo import registry

PADDED = np.stack([np.pad(item, ((0, 8 - len(item)), (0, 0))) for item in X])
LENGTHS = np.array([len(item) for item in X])
KINDS = np.arange(20) % 3


@pytest.mark.parametrize(
    "arrays",
    [{"x": ragged(*X)}, {"x": PADDED, "lengths": LENGTHS}, {"x": np.concatenate(X), "lengths": LENGTHS}],
    ids=["ragged", "padded", "joined"],
)
@pytest.mark.parametrize(
    ("y", "tasks", "task"),
    [
        (np.arange(20) % 3, ("classification", "regression"), "classification"),
        (np.arange(20) / 7, ("classification", "regression"), "regression"),
        (np.array([f"text {n}" for n in range(20)]), ("transcription",), "transcription"),
    ],
    ids=["classes", "numbers", "texts"],
)
def test_series_are_read_ragged_padded_or_joined(arrays, y, tasks, task, tmp_path):
    write(tmp_path, {"a.npz": npz(**arrays, y=y)})
    entry, examples = opened(f"npz:{tmp_path}/a.npz", *tasks)
    assert entry.task == task
    found = {raw.tobytes() for raw, _ in rows(examples)}
    assert found == {item.tobytes() for item in X}


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (KINDS.astype("float64"), ("0", "1", "2")),
        (KINDS.astype("float16"), ("0", "1", "2")),
        (KINDS[:, None], ("0", "1", "2")),
        (KINDS[:, None].astype("int8"), ("0", "1", "2")),
        (np.eye(3)[KINDS], ("0", "1", "2")),
        (np.eye(3, dtype=bool)[KINDS], ("0", "1", "2")),
        (KINDS > 0, ("False", "True")),
        (np.array([b"a", b"b", b"c"])[KINDS], ("a", "b", "c")),
        (np.array(["a", "b", "c"])[KINDS, None], ("a", "b", "c")),
        (np.array(["a", 1, 2.0], object)[KINDS], ("1", "2.0", "a")),
        (np.array([0.0, 1.5, 2.0])[KINDS], ("0.0", "1.5", "2.0")),
    ],
)
def test_targets_of_series_are_classes(y, classes, tmp_path):
    write(tmp_path, {"a.npz": npz(x=PADDED, y=y)})
    _, examples = opened(f"npz:{tmp_path}/a.npz", "classification", "regression", columns="label=y")
    assert examples.classes == classes
    guessed = registry.find_dataset(f"npz:{tmp_path}/a.npz", ("classification", "regression")).task
    assert guessed == ("regression" if "1.5" in classes else "classification")


def test_one_hot_targets_may_be_missing(tmp_path):
    y = np.eye(3)[KINDS]
    y[:5] = np.nan
    write(tmp_path, {"a.npz": npz(x=PADDED, y=y)})
    _, examples = opened(f"npz:{tmp_path}/a.npz", "classification", columns="label=y", skip_bad_rows=True)
    assert (examples.classes, examples.recorded.bad_rows) == (("0", "1", "2"), {"train": 5})
    assert len(rows(examples)) == 15


def test_numeric_targets_may_be_in_a_column(tmp_path):
    y = np.arange(20) / 7
    write(tmp_path, {"a.npz": npz(x=PADDED, y=y[:, None])})
    entry, examples = opened(f"npz:{tmp_path}/a.npz", "classification", "regression")
    assert entry.task == "regression"
    assert sorted(target for _, target in rows(examples)) == pytest.approx(y)
