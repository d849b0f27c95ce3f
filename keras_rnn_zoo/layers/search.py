"""From a decoder to texts: beam search and sampling, in loops that are part of the graph."""

import keras
from keras import ops

from keras_rnn_zoo.layers.model_parts import read_source
from keras_rnn_zoo.layers.steps import likeliest
from keras_rnn_zoo.layers.text import END, PADDING, START, UNKNOWN

IMPOSSIBLE = -1e9
"""Stands for the logarithm of zero, where minus infinity would make NaN of a product with zero."""


def search_text(model, source, *, max_length, beam_size, length_penalty):
    """Searches for the likeliest texts after a batch of sources.

    Args:
        model: a model of inputs `source` and `target`, with layers `memory`, `memory_mask` and `decoder`.
        source: a batch of its input `source`.
        max_length: most tokens of a text.
        beam_size: number of texts followed at once; 1 is greedy search.
        length_penalty: exponent alpha of `((5 + length) / 6) ** alpha`, by which log-probabilities are divided before
            they are compared (Wu et al. 2016, equation 14).

    Returns:
        `ids`, int32 `(batch, beam_size, max_length)`, the best text first, zero after its end; `scores`, float32
        `(batch, beam_size)`, the penalized log-probabilities.
    """
    memory, memory_mask = read_source(model, source)
    decoder = model.get_layer("decoder")
    context, states = decoder.start(memory, memory, memory_mask)
    if beam_size > 1:
        context, states = keras.tree.map_structure(lambda x: ops.repeat(x, beam_size, axis=0), (context, states))

    def step(last, states):
        return decoder.step(last, context, states)

    return beam_search(
        step,
        states,
        ops.shape(memory)[0],
        decoder.options["vocabulary_size"],
        max_length=max_length,
        beam_size=beam_size,
        length_penalty=length_penalty,
    )


def beam_search(step, states, batch, classes, *, max_length, beam_size, length_penalty):
    """Runs a beam search over `step(last, states) -> (logits, states)`, whose rows are `batch * beam_size` texts.

    A finished text stays in its beam, unchanged; the loop ends when all are finished. Arguments and result as of
    `search_text`.
    """
    positions = ops.arange(max_length)
    writable = ops.arange(classes) >= END

    def penalized(scores, lengths):
        return scores / ops.power((5.0 + ops.cast(lengths, "float32")) / 6.0, length_penalty)

    def unfinished(position, last, ids, scores, lengths, finished, states):
        return ops.logical_and(position < max_length, ops.logical_not(ops.all(finished)))

    def extend(position, last, ids, scores, lengths, finished, states):
        logits, states = step(last, states)
        logits = ops.where(writable, ops.cast(logits, "float32"), IMPOSSIBLE)
        chances = ops.reshape(ops.log_softmax(logits, axis=-1), (-1, beam_size, classes))
        # A finished text has one continuation: padding, which costs nothing.
        stay = ops.where(ops.arange(classes) == PADDING, 0.0, IMPOSSIBLE)
        chances = ops.where(ops.expand_dims(finished, -1), stay, chances)
        totals = ops.expand_dims(scores, -1) + chances
        longer = lengths + ops.cast(ops.logical_not(finished), "int32")
        ranked = ops.reshape(penalized(totals, ops.expand_dims(longer, -1)), (-1, beam_size * classes))
        _, best = ops.top_k(ranked, beam_size)
        parent, token = best // classes, ops.cast(best % classes, "int32")  # (batch, beam)
        scores = ops.take_along_axis(ops.reshape(totals, (-1, beam_size * classes)), best, axis=1)
        if beam_size > 1:
            ids = ops.take_along_axis(ids, ops.expand_dims(parent, -1), axis=1)
            longer = ops.take_along_axis(longer, parent, axis=1)
            finished = ops.take_along_axis(finished, parent, axis=1)
            rows = ops.reshape(ops.expand_dims(ops.arange(batch), 1) * beam_size + parent, (-1,))
            states = keras.tree.map_structure(lambda state: ops.take(state, rows, axis=0), states)
        ids = ops.where(positions == position, ops.expand_dims(token, -1), ids)
        finished = ops.logical_or(finished, token == END)
        return position + 1, ops.reshape(token, (-1,)), ids, scores, longer, finished, states

    first = ops.where(ops.arange(beam_size) == 0, 0.0, IMPOSSIBLE)  # All texts of a beam begin alike: one is enough.
    variables = (
        ops.convert_to_tensor(0, "int32"),
        ops.full((batch * beam_size,), START, "int32"),
        ops.zeros((batch, beam_size, max_length), "int32"),
        ops.broadcast_to(ops.cast(first, "float32"), (batch, beam_size)),
        ops.zeros((batch, beam_size), "int32"),
        ops.zeros((batch, beam_size), "bool"),
        states,
    )
    _, _, ids, scores, lengths, _, _ = ops.while_loop(unfinished, extend, variables)
    return {"ids": ids, "scores": penalized(scores, ops.maximum(lengths, 1))}


def shift_right(ids):
    """Returns `(batch, 1 + time)` ids with a zero, the start of the text, before those of `(batch, time)`."""
    return ops.pad(ids, [[0, 0], [1, 0]], constant_values=PADDING)


def sample_text(model, ids, temperature, length, draws):
    """Goes on with prompts by drawing one token after another.

    Args:
        model: a model with a layer `decoder` that reads nothing else than the text.
        ids: prompts, int32 `(batch, time)`, zero for padding at the end; a prompt may be empty.
        temperature: divides the logits; at 0 the likeliest token is taken.
        length: number of tokens to write, a scalar.
        draws: a number in [0, 1) for each token to write, float32 `(length,)`, the same ones for all rows.

    Returns:
        The ids of prompts and what was written, int32 `(batch, time + length)`, zero after the end.
    """
    decoder = model.get_layer("decoder")
    classes = decoder.options["vocabulary_size"]
    prompts = 1 + ops.sum(ops.cast(ids != PADDING, "int32"), axis=1)  # (batch,), with the start of the text.
    ids = shift_right(ids)
    steps = ops.shape(ids)[1] + length
    ids = ops.concatenate([ids, ops.zeros((ops.shape(ids)[0], length), "int32")], axis=1)
    _, states = decoder.start(ids)
    positions = ops.arange(steps)
    writable = ops.arange(classes) > UNKNOWN

    def unfinished(position, ids, states):
        return position < steps

    def extend(position, ids, states):
        logits, states = decoder.step(ops.take(ids, position - 1, axis=1), {}, states)
        logits = ops.where(writable, logits / ops.maximum(temperature, 1e-6), IMPOSSIBLE)
        cumulative = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)
        written = position - prompts  # How many tokens of its own a row has; below 0 while its prompt is read.
        draw = ops.take(draws, ops.clip(written, 0, length - 1))
        token = ops.sum(ops.cast(cumulative <= ops.expand_dims(draw, -1) * cumulative[:, -1:], "int32"), axis=-1)
        own = ops.logical_and(written >= 0, written < length)
        token = ops.where(temperature > 0, ops.minimum(token, classes - 1), likeliest(logits))
        token = ops.where(own, token, ops.take(ids, position, axis=1))
        ids = ops.where(positions == position, ops.expand_dims(token, -1), ids)
        return position + 1, ids, states

    _, ids, _ = ops.while_loop(unfinished, extend, (ops.convert_to_tensor(1, "int32"), ids, states))
    return ids[:, 1:]
