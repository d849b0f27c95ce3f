"""Messages about data in memory: they speak of data, not of files."""

import functools
import re
from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.errors import ZooError

_SPELLINGS = (
    (r"; in a file without a header[^.]*", ""),
    (r"name files with validation and test", "pass data as validation and test"),
    (r"write them with numpy\.savez and name npz:FILE", "pass arrays (x, y)"),
)
"""What messages say about files, and about data in memory."""


def about_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function whose errors speak of data in memory."""

    @functools.wraps(function)
    def translated(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ZooError as error:
            message = str(error)
            for pattern, spelling in _SPELLINGS:
                message = re.sub(pattern, spelling, message)
            raise type(error)(message) from None

    return translated
