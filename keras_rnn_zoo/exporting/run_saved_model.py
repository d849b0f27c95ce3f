"""Runs a SavedModel in a process with stock TensorFlow that cannot import Keras RNN Zoo.

`keras_rnn_zoo.exporting.check` runs this file by its path: `python -I run_saved_model.py EXPORT FOLDER`. It reads the
requests in `FOLDER/requests.json`, each with the name of a signature and a list of batches, and the input arrays in
`FOLDER/inputs.npz`. It writes the outputs to `FOLDER/outputs.npz`, under `<request index>/<batch index>/<output>`.

The batches of a request with `rows` are the parts of so many streams. The states go from each to the next; the first
ones come from the signature `start`.
"""

import importlib.abc
import json
import os
import sys
from pathlib import Path

import numpy as np

BLOCKED = {"keras_rnn_zoo", "zoo_cli"}


class Refuse(importlib.abc.MetaPathFinder):
    """Blocks imports of this project, even if it is installed."""

    def find_spec(self, name, path, target=None):  # type: ignore[no-untyped-def]
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} cannot be imported in this process")


def joined(batches: list[np.ndarray]) -> np.ndarray:
    """Joins batches of size 1 to one batch, padded with zeros or empty strings; returns the first of scalars."""
    if len(batches) == 1 or batches[0].ndim == 0:
        return batches[0]
    shape = np.max([batch.shape[1:] for batch in batches], axis=0).astype(int)
    filler = b"" if batches[0].dtype == object else 0
    whole = np.full((len(batches), *shape), filler, batches[0].dtype)
    for row, batch in enumerate(batches):
        whole[np.ix_([row], *map(range, batch.shape[1:]))] = batch
    return whole


def main(export: str, folder: Path) -> None:
    """Runs the requests."""
    sys.meta_path.insert(0, Refuse())
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # Exports made with a GPU must run without one.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    signatures = tf.saved_model.load(export).signatures
    inputs = dict(np.load(folder / "inputs.npz", allow_pickle=True))
    outputs = {}
    for index, request in enumerate(json.loads((folder / "requests.json").read_text(encoding="utf-8"))):
        endpoint = signatures[request["signature"]]
        specs = endpoint.structured_input_signature[1]
        states = signatures["start"](rows=tf.constant(request["rows"])) if "rows" in request else {}
        for batch, rows in enumerate(request["batches"]):
            tensors = {
                name: tf.constant(joined([inputs[f"{row}/{name}"] for row in rows]), spec.dtype)
                for name, spec in specs.items()
                if name not in states
            }
            answers = endpoint(**states, **tensors)
            states = {name: answers.pop(name) for name in states}
            for name, value in answers.items():
                outputs[f"{index}/{batch}/{name}"] = value.numpy()
    assert not BLOCKED & sys.modules.keys()
    np.savez(folder / "outputs.npz", **outputs)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
