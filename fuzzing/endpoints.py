"""Fuzzes exported endpoints: `endpoints.py NAME SECONDS`; prints `EXECUTIONS n`.

An endpoint may refuse a batch by TensorFlow's `InvalidArgumentError`, which must name the input. Its output must have a
row for each input, contain no NaN for valid inputs, and not depend on the other inputs of the batch.
"""

import sys
import tempfile
import time
from pathlib import Path

import findings
import numpy as np
import seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

RUNS = {
    "text": ("many_to_one", "toy_reviews", {"units": 4, "embedding_dim": 4}),
    "words": ("sync_many_to_many", "slots", {"units": 4, "embedding_dim": 4, "char_units": 2}),
    "written": ("many_to_many", "addition", {"units": 8, "embedding_dim": 8}),
    "image": ("one_to_one", "digits", {"units": 8, "hidden_layers": 1}),
    "caption": ("one_to_many", "shapes", {"units": 8, "embedding_dim": 4}),
    "line": ("ctc", "digit_lines", {"units": 4}),
    "series": ("many_to_one", "adding", {"units": 4, "sequence_length": 12}),
    "audio": ("many_to_one", "audio:{folder}", {"units": 4}),
}


def made(name: str, folder: Path) -> Path:
    """Returns the export of a tiny run."""
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo import registry

    for entry in registry.datasets.entries():
        module = sys.modules[entry.make.__module__]
        if hasattr(module, "SIZES"):
            module.SIZES = {"train": 96, "validation": 32, "test": 32}
    architecture, dataset, options = RUNS[name]
    if name == "audio":
        for number in range(24):
            place = folder / "recordings" / "ab"[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.wav").write_bytes(seeds.wav(samples=400 + 40 * number))
    dataset = dataset.format(folder=folder / "recordings")
    run = zoo.train(architecture, dataset=dataset, epochs=1, verbose=0, models_dir=str(folder / "runs"), **options)
    return zoo.export(run, check=False)


def mutated(*contents: bytes) -> st.SearchStrategy[bytes]:
    """Returns contents with some bytes changed, removed or inserted."""
    edits = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 9), st.binary(max_size=9)), max_size=4)

    def edit(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
        for place, removed, added in changes:
            place %= len(data) + 1
            data = data[:place] + added + data[place + removed :]
        return data

    return st.builds(edit, st.sampled_from(contents), edits) | st.binary(max_size=64)


TEXTS = st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=60)
WORDS = st.lists(st.sampled_from(["not", "dull", "1+2", "flight", "", "<b>", "''", "\0", "\u2019s", "İ"]), max_size=9)
TEXTS |= WORDS.map(lambda words: " ".join(words).encode())
IMAGES = mutated(seeds.PIXEL, seeds.GIF, seeds.BMP, seeds.JPEG)
NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, float("nan"), float("inf"), 3e38])


def rows(name: str) -> st.SearchStrategy[list]:
    """Returns batches of rows of the kind that an endpoint reads."""
    if name in ("text", "words", "written"):
        return st.lists(TEXTS, max_size=3)
    if name in ("image", "caption", "line"):
        return st.lists(IMAGES, max_size=2)
    shape = arrays.array_shapes(min_dims=1, max_dims=1, min_side=0, max_side=900 if name == "audio" else 30)
    if name == "series":
        shape = shape.map(lambda one: (*one, 2))
    return st.lists(arrays.arrays("float32", shape, elements=NUMBERS, fill=NUMBERS), max_size=3)


class InputRecord:
    """An export, called according to its signature."""

    def __init__(self, path: Path) -> None:
        import tensorflow as tf

        self.model = tf.saved_model.load(str(path))
        self.endpoint = self.model.signatures["serving_default"]
        self.refused = tf.errors.InvalidArgumentError
        self.constant = tf.constant

    def __call__(self, name: str, batch: list) -> dict[str, np.ndarray] | None:
        """Returns the outputs, or `None` if the batch was refused with a message that names the input."""
        try:
            answers = self.endpoint(**self._inputs(name, batch))
        except self.refused as error:
            assert "input" in error.message, f"the refusal names no input: {error.message}"
            return None
        return {key: value.numpy() for key, value in answers.items()}

    def _inputs(self, name: str, batch: list) -> dict:
        if name in ("text", "words", "written", "image", "caption", "line"):
            return {"text" if name in ("text", "words", "written") else "image": self.constant(batch, "string")}
        lengths = [len(item) for item in batch]
        padded = np.zeros((len(batch), max(lengths, default=0), *([2] if name == "series" else [])), "float32")
        for row, item in zip(padded, batch, strict=True):
            row[: len(item)] = item
        return {name: self.constant(padded), "lengths": self.constant(lengths, "int32")}


def check(asked: InputRecord, name: str, batch: list) -> None:
    """Compares the outputs for a batch to those for its rows alone."""
    answers = asked(name, batch)
    if answers is None:
        return
    for key, values in answers.items():
        assert len(values) == len(batch), f"{key} has {len(values)} rows for {len(batch)} inputs"
    for number, item in enumerate(batch):
        alone = asked(name, [item])
        assert alone is not None, "refused alone, but not in a batch"
        for key, values in alone.items():
            one, same = np.asarray(answers[key][number]), np.asarray(values[0])
            if one.dtype.kind != "f":
                width = min(one.size, same.size)  # Padding depends on the batch.
                equal = np.array_equal(one.ravel()[:width], same.ravel()[:width])
            else:
                usable = name not in ("image", "caption", "line") or not np.isnan(same).any()
                assert not usable or np.isfinite(one).all(), f"{key} is not finite"
                equal = np.allclose(one, same, atol=1e-4, rtol=1e-3, equal_nan=True)
            assert equal, f"{key} depends on the batch: {one!r} and {same!r}"


def main(name: str, seconds: int) -> None:
    """Calls the endpoint until the time is over."""
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        asked = InputRecord(made(name, Path(folder)))
        end = time.monotonic() + seconds

        @settings(max_examples=200, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(rows(name))
        def search(batch):
            nonlocal count
            if time.monotonic() > end:
                return
            count += 1
            try:
                check(asked, name, batch)
            except Exception as error:  # The finding is saved, and the search continues.
                findings.keep(f"endpoint-{name}", repr(batch).encode(), error)

        while time.monotonic() < end:
            search()
    print(f"EXECUTIONS {count}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
