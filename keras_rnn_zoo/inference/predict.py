"""Predictions for raw inputs."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.inference.load import load
from keras_rnn_zoo.inference.predictor import Predictor


def predict(
    run: Run | str | Predictor | list[Any] | tuple[Any, ...] | None,
    inputs: Sequence[Any],
    *,
    models_dir: str | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """Predicts raw inputs.

    Args:
        run: the run or its name, the path of an export, or the object that `zoo.load` returned, which avoids loading it
            again; a list of runs, for their ensemble; `None` for the only run.
        inputs: raw inputs. A text is a `str`, or `bytes` that need not be valid UTF-8; an image is the path of a file
            or its content as `bytes`; a recording is the path of a WAV file, its content, or an array of samples; a
            series is an array, or a plain list of numbers if each step has one. To forecast, a table over time, such as
            a DataFrame, may take the place of the list: each of its series is continued.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        **options: prediction options of the task, such as `temperature`, `max_new_tokens` and `seed` of a language
            model; for a table, its `columns`.

    Returns:
        For each input, a dict of outputs as plain Python values, with the names of the export's outputs. Probabilities
        are by class: `{"label": "positive", "probabilities": {"negative": 0.1, "positive": 0.9}}`. For a table over
        time, a dict for each step of each forecast, such as `{"day": "2024-05-31", "predicted_sales": 17.5, ...}`.

    Raises:
        RunError: the run does not exist or is damaged.
        DataError: an input is not of the kind that the run was trained on.
        OptionError: an option is unknown, or its value is invalid.
    """
    loaded = run if isinstance(run, Predictor) else load(run, models_dir=models_dir)
    return loaded.predict(inputs, **options)
