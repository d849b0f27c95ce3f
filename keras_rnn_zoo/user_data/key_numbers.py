"""The hashes of the keys of rows, sorted by class, without a second copy: a large table has many."""

from collections.abc import Iterator, Sequence
from typing import Any

from keras_rnn_zoo.lazy import np

_BITS, _CLASSES = 53, 2**11
"""Bits of a hash, and number of classes whose indices fit into the other bits of an unsigned 64-bit integer."""
_PART = 2**20
"""Number of rows that are copied at a time."""


def sorted_by_class(numbers: Any, strata: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yields the sorted hashes of each class.

    With up to 2,048 classes, the array is sorted in place, and each result is a slice of it.

    Args:
        numbers: the hash of each row's key, as returned by `splitting.hash_key`: uint64 `(rows,)`, which is sorted.
        strata: the index in `names` of each row's class: `(rows,)`; empty if all rows have the first one.
        names: the classes.
    """
    for first in range(0, len(names), _CLASSES):
        group = names[first : first + _CLASSES]
        found, indices = numbers, strata
        if len(group) < len(names):
            is_member = (strata >= first) & (strata < first + _CLASSES)
            found, indices = numbers[is_member], strata[is_member]
        for start in range(0, len(indices), _PART):
            part = indices[start : start + _PART].astype("uint64") - np.uint64(first)
            found[start : start + _PART] |= part << np.uint64(_BITS)
        found.sort()
        ends = [*np.searchsorted(found, np.arange(1, len(group), dtype="uint64") << np.uint64(_BITS)), len(found)]
        found &= np.uint64(2**_BITS - 1)
        yield from zip(group, np.split(found, ends[:-1]), strict=True)


def count_different(numbers: Any) -> int:
    """Returns how many different hashes there are in a uint64 array, which is sorted."""
    numbers.sort()
    count = min(len(numbers), 1)
    for start in range(0, len(numbers) - 1, _PART):
        part = numbers[start : start + _PART + 1]
        count += int(np.count_nonzero(part[1:] != part[:-1]))
    return count


def count_shared(numbers: Any, others: Any) -> int:
    """Returns how many of some hashes are among others, a uint64 array, which is sorted."""
    others.sort()
    if not len(others):
        return 0
    count = 0
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        places = np.minimum(np.searchsorted(others, part), len(others) - 1)
        count += int(np.count_nonzero(others[places] == part))
    return count
