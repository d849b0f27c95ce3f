"""Splits words into the subwords of a vocabulary, inside the graph."""

from collections.abc import Callable

import tensorflow as tf

from keras_rnn_zoo.conventions import BREAK


def spelled_in_subwords(chunks: tf.Tensor, known: Callable[[tf.Tensor], tf.Tensor], longest: int) -> tf.Tensor:
    """Splits strings into subwords: from left to right, each is the longest one in the vocabulary.

    With a vocabulary learned by merging pairs, the longest match serves as well as the merges in their order (Uzan et
    al. 2024, "Greed Is All You Need"), and needs no loop over them. A character that is not in the vocabulary is split
    into its bytes.

    Args:
        chunks: UTF-8 strings `(chunks,)`.
        known: function that says which strings are in the vocabulary, from strings `(n,)` to booleans `(n,)`.
        longest: maximum number of characters of a subword.

    Returns:
        The strings, with `BREAK` before each subword.
    """
    characters = tf.strings.unicode_split(chunks, "UTF-8")
    sizes = _longest_matches(characters, known, longest)
    begins = tf.where(_begins(characters, sizes), BREAK, b"")
    spelled = tf.strings.reduce_join(tf.strings.bytes_split(characters.flat_values), axis=1, separator=BREAK)
    spelled = tf.where(sizes > 0, characters.flat_values, spelled)
    return tf.strings.reduce_join(characters.with_flat_values(tf.strings.join([begins, spelled])), axis=1)


def _longest_matches(characters: tf.RaggedTensor, known: Callable[[tf.Tensor], tf.Tensor], longest: int) -> tf.Tensor:
    """Returns the length of the longest subword that begins at each character, int32 `(characters,)`; 0 for none."""
    sizes = tf.range(1, longest + 1)
    # All parts of up to `longest` characters, of each string: first those of one character, then those of two, ...
    parts, _ = tf.raw_ops.StringNGrams(
        data=characters.flat_values,
        data_splits=characters.row_splits,
        separator="",
        ngram_widths=list(range(1, longest + 1)),
        left_pad="",
        right_pad="",
        pad_width=0,
        preserve_short_sequences=False,
    )
    lengths = tf.cast(characters.row_lengths(), tf.int32)
    counts = tf.reshape(tf.maximum(lengths[:, None] - sizes + 1, 0), [-1])  # Of the parts of each size of each string.
    first = tf.repeat(tf.cast(characters.row_starts(), tf.int32), longest)
    begins = tf.ragged.range(first, first + counts).flat_values
    size = tf.repeat(tf.tile(sizes, tf.shape(lengths)), counts)
    found = tf.where(known(parts), size, 0)
    return tf.math.unsorted_segment_max(found, begins, tf.size(characters.flat_values))


def _begins(characters: tf.RaggedTensor, sizes: tf.Tensor) -> tf.Tensor:
    """Returns a mask of the characters at which a subword begins, if each begins where the one before ends."""
    count = tf.size(sizes)
    following = tf.minimum(tf.range(count) + tf.maximum(sizes, 1), count)
    following = tf.concat([following, [count]], 0)  # Past the end there is nothing more.
    starts = tf.cast(characters.row_starts(), tf.int32)
    reached = tf.scatter_nd(starts[:, None], tf.ones_like(starts), [count + 1])
    longest = tf.reduce_max(tf.concat([[1], tf.cast(characters.row_lengths(), tf.int32)], 0))

    def unfinished(steps: tf.Tensor, following: tf.Tensor, reached: tf.Tensor) -> tf.Tensor:
        return steps < longest

    def double(steps: tf.Tensor, following: tf.Tensor, reached: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Goes on from what is reached in fewer than `steps` steps by as many steps at once."""
        further = tf.math.unsorted_segment_max(reached, following, count + 1)
        return 2 * steps, tf.gather(following, following), tf.maximum(reached, further)

    _, _, reached = tf.while_loop(unfinished, double, (tf.constant(1), following, reached))
    return reached[:-1] > 0
