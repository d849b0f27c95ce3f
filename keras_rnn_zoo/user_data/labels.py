"""Labels: normalization of those that are numbers, and detection of those that look alike."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cached_property
from heapq import nsmallest

MAX_LABEL_LENGTH = 1000
"""Maximum number of characters of a label; a longer one is assumed to be a text."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.0+)?")
_NOT_FINITE = {
    **dict.fromkeys(("nan", "-nan"), "the label is empty"),
    **dict.fromkeys(("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"), "a finite number is expected"),
}
"""Missing and infinite numbers as written by NumPy, pandas and JSON, in lower case, with the fault to report."""


def not_finite(label: str) -> str:
    """Returns the fault of a label that stands for a missing or infinite number, else "".

    It is a fault only if the other labels are numbers.
    """
    return _NOT_FINITE.get(label.casefold(), "")


def are_integers(labels: Iterable[str]) -> bool:
    """Whether all labels are integers, such as "1" or "1.0", none with leading zeros."""
    return all(map(_INTEGER.fullmatch, labels))


def plain_number(label: str) -> str:
    """Returns an integer label without a fraction, such as "1" for "1.0", and any other label unchanged."""
    if not _INTEGER.fullmatch(label):
        return label
    number = label.partition(".")[0]
    return "0" if number == "-0" else number


class KnownClasses:
    """The classes seen in training. Labels that are the same integer match: "1.0" the class "1", and vice versa.

    Args:
        classes: the classes.
    """

    def __init__(self, classes: Collection[str]) -> None:
        self.classes = frozenset(classes)
        self.numeric = bool(classes) and are_integers(self.classes)
        self._numbers = {plain_number(name): name for name in classes}
        self._first = ", ".join(nsmallest(10, self.classes)) + (", ..." if len(self.classes) > 10 else "")

    def find(self, label: str) -> str | None:
        """Returns the class that a label matches, or `None`."""
        return label if label in self.classes else self._numbers.get(plain_number(label))

    def hint(self, label: str) -> str:
        """Returns a hint for a label that matches no class: the class that it resembles, or the first few classes."""
        similar = self._by_folded.get(_folded(label))
        return f"{similar!r} differs only in case, spaces or invisible characters" if similar else self._first

    @cached_property
    def _by_folded(self) -> dict[str, str]:
        return {_folded(name): name for name in sorted(self.classes)}


def group_similar(labels: Iterable[str]) -> list[list[str]]:
    """Returns groups of labels that differ only in case, spaces, Unicode normalization or invisible characters."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(_folded(label), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def _folded(label: str) -> str:
    visible = "".join(
        character for character in label if unicodedata.category(character) not in ("Cf", "Cc") or character.isspace()
    )
    return " ".join(unicodedata.normalize("NFC", visible).casefold().split())
