"""Answers of a run to raw inputs."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.inference.load import load
from keras_rnn_zoo.inference.predictor import Predictor


def predict(
    run: Run | str | Predictor | None, inputs: Sequence[Any], *, models_dir: str | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Answers raw inputs.

    Args:
        run: the run or its name, the path of an export of one, or what `zoo.load` returned, which saves loading it
            again; `None` for the only run there is.
        inputs: raw inputs. Texts are `str`, or `bytes` that need not be valid UTF-8; images the path of a file, or its
            content as `bytes`; recordings the path of a WAV file, its content, or an array of samples; series arrays.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        **options: prediction options of the task, such as `temperature`, `max_new_tokens` and `seed` of a language
            model.

    Returns:
        For each input, its answers by name, as plain Python values: `{"label": "positive", "probabilities": [...]}`.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: an input of another kind than the run was trained on.
        OptionError: an unknown option, or a value that it does not accept.
    """
    loaded = run if isinstance(run, Predictor) else load(run, models_dir=models_dir)
    return loaded.predict(inputs, **options)
