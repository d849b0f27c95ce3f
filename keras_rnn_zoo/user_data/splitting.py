"""The split of rows into training, validation and test, drawn once and recorded in the run."""

import functools
import hashlib
import math
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.artifacts.run_config import SplitConfig

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
    found = _keyed(seed).copy()
    found.update(key)
    return int.from_bytes(found.digest(), "little") >> 11


@functools.lru_cache(8)
def _keyed(seed: int) -> Any:
    """Returns the hash of no data with a seed, to be copied: that is quicker than making it for each key."""
    return hashlib.blake2b(digest_size=8, key=seed.to_bytes(8, "little"))


def draw_split(numbers: Mapping[str, Any], seed: int, drawn: tuple[str, ...]) -> SplitConfig:
    """Draws a stratified split: each stratum has the same fraction of every split, to within a row.

    Args:
        numbers: for each stratum, the hashes of its rows' keys, as returned by `hash_key`, sorted: `(rows,)`.
        seed: the seed of the hashes.
        drawn: which of "test" and "validation" to draw.
    """
    bounds, rows_before = {}, 0
    rows = sum(map(len, numbers.values()))
    fraction = max(HELD_OUT_FRACTION, 1 / max(rows, 1))  # At least one row in each split.
    for name, members in numbers.items():
        size = len(members)
        # Rounding cumulative counts keeps the totals in proportion, however small the classes are. The two splits are
        # offset by half a row, so that small classes contribute a row to one or the other.
        due = [fraction * before for before in (rows_before, rows_before + size)]
        test = round(due[1]) - round(due[0]) if "test" in drawn else 0
        half = 0.0 if "test" in drawn else 0.5
        validation = _floor(due[1] + half) - _floor(due[0] + half) if "validation" in drawn else 0
        bounds[name] = (_bound(members, test), _bound(members, test + validation))
        rows_before += size
    return SplitConfig(seed, bounds)


def _floor(rows: float) -> int:
    return math.floor(rows + 1e-9)


def _bound(members: Any, count: int) -> int:
    """Returns a threshold below which are `count` of the sorted numbers, or fewer if some are equal."""
    return 0 if count == 0 else int(members[count]) if count < len(members) else 2**53
