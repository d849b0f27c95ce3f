"""The setting `class_weight`: how much the examples of each class count in the loss."""

import csv
import math
from collections.abc import Sequence
from dataclasses import replace

from keras_rnn_zoo.batching.batches import Batches
from keras_rnn_zoo.batching.buckets import without_autograph
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError, name_hint
from keras_rnn_zoo.lazy import np, tf

BALANCED = "balanced"
_EXPECTED = f"Option 'class_weight' expects {BALANCED}, or CLASS=WEIGHT, separated by commas"


def parse_class_weight(text: str) -> dict[str, float] | None:
    """Returns the weights in a text, `spam=3,ham=1`, by class name; `None` for "balanced".

    Raises:
        OptionError: it is not such a text, or a weight is negative or not finite.
    """
    if text == BALANCED:
        return None
    weights = {}
    try:
        items = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error:
        raise OptionError(f"{_EXPECTED}; received {short_repr(text)}.") from None
    for item in items:
        name, equals, number = item.rpartition("=")  # A class may contain "=", a weight does not.
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if not equals or not 0 <= weight < math.inf:
            raise OptionError(f"{_EXPECTED}, with weights of at least 0; received {short_repr(item)}.")
        if name.strip() in weights:
            raise OptionError(
                f"Option 'class_weight' names {short_repr(name.strip())} twice; received {short_repr(text)}."
            )
        weights[name.strip()] = weight
    if not any(weights.values()):
        raise OptionError(f"{_EXPECTED}, at least one of them above 0; received {short_repr(text)}.")
    return weights


def weigh_classes(batches: Batches, setting: str, classes: Sequence[str]) -> tuple[Batches, list[float]]:
    """Adds the weight of each example to batches, as Keras's `sample_weight`.

    Args:
        batches: batches of `(inputs, class indices)`.
        setting: the setting.
        classes: names of the classes, in the order of their indices.

    Returns:
        Batches of `(inputs, class indices, weights)`, and the weight of each class.

    Raises:
        OptionError: the setting names a class that does not exist.
    """
    chosen = parse_class_weight(setting)
    if chosen is None:
        counts = np.zeros(len(classes), "int64")
        for targets in batches.targets.batch(1024):
            counts += np.bincount(targets.numpy(), minlength=len(classes))
        # As scikit-learn does it: every class counts the same, and an example 1 on average.
        weights = batches.examples / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        for name in chosen:
            if name not in classes:
                raise OptionError(f"Option 'class_weight' names {short_repr(name)}. {name_hint(name, classes)}")
        weights = np.array([chosen.get(name, 1.0) for name in classes])
    table = tf.constant(weights, tf.float32)
    weighed = batches.data.map(
        without_autograph(lambda inputs, targets: (inputs, targets, tf.gather(table, targets))),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return replace(batches, data=weighed.prefetch(tf.data.AUTOTUNE)), [float(weight) for weight in weights]
