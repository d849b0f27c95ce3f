"""Exceptions whose messages users can act on, and suggestions for misspelled names. Imports no framework."""

import difflib
from collections.abc import Iterable

from keras_rnn_zoo.display.printing import alternatives


class ZooError(Exception):
    """Base class of the package's errors. The message says what is wrong, what was received and what to do."""

    def _render_traceback_(self) -> list[str]:
        """Returns the lines that IPython and notebooks show for the error: the message, without a traceback."""
        from keras_rnn_zoo.display.printing import printable

        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {printable(str(self))}"]


class UnknownNameError(ZooError):
    """No entry is registered under this name."""


class DuplicateNameError(ZooError):
    """The name or an alias is already taken by another entry."""


class OptionError(ZooError):
    """The option does not exist, or does not accept this value."""


class DataError(ZooError):
    """A dataset or an input is missing, damaged or not as expected."""


class RunError(ZooError):
    """A run does not exist, is unfinished or is damaged."""


class TrainingError(ZooError):
    """Training cannot start or continue."""


class ExportError(ZooError):
    """A model cannot be exported."""


class StreamingError(ZooError):
    """A model cannot answer while its input is still coming."""


class TrainingInterrupted(ZooError):
    """Training was interrupted by Ctrl-C. The message says where the results so far are kept.

    Attributes:
        resumable: whether a checkpoint was saved from which training can resume.
    """

    def __init__(self, message: str, *, resumable: bool = False) -> None:
        super().__init__(message)
        self.resumable = resumable


_LONGEST_NAME = 200
"""Only this many characters of a name are compared with known names: the comparison takes quadratic time."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Returns up to three of the `known` names that are most similar to `name`."""
    return difflib.get_close_matches(name[:_LONGEST_NAME], list(known), n=3, cutoff=0.5)


def name_hint(name: str, known: Iterable[str]) -> str:
    """Returns "Did you mean ...? " if a known name is similar, followed by the list of known names."""
    known = sorted(known)
    close = nearest(name, known)
    question = f"Did you mean {alternatives([*map(repr, close)])}? " if close else ""
    return f"{question}Known names: {', '.join(known)}."
