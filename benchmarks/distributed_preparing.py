"""The processor time in which each of several processes prepares the examples of a training.

It writes JPEG files of random images, and prepares them as `zoo train one_to_one --dataset images:...` does, with 1, 2,
and 4 processes. No model is trained. Three times are measured: of opening the data, which process 0 checks for all; of
the first pass, which gives the batches of both splits; and of reading the batches of an epoch if tensors are not kept
in memory, so that they are prepared again in each epoch.

    python benchmarks/distributed_preparing.py
    python benchmarks/distributed_preparing.py --images 4000 --side 600
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

COUNTS = (1, 2, 4)
CLASSES = ("light", "dark")


def write_images(folder: Path, count: int, side: int) -> None:
    """Writes square images of random pixels, in folders of splits and classes; other splits have a tenth of them."""
    import numpy as np
    import tensorflow as tf

    pixels = np.random.default_rng(0)
    for split, size in (("train", count), ("validation", count // 10), ("test", count // 10)):
        for number in range(size):
            label = CLASSES[number % 2]
            (folder / split / label).mkdir(parents=True, exist_ok=True)
            low = pixels.integers(0, 200, (side // 8, side // 8, 3)) // (1 + number % 2)
            image = np.kron(low, np.ones((8, 8, 1))).astype("uint8")
            (folder / split / label / f"{number:05}.jpg").write_bytes(tf.io.encode_jpeg(image).numpy())


def prepare(folder: Path) -> None:
    """Prepares the images as one of the processes of a training; prints the processor seconds as JSON."""
    from keras_rnn_zoo.batching import batches
    from keras_rnn_zoo.distributed.peers import joined
    from keras_rnn_zoo.training.keras_objects import KerasObjects
    from keras_rnn_zoo.training.plan import Request, make_plan
    from keras_rnn_zoo.training.prepare import open_data, split_batches
    from keras_rnn_zoo.training.progress import Progress

    runs = folder / "runs" / str(os.getpid())
    request = Request("one_to_one", f"images:{folder / 'images'}", None, {}, {}, "prepared", str(runs))
    with joined() as peers:
        import tensorflow  # noqa: F401  Its import is not measured.

        progress, seconds = Progress(make_plan(request, resume=False, overwrite=False), KerasObjects(), peers), {}
        begin = time.process_time()
        examples, task, _ = open_data(progress)
        seconds["open"] = time.process_time() - begin
        begin = time.process_time()
        split_batches(progress.config, task, examples, peers.share())
        seconds["first"] = time.process_time() - begin
        batches._MAX_CACHE_BYTES = 0
        training, _ = split_batches(progress.config, task, examples, peers.share())
        begin = time.process_time()
        assert sum(1 for _ in training.data) == training.count
        seconds["epoch"] = time.process_time() - begin
    print(json.dumps(seconds))


def measure(folder: Path, count: int) -> list[dict[str, float]]:
    """Returns what each of so many processes printed, which run at the same time."""
    from keras_rnn_zoo.distributed.launch import free_port

    command = [sys.executable, __file__, "--output", str(folder), "--prepare"]
    place = {"JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{free_port()}", "JAX_NUM_PROCESSES": str(count)}
    running = [
        subprocess.Popen(
            command, env={**os.environ, **place, "JAX_PROCESS_ID": str(number)}, stdout=subprocess.PIPE, text=True
        )
        for number in range(count)
    ]
    printed = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        sys.exit("A process failed.")
    return [json.loads(lines.splitlines()[-1]) for lines in printed]


def main() -> None:
    """Prints the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=400, help="number of training images")
    parser.add_argument("--side", type=int, default=1200, help="their height and width in pixels")
    parser.add_argument("--output", type=Path, default=Path("build/benchmarks/preparing"))
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "jax"
    if options.prepare:
        prepare(options.output)
        return
    if not (options.output / "images").exists():
        write_images(options.output / "images", options.images, options.side)
    print("| processes | opening: process 0 | opening: others | first pass | epoch, not kept |")
    print("|---|---|---|---|---|")
    for count in COUNTS:
        found = measure(options.output, count)
        opened = [one["open"] for one in found]
        cells = [opened[0], max(opened[1:], default=None)]
        cells += [max(one[name] for one in found) for name in ("first", "epoch")]
        print(
            f"| {count} | " + " | ".join("" if cell is None else f"{cell:.1f} s" for cell in cells) + " |", flush=True
        )


if __name__ == "__main__":
    main()
