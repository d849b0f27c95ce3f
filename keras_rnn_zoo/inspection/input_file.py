"""A file that holds the input to inspect."""

import itertools
import os
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError, InspectionError
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.rows import BadRow


def input_of_file(path: str | os.PathLike[str], config: RunConfig) -> Any:
    """Returns the input in a file.

    Args:
        path: the path; its extension determines the file format.
        config: the description of the run.

    Raises:
        DataError: the file cannot be read.
        InspectionError: it holds no input, or several.
    """
    source = open_inputs(os.fspath(path), config)
    records = list(
        itertools.islice((one for one in source.inputs() if isinstance(one, BadRow) or one.input is not None), 2)
    )
    for record in records:
        if isinstance(record, BadRow):
            raise DataError(f"{record.describe(source.path)}. Correct it.")
    inputs = [record.input for record in records if not isinstance(record, BadRow)]
    if len(inputs) != 1:
        found = "several inputs" if inputs else "no input"
        raise InspectionError(f"{source.path} holds {found}, but one is inspected. Name a file with a single input.")
    return inputs[0]
