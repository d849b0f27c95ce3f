"""Asks a SavedModel, in a process that has stock TensorFlow and cannot import Keras RNN Zoo.

`keras_rnn_zoo.exporting.check` runs this file by its path: `python -I ask_savedmodel.py EXPORT FOLDER`. It reads
`FOLDER/questions.json`, a list of batches for a signature each, and the arrays in `FOLDER/inputs.npz`, and writes the
answers to `FOLDER/answers.npz`, under `<number of the question>/<number of the batch>/<output>`.
"""

import importlib.abc
import json
import os
import sys
from pathlib import Path

import numpy as np

BLOCKED = {"keras_rnn_zoo", "zoo_cli"}


class Refuse(importlib.abc.MetaPathFinder):
    """Finds nothing of this project, even where it is installed."""

    def find_spec(self, name, path, target=None):  # type: ignore[no-untyped-def]
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is out of reach here")


def joined(batches: list[np.ndarray]) -> np.ndarray:
    """Returns batches of one as one batch, padded with zeros or empty strings; of scalars the first."""
    if len(batches) == 1 or batches[0].ndim == 0:
        return batches[0]
    shape = np.max([batch.shape[1:] for batch in batches], axis=0).astype(int)
    filler = b"" if batches[0].dtype == object else 0
    whole = np.full((len(batches), *shape), filler, batches[0].dtype)
    for row, batch in enumerate(batches):
        whole[np.ix_([row], *map(range, batch.shape[1:]))] = batch
    return whole


def main(export: str, folder: Path) -> None:
    """Answers the questions."""
    sys.meta_path.insert(0, Refuse())
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # What was exported on a GPU must answer without one.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    signatures = tf.saved_model.load(export).signatures
    inputs = dict(np.load(folder / "inputs.npz", allow_pickle=True))
    answers = {}
    for number, question in enumerate(json.loads((folder / "questions.json").read_text(encoding="utf-8"))):
        endpoint = signatures[question["signature"]]
        specs = endpoint.structured_input_signature[1]
        for batch, rows in enumerate(question["batches"]):
            tensors = {
                name: tf.constant(joined([inputs[f"{row}/{name}"] for row in rows]), spec.dtype)
                for name, spec in specs.items()
            }
            for name, value in endpoint(**tensors).items():
                answers[f"{number}/{batch}/{name}"] = value.numpy()
    assert not BLOCKED & sys.modules.keys()
    np.savez(folder / "answers.npz", **answers)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
