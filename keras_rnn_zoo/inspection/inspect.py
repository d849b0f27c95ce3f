"""Inspects predictions of runs."""

import os
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import InspectionError
from keras_rnn_zoo.inference.ensemble import LoadedEnsemble
from keras_rnn_zoo.inference.load import LoadedRun, load
from keras_rnn_zoo.inference.predictor import Predictor
from keras_rnn_zoo.inspection.input_file import input_of_file
from keras_rnn_zoo.inspection.inspection import Inspection
from keras_rnn_zoo.lazy import keras


def inspect(
    run: Run | str | os.PathLike[str] | Predictor | None,
    input: Any,
    *,
    explain: int | str | None = None,
    layers: Sequence[str] | None = None,
    gates: bool = True,
    importance: bool = True,
    models_dir: str | None = None,
    **options: Any,
) -> Inspection:
    """Returns what a network does at each step of an input.

    For each step, that is the token, the time or the row; the states and gates of every recurrent layer; the prediction
    as if the input ended there, or the one for the step; for generated texts, the attention weights and the
    alternatives; for transcripts, the alignment; and how much the step matters for the prediction, by integrated
    gradients (Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks").

    Args:
        run: the run or its name, or the object that `zoo.load` returned, which avoids loading it again, and makes
            further inspections quick; `None` for the only run.
        input: a raw input, as in the list that `predict` takes; or a `pathlib.Path` of a file that holds one input.
        explain: what importance is for: the name of a class or of a target, or the index of a step of the output, from
            0: of a tag, a token of a text or transcript, or a step of a forecast. By default, the whole prediction; of
            several targets the first one, and of a language model the first token that it writes.
        layers: names of the recurrent layers to return, without the direction; by default, all.
        gates: whether to return their gates.
        importance: whether to compute importance, which takes most of the time.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        **options: prediction options of the task, such as `max_new_tokens` of a language model.

    Returns:
        An `Inspection`, whose values are those of the model's real forward pass.

    Raises:
        InspectionError: Keras runs on another backend than TensorFlow, an export or an ensemble was passed, the input
            is empty or too long, or a layer or what to explain is unknown.
        RunError: the run does not exist or is damaged.
        DataError: the input is not of the kind that the run was trained on.
        OptionError: an option is unknown, or its value is invalid.

    Example:
        >>> found = zoo.inspect("many_to_one", "not dull but moving")      # doctest: +SKIP
        >>> found.timelines["input"].labels                                # doctest: +SKIP
        ('not', 'dull', 'but', 'moving')
        >>> found.layers[0].states["h"].shape                              # doctest: +SKIP
        (4, 64)
    """
    loaded = run if isinstance(run, Predictor) else load(run, models_dir=models_dir)
    if not isinstance(loaded, LoadedRun):
        raise InspectionError(
            f"{loaded.title} cannot be inspected: it returns predictions, but no states of its layers. Inspect the run "
            "that it was exported from."
        )
    if isinstance(loaded, LoadedEnsemble):
        raise InspectionError(f"{loaded.title} cannot be inspected: it has several networks. Name one of them.")
    if keras.backend.backend() != "tensorflow":
        raise InspectionError(
            f"Inspections need the TensorFlow backend, but Keras runs on {keras.backend.backend()!r}. Runs do not "
            "depend on the backend: set KERAS_BACKEND=tensorflow."
        )
    found: Inspection = loaded.inspector.inspect(
        input_of(loaded, input), explain=explain, layers=layers, gates=gates, importance=importance, options=options
    )
    return found


def input_of(loaded: LoadedRun, input: Any) -> Any:
    """Returns the raw input that a user passed to `inspect`; raises the same errors for a file."""
    if isinstance(input, os.PathLike) and not by_path(loaded):
        return input_of_file(input, loaded.run.config)
    return input


def by_path(loaded: LoadedRun) -> bool:
    """Whether the reader of a run reads files itself, as that of images does."""
    return loaded.run.config.task.reader_entry.by_path
