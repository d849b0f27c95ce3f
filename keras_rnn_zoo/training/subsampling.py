"""The default of the option `subsampling`: how much to shorten series, depending on their lengths."""

from collections.abc import Iterable
from typing import Any

from keras_rnn_zoo.conventions import SUBSAMPLING
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks.task import Task

SAMPLE_SIZE = 2000
"""Number of training examples whose lengths are measured."""
MIN_STEPS = 100
"""Minimum number of steps to keep of the median series."""
MIN_FRAME_RATIO = 2
"""Minimum median ratio of the frames to keep to those that a transcript needs: an alignment without spare frames is
hard to learn."""


def choose_subsampling(examples: Examples, task: Task) -> tuple[int, str]:
    """Chooses the subsampling factor for series.

    It is the largest factor that keeps `MIN_STEPS` steps of the median training series. If targets need frames, every
    target in the data must also have as many as it needs, and the median target `MIN_FRAME_RATIO` times as many.

    Args:
        examples: the dataset.
        task: the task, whose reader reads series.

    Returns:
        The factor, and the reason for it as a line for the training log.
    """
    steps, targets = _steps_and_targets([examples.split("train").take(SAMPLE_SIZE)], task)
    median = float(np.median(steps))
    largest = max(factor for factor in SUBSAMPLING if factor == 1 or median / factor >= MIN_STEPS)
    factor = largest
    if largest > 1 and task.frames_needed(targets) is not None:
        factor = _with_enough_frames(largest, examples, task)
    if factor > 1:
        limit = "; a larger factor would leave too few frames for the transcripts" if factor < largest else ""
        return factor, (
            f"The series are long (median {median:,.0f} steps), so convolutions shorten them: subsampling={factor} "
            f"keeps {median / factor:,.0f}{limit}. To read every step: --set subsampling=1."
        )
    reason = (
        "subsampling would leave too few frames for the transcripts"
        if largest > 1
        else f"their median is {median:,.0f} steps, and subsampling starts at {MIN_STEPS * SUBSAMPLING[1]}"
    )
    return factor, f"All steps of the series are read (subsampling=1): {reason}."


def _with_enough_frames(largest: int, examples: Examples, task: Task) -> int:
    """Returns the largest factor, up to `largest`, that leaves enough frames for the targets."""
    # Include the other splits: a transcript that needs more frames than there are cannot be predicted.
    steps, targets = _steps_and_targets(map(examples.split, examples.splits), task)
    needed = np.maximum(task.frames_needed(targets), 1)

    def enough(factor: int) -> bool:
        ratio = -(-steps // factor) / needed
        return bool(ratio.min() >= 1 and np.median(ratio) >= MIN_FRAME_RATIO)

    return max(factor for factor in SUBSAMPLING if factor == 1 or (factor <= largest and enough(factor)))


def _steps_and_targets(splits: Iterable[Any], task: Task) -> tuple[Any, list[Any]]:
    """Returns the number of steps that are read of each example, int `(examples,)`, and its target."""
    rows = (row for split in splits for row in split.as_numpy_iterator())
    steps, targets = zip(*((task.reader.steps(raw), target) for raw, target in rows), strict=True)
    return np.array(steps), list(targets)
