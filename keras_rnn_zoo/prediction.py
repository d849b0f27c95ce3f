"""Answers of a run to raw inputs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from keras_rnn_zoo.lazy import np, tf
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
    """
    loaded = run if isinstance(run, LoadedRun) else load_run(run, models_dir=models_dir)
    return list(stream_answers(loaded, inputs))


def stream_answers(loaded: LoadedRun, inputs: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yields the answer to each input in turn, reading no more than a batch ahead."""
    remaining = iter(inputs)
    while batch := list(islice(remaining, BATCH_SIZE)):
        answers = {name: values.numpy() for name, values in loaded.answer(tf.constant(batch)).items()}
        for row in range(len(batch)):
            yield {name: _plain(values[row]) for name, values in answers.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item()
