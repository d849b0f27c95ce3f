"""The base class of tasks that answer every step of a series, or every frame of a recording."""

import abc
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from keras_rnn_zoo.conventions import frame_stride
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.readers.reader import require
from keras_rnn_zoo.readers.series import steps_in_rows
from keras_rnn_zoo.tasks._endpoint import Endpoint
from keras_rnn_zoo.tasks.task import Task


class StepTask(Task):
    """A task with a target for each step of its input: `(steps,)` or `(steps, targets)`.

    The steps of audio are the frames of its spectrogram, one every 10 ms. Integer targets are -1, and numbers NaN, at
    steps that are neither learned nor scored.
    """

    @property
    def _stride(self) -> int:
        """The number of rows of the reader's output that are a step: for audio, samples."""
        return frame_stride(self.reader.sample_rate) if self.reader.input == "audio" else 1  # type: ignore[attr-defined]

    def target_steps(self, steps: Any) -> Any:
        return -(-steps // self._stride)

    def example(self, raw: Any, target: Any) -> tuple[Any, Any]:
        inputs = self.read(raw)
        steps, expected = tf.shape(target)[0], self.target_steps(tf.shape(raw)[0])
        fault = "an input needs a target for each of its steps; number of targets and steps:"
        require(tf.equal(steps, expected), fault, steps, expected)
        return self.with_target(inputs, target[: self.target_steps(tf.shape(inputs)[0])])

    def real_steps(self, inputs: Any) -> Any:
        """Returns the boolean mask `(batch, steps)` of the steps that are not padding, given the model's input."""
        return _present(inputs)[:, :: self._stride]

    def step_counts(self, inputs: Any) -> Any:
        """Returns the number of steps of each input: int32 `(batch,)`."""
        return tf.reduce_sum(tf.cast(self.real_steps(inputs), tf.int32), axis=1)

    def default_endpoint(self, outputs: Callable[[Any], Any]) -> Endpoint:
        endpoint = super().default_endpoint(outputs)

        def predict(*raw: Any) -> dict[str, Any]:
            # The step that the model makes of an empty input gets no answer.
            real = steps_in_rows(*raw[:2]) > 0
            answers = endpoint.call(*raw)
            answers["lengths"] = tf.where(real, answers["lengths"], 0)
            if "labels" in answers:
                answers["labels"] = tf.where(real[:, None], answers["labels"], "")
            return answers

        return dataclasses.replace(endpoint, call=predict)

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        return self._decode(outputs, self.real_steps(inputs))

    def _decode(self, outputs: Any, real: Any) -> dict[str, Any]:
        """Returns the predictions for outputs at the steps of a mask, boolean `(batch, steps)`, and their number."""
        return {**self.decode_each(outputs, real), "lengths": tf.reduce_sum(tf.cast(real, tf.int32), axis=1)}

    @abc.abstractmethod
    def decode_each(self, outputs: Any, real: Any) -> dict[str, Any]:
        """Returns the predictions for each step; arguments as of `_decode`."""

    answers = "steps"

    def stream_states(self) -> dict[str, Any]:
        from keras_rnn_zoo.layers.streams import State

        return {"begun": State((), tf.bool, False)}

    def decode_steps(
        self, outputs: Any, inputs: Any, tokens: Any, states: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        # The step that the model makes of an empty input gets no answer.
        begun = states["begun"] | tf.reduce_any(_present(inputs.padded(math.nan)), axis=1)
        return self._decode(outputs.values, outputs.mask & begun[:, None]), {"begun": begun}

    def loss_weight(self, targets: Any) -> int:
        from keras_rnn_zoo.layers.steps import counted_steps

        return int(counted_steps(targets))

    def trim(self, prediction: dict[str, Any]) -> dict[str, Any]:
        count = prediction["lengths"]
        return {name: value if name == "lengths" else value[:count] for name, value in prediction.items()}


def _present(inputs: Any) -> Any:
    """Returns the boolean mask `(batch, time)` of the rows of inputs that are not padding."""
    firsts = inputs if len(inputs.shape) == 2 else inputs[:, :, 0]
    return tf.logical_not(tf.math.is_nan(firsts))


def in_runs(values: Iterable[str]) -> str:
    """Returns values with the number of times that each follows itself: "idle x3, busy x2"."""
    return ", ".join(f"{value} x{sum(1 for _ in same)}" for value, same in itertools.groupby(values))
