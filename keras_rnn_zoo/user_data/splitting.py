"""The split of rows into training, validation and test, drawn once and recorded in the run."""

import hashlib
import math
from typing import Any

from keras_rnn_zoo.artifacts.run_config import SplitConfig
from keras_rnn_zoo.lazy import np

HELD_OUT_FRACTION = 0.1
"""The fraction of rows for validation, and for test, if no files are named for them."""

HELD_OUT = ("test", "validation")


def split_of(row_key: bytes, stratum: str, split: SplitConfig) -> str:
    """Returns the name of the split that a row belongs to.

    The rows of each stratum with the lowest hashes of their keys are held out. So rows with the same key are in the
    same split, and a row stays in its split if others are added or removed.

    Args:
        row_key: the row's key.
        stratum: its class; "" if there are no classes.
        split: the seed of the hash and the thresholds of each stratum.
    """
    number = hash_key(row_key, split.seed)
    test, validation = split.bounds.get(stratum, (0, 0))
    return "test" if number < test else "validation" if number < validation else "train"


def hash_key(key: bytes, seed: int) -> int:
    """Returns the hash of a key with a seed, from 0 to 2**53 - 1, which JSON represents exactly."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, key=seed.to_bytes(8, "little")).digest(), "little") >> 11


def draw_split(numbers: Any, strata: Any, names: list[str], seed: int, drawn: tuple[str, ...]) -> SplitConfig:
    """Draws a stratified split: each stratum has the same fraction of every split, to within a row.

    Args:
        numbers: the hash of each row's key, as returned by `hash_key`: `(rows,)`.
        strata: the index in `names` of each row's stratum: `(rows,)`.
        names: the strata.
        seed: the seed of the hashes.
        drawn: which of "test" and "validation" to draw.
    """
    bounds, rows_before = {}, 0
    order = np.argsort(strata, kind="stable")
    sizes = np.bincount(strata, minlength=len(names))
    fraction = max(HELD_OUT_FRACTION, 1 / max(len(numbers), 1))  # At least one row in each split.
    for name, size, end in zip(names, sizes, np.cumsum(sizes), strict=True):
        members = np.sort(numbers[order[end - size : end]])
        # Rounding cumulative counts keeps the totals in proportion, however small the classes are. The two splits are
        # offset by half a row, so that small classes contribute a row to one or the other.
        due = [fraction * rows for rows in (rows_before, rows_before + size)]
        test = round(due[1]) - round(due[0]) if "test" in drawn else 0
        half = 0.0 if "test" in drawn else 0.5
        validation = _floor(due[1] + half) - _floor(due[0] + half) if "validation" in drawn else 0
        bounds[name] = (_bound(members, test), _bound(members, test + validation))
        rows_before += int(size)
    return SplitConfig(seed, bounds)


def _floor(rows: float) -> int:
    return math.floor(rows + 1e-9)


def _bound(members: Any, count: int) -> int:
    """Returns a threshold below which are `count` of the sorted numbers, or fewer if some are equal."""
    return 0 if count == 0 else int(members[count]) if count < len(members) else 2**53
