"""Output heads, which map the vector of an example or a step to predictions."""

import keras


def output_head(x, *, head, num_classes, targets=1):
    """Applies the output layer.

    Args:
        x: vectors, `(batch, features)` or, for each step, `(batch, time, features)`.
        head: `"regression"` for numbers, anything else for classes.
        num_classes: number of classes; ignored for regression.
        targets: number of numbers; only for regression.

    Returns:
        Float32 logits `(batch, num_classes)`, or for regression values `(batch, targets)`; for steps with an axis of
        time.
    """
    if head == "regression":
        return keras.layers.Dense(targets, dtype="float32", name="values")(x)
    return keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
