"""The embedded reviews: accuracy compared to a bag of words, and the time that `zoo train many_to_one` takes."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from report import Row
from startup import TRAIN

ABOUT = "embedded reviews, in which word order decides"


def bag_of_words() -> float:
    """Returns the test accuracy of logistic regression on the word counts of the embedded data."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    from keras_rnn_zoo import registry

    examples = registry.datasets.get("toy_reviews").make(None, 0)
    counts = CountVectorizer(token_pattern=r"\S+")
    model = LogisticRegression(max_iter=1000)
    for split in ("train", "test"):
        texts, labels = zip(*examples.split(split).as_numpy_iterator(), strict=True)
        if split == "train":
            model.fit(counts.fit_transform(texts), labels)
    return float(model.score(counts.transform(texts), labels))


def measure(quick: bool) -> Iterator[Row]:
    """Trains with default options, or for one epoch with `quick`."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [*TRAIN, "--quiet", *(["--epochs", "1"] if quick else [])]
        subprocess.run(command, env={**os.environ, "ZOO_MODELS_DIR": folder}, stdout=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - start
        metrics = json.loads((Path(folder) / "many_to_one" / "metrics.json").read_text())["metrics"]
    yield Row("many_to_one, accuracy", "", [metrics["accuracy"]], "a bag of words", [bag_of_words()], inverse=False)
    yield Row("zoo train many_to_one, from start to end", "s", [seconds])
