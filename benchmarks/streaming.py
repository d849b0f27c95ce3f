"""Time and memory of a step of a stream, after more and more steps: `python benchmarks/streaming.py [--steps N]`.

- `audio`: the model of the dataset spoken_digit with `bidirectional=false`, whose recordings have 8,000 samples per
  second; a step is 100 ms of sound. The time beside real time is that of a single core.
- `series`: many_to_one with a number per step, a row at a time.
- `text`: many_to_one with words, a word at a time.

The models are untrained, which changes neither figure. Beside the time of a step stands its processor time, which says
what an idle core would do where other programs use it, too. Memory is that of the process, without what the frameworks
and the traced functions took before the first step.
"""

import argparse
import collections
import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

MARKS = (1, 100, 10_000, 1_000_000)
"""Numbers of steps after which memory and the time of the last ones are measured."""
WINDOW = 100
"""Number of steps whose median time is shown, up to each mark."""
SAMPLE_RATE, SECONDS = 8000, 0.1


def stream_of(kind: str) -> Any:
    """Returns a stream of an untrained model for a kind of input."""
    import keras
    import tensorflow as tf

    from keras_rnn_zoo import registry
    from keras_rnn_zoo.inference.load import LoadedRun
    from keras_rnn_zoo.streaming.stream import stream

    keras.utils.set_random_seed(0)
    rate = {"sample_rate": SAMPLE_RATE} if kind == "audio" else {}
    reader = registry.readers.get(kind).make(**rate)
    if kind == "text":
        reader.fit(tf.data.Dataset.from_tensor_slices([" ".join(WORDS)]))
    elif kind == "series":
        reader.mean, reader.deviation = [0.0], [1.0]
    task = registry.tasks.get("classification").make(reader, tuple("0123456789"))
    model = registry.architectures.get("many_to_one").make(bidirectional=False, **task.model_options())
    return stream(LoadedRun(None, task, model))


WORDS = [f"word{number}" for number in range(5000)]


def parts_of(kind: str) -> Iterator[Any]:
    """Yields the parts of an endless input."""
    import numpy as np

    random = np.random.default_rng(0)
    samples = random.normal(0, 0.1, 50 * round(SAMPLE_RATE * SECONDS)).astype("float32").reshape(50, -1)
    count = 0
    while True:
        count += 1
        if kind == "audio":
            yield samples[count % len(samples)]
        elif kind == "series":
            yield samples[count % len(samples)][:1, None]
        else:
            yield WORDS[7919 * count % len(WORDS)] + " "


def memory() -> int:
    """Returns the memory of this process in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(kind: str, steps: int) -> Iterator[tuple[int, float, float, int]]:
    """Yields the number of steps, the medians of the last ones, and the memory they added, in bytes.

    The medians are those of their time and of their processor time, in seconds.
    """
    stream, parts = stream_of(kind), parts_of(kind)
    for _ in range(20):  # TensorFlow prepares its kernels in the first steps.
        stream.feed(next(parts))
    stream.reset()
    before, times = memory(), collections.deque[tuple[float, float]](maxlen=WINDOW)
    for number in range(1, steps + 1):
        part = next(parts)
        start, used = time.perf_counter(), time.process_time()
        stream.feed(part)
        times.append((time.perf_counter() - start, time.process_time() - used))
        if number in MARKS:
            passed, processor = map(statistics.median, zip(*times, strict=True))
            yield number, passed, processor, memory() - before


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000, help="number of steps; 1000000 takes about half an hour")
    parser.add_argument("--kinds", nargs="+", default=["audio", "series", "text"], choices=["audio", "series", "text"])
    arguments = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    if hasattr(os, "sched_setaffinity"):  # One core.
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    for kind in arguments.kinds:
        for number, seconds, processor, added in measure(kind, arguments.steps):
            real_time = f", {SECONDS / processor:.0f} times as fast as real time" if kind == "audio" else ""
            took = f"{1e3 * seconds:.2f} ms a step, processor time {1e3 * processor:.2f} ms{real_time}"
            print(f"{kind}: {number:,} steps: {took}, {added / 2**20:+.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
