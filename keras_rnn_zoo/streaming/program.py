"""A whole prediction as a step of a stream: from the next part of the raw input to answers."""

import abc
import math
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import StreamingError
from keras_rnn_zoo.layers.streams import State, Steps, Tensors
from keras_rnn_zoo.streaming.model import StreamingModel
from keras_rnn_zoo.tasks._endpoint import Endpoint, guard_batch

PREFIX = "state_"
"""The names of the states begin with this, those of raw inputs and answers do not."""
START, STEP = "start", "step"
"""The endpoints."""
FINAL = "final"
"""The input of a step that says where streams end, if the answers are those for new steps."""


class Program(abc.ABC):
    """The functions `start` and `step` of a trained model, in TensorFlow ops.

    Args:
        task: the fitted task.
        parts: the states of streams, by part of the program and by name.

    Attributes:
        states: the states by their full names.
        signature: the `tf.TensorSpec`s of the arguments of `step` after the states.
    """

    def __init__(self, task: Any, parts: Mapping[str, Mapping[str, State]]) -> None:
        self.task, self.reader, self.parts = task, task.reader, parts
        self.states: dict[str, State] = {
            f"{PREFIX}{part}_{name}": state for part, states in parts.items() for name, state in states.items()
        }
        self.signature = step_signature(task)

    def start(self, rows: Any) -> Tensors:
        """Returns the states of streams that begin, for a number of rows, int32 `()`."""
        return {name: state.at_start(rows) for name, state in self.states.items()}

    @abc.abstractmethod
    def step(self, states: Mapping[str, Any], *raw: Any) -> tuple[Tensors, Tensors]:
        """Advances streams by a part of each.

        Args:
            states: the states by name.
            *raw: the raw batch of parts and, where the answers are those for new steps, `final`: boolean `(rows,)`,
                true where the stream ends with this part, or empty. Such rows start anew.

        Returns:
            The answers by name, and the new states.
        """

    @abc.abstractmethod
    def logits_endpoints(self, rows: int | None) -> dict[str, Endpoint]:
        """Returns endpoints of the model alone, from the tensors that it reads to logits.

        The arguments of `step` are the states, a part of the model's input, `lengths`, the number of its steps in each
        row, and, where the answers are those for new steps, `final`. The results are the logits, the new states and,
        where the logits are those of new steps, `steps`, their number in each row.

        Args:
            rows: the number of streams in a batch; `None` for any.
        """

    def endpoints(self) -> dict[str, Endpoint]:
        """Returns the endpoints `start` and `step`, with the states and answers by name."""
        names = list(self.states)

        def step(*arguments: Any) -> Tensors:
            answers, states = self.step(dict(zip(names, arguments, strict=False)), *arguments[len(names) :])
            return {**answers, **states}

        specs = [state.spec(name) for name, state in self.states.items()]
        return {
            START: Endpoint(self.start, [_rows()]),
            STEP: Endpoint(guard_batch(step, lambda *arguments: None), [*specs, *self.signature]),
        }


def logits_endpoints(
    states: Mapping[str, State], given: list[Any], rows: int | None, step: Callable[..., Tensors]
) -> dict[str, Endpoint]:
    """Returns the endpoints of `Program.logits_endpoints`.

    Args:
        states: the states by their full names.
        given: the `tf.TensorSpec`s of the other arguments of `step`.
        rows: the number of streams in a batch; `None` for any.
        step: the function of the states and these arguments.
    """
    specs = [state.spec(name, rows) for name, state in states.items()]

    def start(count: Any) -> Tensors:
        begun = {name: state.at_start(count if rows is None else rows) for name, state in states.items()}
        return {
            name: tf.ensure_shape(value, spec.shape) for (name, value), spec in zip(begun.items(), specs, strict=True)
        }

    return {START: Endpoint(start, [_rows()]), STEP: Endpoint(step, [*specs, *given])}


class StreamingProgram(Program):
    """The program of a model that reads steps one after another.

    A step runs the model twice. First it reads the steps that no later input can change, which advances the states.
    From there it reads what is left as if the input ended here, which gives the answer but leaves the states alone.
    So the answer after each part is the prediction for everything until then, to the end of an unfinished word.

    Args:
        task: the fitted task.
        model: its Keras model.

    Raises:
        StreamingError: the model needs the whole input, or the task has no answers before.
    """

    def __init__(self, task: Any, model: Any) -> None:
        check_task(task)
        self.model = StreamingModel(model)
        step = {"begun": State((), tf.bool, False)}
        if task.answers == "next":  # The last token is read again with each part, for the answer.
            step = {"last": State((), tf.int32)}
        reader, states = task.reader.stream_states(), task.stream_states()
        super().__init__(task, {"reader": reader, "model": self.model.states, "task": states, "step": step})

    def step(self, states: Mapping[str, Any], *raw: Any) -> tuple[Tensors, Tensors]:
        own = {part: {name: states[f"{PREFIX}{part}_{name}"] for name in names} for part, names in self.parts.items()}
        rows = tf.shape(raw[0])[0]
        final = tf.zeros([rows], tf.bool)
        if self.task.answers == "steps":
            *raw, ends = raw  # type: ignore[assignment]
            final = tf.cond(tf.equal(tf.size(ends), 0), lambda: final, lambda: ends)
        new, new_tokens, own["reader"] = self.reader.read_part(own["reader"], *raw)
        rest, rest_tokens = self.reader.read_end(own["reader"], rows)
        outputs, inputs = self._outputs(own, new, rest, final)
        if self.task.answers == "steps":
            tokens = None if new_tokens is None else new_tokens.then(rest_tokens.of_rows(final))
            answers, own["task"] = self.task.decode_steps(outputs, inputs, tokens, own["task"])
        else:
            answers = self.task.decode_next(outputs)
        after = {f"{PREFIX}{part}_{name}": value for part, values in own.items() for name, value in values.items()}
        return answers, {name: self._restarted(name, after[name], final, rows) for name in self.states}

    def _outputs(self, own: dict[str, Tensors], new: Steps, rest: Steps, final: Any) -> tuple[Any, Steps]:
        """Returns the model's outputs for the answers, and the steps of its input; advances the states `own`.

        Args:
            own: the states by part and name.
            new: the steps that later input cannot change.
            rest: the steps that follow if the input ends here.
            final: where it does, boolean `(rows,)`.
        """
        new, rest, own["step"] = self._arranged(new, rest, own["step"])
        settled, own["model"] = self.model.run(own["model"], new, end=False)
        open_, _ = self.model.run(own["model"], rest, end=True)
        if self.task.answers == "steps":
            return settled.then(open_.of_rows(final)), new.then(rest.of_rows(final))
        return open_.last() if isinstance(open_, Steps) else open_, new

    def logits_endpoints(self, rows: int | None) -> dict[str, Endpoint]:
        names = {f"{PREFIX}{part}_{name}": (part, name) for part in ("model", "step") for name in self.parts[part]}
        by_steps, tensor = self.task.answers == "steps", self.model.model.input

        def step(*arguments: Any) -> Tensors:
            own: dict[str, Tensors] = {"model": {}, "step": {}}
            for (part, name), value in zip(names.values(), arguments, strict=False):
                own[part][name] = value
            values, lengths, *final = arguments[len(names) :]
            nothing = Steps(tf.zeros_like(values[:, :1]), tf.zeros_like(lengths))
            outputs, _ = self._outputs(own, Steps(values, lengths), nothing, final[0] if final else None)
            answers = {"logits": outputs.values, "steps": outputs.count} if by_steps else {"logits": outputs}
            ends, count = final[0] if final else None, tf.shape(lengths)[0]
            return answers | {
                full: self._restarted(full, own[part][name], ends, count) for full, (part, name) in names.items()
            }

        given = [tf.TensorSpec([rows, *tensor.shape[1:]], tensor.dtype, name=tensor.name)]
        given.append(tf.TensorSpec([rows], tf.int32, name="lengths"))
        given += [tf.TensorSpec([rows], tf.bool, name=FINAL)] if by_steps else []
        return logits_endpoints({name: self.states[name] for name in names}, given, rows, step)

    def _arranged(self, new: Steps, rest: Steps, states: Tensors) -> tuple[Steps, Steps, Tensors]:
        """Returns the steps for the two passes of the model, and the new states."""
        if self.task.answers == "next":
            # A language model's input begins with a zero, so there is always a last token.
            tokens = Steps(states["last"][:, None], tf.ones_like(new.count)).then(new)
            last = tokens.last()
            return (
                Steps(tokens.values, new.count),
                Steps(last[:, None], tf.ones_like(new.count)).then(rest),
                {"last": last},
            )
        begun = states["begun"] | (new.count > 0)
        # An empty input is read as one step of padding.
        padding = rest.padded(math.nan if rest.values.dtype.is_floating else 0)
        rest = Steps(padding, tf.maximum(rest.count, tf.where(begun, 0, 1)))
        return new, rest, {"begun": begun}

    def _restarted(self, name: str, value: Any, final: Any, rows: Any) -> Any:
        """Returns a state, or what it is at the start in rows whose stream has ended."""
        state = self.states[name]
        if self.task.answers == "steps":
            ended = tf.reshape(final, [-1, *[1] * len(state.shape)])
            value = tf.where(ended, state.at_start(rows), value)
        return tf.ensure_shape(value, [None, *state.shape])


def _rows() -> Any:
    return tf.TensorSpec([], tf.int32, name="rows")


def step_signature(task: Any) -> list[Any]:
    """Returns the `tf.TensorSpec`s of the arguments of `step` after the states."""
    final = [tf.TensorSpec([None], tf.bool, name=FINAL)] if task.answers == "steps" else []
    return [*task.reader.part_signature(), *final]


def check_task(task: Any) -> None:
    """Raises `StreamingError` if a task has no answers before the end of its input."""
    streamed = [entry.name for entry in registry.tasks.entries() if entry.make.answers]  # type: ignore[attr-defined]
    if not task.answers:
        raise StreamingError(
            f"The task of this run reads its whole input before it answers. Tasks that can answer while the input is "
            f"still coming in: {', '.join(streamed)}."
        )
    if not task.reader.streams:
        raise StreamingError(
            f"Inputs of the kind {task.reader.input!r} do not come in step by step. Texts, recordings and series do."
        )
    if getattr(task, "beam_size", 1) > 1:
        raise StreamingError(
            f"This run transcribes with beam_size={task.beam_size}, which weighs alternatives until the end of the "
            "input. Train it with beam_size=1, which takes the best class of each frame: usually a few more errors."
        )
