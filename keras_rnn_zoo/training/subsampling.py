"""The default of `subsampling`: how much to thin series before recurrent layers read them, by how long they are."""

from collections.abc import Iterable
from typing import Any

from keras_rnn_zoo.conventions import SUBSAMPLING
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks.task import Task

SAMPLE = 2000
"""Training examples whose lengths are measured."""
STEPS_LEFT = 100
"""Steps that thinning leaves of the median series, at least."""
SPARE = 2
"""Frames that thinning leaves for each one that a transcript needs, at least, in the median: an alignment with no frame
to spare is hard to find."""


def choose_subsampling(examples: Examples, task: Task) -> tuple[int, str]:
    """Returns a factor for series, and why it was chosen, in a line for the training log.

    It is the largest one that leaves `STEPS_LEFT` steps of the median training series. Where targets need frames, each
    one in the data must also get as many as it needs, and the median one `SPARE` times as many.

    Args:
        examples: the data set.
        task: the task, whose reader reads series.
    """
    steps, targets = _steps_and_targets([examples.split("train").take(SAMPLE)], task)
    median = float(np.median(steps))
    longest = max(factor for factor in SUBSAMPLING if factor == 1 or median / factor >= STEPS_LEFT)
    factor = longest
    if longest > 1 and task.frames_needed(targets) is not None:
        factor = _with_enough_frames(longest, examples, task)
    if factor > 1:
        more = "; more would leave transcripts too few frames" if factor < longest else ""
        return factor, (
            f"The series are long (median {median:,.0f} steps), so convolutions thin them: subsampling={factor} leaves "
            f"{median / factor:,.0f}{more}. To read every step: --set subsampling=1."
        )
    reason = (
        "thinned, they would have too few frames for the transcripts"
        if longest > 1
        else f"their median is {median:,.0f} steps, and thinning begins at {STEPS_LEFT * SUBSAMPLING[1]}"
    )
    return factor, f"Every step of the series is read (subsampling=1): {reason}."


def _with_enough_frames(longest: int, examples: Examples, task: Task) -> int:
    """Returns the largest factor, up to `longest`, that leaves the targets enough frames."""
    # Also for the targets of the other splits: a transcript without the frames that it needs cannot be right.
    steps, targets = _steps_and_targets(map(examples.split, examples.splits), task)
    needed = np.maximum(task.frames_needed(targets), 1)

    def enough(factor: int) -> bool:
        share = -(-steps // factor) / needed
        return bool(share.min() >= 1 and np.median(share) >= SPARE)

    return max(factor for factor in SUBSAMPLING if factor == 1 or (factor <= longest and enough(factor)))


def _steps_and_targets(splits: Iterable[Any], task: Task) -> tuple[Any, list[Any]]:
    """Returns how many steps are read of each example, int `(examples,)`, and its target."""
    rows = (row for split in splits for row in split.as_numpy_iterator())
    steps, targets = zip(*((task.reader.steps(raw), target) for raw, target in rows), strict=True)
    return np.array(steps), list(targets)
