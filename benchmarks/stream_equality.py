"""Streams of trained models against predictions for whole inputs: `python benchmarks/stream_equality.py [ENTRY ...]`.

Each entry trains a small model that reads one way, and exports its stream as a SavedModel, for LiteRT and for ONNX.
Each stream reads every example in parts of random lengths, some of them empty, and its answers are compared with the
prediction for the whole example. The SavedModel reads raw inputs, and its labels and texts are compared; the files read
the model's tensors, and of their logits the most likely class, or those classes that are more likely than not where
there may be several. `--data-dir` names the folder of prepared datasets for `spoken_digit` and `spoken_digit_strings`.
"""

import argparse
import itertools
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ONE_WAY: Mapping[str, Any] = {"bidirectional": False, "units": 32, "epochs": 1, "verbose": 0}


class Entry(NamedTuple):
    """What is trained.

    Attributes:
        what: what a stream answers, and to which input.
        architecture: the architecture.
        dataset: the dataset.
        settings: the options and settings of the training.
    """

    what: str
    architecture: str
    dataset: str
    settings: Mapping[str, Any] = ONE_WAY


NEXT = {name: value for name, value in ONE_WAY.items() if name != "bidirectional"}
ENTRIES = {
    "text": Entry("class so far, text", "many_to_one", "toy_reviews"),
    "audio": Entry("class so far, recording", "many_to_one", "spoken_digit"),
    "series": Entry("number so far, series", "many_to_one", "adding"),
    "tags": Entry("tag of each word", "sync_many_to_many", "slots"),
    "next": Entry("next character", "sync_many_to_many", "text", NEXT),
    "steps": Entry("class of each step, series", "sync_many_to_many", "toy_machine"),
    "frames": Entry("notes of each frame, recording", "sync_many_to_many", "toy_chords"),
    "ctc": Entry("transcript, recording", "ctc", "spoken_digit_strings"),
    "forecast": Entry("forecast, calendar and promotions", "many_to_one", "toy_sales", NEXT),
    "decoded": Entry("forecast, own last output", "many_to_many", "sunspots", {**NEXT, "stride": 4}),
}


def train(entry: Entry, folder: str, data_dir: str | None) -> Any:
    """Returns the loaded run of an entry."""
    import keras_rnn_zoo as zoo

    dataset = entry.dataset
    if dataset == "text":  # A text that is part of the package.
        from keras_rnn_zoo import registry

        reviews = registry.datasets.get("toy_reviews").make(None, 0).split("train")
        path = Path(folder) / "reviews.txt"
        path.write_bytes(b"\n".join(raw for raw, _ in reviews.take(1500).as_numpy_iterator()))
        dataset = f"text:{path}"
    run = zoo.train(
        entry.architecture,
        dataset=dataset,
        run="run",
        models_dir=folder,
        seed=0,
        data_dir=data_dir,
        **entry.settings,
    )
    return zoo.load(run)


def examples_of(loaded: Any, count: int, data_dir: str | None) -> list[Any]:
    """Returns raw inputs, from the test split on."""
    from keras_rnn_zoo.inference import rebuild

    examples = rebuild.open_examples(loaded.run.config, data_dir)
    raws = (raw for name in ("test", "validation", "train") for raw, _ in examples.split(name).as_numpy_iterator())
    return list(itertools.islice(raws, count))


def parts_of(reader: Any, raw: Any, random: Any) -> Iterator[Any]:
    """Yields an input in one to nine parts of random lengths."""
    steps = reader.part_steps(raw)
    cuts = sorted(random.integers(0, steps + 1, random.integers(0, 9)).tolist())
    for start, end in itertools.pairwise([0, *cuts, steps]):
        yield reader.cut(raw, start, end)


def saved_model_answers(loaded: Any, inputs: Sequence[Any], folder: Path) -> Iterator[Any]:
    """Yields what a streaming SavedModel answers to each input in the end."""
    import numpy as np
    import tensorflow as tf

    from keras_rnn_zoo import registry
    from keras_rnn_zoo.streaming.program import START, STEP
    from keras_rnn_zoo.streaming.stream import Stream

    entry = registry.export_formats.get("saved_model")
    entry.make(entry).write_stream(loaded, folder)
    signatures = tf.saved_model.load(str(folder)).signatures
    stream, random = Stream(loaded, signatures[START], signatures[STEP]), np.random.default_rng(0)
    reader, by_steps = loaded.task.reader, loaded.task.answers == "steps"
    for raw in inputs:
        answers = [stream.feed(part) for part in parts_of(reader, raw, random)]
        yield loaded.task.joined_answers([*answers, stream.finish()] if by_steps else answers)
        stream.reset()


def compare_answers(expected: Sequence[Any], received: Sequence[Any]) -> tuple[int, float]:
    """Returns how many answers have other labels or texts, and the largest difference of numbers."""
    from keras_rnn_zoo.exporting.check import difference

    others, largest = 0, 0.0
    for one, other in zip(expected, received, strict=True):
        numbers = {name: difference(value, other[name]) for name, value in one.items()}
        others += any(value == float("inf") for value in numbers.values())
        largest = max(largest, *(value for value in numbers.values() if value != float("inf")))
    return others, largest


def compare_logits(loaded: Any, inputs: Sequence[Any], format: str, folder: Path) -> tuple[int, float]:
    """Returns how many examples have other classes in a file's stream, and the largest difference of a logit."""
    import numpy as np

    from keras_rnn_zoo import registry
    from keras_rnn_zoo.exporting.check import difference
    from keras_rnn_zoo.exporting.stream_file import expected_logits, streamed

    entry = registry.export_formats.get(format)
    exporter = entry.make(entry)
    exporter.write_stream(loaded, folder)
    start, step = exporter.open_stream(folder)
    expected, wholes = expected_logits(loaded, inputs)
    others, largest, size = 0, 0.0, exporter.stream_rows or 8
    several = getattr(loaded.task, "multilabel", False)
    for first in range(0, len(wholes), size):
        received = streamed(loaded, start, step, wholes[first : first + size], seed=first)
        for logits, found in zip(expected[first : first + size], received, strict=True):
            largest = max(largest, difference(logits, found))
            labels = [one > 0 if several else one.argmax(-1) for one in (logits, found)]
            others += logits.shape[-1] > 1 and not np.array_equal(*labels)
    return others, largest


def steps_of(loaded: Any, inputs: Sequence[Any]) -> int:
    """Returns how many steps of the model the inputs have."""
    total = 0
    with loaded.task.reader.without_limit():
        for raw in inputs:
            model_input = loaded.task.model_inputs(*loaded.task.to_batch([raw]))
            model_input = model_input["series"] if isinstance(model_input, dict) else model_input
            total += int(model_input.shape[1])
    return total


def measure(name: str, count: int, data_dir: str | None) -> Iterator[str]:
    """Yields the rows of the table for an entry."""
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.exporting.stream_check import whole_predictions

    entry = ENTRIES[name]
    with tempfile.TemporaryDirectory() as folder:
        data_dir = data_dir if entry.dataset.startswith("spoken") else None  # A relative path would begin there.
        loaded = train(entry, folder, data_dir)
        inputs = examples_of(loaded, count, data_dir)
        first = f"| {entry.what} | {len(inputs)} | {steps_of(loaded, inputs):,} |"
        for format in registry.export_formats.entries():
            if not format.streams or loaded.task.reader.input in format.unsupported:
                continue
            place = Path(folder) / format.name
            place.mkdir()
            if format.name == "saved_model":
                expected = whole_predictions(loaded, inputs)
                others, largest = compare_answers(expected, list(saved_model_answers(loaded, inputs, place)))
            else:
                others, largest = compare_logits(loaded, inputs, format.name, place)
            yield f"{first} {format.name} | {others} | {largest:.1e} |"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"{', '.join(ENTRIES)}; by default, all")
    parser.add_argument("--examples", type=int, default=200, help="number of examples of each entry")
    parser.add_argument("--data-dir", help="the folder of prepared datasets")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.entries if name not in ENTRIES]:
        parser.error(f"there is no entry {unknown[0]!r}; expected {', '.join(ENTRIES)}")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    print("| answer | examples | steps | format | other labels | largest difference |\n|---|---|---|---|---|---|")
    for name in arguments.entries or ENTRIES:
        for row in measure(name, arguments.examples, arguments.data_dir):
            print(row, flush=True)


if __name__ == "__main__":
    main()
