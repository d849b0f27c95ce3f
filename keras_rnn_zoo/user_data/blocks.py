"""Rows in shuffled blocks: the order in which training reads tables of any size."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

BLOCK_SIZE, BLOCKS = 256, 64
"""Number of rows in a block, which is read at once, and number of blocks that are shuffled together."""
STREAMS = 8
"""Number of streams that are read at the same time if there are no blocks."""


def mixed_blocks(
    count: int,
    read: Callable[[int], Sequence[Any]],
    seed: int,
    together: int = BLOCKS,
    read_all: Callable[[Sequence[int]], Iterator[Sequence[Any]]] | None = None,
) -> Iterator[Any]:
    """Yields the rows of blocks in a random order that depends only on the seed and the sizes of the blocks.

    Args:
        count: number of blocks.
        read: function that returns the rows of a block, given its index.
        seed: seed of the order.
        together: number of blocks whose rows are shuffled together, and in memory at the same time.
        read_all: function that yields the rows of blocks in the order of their indices, if there is a quicker way than
            to call `read` for each, which then isn't called.
    """
    generator = random.Random(seed)
    order = generator.sample(range(count), count)
    blocks = read_all(order) if read_all else map(read, order)
    for _ in range(0, count, together):
        rows = [row for block in itertools.islice(blocks, together) for row in block]
        generator.shuffle(rows)
        yield from rows


class Blocks(NamedTuple):
    """The blocks of rows that can be read in any order.

    Attributes:
        number: number of blocks.
        read: returns the rows of a block.
        together: number of blocks that are shuffled together.
    """

    number: int
    read: Callable[[int], list[Any]]
    together: int = BLOCKS


def mixed_streams(streams: Sequence[Callable[[], Iterator[Any]]], seed: int) -> Iterator[Any]:
    """Yields rows that can only be read in order, from several streams in random order, shuffled as they are read.

    Args:
        streams: functions that return the rows of each stream.
        seed: seed of the order.
    """
    generator = random.Random(seed)
    waiting = generator.sample(range(len(streams)), len(streams))[::-1]
    active: list[Iterator[Any]] = []
    pool: list[Any] = []
    while waiting or active:
        while waiting and len(active) < STREAMS:
            active.append(streams[waiting.pop()]())
        for stream in list(active):
            rows = list(itertools.islice(stream, BLOCK_SIZE))
            pool += rows
            if len(rows) < BLOCK_SIZE:
                active.remove(stream)
        if len(pool) >= BLOCK_SIZE * BLOCKS or not (waiting or active):
            generator.shuffle(pool)
            yield from pool
            pool = []
