"""The errors of workers: runners report them as the text of a traceback in a process of their own."""

import re

from keras_rnn_zoo import errors
from keras_rnn_zoo.errors import ZooError

_OWN = re.compile(r"^(?:keras_rnn_zoo\.errors\.)?(\w*Error): (.+?)(?: \[while running .*)?$", re.MULTILINE)
"""A line of a traceback with an error and its message."""


def as_zoo_error(failure: BaseException) -> ZooError:
    """Returns the error of this package that made a pipeline fail; or one with the last line of the runner's error.

    Args:
        failure: what the runner raised.
    """
    seen: BaseException | None = failure
    while seen is not None:
        if isinstance(seen, ZooError):
            return seen
        seen = seen.__cause__ or seen.__context__
    for name, message in reversed(_OWN.findall(str(failure))):
        kind = getattr(errors, name, None)
        if isinstance(kind, type) and issubclass(kind, ZooError):
            return kind(_unquoted(message.replace("\\n", " ").strip()))
    lines = [line.strip() for line in str(failure).strip().splitlines() if line.strip()]
    reason = lines[-1].rstrip(".") if lines else type(failure).__name__
    return ZooError(f"The Beam pipeline failed: {reason[:500]}. For the messages of its workers, add --verbose.")


def _unquoted(text: str) -> str:
    """Returns a text without the pair of quotes around it, if there is one."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
