"""The linear recurrent unit."""

import functools
import math
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import Range


@registry.cell(order=6, states=("real", "imaginary"))
def lru(
    *,
    r_min: Annotated[float, Range(0, 1)] = 0.0,
    r_max: Annotated[float, Range(0, 1)] = 1.0,
    max_phase: Annotated[float, Range(0)] = 2 * math.pi,
) -> Any:
    """Lets complex numbers decay and turn, each at a rate of its own (Orvieto et al. 2023).

    Args:
        r_min: smallest absolute value of a number's factor before training; 0.9 for sequences of hundreds of steps.
        r_max: largest absolute value of a number's factor before training, such as 0.999.
        max_phase: largest angle that a number turns by in a step before training, in radians, such as 0.3.
    """
    from keras_rnn_zoo.layers.lru import LRU

    if r_min > r_max:
        raise OptionError(f"Option 'r_min' of lru must be at most 'r_max'; received {r_min:g} and {r_max:g}.")
    return functools.partial(LRU, r_min=r_min, r_max=r_max, max_phase=max_phase)
