"""Predictions: from the outputs of a model to what a person reads, for whole inputs and for streams."""

import abc
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.lazy import np


class Answers(abc.ABC):
    """The part of a task that turns outputs of its model into predictions, and into the answers of streams."""

    def prediction_signature(self) -> dict[str, Any]:
        """Returns the `tf.TensorSpec` of each output of the default endpoint, by name; empty if they are unknown."""
        return {}

    @abc.abstractmethod
    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        """Returns the predictions for a batch by name, each a tensor `(batch, ...)`, in TensorFlow ops."""

    @abc.abstractmethod
    def describe(self, prediction: Mapping[str, Any]) -> str:
        """Returns a prediction as a readable line."""

    def trim(self, prediction: dict[str, Any]) -> dict[str, Any]:
        """Returns a prediction, in plain Python values, without its padding."""
        return prediction

    # Answers while the input is still coming in

    answers: str = "so_far"
    """What a stream answers after each part: `"so_far"`, the prediction for everything until then; `"steps"`, the
    predictions for the steps that it settles; `"next"`, what comes next; or "" if the task has no such answers."""

    answer_end: str = "\n"
    """What follows an answer in words: a line break, or "" for texts to be joined."""

    def stream_states(self) -> dict[str, Any]:
        """Returns the `keras_rnn_zoo.layers.streams.State`s of `decode_steps`, by name."""
        return {}

    def stream_signature(self) -> dict[str, Any]:
        """Returns the `tf.TensorSpec` of each answer, by name, as `prediction_signature`."""
        return self.prediction_signature()

    def decode_steps(
        self, outputs: Any, inputs: Any, tokens: Any, states: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the answers for the steps that a part of streams settles, and the new states.

        Args:
            outputs: the outputs of the model, `keras_rnn_zoo.layers.streams.Steps`.
            inputs: the steps of the model's input that came in, `Steps`.
            tokens: the tokens of these steps, `Steps` of strings, or `None`.
            states: the states by name.
        """
        filler = np.nan if inputs.values.dtype.is_floating else 0
        return self.decode(outputs.values, inputs.padded(filler)), {}

    def decode_next(self, outputs: Any) -> dict[str, Any]:
        """Returns the answers for the model's output at the last step of each row, `(rows, ...)`."""
        return self.decode(outputs, None)

    def joined_answers(self, answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Returns the prediction for a whole input, given the answers of a stream to its parts, in plain values."""
        if self.answers != "steps":
            return dict(answers[-1])
        return {name: _joined([answer[name] for answer in answers]) for name in answers[-1]}

    def describe_answer(self, answer: Mapping[str, Any]) -> str:
        """Returns an answer of a stream as a readable line."""
        return self.describe(answer)

    def trim_answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Returns an answer of a stream, in plain Python values, without its padding."""
        return self.trim(answer)


def _joined(values: Sequence[Any]) -> Any:
    """Joins texts and lists, adds up counts, and returns the last one of other numbers, which are for all so far."""
    if isinstance(values[0], list):
        return list(itertools.chain.from_iterable(values))
    if isinstance(values[0], str):
        return "".join(values)
    return sum(values) if isinstance(values[0], int) else values[-1]
