"""Samples text from a stream of a language model, one character after another."""

from collections.abc import Iterator
from typing import Any

from keras_rnn_zoo.errors import StreamingError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.streaming.stream import Stream


def sample(stream: Stream, prompt: str, temperature: float, seed: int, count: int) -> Iterator[str]:
    """Yields the characters that continue a prompt, as soon as each is drawn: those of `zoo.predict`.

    Args:
        stream: a stream of a language model of characters.
        prompt: the text to continue.
        temperature: divides the logits; 0 takes the most likely character.
        seed: the same seed gives the same text.
        count: number of characters to generate.

    Raises:
        StreamingError: the model is not one of characters.
    """
    task: Any = stream.task
    if task.answers != "next" or task.reader.ids.tokens != "characters":
        raise StreamingError("Text is sampled character by character for language models of characters only.")
    return _sample(stream, prompt, temperature, seed, count)


def _sample(stream: Stream, prompt: str, temperature: float, seed: int, count: int) -> Iterator[str]:
    draws = tf.random.stateless_uniform([count], [seed, 0]).numpy()
    text = prompt
    for draw in draws:
        answer = stream.feed(text)
        text = _drawn(answer["probabilities"], temperature, draw) if temperature else answer["token"]
        yield text


def _drawn(probabilities: dict[str, float], temperature: float, draw: Any) -> str:
    """Returns the token at which the cumulative probabilities pass a number drawn from 0 to 1."""
    with np.errstate(divide="ignore"):
        logits = np.log(np.array(list(probabilities.values()), "float32")) / np.float32(max(temperature, 1e-6))
    weights = np.exp(logits - logits.max())
    cumulative = np.cumsum(weights / weights.sum(), dtype="float32")
    index = int((cumulative <= draw * cumulative[-1]).sum())
    return list(probabilities)[min(index, len(cumulative) - 1)]
