"""Text generation with a decoder: beam search and sampling, in loops that are part of the graph."""

import keras
from keras import ops

from keras_rnn_zoo.layers.ensembles import mean_logits, members_of
from keras_rnn_zoo.layers.model_parts import read_source
from keras_rnn_zoo.layers.steps import most_likely
from keras_rnn_zoo.layers.text import END, PADDING, START, UNKNOWN

IMPOSSIBLE = -1e9
"""Log-probability of an impossible token. Minus infinity would turn a product with zero into NaN."""


def search_text(model, source, *, max_length, beam_size, length_penalty):
    """Searches for the most likely texts for a batch of sources, by beam search.

    Args:
        model: a model with inputs `source` and `target` and layers `memory`, `memory_mask` and `decoder`, or an
            ensemble of such models.
        source: a batch of the model's input `source`.
        max_length: maximum number of tokens of a text.
        beam_size: number of hypotheses per source; 1 is greedy search.
        length_penalty: exponent alpha of `((5 + length) / 6) ** alpha`, by which log-probabilities are divided before
            they are compared (Wu et al. 2016, equation 14).

    Returns:
        A dict with `ids`, int32 `(batch, beam_size, max_length)`, best hypothesis first and zero after its end, and
        `scores`, float32 `(batch, beam_size)`, the log-probabilities after the length penalty.
    """
    members = members_of(model)
    memories = [read_source(member, source) for member in members]
    decoders = [member.get_layer("decoder") for member in members]
    started = [decoder.start(memory, memory, mask) for decoder, (memory, mask) in zip(decoders, memories, strict=True)]
    if beam_size > 1:
        started = keras.tree.map_structure(lambda x: ops.repeat(x, beam_size, axis=0), started)
    contexts, states = ([of_member[index] for of_member in started] for index in (0, 1))

    return beam_search(
        joint_step(decoders, contexts),
        states,
        ops.shape(memories[0][0])[0],
        decoders[0].options["vocabulary_size"],
        max_length=max_length,
        beam_size=beam_size,
        length_penalty=length_penalty,
    )


def joint_step(decoders, contexts):
    """Returns the step function of one or several decoders, which predict by the mean of their probabilities.

    Args:
        decoders: the decoders.
        contexts: the context of each, from its method `start`.

    Returns:
        A function `step(last, states) -> (logits, states)`, where the states are a list with those of each decoder.
    """

    def step(last, states):
        arguments = zip(decoders, contexts, states, strict=True)
        logits, states = zip(*(decoder.step(last, context, own) for decoder, context, own in arguments), strict=True)
        return mean_logits(logits), list(states)

    return step


def beam_search(step, states, batch, classes, *, max_length, beam_size, length_penalty):
    """Runs a beam search with any step function; other arguments and results as in `search_text`.

    A finished hypothesis stays in its beam unchanged; the loop ends when all are finished.

    Args:
        step: a function `step(last, states) -> (logits, states)`, where `last`, int32 `(batch * beam_size,)`, are the
            last tokens and `logits` are `(batch * beam_size, classes)`.
        states: the initial states, a structure of tensors whose first axis is `batch * beam_size`.
        batch: number of sources, an integer or a scalar tensor.
        classes: number of token ids.
        max_length: maximum number of tokens of a text.
        beam_size: number of hypotheses per source.
        length_penalty: exponent of the length penalty.
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
        log_probs = ops.reshape(ops.log_softmax(logits, axis=-1), (-1, beam_size, classes))  # (batch, beam, classes)
        # A finished hypothesis has a single continuation: padding, at no cost.
        only_padding = ops.where(ops.arange(classes) == PADDING, 0.0, IMPOSSIBLE)
        log_probs = ops.where(ops.expand_dims(finished, -1), only_padding, log_probs)
        totals = ops.expand_dims(scores, -1) + log_probs
        lengths = lengths + ops.cast(ops.logical_not(finished), "int32")
        candidates = ops.reshape(penalized(totals, ops.expand_dims(lengths, -1)), (-1, beam_size * classes))
        _, best = ops.top_k(candidates, beam_size)
        parent, token = best // classes, ops.cast(best % classes, "int32")  # Each (batch, beam).
        scores = ops.take_along_axis(ops.reshape(totals, (-1, beam_size * classes)), best, axis=1)
        if beam_size > 1:
            ids = ops.take_along_axis(ids, ops.expand_dims(parent, -1), axis=1)
            lengths = ops.take_along_axis(lengths, parent, axis=1)
            finished = ops.take_along_axis(finished, parent, axis=1)
            rows = ops.reshape(ops.expand_dims(ops.arange(batch), 1) * beam_size + parent, (-1,))
            states = keras.tree.map_structure(lambda state: ops.take(state, rows, axis=0), states)
        ids = ops.where(positions == position, ops.expand_dims(token, -1), ids)
        finished = ops.logical_or(finished, token == END)
        return position + 1, ops.reshape(token, (-1,)), ids, scores, lengths, finished, states

    # All hypotheses of a beam start out equal, so only the first one counts.
    first = ops.where(ops.arange(beam_size) == 0, 0.0, IMPOSSIBLE)
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
    """Prepends a zero, which marks the start of a text: ids `(batch, time)` become `(batch, 1 + time)`."""
    return ops.pad(ids, [[0, 0], [1, 0]], constant_values=PADDING)


def writable_only(logits):
    """Returns the logits of a language model, `(..., classes)`, without padding and the unknown token."""
    return ops.where(ops.arange(ops.shape(logits)[-1]) > UNKNOWN, logits, IMPOSSIBLE)


def sample_text(model, ids, temperature, max_new_tokens, draws):
    """Continues prompts by sampling one token after another.

    Args:
        model: a language model, with a layer `decoder` that has no memory, or an ensemble of such models.
        ids: prompts, int32 `(batch, time)`, padded with zeros at the end; a prompt may be empty.
        temperature: scalar that divides the logits; 0 selects the most likely token.
        max_new_tokens: number of tokens to generate, a scalar.
        draws: a random number in [0, 1) for each token to generate, float32 `(max_new_tokens,)`, shared by all rows.

    Returns:
        The ids of prompts and generated tokens, int32 `(batch, time + max_new_tokens)`, zero after the end.
    """
    decoders = [member.get_layer("decoder") for member in members_of(model)]
    classes = decoders[0].options["vocabulary_size"]
    step = joint_step(decoders, [{}] * len(decoders))
    # (batch,): the lengths of the prompts, including the start of the text.
    prompt_lengths = 1 + ops.sum(ops.cast(ids != PADDING, "int32"), axis=1)
    ids = shift_right(ids)
    steps = ops.shape(ids)[1] + max_new_tokens
    ids = ops.concatenate([ids, ops.zeros((ops.shape(ids)[0], max_new_tokens), "int32")], axis=1)
    states = [decoder.start(ids)[1] for decoder in decoders]
    positions = ops.arange(steps)

    def unfinished(position, ids, states):
        return position < steps

    def extend(position, ids, states):
        logits, states = step(ops.take(ids, position - 1, axis=1), states)
        logits = writable_only(logits / ops.maximum(temperature, 1e-6))
        cumulative = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)  # (batch, classes)
        generated = position - prompt_lengths  # Tokens generated so far; negative while the prompt is read.
        draw = ops.take(draws, ops.clip(generated, 0, max_new_tokens - 1))
        token = ops.sum(ops.cast(cumulative <= ops.expand_dims(draw, -1) * cumulative[:, -1:], "int32"), axis=-1)
        is_generated = ops.logical_and(generated >= 0, generated < max_new_tokens)
        token = ops.where(temperature > 0, ops.minimum(token, classes - 1), most_likely(logits))
        token = ops.where(is_generated, token, ops.take(ids, position, axis=1))
        ids = ops.where(positions == position, ops.expand_dims(token, -1), ids)
        return position + 1, ids, states

    _, ids, _ = ops.while_loop(unfinished, extend, (ops.convert_to_tensor(1, "int32"), ids, states))
    return ids[:, 1:]
