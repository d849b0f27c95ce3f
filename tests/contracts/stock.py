"""Exports, asked by a process that has stock TensorFlow."""

import json

import numpy as np
from processes import WITHOUT_THE_PROJECT, run_python

PROGRAM = (
    WITHOUT_THE_PROJECT
    + """
import functools, json, pathlib
import numpy as np
import tensorflow as tf

def plain(value):
    return value.decode() if isinstance(value, bytes) else value

@functools.cache
def endpoint_of(export):
    return tf.saved_model.load(export).signatures["serving_default"]

answers = []
for export, arguments in json.loads(pathlib.Path("questions.json").read_text()):
    endpoint = endpoint_of(export)
    inputs = dict(np.load(arguments))
    for name, values in inputs.items():
        if values.dtype.kind == "S":  # Raw bytes travel in hexadecimal digits, as NumPy drops zero bytes at the end.
            inputs[name] = [bytes.fromhex(value.decode()) for value in values]
    result = endpoint(**{name: tf.constant(values) for name, values in inputs.items()})
    answers.append({name: np.vectorize(plain, otypes="O")(value.numpy()).tolist() for name, value in result.items()})
pathlib.Path("answers.json").write_text(json.dumps(answers))
"""
)


def answers_of(questions, folder):
    """Returns what exports answer, as one row for each input.

    Args:
        questions: for each question the path of an export, its task, and a batch: tensors by name.
        folder: where to write files.
    """
    asked = []
    for number, (export, _, batch) in enumerate(questions):
        path = folder / f"{number}.npz"
        np.savez(path, **{name: _encoded(value.numpy()) for name, value in batch.items()})
        asked.append((str(export), str(path)))
    (folder / "questions.json").write_text(json.dumps(asked))
    done = run_python(PROGRAM, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / "answers.json").read_text())
    return [
        [task.trim({name: column[row] for name, column in values.items()}) for row in range(_count(values))]
        for (_, task, _), values in zip(questions, found, strict=True)
    ]


def _count(values):
    return min(map(len, values.values()))


def _encoded(values):
    if values.dtype.kind != "O":
        return values
    return np.array([value.hex().encode() for value in values.ravel()]).reshape(values.shape)
