"""Rows in shuffled blocks: the order in which training reads tables of any size."""

import random
from collections.abc import Callable, Iterator, Sequence

from keras_rnn_zoo.user_data.rows import BadRow, Row

BLOCK_SIZE, BLOCKS = 256, 64
"""Number of rows in a block, which is read at once, and number of blocks that are shuffled together."""


def mixed_blocks(
    count: int, read: Callable[[int], Sequence[Row | BadRow]], seed: int, together: int = BLOCKS
) -> Iterator[Row | BadRow]:
    """Yields the rows of blocks in a random order that depends only on the seed and the sizes of the blocks.

    Args:
        count: number of blocks.
        read: function that returns the rows of a block, given its index.
        seed: seed of the order.
        together: number of blocks whose rows are shuffled together, and in memory at the same time.
    """
    generator = random.Random(seed)
    order = generator.sample(range(count), count)
    for start in range(0, count, together):
        rows = [row for index in order[start : start + together] for row in read(index)]
        generator.shuffle(rows)
        yield from rows
