"""How the operations of a functional model continue a stream: one class for each kind of layer.

The layers and weights are those of the model. A rule calls its layer on what a chunk adds, and carries over in states
what the layer needs of the steps before: the state of a recurrent layer, the steps of an unfinished window.
"""

import re
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_zoo.layers.audio import LogMel, SpectrogramMasks
from keras_rnn_zoo.layers.characters import CharacterReader
from keras_rnn_zoo.layers.crf import Crf
from keras_rnn_zoo.layers.masking import BlankPadding, MeanSubtraction, StepMask, WordDropout, ZeroPadding
from keras_rnn_zoo.layers.residual import GatedMLP
from keras_rnn_zoo.layers.streams import State, Steps, Tensors

_EACH_STEP = (
    *(BlankPadding, CharacterReader, SpectrogramMasks, WordDropout, ZeroPadding),
    *(keras.layers.Dense, keras.layers.Dropout, keras.layers.Embedding, keras.layers.SpatialDropout1D),
    *(keras.layers.Activation, keras.layers.ReLU, keras.layers.Identity, keras.layers.Rescaling),
    *(GatedMLP, keras.layers.LayerNormalization),
)
"""Layers that treat each step for itself."""
_JOINING = (keras.layers.Add, keras.layers.Concatenate, keras.layers.Multiply)
CHOOSES_SEQUENCE = "it chooses the tags of the whole sentence together"
READS_FROM_END, SUBTRACTS_MEAN = "it reads the sequence from its end", "it subtracts the mean over the whole recording"
"""Why layers of models with `bidirectional=true` cannot continue a stream."""


class Real:
    """Stands for a mask of real steps in the graph of a model: in a stream, all steps are real."""


class Rule:
    """How an operation continues a stream.

    Args:
        operation: the layer or op.

    Attributes:
        states: the states to carry over, by name.
    """

    def __init__(self, operation: Any) -> None:
        self.operation = operation
        self.states: dict[str, State] = {}

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        """Runs the operation on the steps that a chunk adds.

        Args:
            states: the states by name.
            end: whether the streams end with this chunk.
            *arguments: the arguments of the operation: `Steps`, tensors for vectors, and `Real` for masks.
            **options: its keyword arguments.

        Returns:
            The result, and the new states.
        """
        raise NotImplementedError


class EachStep(Rule):
    """An operation on each step, or on a vector."""

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        parts = [part for part in keras.tree.flatten((arguments, options)) if isinstance(part, Steps)]
        if not parts:
            return self.operation(*arguments, **options), states
        first = parts[0]

        def tensor(part: Any) -> Any:
            if isinstance(part, Real):
                return first.mask
            return part.values if isinstance(part, Steps) else part

        arguments, options = keras.tree.map_structure(tensor, (arguments, options))
        return first.map(lambda values: self.operation(*arguments, **options)), states


class Masks(Rule):
    """The computation of a mask."""

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        return Real(), states


class Item(EachStep):
    """Indexing: of a mask, or of the features of each step."""

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        return (Real(), states) if isinstance(arguments[0], Real) else super().run(states, end, *arguments, **options)


class Recurrent(Rule):
    """A recurrent layer that reads forward."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        flat = keras.tree.flatten(layer.get_initial_state(batch_size=1))
        for index, state in enumerate(flat):
            self.states[str(index)] = State(tuple(state.shape[1:]), state.dtype, self._initial(index))
        if not layer.return_sequences:  # The output at the last step need not be a state.
            self.states["output"] = State((layer.output.shape[-1],))

    def _initial(self, index: int) -> Callable[[Any], Any]:
        return lambda rows: keras.tree.flatten(self.operation.get_initial_state(batch_size=rows))[index]

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        (steps,) = (argument for argument in arguments if isinstance(argument, Steps))
        flat = [states[name] for name in self.states if name != "output"]
        last, outputs, after = self.operation.inner_loop(
            steps.values, initial_state=flat, mask=steps.mask, training=False
        )
        new = dict(zip(self.states, keras.tree.flatten(after), strict=False))
        if self.operation.return_sequences:
            return Steps(outputs, steps.count), new
        last = tf.where(steps.count[:, None] > 0, last, states["output"])
        return last, {**new, "output": last}


class Resuming(Rule):
    """A layer that can read a sequence in parts; see `keras_rnn_zoo.layers.masking.Masked`."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        features = _input(layer).shape[-1]
        self.states = {
            name: State(shape, tf.float32, value) for name, (shape, value) in layer.state_shapes(features).items()
        }

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        (steps,) = (argument for argument in arguments if isinstance(argument, Steps))
        result, after = self.operation.resume(steps.values, steps.mask, states)
        return (Steps(result, steps.count) if len(result.shape) == 3 else result), after


class Windows(Rule):
    """A layer whose frames each come from a window of steps, such as a convolution.

    Args:
        layer: the layer.
        size: number of steps in a window.
        stride: number of steps between the starts of two windows.
        beyond: whether windows begin up to the last step and extend beyond it, into zeros.
    """

    def __init__(self, layer: Any, size: int, stride: int, beyond: bool) -> None:
        super().__init__(layer)
        self.size, self.stride, self.beyond = size, stride, beyond
        features = tuple(_input(layer).shape[2:])
        self.states = {"held": State((size - 1, *features)), "held_count": State((), tf.int32)}

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        steps = Steps(states["held"], states["held_count"]).then(arguments[0])
        frames = self.operation(steps.padded(0))
        # Only nonnegative numbers are divided: ONNX rounds negative ones up.
        count = tf.maximum(steps.count - self.size + self.stride, 0) // self.stride
        if end and self.beyond:
            count = (steps.count + self.stride - 1) // self.stride
        held = steps.since(count * self.stride, self.size - 1)
        return Steps(frames, count), {"held": held.values, "held_count": held.count}


class Ends(Rule):
    """Zeros at both ends of a sequence."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self.states = {"begun": State((), tf.bool, False)}

    def run(self, states: Tensors, end: bool, *arguments: Any, **options: Any) -> tuple[Any, Tensors]:
        steps, (left, right) = arguments[0], self.operation.padding
        begun = states["begun"] | (steps.count > 0)

        def zeros(number: int, rows: Any) -> Steps:
            shape = [tf.shape(steps.values)[0], number, *steps.values.shape[2:]]
            return Steps(tf.zeros(shape, steps.values.dtype), tf.where(rows, number, 0))

        padded = zeros(left, begun & ~states["begun"]).then(steps) if left else steps
        if end and right:
            padded = padded.then(zeros(right, begun))
        return padded, {"begun": begun}


def rule_of(operation: Any) -> Rule | str:
    """Returns how an operation continues a stream, or why it cannot, in words."""
    layers = keras.layers
    if isinstance(operation, MeanSubtraction) and not operation.running:
        return SUBTRACTS_MEAN
    if isinstance(operation, Crf):
        return CHOOSES_SEQUENCE
    if isinstance(operation, layers.Bidirectional) or getattr(operation, "go_backwards", False):
        return READS_FROM_END
    if isinstance(operation, layers.RNN):
        return Recurrent(operation) if not operation.return_state else "its final state is used"
    if hasattr(operation, "resume") and hasattr(operation, "state_shapes"):
        return Resuming(operation)
    if isinstance(operation, StepMask):
        return Masks(operation)
    if isinstance(operation, LogMel):
        return Windows(operation, operation.fft_length, operation.stride, beyond=True)
    if isinstance(operation, layers.ZeroPadding1D):
        return Ends(operation)
    if isinstance(operation, layers.Conv1D):
        (size,), (stride,), (dilation,) = operation.kernel_size, operation.strides, operation.dilation_rate
        fits = operation.padding == "valid" and dilation == 1 and stride <= size
        return Windows(operation, size, stride, beyond=False) if fits else "its convolution pads the whole sequence"
    if type(operation).__name__ == "GetItem":
        return Item(operation)
    each = isinstance(operation, _EACH_STEP) or (isinstance(operation, _JOINING) and _joins_features(operation))
    each = each and getattr(operation, "axis", -1) in (-1, [-1], [len(_input(operation).shape) - 1])
    # What comes after the steps are pooled is no longer a sequence.
    if each or all(len(tensor.shape) <= 2 for tensor in keras.tree.flatten(operation.input)):
        return EachStep(operation)
    return f"layers of the class {type(operation).__name__} are not known to read a sequence in parts"


def _joins_features(layer: Any) -> bool:
    return getattr(layer, "axis", -1) == -1


def _input(operation: Any) -> Any:
    return keras.tree.flatten(operation.input)[0]


def state_name(operation: Any, state: str) -> str:
    """Returns the name of an operation's state in a stream: a Python identifier."""
    return re.sub(r"\W", "_", f"{operation.name}_{state}")
