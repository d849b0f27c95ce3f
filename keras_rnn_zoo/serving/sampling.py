"""Samples text from a stream of a language model, one character after another."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import StreamingError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.streaming.stream import Stream


class Drawn(NamedTuple):
    """A character that was drawn.

    Attributes:
        text: the character.
        tokens: the characters that it was drawn from.
        probabilities: their probabilities at the temperature, float32 `(tokens,)`.
    """

    text: str
    tokens: list[str]
    probabilities: Any


def samples(task: Any) -> bool:
    """Whether a model of a task writes text character by character."""
    return bool(task.answers == "next" and task.reader.ids.tokens == "characters")


class Sampling(NamedTuple):
    """The options of a text that is sampled.

    Attributes:
        temperature: divides the logits; 0 takes the most likely character.
        seed: the same seed gives the same text.
        characters: number of characters to generate.
    """

    temperature: float
    seed: int
    characters: int


def sampling_of(task: Any, options: Mapping[str, Any], most: int) -> Sampling:
    """Returns the options of a request, with the defaults of those that it omits.

    Args:
        task: the task.
        options: the options of prediction that the client set.
        most: maximum number of characters to generate.

    Raises:
        OptionError: an option is unknown, or its value is invalid.
        RequestError: more characters are requested.
    """
    chosen = {name: option.default for name, option in task.prediction_options.items()}
    chosen |= check_options(task.prediction_options, options, "a prediction of this run")
    count = chosen.get("max_new_tokens", 0)
    if count > most:
        raise RequestError(f"max_new_tokens may be up to {most:,}; received {count:,}.")
    return Sampling(chosen.get("temperature", 0), chosen.get("seed", 0), count)


def draw(stream: Stream, prompt: str, sampling: Sampling) -> Iterator[Drawn]:
    """Yields the characters that continue a prompt, as soon as each is drawn: those of `zoo.predict`.

    Args:
        stream: a stream of a language model of characters.
        prompt: the text to continue.
        sampling: how to sample.

    Raises:
        StreamingError: the model is not one of characters.
    """
    if not samples(stream.task):
        raise StreamingError("Text is sampled character by character for language models of characters only.")
    return _drawn(stream, prompt, *sampling)


def _drawn(stream: Stream, prompt: str, temperature: float, seed: int, count: int) -> Iterator[Drawn]:
    numbers = tf.random.stateless_uniform([count], [seed, 0]).numpy()
    text = prompt
    for number in numbers:
        answer = stream.feed(text)
        tokens = list(answer["probabilities"])
        weights = np.array(list(answer["probabilities"].values()), "float32")
        if temperature:
            with np.errstate(divide="ignore"):
                logits = np.log(weights) / np.float32(max(temperature, 1e-6))
            weights = np.exp(logits - logits.max())
            weights /= weights.sum()
        text = _at(weights, tokens, number) if temperature else answer["token"]
        yield Drawn(text, tokens, weights)


def _at(weights: Any, tokens: list[str], number: Any) -> str:
    """Returns the token at which the cumulative probabilities pass a number drawn from 0 to 1."""
    cumulative = np.cumsum(weights, dtype="float32")
    index = int((cumulative <= number * cumulative[-1]).sum())
    return tokens[min(index, len(cumulative) - 1)]
