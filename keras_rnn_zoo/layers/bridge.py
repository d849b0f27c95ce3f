"""The first states of a decoder, which come from what was encoded."""

import itertools

from keras import ops


def states_from(x, sizes, bridged):
    """Cuts the vector that a decoder starts from into the first states of its cells.

    Args:
        x: the vector, `(batch, features)`, where `features` is the sum of `bridged`.
        sizes: the sizes of all states.
        bridged: for each state, its size, or 0 if the vector has no part for it and it starts as zero. See
            `keras_rnn_zoo.registry.Cell`.

    Returns:
        The states, each `(batch, size)`.
    """
    bridged = list(bridged)
    given = [size for size in bridged if size]
    cuts = list(itertools.accumulate(given))[:-1] if len({*given}) > 1 else len(given)
    parts = iter(ops.split(x, cuts, axis=-1) if len(given) > 1 else [x])
    return [
        next(parts) if given_size else ops.repeat(ops.zeros_like(x[:, :1]), size, axis=1)
        for size, given_size in zip(sizes, bridged, strict=True)
    ]
