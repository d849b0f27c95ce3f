"""Synthetic logs of machines whose faults begin at some step."""

import functools
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SIZES = {"train": 800, "validation": 100, "test": 200}
SEED = 1997
STEPS = (40, 100)
"""Minimum and maximum number of steps of a log."""
CLASSES = ("imbalance", "leak", "normal", "overheating")
SHIFTS = {"imbalance": (0.0, 0.0, 2.5), "leak": (0.0, -2.5, 0.0), "overheating": (2.5, 0.0, 0.0)}
"""What a fault adds to temperature, pressure and vibration, in standard deviations of their noise."""
SPREAD = 1.0
"""The standard deviation of the level of a sensor between machines, in standard deviations of its noise."""
HEALTHY = 0.25
"""The fraction of machines without a fault."""


@registry.dataset(
    task="step_classification",
    size="800 train, 100 validation, 200 test logs of 40 to 100 steps",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "features": 3, "num_classes": len(CLASSES)},
    defaults={"bidirectional": False, "units": 32, "epochs": 20, "patience": 5, "learning_rate": 0.01},
)
def toy_machine(data_dir: str | None, seed: int) -> Examples:
    """Synthetic logs of machines: temperature, pressure and vibration, and whether there is a fault, at every step.

    Every machine has levels of its own, and begins in order. So a single step says little: a fault is a change of what
    was read before. The logs do not depend on the training seed.
    """
    import hashlib

    draw = np.random.Generator(np.random.PCG64(SEED))
    logs = {split: [machine(draw) for _ in range(size)] for split, size in SIZES.items()}
    data = hashlib.sha256()
    for sensors, states in (log for split in logs.values() for log in split):
        data.update(sensors.tobytes() + states.tobytes())
    splits = {name: functools.partial(_as_dataset, split) for name, split in logs.items()}
    return Examples("1.0.0", data.hexdigest(), "series", splits, CLASSES)


def machine(draw: Any) -> tuple[Any, Any]:
    """Returns a log: the sensors, float32 `(steps, 3)`, and the index of the state at each step, int32 `(steps,)`."""
    steps = int(draw.integers(*STEPS, endpoint=True))
    sensors = draw.normal(0, SPREAD, 3) + draw.normal(0, 1, (steps, 3))
    states = np.full(steps, CLASSES.index("normal"), "int32")
    if draw.random() >= HEALTHY:
        fault = str(draw.choice(list(SHIFTS)))
        start = int(draw.integers(steps // 4, steps - 5))
        sensors[start:] += SHIFTS[fault]
        states[start:] = CLASSES.index(fault)
    return sensors.astype("float32"), states


def _as_dataset(logs: list[tuple[Any, Any]]) -> Any:
    spec = (tf.TensorSpec((None, 3), tf.float32), tf.TensorSpec((None,), tf.int32))
    data = tf.data.Dataset.from_generator(lambda: iter(logs), output_signature=spec)
    return data.apply(tf.data.experimental.assert_cardinality(len(logs)))
