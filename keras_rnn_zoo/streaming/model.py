"""A functional model that reads its input in parts."""

from typing import Any

import keras

from keras_rnn_zoo.errors import StreamingError
from keras_rnn_zoo.frameworks.keras_internals import run_graph
from keras_rnn_zoo.layers.streams import State, Steps, Tensors
from keras_rnn_zoo.streaming.operations import (
    CHOOSES_SEQUENCE,
    READS_FROM_END,
    SUBTRACTS_MEAN,
    Rule,
    rule_of,
    state_name,
)

COST = (
    "A model that reads one way usually loses some accuracy, because a step does not know what follows, and has half "
    "as many weights in its recurrent layers: more units can make up for part of it"
)
"""What a model costs that can answer while its input is still coming in."""


class StreamingModel:
    """A functional model as a function from the next steps of streams to what they add to its output.

    Args:
        model: a functional Keras model with one input, a sequence.

    Attributes:
        states: the states to carry over, by name.

    Raises:
        StreamingError: a layer needs the whole sequence.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.rules: dict[Any, Rule] = {}
        self.states: dict[str, State] = {}
        if isinstance(model.input, dict | list):
            raise StreamingError(
                "A model with several inputs reads them as a whole, and cannot answer while they are still coming in. "
                "Stream a run of many_to_one, sync_many_to_many or ctc instead."
            )
        faults = {}
        for operation in model.operations:
            if isinstance(operation, keras.layers.InputLayer):
                continue
            rule = rule_of(operation)
            if isinstance(rule, str):
                faults[operation] = rule
                continue
            self.rules[operation.name] = rule
            self.states |= {state_name(operation, name): state for name, state in rule.states.items()}
        if faults:
            raise StreamingError(_refusal(faults))

    def run(self, states: Tensors, steps: Steps, *, end: bool) -> tuple[Any, Tensors]:
        """Runs the model on the next steps of streams.

        Args:
            states: the states after the steps before.
            steps: the next steps of the model's input.
            end: whether the streams end with them.

        Returns:
            `Steps` of the output that these steps settle; or, if the model pools the steps, its output for all steps
            so far. And the new states.
        """
        after = dict(states)

        def call(operation: Any, *arguments: Any, **options: Any) -> Any:
            rule = self.rules[operation.name]
            names = {name: state_name(operation, name) for name in rule.states}
            own = {name: states[full] for name, full in names.items()}
            result, new = rule.run(own, end, *arguments, **options)
            after.update({names[name]: value for name, value in new.items()})
            return result

        return run_graph(self.model, steps, call), after


def _refusal(faults: dict[Any, str]) -> str:
    """Returns why a model cannot stream, and what to do, given the fault of each layer that cannot."""
    both_ways = [operation.name for operation, fault in faults.items() if fault in (READS_FROM_END, SUBTRACTS_MEAN)]
    crf = next((operation.name for operation, fault in faults.items() if fault == CHOOSES_SEQUENCE), "")
    if both_ways:
        return (
            f"This run reads its input in both directions (the layer {both_ways[-1]!r}), so it cannot answer before "
            f"its end. Train a model with bidirectional=false{' and crf=false' if crf else ''}. {COST}."
        )
    if crf:
        return (
            f"This run cannot answer while its input is still coming in, because of the layer {crf!r}: "
            f"{CHOOSES_SEQUENCE}. Train a model with crf=false."
        )
    operation, fault = next(iter(faults.items()))
    return (
        f"This run cannot answer while its input is still coming in, because of the layer {operation.name!r}: {fault}. "
        "Stream a run of many_to_one, sync_many_to_many or ctc with bidirectional=false instead."
    )
