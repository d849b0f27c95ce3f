"""Latency of a prediction: exports of many_to_one, compared to PyTorch's inference mode and Keras's `predict`.

The network is that of the IMDB dataset with two bidirectional LSTM layers of 64 units instead of one: a vocabulary of
20,000, embeddings of 128, the maximum over time, two classes; untrained. The SavedModel gets raw strings, as in
production. LiteRT, ONNX Runtime and PyTorch get the same strings, which are tokenized in Python; Keras's `predict` gets
ids.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from networks import FEATURES, UNITS, torch_layers, torch_with_all_cores, use_keras_layers
from report import Mark, Row
from timing import Contestant, race

ABOUT = "a review of 200 words to its probabilities, two bidirectional LSTM layers of 64, vocabulary of 20,000"
VOCABULARY = 20_000
WORDS = [f"word{number}" for number in range(2, VOCABULARY)]
BEST, MARK = "ONNX Runtime", Mark(1.0, most=True)
"""The fastest export for a single review, and its target compared to PyTorch."""
OPTIONS = {"num_layers": 2, "units": UNITS, "embedding_dim": FEATURES, "vocabulary_size": VOCABULARY, "num_classes": 2}


def reviews(batch: int, length: int) -> list[str]:
    """Returns reviews of synthetic words."""
    return [
        " ".join(WORDS[(7919 * (row * length + step)) % len(WORDS)] for step in range(length)) for row in range(batch)
    ]


def write_export(folder: str, format: str = "saved_model") -> str:
    """Exports the untrained network like `zoo.export`; returns the path."""
    import keras

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.artifacts.run import Run
    from keras_rnn_zoo.artifacts.run_config import TaskConfig
    from keras_rnn_zoo.inference.load import LoadedRun
    from keras_rnn_zoo.inference.rebuild import make_task

    keras.utils.set_random_seed(0)
    reader = {"vocabulary_size": VOCABULARY}
    task = make_task(TaskConfig("classification", "text", {}, reader, ("negative", "positive")))
    task.reader.ids.set_vocabulary(WORDS)
    loaded = LoadedRun(Run(Path(folder)), task, zoo.build("many_to_one", **OPTIONS))
    path = Path(folder) / "export"
    path.mkdir()
    entry = registry.export_formats.get(format)
    entry.make(entry).write(loaded, path, quantize=False)
    return str(path / entry.file)


NUMBERS = {word: number for number, word in enumerate(WORDS, 2)}


def ids_of(texts: list[str]) -> list[list[int]]:
    """Returns the ids of the words of texts."""
    return [[NUMBERS.get(word, 1) for word in text.lower().split()] for text in texts]


def by_interpreter(format: str, batch: int, length: int) -> Callable[[], list[float]]:
    """Returns a function that predicts with LiteRT or ONNX Runtime, from strings to probabilities."""
    import numpy as np

    from keras_rnn_zoo import registry

    with tempfile.TemporaryDirectory() as folder:
        entry = registry.export_formats.get(format)
        model = entry.make(entry).open(Path(write_export(folder, format)))
    texts = reviews(batch, length)

    def work() -> list[float]:
        exponentials = np.exp(model({"ids": np.array(ids_of(texts), "int32")}))
        return (exponentials / exponentials.sum(-1, keepdims=True))[0].tolist()

    return work


def exported(batch: int, length: int) -> Callable[[], list[float]]:
    """Returns a function that calls the export's default endpoint."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model = tf.saved_model.load(write_export(folder))
    texts = tf.constant(reviews(batch, length))
    return lambda: model.signatures["serving_default"](text=texts)["probabilities"].numpy()[0].tolist()


def keras_predict(batch: int, length: int) -> Callable[[], list[float]]:
    """Returns a function that calls `predict` on a model with Keras's own layers."""
    import numpy as np

    import keras_rnn_zoo as zoo

    use_keras_layers()
    model = zoo.build("many_to_one", **OPTIONS)
    ids = np.random.default_rng(0).integers(2, VOCABULARY, (batch, length)).astype("int32")
    return lambda: model.predict(ids, verbose=0)[0].tolist()


def torch_inference(batch: int, length: int) -> Callable[[], list[float]]:
    """Returns a function that runs PyTorch's network."""
    torch = torch_with_all_cores()
    embedding, recurrent = torch.nn.Embedding(VOCABULARY, FEATURES), torch_layers("lstm").eval()
    dense = torch.nn.Linear(2 * UNITS, 2)
    texts = reviews(batch, length)

    def work() -> list[float]:
        with torch.inference_mode():
            ids = torch.tensor(ids_of(texts))
            logits = dense(recurrent(embedding(ids))[0].max(1).values)
            return logits.softmax(-1)[0].tolist()

    return work


def measure(rounds: int, python: str, quick: bool) -> Iterator[Row]:
    """Measures batches of 1 and 32 reviews; `python` is the interpreter with the peers installed."""
    for batch in (1, 32):
        size: dict[str, Any] = {"batch": batch, "length": 20 if quick else 200}
        contestants = {
            "SavedModel": Contestant("latency:exported", **size),
            "ONNX Runtime": Contestant("latency:by_interpreter", format="onnx", **size),
            "PyTorch, inference mode": Contestant("latency:torch_inference", python, **size),
            "Keras, predict": Contestant("latency:keras_predict", **size),
        }
        if batch == 1:  # LiteRT exports accept only this batch size.
            contestants["LiteRT"] = Contestant("latency:by_interpreter", format="tflite", **size)
        done = race(contestants, rounds, warm_ups=2, times=5)
        ms = {name: [1000 * value for value in done.seconds(name)] for name in contestants}
        exports = [name for name in ("SavedModel", "ONNX Runtime", "LiteRT") if ms.get(name)]
        for export in exports:
            peer = "PyTorch, inference mode"
            name = f"{export}, {batch} of {size['length']} words"
            mark = MARK if batch == 1 and export == BEST else None
            yield Row(
                name, "ms", ms[export], peer, ms[peer], inverse=False, mark=mark, missing=done.missing.get(peer, "")
            )
        name = f"SavedModel, {batch} of {size['length']} words"
        mark = Mark(10) if batch == 1 else None
        yield Row(name, "ms", ms["SavedModel"], "Keras, predict", ms["Keras, predict"], mark=mark)
