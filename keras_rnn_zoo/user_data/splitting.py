"""The split of files into training, validation and test, drawn once and written into the run."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.artifacts.run_config import SplitConfig
from keras_rnn_zoo.lazy import np

SHARE = 0.1
"""The share of validation and of test each, where no files are named for them."""

HELD_OUT = ("test", "validation")


@dataclass(frozen=True)
class Split:
    """Which rows are for what: a row's key is hashed, and the rows of a stratum with the lowest numbers are held out.

    So rows with the same key stand in the same split, and a row stays where it is when others come or go.

    Attributes:
        seed: of the hash.
        bounds: for each stratum (a class; "" where there are no classes), the numbers below which a row is for test,
            and for validation.
    """

    seed: int
    bounds: Mapping[str, tuple[int, int]]

    def number(self, key: bytes) -> int:
        """Returns a number below 2**53 for a key, which JSON holds exactly."""
        return hash_key(key, self.seed)

    def part(self, key: bytes, stratum: str) -> str:
        """Returns the split of a row."""
        number = self.number(key)
        test, validation = self.bounds.get(stratum, (0, 0))
        return "test" if number < test else "validation" if number < validation else "train"

    @property
    def config(self) -> SplitConfig:
        """The split as a run records it."""
        return SplitConfig(self.seed, self.bounds)

    @classmethod
    def from_config(cls, config: SplitConfig) -> "Split":
        """Returns the split that a run recorded."""
        return cls(config.seed, config.bounds)


def hash_key(key: bytes, seed: int) -> int:
    """Returns the number that a key has under a seed, from 0 to 2**53 - 1."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, key=seed.to_bytes(8, "little")).digest(), "little") >> 11


def draw_split(numbers: Any, strata: Any, names: list[str], seed: int, wanted: tuple[str, ...]) -> Split:
    """Draws a split in which each stratum has its share of every part, to within a row.

    Args:
        numbers: the number of each row, as `number_of` gives it: (rows,).
        strata: the place in `names` of each row's stratum: (rows,).
        names: the strata.
        seed: the seed of the numbers.
        wanted: which of "test" and "validation" are drawn.
    """
    bounds, rows_before = {}, 0
    order = np.argsort(strata, kind="stable")
    sizes = np.bincount(strata, minlength=len(names))
    share = max(SHARE, 1 / max(len(numbers), 1))  # One row or more of each.
    for name, size, end in zip(names, sizes, np.cumsum(sizes), strict=True):
        members = np.sort(numbers[order[end - size : end]])
        # Rounding the shares of the rows so far keeps the whole in proportion, however small the classes are. Half a
        # row lies between the two, so that small classes give a row to the one or to the other.
        due = [share * rows for rows in (rows_before, rows_before + size)]
        test = round(due[1]) - round(due[0]) if "test" in wanted else 0
        half = 0.0 if "test" in wanted else 0.5
        validation = _whole(due[1] + half) - _whole(due[0] + half) if "validation" in wanted else 0
        bounds[name] = (_bound(members, test), _bound(members, test + validation))
        rows_before += int(size)
    return Split(seed, bounds)


def _whole(rows: float) -> int:
    return math.floor(rows + 1e-9)


def _bound(members: Any, count: int) -> int:
    """Returns the number below which `count` of the sorted numbers lie, fewer where some are equal."""
    return 0 if count == 0 else int(members[count]) if count < len(members) else 2**53
