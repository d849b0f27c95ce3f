"""Answers of a run to raw inputs."""

import os
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.loading import LoadedRun, load_run
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.runs import Run

BATCH_SIZE = 32


def predict(
    run: Run | str | LoadedRun | None, inputs: Sequence[Any], *, models_dir: str | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Answers raw inputs.

    Args:
        run: the run or its name, or what `zoo.load` returned, which saves loading it again; `None` for the only run
            there is.
        inputs: raw inputs. Texts are `str`, or `bytes` that need not be valid UTF-8; images the path of a file, or its
            content as `bytes`; recordings the path of a WAV file, its content, or an array of samples; series arrays.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        **options: how to answer, where the task leaves a choice: `temperature`, `length`, `seed` of a language model.

    Returns:
        For each input, its answers by name, as plain Python values: `{"label": "positive", "probabilities": [...]}`.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: an input of another kind than the run was trained on.
        OptionError: an unknown option, or a value that it does not accept.
    """
    if isinstance(inputs, str | bytes | os.PathLike):
        raise DataError(f"A list of inputs is expected; received one input, {str(inputs)[:60]!r}. Put it in a list.")
    loaded = run if isinstance(run, LoadedRun) else load_run(run, models_dir=models_dir)
    chosen = check_options(loaded.task.answer_options, options, "an answer of this run")
    rows = []
    for start in range(0, len(inputs), BATCH_SIZE):
        part = inputs[start : start + BATCH_SIZE]
        answers = {
            name: np.asarray(values) for name, values in loaded.answer(*loaded.task.to_batch(part, **chosen)).items()
        }
        for row in range(len(part)):
            rows.append(loaded.task.trim({name: _plain(values[row]) for name, values in answers.items()}))
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item()
