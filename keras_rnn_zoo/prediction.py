"""Answers of a run to raw inputs."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.loading import LoadedRun, load_run
from keras_rnn_zoo.runs import Run

BATCH_SIZE = 32


def predict(
    run: Run | str | LoadedRun | None, inputs: Sequence[Any], *, models_dir: str | None = None
) -> list[dict[str, Any]]:
    """Answers raw inputs.

    Args:
        run: the run or its name, or what `zoo.load` returned, which saves loading it again; `None` for the only run
            there is.
        inputs: raw inputs, such as texts (`str`, or `bytes` that need not be valid UTF-8).
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Returns:
        For each input, its answers by name, as plain Python values: `{"label": "positive", "probabilities": [...]}`.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: an input of another kind than the run was trained on.
    """
    if isinstance(inputs, str | bytes):
        raise DataError(f"A list of inputs is expected; received one text. Write [{inputs[:20]!r}...].")
    loaded = run if isinstance(run, LoadedRun) else load_run(run, models_dir=models_dir)
    rows = []
    for start in range(0, len(inputs), BATCH_SIZE):
        batch = loaded.task.to_batch(inputs[start : start + BATCH_SIZE])
        answers = {name: values.numpy() for name, values in loaded.answer(batch).items()}
        rows += [{name: _plain(values[row]) for name, values in answers.items()} for row in range(len(batch))]
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item()
