"""Tags of spans, such as names: B-X begins a span of the kind X, and I-X continues it."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.lazy import np

_CONTINUING, _OPEN = ("I", "E", "L"), ("B", "I")


def invalid_transitions(tags: Sequence[str]) -> Any:
    """Returns which tags may not follow which: a tag that continues a span follows one of the same span.

    Args:
        tags: the tags, by the order of their indices.

    Returns:
        A boolean array `(tags + 2, tags)`: from each tag, from the start of a sentence, and to its end; true if the
        transition is invalid.

    Raises:
        OptionError: the tags are not those of spans that begin with B-.

    Example:
        >>> invalid_transitions(["O", "B-X", "I-X"])[:, 2].tolist()
        [True, False, False, True, False]
    """
    parts = [tag.partition("-") for tag in tags]
    begun = {kind for mark, _, kind in parts if mark == "B"}
    lonely = [tag for tag, (mark, dash, kind) in zip(tags, parts, strict=True) if _continues(mark, dash, kind, begun)]
    if not begun or lonely:
        received = f"{lonely[0]!r} without 'B-{lonely[0][2:]}'" if lonely else short_repr(", ".join(tags))
        raise OptionError(
            "Option 'valid_spans' expects tags of spans, which begin with B- and continue with I-, such as B-PER and "
            f"I-PER; received {received}. Omit it."
        )
    invalid = np.zeros((len(tags) + 2, len(tags)), bool)
    for column, (mark, dash, kind) in enumerate(parts):
        if dash and mark in _CONTINUING:
            invalid[:, column] = [*(before not in [(one, "-", kind) for one in _OPEN] for before in parts), True, False]
    return invalid


def _continues(mark: str, dash: str, kind: str, begun: set[str]) -> bool:
    """Whether a tag continues a span of a kind that no tag begins."""
    return bool(dash) and mark in _CONTINUING and kind not in begun
