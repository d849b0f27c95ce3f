"""Inspects inputs of a loaded run; its functions are traced once."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import InspectionError
from keras_rnn_zoo.inference.predictor import plain_rows
from keras_rnn_zoo.inspection.explained import target_of
from keras_rnn_zoo.inspection.graph import Graph
from keras_rnn_zoo.inspection.importance import Gradients
from keras_rnn_zoo.inspection.inspection import (
    Attention,
    Hypothesis,
    Importance,
    Inspection,
    Outputs,
    Segment,
)
from keras_rnn_zoo.inspection.layers import selected, states_of
from keras_rnn_zoo.inspection.prefixes import prefix_predictions, prefix_steps
from keras_rnn_zoo.inspection.recorder import Recorder
from keras_rnn_zoo.inspection.timelines import INPUT, OUTPUT, Timelines
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.tasks._inspected import Passage

MAX_STEPS = 10_000
"""Inputs with more steps are refused: the states of all steps are held in memory."""


class Inspector:
    """Inspects inputs of a run.

    Args:
        loaded: the loaded run.
    """

    def __init__(self, loaded: Any) -> None:
        self.loaded, self.task = loaded, loaded.task
        self.model = self.task.inspected_model(loaded.model)
        self._lock = threading.Lock()  # Layers are patched while a function is traced.
        self._graph: Graph | None = None

    def _prepare(self) -> tuple[Graph, Recorder, Any, Any, Gradients]:
        """Returns what is made of the model when the first input is inspected."""
        if self._graph is None:
            self._graph = Graph(self.model)
            self._recorder, self._gradients = Recorder(self.model), Gradients(self._graph)
            self._forward: Any = tf.function(self._recorder.run, reduce_retracing=True, autograph=False)
            self._read: Any = tf.function(self._graph.read, reduce_retracing=True, autograph=False)
        return self._graph, self._recorder, self._forward, self._read, self._gradients

    def inspect(
        self,
        input: Any,
        *,
        explain: int | str | None,
        layers: Sequence[str] | None,
        gates: bool,
        importance: bool,
        options: Mapping[str, Any],
    ) -> Inspection:
        """Inspects an input; arguments, results and errors as in `keras_rnn_zoo.inspect`."""
        task = self.task
        options = check_options(task.prediction_options, options, "a prediction of this run")
        raw = task.to_batch([input], **options)
        with self._lock:
            found: Inspection = self.loaded.run_graph(lambda: self._inspect(raw, explain, layers, gates, importance))
        return found

    def _inspect(
        self, raw: Any, explain: int | str | None, layers: Sequence[str] | None, gates: bool, importance: bool
    ) -> Inspection:
        task = self.task
        inputs = task.preprocess(*raw)
        made = self.loaded.outputs(inputs)
        decoded = {**task.echoed_inputs(*raw), **task.decode(made, inputs)}
        arrays = {name: np.asarray(values) for name, values in decoded.items()}
        self.loaded.check_answers(arrays, 1, None)
        (prediction,) = plain_rows(task, arrays)
        passage = self._fitting(task.passage(inputs, made))
        graph, recorder, forward, read, _ = self._prepare()
        self._check_length(graph, passage)
        references = _arrays(read(passage.inputs))
        count = references[0].shape[1] if references else keras.tree.flatten(passage.inputs)[0].shape[1]
        labels = task.input_labels(count, passage, *raw)
        if not labels:
            raise InspectionError("The input is empty, so there are no steps to inspect. Pass an input with content.")
        timelines = Timelines(graph, task.reader.step_unit, task.reader.step_size, labels)
        found = _arrays(forward(passage.inputs))
        if found["outputs"].ndim > 2 and (task.generates or not graph.variable):
            steps = found["outputs"].shape[1]
            timelines.add_output("token" if task.generates else "row", task.output_labels(steps, passage, *raw))
        states = [
            state
            for facts, tensors in zip(recorder.layers, found["layers"], strict=True)
            for state in states_of(facts, tensors, timelines, gates=gates)
        ]
        outputs, chosen, parts = self._outputs(found["outputs"], passage, timelines)
        return Inspection(
            run=self.loaded.run.name,
            architecture=self.model.name,
            task=next(entry.name for entry in registry.tasks.entries() if entry.make is type(task)),
            input=task.reader.input,
            prediction=prediction,
            summary=task.describe(prediction),
            layers=selected(states, layers),
            outputs=outputs,
            attention=tuple(self._attention(recorder, found["weights"], timelines)),
            beam=tuple(Hypothesis(text, tuple(t), score) for text, t, score in task.alternatives(self.model, inputs)),
            alignment=tuple(_segment(part, outputs, chosen) for part in parts),
            importance=self._importance(found["outputs"][0], chosen, passage, parts, references, explain)
            if importance and references
            else None,
            timelines=timelines.found,
        )

    def _fitting(self, passage: Passage) -> Passage:
        """Returns a passage whose inputs have the dtypes of the model's."""

        def cast(spec: Any, value: Any) -> Any:
            return tf.cast(value, spec.dtype)

        return passage._replace(inputs=keras.tree.map_structure(cast, self.model.input, passage.inputs))

    @staticmethod
    def _check_length(graph: Graph, passage: Passage) -> None:
        longest = max(value.shape[1] for value in keras.tree.flatten(passage.inputs)) // graph.input_stride
        if longest > MAX_STEPS:
            raise InspectionError(
                f"The input has {longest:,} steps, but at most {MAX_STEPS:,} can be inspected, because the states of "
                "all are held in memory. Inspect a part of it."
            )

    def _outputs(self, outputs: Any, passage: Passage, timelines: Timelines) -> tuple[Outputs, Any, Sequence[Any]]:
        """Returns the outputs at each step, the indices of what was predicted, and the parts of a transcript."""
        task = self.task
        if outputs.ndim == 2:
            return self._prefixes(outputs, passage, timelines), outputs[0].argmax(), []
        timeline = OUTPUT if OUTPUT in timelines.found else timelines.of_output(outputs.shape[1])
        values, names = np.asarray(task.output_values(tf.constant(outputs)))[0], task.output_names()
        chosen = outputs[0].argmax(axis=-1) if passage.chosen is None else passage.chosen
        kind = "numbers" if task.output_form == "numbers" else "probabilities"
        texts = tuple(_text(row, index, names, task.output_form) for row, index in zip(values, chosen, strict=True))
        return (
            Outputs(timeline, np.arange(len(values)), "steps", names, kind, values, texts),
            chosen,
            task.parts(chosen),
        )

    def _prefixes(self, outputs: Any, passage: Passage, timelines: Timelines) -> Outputs:
        """Returns the predictions as if the input ended at its steps; for inputs of one size, only the prediction."""
        task, graph = self.task, timelines.graph
        count, steps = len(timelines.found[INPUT]), np.array([len(timelines.found[INPUT]) - 1])
        predictions: list[Any] = plain_rows(task, task.decode(tf.constant(outputs), passage.inputs))
        if graph.variable and not isinstance(passage.inputs, dict):
            steps = prefix_steps(count)
            lengths = np.minimum((steps + 1) * graph.input_stride, passage.inputs.shape[1])
            outputs, predictions = prefix_predictions(self.loaded, passage.inputs, lengths)
        values = np.asarray(task.output_values(tf.constant(outputs)))
        kind = "numbers" if task.output_form == "numbers" else "probabilities"
        return Outputs(
            INPUT, steps, "prefixes", task.output_names(), kind, values, tuple(map(task.describe, predictions))
        )

    def _attention(self, recorder: Recorder, weights: Sequence[Any], timelines: Timelines) -> list[Attention]:
        found = []
        for place, values in zip(recorder.attention, weights, strict=True):
            keys = timelines.of_keys(values.shape[-1])
            queries = OUTPUT if values.ndim == 3 else ""
            if not keys and hasattr(self.task, "attended"):
                values = np.asarray(self.task.attended(self.model, tf.constant(values)))
            found.append(Attention(place.name, queries, keys, values[0]))
        return found

    def _importance(
        self, outputs: Any, chosen: Any, passage: Passage, parts: Any, references: Any, explain: int | str | None
    ) -> Importance:
        _, _, _, read, gradients = self._prepare()
        target = target_of(self.task, outputs, chosen, passage.first, parts, explain)
        flat = keras.tree.flatten(passage.inputs)
        if any(np.asarray(value).dtype.kind == "f" for value in flat):
            nothing = keras.tree.map_structure(
                lambda value: value * 0 if np.asarray(value).dtype.kind == "f" else value, passage.inputs
            )
            baseline = _arrays(read(nothing))
        else:
            baseline = [np.zeros_like(one) for one in references]
        found = gradients.integrate(passage.inputs, baseline, references, target)
        count = references[0].shape[1]
        sums = [part.sum(axis=1) if part.ndim == 2 else part for part in found.parts.values()]
        squares = [norm**2 for norm in found.norms.values()]
        squares = [one.sum(axis=1) if one.ndim == 2 else one for one in squares]
        return Importance(
            of=target.text,
            timeline=INPUT,
            values=np.sum([part[:count] for part in sums], axis=0),
            parts=dict(found.parts),
            gradient_norms=np.sqrt(np.sum([one[:count] for one in squares], axis=0)),
            baseline=self.task.reader.baseline,
            value=found.values[1],
            baseline_value=found.values[0],
            completeness_error=found.error,
            interpolations=found.interpolations,
        )


def _arrays(tensors: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_numpy, tensors)


def _text(values: Any, index: int, names: Sequence[str], form: str) -> str:
    """Returns in words what was predicted at a step."""
    if form == "labels":
        return "+".join(name for name, value in zip(names, values, strict=True) if value > 0.5)
    if form == "numbers":
        middle = values[..., values.shape[-1] // 2] if values.ndim == 2 else values
        return ", ".join(f"{number:.4g}" for number in middle)
    return str(names[index])


def _segment(part: Any, outputs: Outputs, chosen: Any) -> Segment:
    rows = np.arange(part.start, part.end)
    logs = np.log(np.maximum(outputs.values[rows, chosen[rows]], 1e-30))
    return Segment(part.text, part.start, part.end, float(np.exp(logs.mean())))
