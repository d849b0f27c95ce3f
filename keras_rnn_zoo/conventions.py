"""Conventions shared by models, tasks and datasets: padding, strides, subsampling. Imports no framework."""

from collections.abc import Iterable

IGNORED = -1
"""The class index that pads targets with several steps; losses and metrics ignore such steps."""

UNSPECIFIED = "_"
"""The tag of a word without a tag. Unless it is one of the classes, the word is read but not scored."""

LINE_STRIDES = (2, 2, 1, 1)
"""Horizontal strides of the convolutional blocks in the frontend for lines of handwriting."""
FRAME_SECONDS = 0.010
"""The hop between frames of a spectrogram, in seconds."""
SUBSAMPLING = (1, 2, 4, 8)
"""Factors by which a frontend can subsample its input in time."""


def frame_stride(sample_rate: int) -> int:
    """Returns the hop between frames of a spectrogram, in samples."""
    return round(sample_rate * FRAME_SECONDS)


def subsampling_strides(subsampling: int) -> tuple[int, ...]:
    """Returns the strides of the convolutions that subsample a sequence by a factor in `SUBSAMPLING`."""
    return (2,) * SUBSAMPLING.index(subsampling)


def after_strides(steps: int, strides: Iterable[int]) -> int:
    """Returns how many of `steps` steps remain after convolutions with these strides; each rounds up."""
    for stride in strides:
        steps = -(-steps // stride)
    return steps
