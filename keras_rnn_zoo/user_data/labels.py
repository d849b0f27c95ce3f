"""Names of classes: how those that are numbers are written, and which look alike."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cached_property
from heapq import nsmallest

LONGEST = 1000
"""Characters of a label; a longer one is a text."""

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.0+)?")
_NOT_FINITE = {
    **dict.fromkeys(("nan", "-nan"), "the label is empty"),
    **dict.fromkeys(("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"), "a finite number is expected"),
}
"""How NumPy, pandas and JSON write a number that is missing or infinite, in lower case, and what is wrong with it."""


def not_finite(label: str) -> str:
    """Returns what is wrong with a label if it stands for a missing or infinite number, else "".

    It is wrong where the other labels are numbers.
    """
    return _NOT_FINITE.get(label.casefold(), "")


def are_whole(labels: Iterable[str]) -> bool:
    """Whether all labels are whole numbers, such as "1" or "1.0", none with leading zeros."""
    return all(map(_WHOLE.fullmatch, labels))


def plain_number(label: str) -> str:
    """Returns a whole number without fraction, "1" for "1.0"; any other label as it is."""
    if not _WHOLE.fullmatch(label):
        return label
    number = label.partition(".")[0]
    return "0" if number == "-0" else number


class Known:
    """The classes that training knows, and which of them a label means: "1.0" means the class "1", and "1" "1.0".

    Args:
        classes: the classes.
    """

    def __init__(self, classes: Collection[str]) -> None:
        self.classes = frozenset(classes)
        self.numeric = bool(classes) and are_whole(self.classes)
        self._numbers = {plain_number(name): name for name in classes}
        self._first = ", ".join(nsmallest(10, self.classes)) + (", ..." if len(self.classes) > 10 else "")

    def find(self, label: str) -> str | None:
        """Returns the class that a label means, or `None`."""
        return label if label in self.classes else self._numbers.get(plain_number(label))

    def hint(self, label: str) -> str:
        """Returns what to tell of a label that means no class: the one that it looks like, or the first few."""
        same = self._by_look.get(_folded(label))
        return f"{same!r} differs from it in case, spaces or invisible characters alone" if same else self._first

    @cached_property
    def _by_look(self) -> dict[str, str]:
        return {_folded(name): name for name in sorted(self.classes)}


def alike(labels: Iterable[str]) -> list[list[str]]:
    """Returns the groups of labels that differ in case, spaces, Unicode form or invisible characters alone."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(_folded(label), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def _folded(label: str) -> str:
    seen = "".join(letter for letter in label if unicodedata.category(letter) not in ("Cf", "Cc") or letter.isspace())
    return " ".join(unicodedata.normalize("NFC", seen).casefold().split())
