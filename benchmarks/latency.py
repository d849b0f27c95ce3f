"""The latency of an answer: an export of many_to_one beside PyTorch's inference mode and Keras's `predict`.

The network is that of the IMDB data set with two bidirectional LSTM layers of 64 instead of one: a vocabulary of
20,000, embeddings of 128, the maximum over time, two classes; untrained. The export is asked as users ask it, by raw
strings. PyTorch is given the same strings, splits them at spaces and looks the words up; Keras's `predict` gets ids.
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
OPTIONS = {"layers": 2, "units": UNITS, "embedding_dim": FEATURES, "vocabulary_size": VOCABULARY, "num_classes": 2}


def reviews(batch: int, length: int) -> list[str]:
    """Returns reviews of made-up words."""
    return [
        " ".join(WORDS[(7919 * (row * length + step)) % len(WORDS)] for step in range(length)) for row in range(batch)
    ]


def write_export(folder: str) -> str:
    """Writes an export of the network, untrained, as `zoo.export` does; returns its path."""
    import keras

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.exporting import all_endpoints, write_saved_model
    from keras_rnn_zoo.loading import LoadedRun, make_task
    from keras_rnn_zoo.runs import Run

    keras.utils.set_random_seed(0)
    described = {"name": "classification", "input": "text", "reader": {"vocabulary_size": VOCABULARY}, "options": {}}
    task = make_task({"task": {**described, "classes": ["negative", "positive"]}})
    task.reader.ids.set_vocabulary(WORDS)
    loaded = LoadedRun(Run(Path(folder)), task, zoo.build("many_to_one", **OPTIONS))
    path = Path(folder) / "export"
    path.mkdir()
    write_saved_model(loaded, all_endpoints(loaded), path)
    return str(path)


def exported(batch: int, length: int) -> Callable[[], list[float]]:
    """Returns the work of asking the export's default endpoint."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model = tf.saved_model.load(write_export(folder))
    texts = tf.constant(reviews(batch, length))
    return lambda: model.signatures["serving_default"](text=texts)["probabilities"].numpy()[0].tolist()


def keras_predict(batch: int, length: int) -> Callable[[], list[float]]:
    """Returns the work of `predict` by Keras's own layers."""
    import numpy as np

    import keras_rnn_zoo as zoo

    use_keras_layers()
    model = zoo.build("many_to_one", **OPTIONS)
    ids = np.random.default_rng(0).integers(2, VOCABULARY, (batch, length)).astype("int32")
    return lambda: model.predict(ids, verbose=0)[0].tolist()


def torch_inference(batch: int, length: int) -> Callable[[], list[float]]:
    """Returns the work of PyTorch's network."""
    torch = torch_with_all_cores()
    embedding, recurrent = torch.nn.Embedding(VOCABULARY, FEATURES), torch_layers("lstm").eval()
    dense = torch.nn.Linear(2 * UNITS, 2)
    numbers = {word: number for number, word in enumerate(WORDS, 2)}
    texts = reviews(batch, length)

    def work() -> list[float]:
        with torch.inference_mode():
            ids = torch.tensor([[numbers.get(word, 1) for word in text.lower().split()] for text in texts])
            logits = dense(recurrent(embedding(ids))[0].max(1).values)
            return logits.softmax(-1)[0].tolist()

    return work


def measure(rounds: int, python: str, quick: bool) -> Iterator[Row]:
    """Measures one review and 32; `python` is the one that has the peers."""
    for batch in (1, 32):
        size: dict[str, Any] = {"batch": batch, "length": 20 if quick else 200}
        done = race(
            {
                "ours": Contestant("latency:exported", **size),
                "torch": Contestant("latency:torch_inference", python, **size),
                "keras": Contestant("latency:keras_predict", **size),
            },
            rounds,
            warm_ups=2,
            times=5,
        )
        ms = {name: [1000 * value for value in done.seconds(name)] for name in ("ours", "torch", "keras")}
        name = f"export, {batch} of {size['length']} words"
        mark = Mark(1.3, most=True) if batch == 1 else None
        missing = done.missing.get("torch", "")
        peer = "PyTorch, inference mode"
        yield Row(name, "ms", ms["ours"], peer, ms["torch"], inverse=False, mark=mark, missing=missing)
        yield Row(name, "ms", ms["ours"], "Keras, predict", ms["keras"], mark=Mark(10) if batch == 1 else None)
