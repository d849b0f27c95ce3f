"""Heads: from one vector to an answer."""

import keras


def output_head(x, *, head, num_classes):
    """Returns float32 logits `(batch, num_classes)` of classes, or with the head `"regression"` values `(batch, 1)`."""
    if head == "regression":
        return keras.layers.Dense(1, dtype="float32", name="values")(x)
    return keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
