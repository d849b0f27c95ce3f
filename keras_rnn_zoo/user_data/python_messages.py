"""Messages about data in memory: options as a Python program writes them, not as on the command line."""

import functools
import re
from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.errors import ZooError

_SPELLINGS = (
    (r"--columns ([\w=,]+)(; in a file without a header[^.]*)?", r'columns="\1"'),
    (r"--skip-bad-rows", "skip_bad_rows=True"),
    (r"name files with --validation and --test", "pass data as validation and test"),
    (r"--set encoding=NAME, such as cp1252", 'encoding="NAME", such as encoding="cp1252"'),
    (r"--set (history|horizon)=(\w+)", r"\1=\2"),
    (r"--set (time_zone|time_format|splits)=([\w/%.]*\w)", r'\1="\2"'),
    (r"write them with numpy\.savez and name npz:FILE", "pass arrays (x, y)"),
)
"""How options are written on the command line, and in Python."""


def in_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function whose errors name options as in Python, such as `columns="text=review"`."""

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
