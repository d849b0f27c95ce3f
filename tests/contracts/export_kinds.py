"""Small exports of every task and kind of input, untrained, and how to ask them."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.rebuild import make_task

WORDS = "the cat sat on a mat and sang of fish".split()


def png(pixels):
    return tf.io.encode_png(np.asarray(pixels, "uint8")).numpy()


RANDOM = np.random.default_rng(0)
TEXTS = [b"the cat sat", b"a mat and fish of the mat", b"sang"]
IMAGES = [png(RANDOM.integers(0, 255, (size, 2 * size, 3))) for size in (20, 12, 33)]
AUDIO = [RANDOM.uniform(-1, 1, size).astype("float32") for size in (900, 2500, 1600)]
SERIES = [RANDOM.normal(0, 1, (size, 2)).astype("float32") for size in (4, 9, 6)]
HOURS = 3600 * np.arange(8)
WINDOWS = [
    {
        "series": series[-4:],
        "time": HOURS[: len(series[-4:]) + 2],
        "known": np.ones((len(series[-4:]) + 2, 1), "float32"),
    }
    for series in SERIES
]
RAW = {"text": TEXTS, "image": IMAGES, "audio": AUDIO, "series": SERIES, "window": WINDOWS}
TARGETS = {
    "classification": [0, 1, 0],
    "regression": [0.5, 2.0, -1.0],
    "forecasting": [np.full((2, 2), value, "float32") for value in (0.5, 2, -1)],
    "captioning": [[b"a fish"], [b"the cat"], [b"a mat"]],
    "translation": [b"der Hund", b"eine Matte", b"Fisch und Hund"],
    "tagging": [b"O B-X O", b"O O O B-X O O O", b"O"],
    "language_modeling": TEXTS,
    "transcription": [b"ab", b"c", b"ba"],
}
FRAMES = (23, 63, 40)
STEPS = {"series": list(map(len, SERIES)), "audio": FRAMES}
CLASSES = {"classification": ["no", "yes"], "tagging": ["O", "B-X"], "step_classification": ["busy", "idle", "off"]}
SMALL = {
    "units": 6,
    "embedding_dim": 5,
    "sample_rate": 4000,
    "image_height": 16,
    "image_width": 16,
    "max_length": 8,
    "hidden_layers": 1,
    "subsampling": 2,
}
KINDS = [
    ("one_to_one", "classification", "image"),
    ("one_to_many", "captioning", "image"),
    ("many_to_one", "classification", "text"),
    ("many_to_one", "classification", "audio"),
    ("many_to_one", "regression", "series"),
    ("many_to_one", "forecasting", "window"),
    ("many_to_many", "translation", "text"),
    ("many_to_many", "forecasting", "window"),
    ("sync_many_to_many", "tagging", "text"),
    ("sync_many_to_many", "language_modeling", "text"),
    ("sync_many_to_many", "step_classification", "series"),
    ("sync_many_to_many", "step_classification", "audio"),
    ("sync_many_to_many", "step_regression", "series"),
    ("ctc", "transcription", "image"),
    ("ctc", "transcription", "audio"),
    ("ctc", "transcription", "series"),
]
LIKE_OTHERS = [
    ("many_to_one", "forecasting", "window"),
    ("sync_many_to_many", "step_classification", "series"),
    ("ctc", "transcription", "series"),
]
"""Kinds whose architecture, task and input are each in another kind: left to the slow tests."""


def on_kinds(chosen=lambda kind: True):
    """Returns a decorator that runs a test on each kind that is chosen."""
    given = [
        pytest.param(kind, id="-".join(kind), marks=[pytest.mark.slow] if kind in LIKE_OTHERS else [])
        for kind in KINDS
        if chosen(kind)
    ]
    return pytest.mark.parametrize("kind", given)


every_kind = on_kinds()
of_text = on_kinds(lambda kind: kind[2] == "text")
of_images = on_kinds(lambda kind: kind[2] == "image")
padded = on_kinds(lambda kind: kind[2] in ("audio", "series"))


def targets_of(task, input):
    """Returns a target for each raw input of a kind, or for each of its steps."""
    if task == "step_classification":
        return [np.arange(steps, dtype="int32") % 3 for steps in STEPS[input]]
    if task == "step_regression":
        return [np.linspace(-1, 2, steps, dtype="float32") for steps in STEPS[input]]
    return TARGETS[task]


def load(architecture, task_name, input):
    """Returns an untrained model of a kind with its fitted task, as a loaded run."""
    task_entry = registry.tasks.get(task_name)
    reader = registry.reader_of(task_entry, input)

    def small(entry):
        return {key: value for key, value in SMALL.items() if key in entry.options}

    task = make_task(TaskConfig(task_name, input, small(task_entry), small(reader), tuple(CLASSES.get(task_name, ()))))
    rows = list(zip(RAW[input], targets_of(task_name, input), strict=True))
    raw, target = rows[0]
    fixed = input == "window"  # The sizes of windows are options of their dataset.
    raw = {name: tf.constant(value) for name, value in raw.items()} if fixed else tf.constant(raw)
    specs = tf.nest.map_structure(
        lambda value: tf.TensorSpec(value.shape if fixed else [None] * len(value.shape), value.dtype),
        (raw, tf.constant(target)),
    )
    task.fit(tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=specs))
    keras.utils.set_random_seed(0)
    model_entry = registry.architectures.get(architecture)
    return LoadedRun(Run(Path("untrained")), task, model_entry.make(**{**small(model_entry), **task.model_options()}))


def ask(saved, signature="serving_default", **inputs):
    answers = saved.signatures[signature](**{name: tf.convert_to_tensor(value) for name, value in inputs.items()})
    return {name: value.numpy() for name, value in answers.items()}


def batch_of(loaded, raws):
    names = [spec.name for spec in loaded.task.input_signature()]
    return dict(zip(names, loaded.task.to_batch(raws, **loaded.task.export_check_options), strict=True))


def rows_of(answers, task):
    from keras_rnn_zoo.inference.predictor import plain_rows

    return plain_rows(task, answers)


def assert_same(row, other):
    assert row.keys() == other.keys()
    for name, value in row.items():
        if isinstance(value, dict):
            assert value == pytest.approx(other[name], abs=1e-5), name
        elif np.asarray(value).dtype.kind == "f":
            np.testing.assert_allclose(value, other[name], atol=1e-5, rtol=1e-5)
        else:
            assert value == other[name], name
