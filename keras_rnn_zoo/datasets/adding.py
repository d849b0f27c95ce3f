"""The adding problem, which tests memory over many steps."""

import functools
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range

SIZES = {"train": 10_000, "validation": 1000, "test": 1000}
SEED = 1997


@registry.dataset(
    task="regression",
    size="10,000 train, 1,000 validation, 1,000 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "head": "regression", "features": 2},
    defaults={"cell": "gru", "dropout": 0.0, "batch_size": 64, "epochs": 4},
)
def adding(data_dir: str | None, seed: int, *, sequence_length: Annotated[int, Range(2, 10_000)] = 100) -> Examples:
    """The adding problem: the sum of the two marked numbers of a series (Hochreiter and Schmidhuber 1997).

    A step has a number, uniform from 0 to 1, and a marker, which is 1 at one step in each half of the series and 0
    elsewhere. Always predicting 1 gives a mean squared error of 1/6 = 0.167 for any length; a better score requires
    memory.

    Args:
        data_dir: not used; nothing is read from disk.
        seed: not used; the series do not depend on the training seed.
        sequence_length: number of steps of each series.
    """
    import hashlib

    splits = generate(sequence_length)
    data = hashlib.sha256()
    for values, marks in splits.values():
        data.update(values)
        data.update(marks)
    return Examples(
        version="1.0.0",
        checksum=data.hexdigest(),
        input="series",
        splits={name: functools.partial(_as_dataset, *split) for name, split in splits.items()},
    )


def generate(sequence_length: int, seed: int = SEED) -> dict[str, tuple[Any, Any]]:
    """Returns, for each split, the numbers `(series, steps)` and the indices of the marked steps `(series, 2)`."""
    draw = np.random.Generator(np.random.PCG64(seed))
    half = sequence_length // 2
    splits = {}
    for name, size in SIZES.items():
        values = draw.random((size, sequence_length), np.float32)
        marks = draw.integers([0, half], [half, sequence_length], (size, 2))
        splits[name] = values, marks
    return splits


def _as_dataset(values: Any, marks: Any) -> "tf.data.Dataset":
    # Markers are expanded one series at a time; all at once would double the memory for long series.
    def example(numbers: Any, steps: Any) -> Any:
        markers = tf.reduce_sum(tf.one_hot(steps, len(numbers)), axis=0)
        return tf.stack([numbers, markers], axis=-1), tf.reduce_sum(tf.gather(numbers, steps))

    return tf.data.Dataset.from_tensor_slices((values, marks)).map(example)
