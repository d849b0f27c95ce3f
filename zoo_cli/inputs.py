"""An input that is named on a command line."""

import os
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run


def input_of(run: Run, text: str) -> Any:
    """Returns the input of a run that an argument stands for: a text, the path of an image or a recording, or a file.

    Args:
        run: the run.
        text: the argument.

    Returns:
        The input, as `keras_rnn_zoo.inspect` takes it.
    """
    task = run.config.task
    if task.reader_entry.by_path:
        return text
    return Path(text) if registry.file_with_inputs(text, task.input) == "file" else os.fsencode(text)
