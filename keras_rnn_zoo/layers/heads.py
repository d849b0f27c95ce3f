"""Output heads, which map a vector per example to predictions."""

import keras


def output_head(x, *, head, num_classes):
    """Applies the output layer.

    Args:
        x: vectors, `(batch, features)`.
        head: `"regression"` for a single value, anything else for classes.
        num_classes: number of classes; ignored for regression.

    Returns:
        Float32 logits `(batch, num_classes)`, or for regression values `(batch, 1)`.
    """
    if head == "regression":
        return keras.layers.Dense(1, dtype="float32", name="values")(x)
    return keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
