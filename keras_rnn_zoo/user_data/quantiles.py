"""The levels of quantiles, as the option `quantiles` names them."""

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError

MEDIAN = 0.5
DEFAULT_LEVELS = "0.1,0.5,0.9"
"""The levels of a task whose options name none."""
MAX_LEVELS = 99


def parse_levels(text: str) -> list[float]:
    """Returns the levels in the option `quantiles`, sorted, with the median among them.

    Args:
        text: numbers between 0 and 1, separated by commas, such as "0.1,0.5,0.9"; "" for the median alone.

    Raises:
        OptionError: the text is something else.

    Example:
        >>> parse_levels("0.9, 0.1")
        [0.1, 0.5, 0.9]
    """
    try:
        levels = {float(part) for part in text.split(",") if part.strip()}
    except ValueError:
        levels = {-1.0}
    if not all(0 < level < 1 for level in levels) or len(levels) > MAX_LEVELS:
        raise OptionError(
            f"Option 'quantiles' expects up to {MAX_LEVELS} numbers between 0 and 1, separated by commas, such as "
            f"0.1,0.5,0.9; received {short_repr(text)}."
        )
    return sorted(levels | {MEDIAN})
