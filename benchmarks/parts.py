"""Parts of training, decoding, and exports beside what could stand in their place: `python benchmarks/parts.py`.

Each function below gives works by name, ours first. They take turns in one process, and their processor time is
measured, which says something on a busy machine, too.
"""

import argparse
import functools
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report import shown
from timing import in_turn

Works = dict[str, Callable[[], Any]]


def argmax() -> Works:
    """The most likely of 15,000 classes, for 768 tokens: TensorFlow's op and Keras's function."""
    import keras
    import tensorflow as tf

    logits = tf.random.normal((64, 12, 15_000))
    functions = {"tf.argmax": tf.argmax, "keras.ops.argmax": keras.ops.argmax}
    return {name: functools.partial(tf.function(best), logits, axis=-1) for name, best in functions.items()}


def padding() -> Works:
    """Zeroing the padding of 64 sequences of 400 steps by 64 features, with the gradient: by a product, by `where`."""
    import tensorflow as tf

    from keras_rnn_zoo.layers.masking import ZeroPadding

    x, d_y = (tf.random.normal((64, 400, 64)) for _ in range(2))
    mask = tf.sequence_mask(tf.range(336, 400), 400)

    def work(finite: bool) -> Callable[[], Any]:
        layer = ZeroPadding(finite=finite)

        @tf.function
        def zeroed() -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, mask)
            return y, tape.gradient(y, x, output_gradients=d_y)

        return zeroed

    return {"a product": work(True), "where": work(False)}


def sums() -> Works:
    """The sums over 6,400 rows of 256 columns, as in the gradient of a bias: a product with ones, `reduce_sum`."""
    import tensorflow as tf

    from keras_rnn_zoo.layers.compiled import column_sums

    values = tf.random.normal((6400, 256))
    functions = {"a product": column_sums, "reduce_sum": functools.partial(tf.reduce_sum, axis=0)}
    return {name: functools.partial(tf.function(total), values) for name, total in functions.items()}


def ctc_decoding() -> Works:
    """Decoding 32 lines of 240 frames and 83 classes: greedy search, and beams of 10 and 100."""
    import tensorflow as tf

    from keras_rnn_zoo import registry

    logits = tf.random.normal((32, 240, 83), seed=0) * 3
    works: Works = {}
    for size in (1, 10, 100):
        task = registry.tasks.get("transcription").make(None, (), beam_size=size)
        task.target_ids.set_vocabulary([chr(ord("0") + number) for number in range(81)])
        name = f"a beam of {size}" if size > 1 else "greedy search"
        works[name] = functools.partial(tf.function(task.decode, autograph=False), logits, None)
    return works


def lengths() -> Works:
    """A training step of 32 sequences of a length that was there before, and of a new one, which XLA compiles."""
    import tensorflow as tf
    from networks import FEATURES, two_layers

    model, sizes = two_layers("lstm", "ours"), itertools.count(80, 16)  # Each is padded to a length of its own.

    @tf.function(input_signature=[tf.TensorSpec([32, None, FEATURES])])
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        return tape.gradient(loss, model.trainable_variables)[0]

    return {
        "a known length": lambda: step(tf.zeros([32, 64, FEATURES])),
        "a new length": lambda: step(tf.zeros([32, next(sizes), FEATURES])),
    }


def onnx() -> Works:
    """A review of 200 words by ONNX Runtime: our export, and the loop that tf2onnx makes of Keras's layers."""
    import numpy as np
    from latency import ids_of, reviews, write_export
    from networks import use_keras_layers

    from keras_rnn_zoo import registry

    entry = registry.export_formats.get("onnx")
    ids, works = np.array(ids_of(reviews(1, 200)), "int32"), {}
    for name in ("operators", "Keras's loop"):
        if works:
            use_keras_layers()
        with tempfile.TemporaryDirectory() as folder:
            works[name] = functools.partial(entry.make(entry).open(Path(write_export(folder, "onnx"))), {"ids": ids})
    return works


PARTS = {part.__name__: part for part in (argmax, padding, sums, ctc_decoding, lengths, onnx)}


def processor_ms(work: Callable[[], Any], times: int) -> float:
    """Runs a work some times; returns the processor milliseconds of one."""
    start = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - start) / times


def main() -> None:
    """Prints a table for docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the first one, which does not count")
    options = parser.parse_args()
    print("| part | way | processor ms | times the first |\n|---|---|---|---|")
    for name in options.only:
        works = PARTS[name]()
        warm = {way: processor_ms(work, 1) for way, work in works.items()}
        often = {way: 1 if name == "lengths" or ms > 50 else 20 for way, ms in warm.items()}
        runs = {way: functools.partial(processor_ms, work, often[way]) for way, work in works.items()}
        done = in_turn(runs, options.rounds)
        first = next(iter(done.values()))
        for way, ms in done.items():
            ratios = [other / ours for ours, other in zip(first, ms, strict=True)]
            print(f"| `{name}` | {way} | {shown(ms, '')} | {shown(ratios, '')} |", flush=True)


if __name__ == "__main__":
    main()
