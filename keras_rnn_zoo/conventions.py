"""Numbers that models, tasks and data agree on: padding, strides, subsampling. Imports no framework."""

from collections.abc import Iterable

IGNORED = -1
"""The class that pads targets of several steps; losses and metrics leave such steps out."""

UNSPECIFIED = "_"
"""The tag of a word that has none, where it is not among the classes: the word is read, and counts nowhere."""

LINE_STRIDES = (2, 2, 1, 1)
"""Columns that each convolution of the frontend for lines of writing joins into one."""
FRAME_SECONDS = 0.010
"""The time from one frame of a spectrogram to the next."""
SUBSAMPLING = (1, 2, 4, 8)
"""Factors by which a frontend can thin the steps of its input."""


def frame_stride(sample_rate: int) -> int:
    """Returns the number of samples from one frame of a spectrogram to the next."""
    return round(sample_rate * FRAME_SECONDS)


def subsampling_strides(subsampling: int) -> tuple[int, ...]:
    """Returns the strides of the convolutions that thin a sequence by a factor in `SUBSAMPLING`."""
    return (2,) * SUBSAMPLING.index(subsampling)


def after_strides(steps: int, strides: Iterable[int]) -> int:
    """Returns the number of steps that remain of a sequence where every `stride` of them become one, the rest too."""
    for stride in strides:
        steps = -(-steps // stride)
    return steps
