"""Streams of windows: a forecast from what has come so far."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from keras_rnn_zoo.layers.streams import State, Tensors
from keras_rnn_zoo.readers._sliding import moved
from keras_rnn_zoo.streaming.program import PREFIX, Program, StreamingProgram, check_task, logits_endpoints
from keras_rnn_zoo.tasks._endpoint import Endpoint, inputs_by_name


def program_of(task: Any, model: Any) -> Program:
    """Returns the program of a trained model's streams; arguments and errors as for `StreamingProgram`."""
    return WindowProgram(task, model) if task.reader.slides else StreamingProgram(task, model)


class WindowProgram(Program):
    """The program of a model that reads a window: a step moves it on, and the model reads it as a whole.

    The states are the last rows, as many as the model reads. So a step takes the same time and memory whatever came
    before, and the model may read the window in both directions.

    Args:
        task: the fitted task.
        model: its Keras model.
    """

    def __init__(self, task: Any, model: Any) -> None:
        check_task(task)
        self.model = model
        super().__init__(task, {"reader": task.reader.stream_states()})

    def step(self, states: Mapping[str, Any], *raw: Any) -> tuple[Tensors, Tensors]:
        own = {name: states[f"{PREFIX}reader_{name}"] for name in self.parts["reader"]}
        window, new = self.reader.slide(own, *raw)
        answers = self.task.decode_next(self.task.outputs(self.model, self.task.preprocess(*window)))
        after = {f"{PREFIX}reader_{name}": value for name, value in new.items()}
        return answers, {
            name: tf.ensure_shape(after[name], [None, *state.shape]) for name, state in self.states.items()
        }

    def logits_endpoints(self, rows: int | None) -> dict[str, Endpoint]:
        history = self.reader.history
        several, tensors = isinstance(self.model.input, dict), inputs_by_name(self.model)
        states = {f"{PREFIX}model_{name}": State(tuple(tensor.shape[1:])) for name, tensor in tensors.items()}
        states[f"{PREFIX}model_steps"] = State((), tf.int32)
        given = [
            tf.TensorSpec([rows, None, *tensor.shape[2:]], tensor.dtype, name=name) for name, tensor in tensors.items()
        ]
        given.append(tf.TensorSpec([rows], tf.int32, name="lengths"))

        def step(*arguments: Any) -> Tensors:
            held = dict(zip(states, arguments, strict=False))
            *parts, lengths = arguments[len(states) :]
            after, inputs = {}, {}
            for (name, tensor), part in zip(tensors.items(), parts, strict=True):
                before, ahead = held[f"{PREFIX}model_{name}"], tensor.shape[1] - history
                values = moved(before[:, :history], part, lengths, history, ahead)
                moves = tf.reshape(lengths > 0, [-1, 1, 1])
                inputs[name] = after[f"{PREFIX}model_{name}"] = tf.where(moves, values, before)
            steps = tf.minimum(held[f"{PREFIX}model_steps"] + lengths, history)
            # The steps before the first one of a shorter past have its values.
            places = tf.maximum(tf.range(history)[None], tf.minimum(history - steps, history - 1)[:, None])
            inputs["series"] = tf.gather(inputs["series"], places, batch_dims=1)
            logits = self.model(inputs if several else inputs["series"], training=False)
            return {"logits": logits, **after, f"{PREFIX}model_steps": steps}

        return logits_endpoints(states, given, rows, step)
