"""What can go wrong, in words a user can act on. Imports no framework."""

import difflib
from collections.abc import Iterable


class ZooError(Exception):
    """An error whose message says what is wrong, what was received and what to do."""


class UnknownNameError(ZooError):
    """A name that nothing is registered under."""


class DuplicateNameError(ZooError):
    """A name or alias that another entry already has."""


class OptionError(ZooError):
    """An option that does not exist, or a value that it does not accept."""


class DataError(ZooError):
    """A data set that is missing, damaged or not what was expected."""


class RunError(ZooError):
    """A run that does not exist, is unfinished or is damaged."""


class TrainingError(ZooError):
    """A training that cannot go on."""


class ExportError(ZooError):
    """An export that cannot be written."""


class TrainingInterrupted(ZooError):
    """Ctrl-C during training. What was trained so far is kept; the message says where.

    Attributes:
        resumable: whether a state was kept that the training can be resumed from.
    """

    def __init__(self, message: str, *, resumable: bool = False) -> None:
        super().__init__(message)
        self.resumable = resumable


_LONGEST_NAME = 200
"""Characters of a name that are compared with known ones; the time for it grows with the square of them."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Returns up to three of the `known` names that look most like `name`."""
    return difflib.get_close_matches(name[:_LONGEST_NAME], list(known), n=3, cutoff=0.5)


def name_hint(name: str, known: Iterable[str]) -> str:
    """Returns "Did you mean ...? " where a known name is near, and the list of all of them."""
    known = sorted(known)
    close = nearest(name, known)
    question = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f"{question}Known names: {', '.join(known)}."
