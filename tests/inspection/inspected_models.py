"""Untrained models of each kind to inspect, with an input: what inspections show does not depend on training."""

import json
from types import SimpleNamespace

import numpy as np
import tensorflow as tf
from streaming_models import Untrained, reader, untrained

from keras_rnn_zoo import registry

SMALL = {"units": 6, "embedding_dim": 5, "dropout": 0.0}
TEXT = "not dull but moving , a fine film"


class Inspected(Untrained):
    """An untrained run with a name."""

    def __init__(self, loaded):
        super().__init__(loaded.task, loaded.model)
        object.__setattr__(self, "run", SimpleNamespace(name="untrained"))


def task(name, reading, classes=("no", "yes"), **options):
    return registry.tasks.get(name).make(reading, classes, **options)


def tagged():
    return task("tagging", reader("words", char_units=3), ("O", "B-X", "I-X"))


def written(name, reading, **options):
    """A task that writes texts, with a small vocabulary."""
    made = task(name, reading, (), **options)
    made.target_ids.set_vocabulary(["a", "b", "c", " d"])
    return made


def windows():
    reading = reader("window")
    reading.history, reading.horizon, reading.cycles = 8, 3, [86_400]
    reading.mean, reading.deviation = [10.0, 20.0], [2.0, 3.0]
    return task("forecasting", reading, ())


def language_model():
    made = task("language_modeling", reader("text", tokens="characters"), ())
    made.reader.fit(tf.data.Dataset.from_tensors(TEXT))
    return made


def series(name, **options):
    classes = () if "regression" in name else ("idle", "busy", "late")
    made = task(name, reader("series"), classes, **options)
    if not classes:
        made.mean, made.deviation = [4.0], [2.0]
    return made


random = np.random.default_rng(0)
SERIES = random.normal(size=(11, 2)).astype("float32")
SOUND = (0.3 * np.sin(np.arange(1700) * 0.3)).astype("float32")
PICTURE = tf.io.encode_png(random.integers(0, 256, (16, 20, 1)).astype("uint8")).numpy()
WINDOW = json.dumps({"series": random.normal(10, 2, (8, 2)).round(2).tolist(), "time": (3600 * np.arange(11)).tolist()})
KINDS = {
    "class of a text": (
        lambda: ("many_to_one", task("classification", reader("text")), {"num_layers": 2, "pooling": "attention"}),
        TEXT,
    ),
    "class of a recording": (
        lambda: (
            "many_to_one",
            task("classification", reader("audio", sample_rate=8000)),
            {"cell": "gru", "subsampling": 4},
        ),
        SOUND,
    ),
    "number of a series": (
        lambda: ("many_to_one", series("regression"), {"cell": "simple_rnn", "subsampling": 2}),
        SERIES,
    ),
    "class of a picture": (
        lambda: ("one_to_one", task("classification", reader("image", image_height=8, image_width=8, channels=1)), {}),
        PICTURE,
    ),
    "tags of words": (lambda: ("sync_many_to_many", tagged(), {"cell": "minlstm", "char_units": 3}), TEXT),
    "labels of steps": (
        lambda: ("sync_many_to_many", series("step_classification", multilabel=True), {"cell": "mingru"}),
        SERIES,
    ),
    "language model": (lambda: ("sync_many_to_many", language_model(), {}), "not dull"),
    "transcript of a picture": (
        lambda: ("ctc", written("transcription", reader("line", image_height=16)), {"cell": "gru"}),
        PICTURE,
    ),
    "translation": (
        lambda: (
            "many_to_many",
            written("translation", reader("text"), max_length=7),
            {"cell": "lstm", "num_layers": 2},
        ),
        TEXT,
    ),
    "caption": (
        lambda: (
            "one_to_many",
            written("captioning", reader("image", image_height=16, image_width=16, channels=1), max_length=5),
            {"cell": "gru"},
        ),
        PICTURE,
    ),
    "forecast of segments": (
        lambda: ("many_to_one", windows(), {"segment_length": 3, "channel_independent": True, "cell": "gru"}),
        WINDOW,
    ),
    "forecast by a decoder": (lambda: ("many_to_many", windows(), {"num_layers": 2, "segment_length": 2}), WINDOW),
}
"""For each kind, a function to its architecture, task and options, and an input."""


def make(kind):
    """Returns a model of a kind, loaded as a run."""
    name, made, options = KINDS[kind][0]()
    known = registry.architectures.get(name).options
    options = {key: value for key, value in {**SMALL, **options}.items() if key in known}
    return Inspected(untrained(name, made, **options))
