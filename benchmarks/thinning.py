"""Costs and gains of subsampling long series: processor time of an epoch, and the score in equal processor time.

`strokes` are lines of online handwriting, about 620 steps of 4 features with 30 characters, for `ctc`. `motifs` are
series of 500 steps of 6 features for `many_to_one`, classified by the order of three short motifs in noise.
Both are synthetic. Each factor first trains two epochs, of which the second is timed. Then each trains for the
processor time that `--epochs` epochs without subsampling take, so that subsampled series get more epochs. Every
training is a separate process, and factors take turns.

    python benchmarks/thinning.py --only strokes --factors 1,2,4,8 --epochs 8 --seeds 1
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = {"strokes": (1200, 200, 200), "motifs": (1600, 400, 400)}
"""Number of series for training, validation and test."""
ARCHITECTURES = {"strokes": ("ctc", "cer"), "motifs": ("many_to_one", "accuracy")}


def draw_strokes(count: int, seed: int) -> tuple[Any, Any]:
    """Returns pen movements `(steps, 4)` of lines of 24 to 36 letters in random handwriting, and the text.

    A letter is a smooth curve of 14 to 27 steps. Features are the movement in x and y, whether the pen is lifted, and
    the time since the last step.
    """
    import numpy as np

    alphabet = np.random.default_rng(0)
    letters = "abcdefghijklmnopqrst"
    waves = alphabet.normal(0, 1, (len(letters), 2, 2, 3)) / np.array([1, 1.5, 2.5])
    random = np.random.default_rng(seed)
    lines, texts = np.empty(count, object), []
    for number in range(count):
        slant, scale, speed = random.normal(0, 0.25), random.uniform(0.6, 1.6), random.uniform(17, 24)
        chosen, parts = random.integers(0, len(letters), random.integers(24, 37)), []
        for letter in chosen:
            steps = max(10, round(speed * random.uniform(0.85, 1.15)))
            time = 2 * np.pi * np.linspace(0, 1, steps)[:, None] * np.arange(1, 4)
            shape = waves[letter] + random.normal(0, 0.12, waves[letter].shape)
            x, y = (np.sin(time) @ shape[axis, 0] + np.cos(time) @ shape[axis, 1] for axis in range(2))
            x = x + slant * y + np.linspace(0, 2, steps)
            movement = np.stack([np.diff(x, append=x[-1] + 0.5), np.diff(y, append=0)], axis=1)
            lifted, clock = np.zeros((steps, 1)), random.uniform(0.008, 0.014, (steps, 1))
            lifted[-1] = 1
            parts.append(np.concatenate([scale * movement, lifted, clock], axis=1))
        line = np.concatenate(parts)
        line[:, :2] += random.normal(0, 0.03, (len(line), 2))
        lines[number] = (100 * line).astype("float32")
        texts.append("".join(letters[letter] for letter in chosen))
    return lines, np.array(texts)


def draw_motifs(count: int, seed: int) -> tuple[Any, Any]:
    """Returns noisy series `(500, 6)` with three motifs of 25 steps in random order, and the index of the order."""
    import itertools

    import numpy as np

    motifs = np.random.default_rng(0).normal(0, 1, (3, 4, 6))
    motifs = np.stack([[np.interp(np.arange(25), [0, 8, 16, 24], one[:, f]) for f in range(6)] for one in motifs])
    orders = list(itertools.permutations(range(3)))
    random = np.random.default_rng(seed)
    series, classes = random.normal(0, 0.5, (count, 500, 6)), random.integers(0, len(orders), count)
    for row, number in zip(series, classes, strict=True):
        starts = np.sort(random.choice(np.arange(0, 475, 30), 3, replace=False)) + random.integers(0, 5)
        for start, motif in zip(starts, orders[number], strict=True):
            row[start : start + 25] += motifs[motif].T * random.uniform(0.6, 1.2)
    return (40 + 7 * series).astype("float32"), classes


def write(name: str, folder: Path) -> list[Path]:
    """Writes the splits of a set to archives; returns their paths."""
    import numpy as np

    draw, kind = {"strokes": (draw_strokes, "text"), "motifs": (draw_motifs, "y")}[name]
    paths = []
    for seed, size in enumerate(SIZES[name], 1):
        series, targets = draw(size, seed)
        paths.append(folder / f"{name}_{seed}.npz")
        np.savez(paths[-1], **{"x": series, kind: targets})
    return paths


def train(name: str, files: list[str], factor: int, epochs: int, seed: int) -> dict[str, Any]:
    """Returns the processor seconds of each epoch of a training, its test score, and when it was reached."""
    import keras
    from fitting import fit_replaced

    import keras_rnn_zoo as zoo

    def processor() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.marks: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.marks.append(processor())

        def on_train_end(self, logs: Any = None) -> None:
            self.marks.append(processor())

    clock = Clock()

    def timed(fit: Any) -> Any:
        return lambda model, *args, callbacks, **rest: fit(model, *args, callbacks=[*callbacks, clock], **rest)

    architecture, metric = ARCHITECTURES[name]
    options = {"subsampling": factor} if factor else {}
    with tempfile.TemporaryDirectory() as models, fit_replaced(timed):
        run = zoo.train(
            architecture,
            dataset=f"npz:{files[0]}",
            validation=files[1],
            test=files[2],
            epochs=epochs,
            patience=0,
            batch_size=16,
            seed=seed,
            models_dir=models,
            verbose=0,
            **options,
        )
        seconds = [after - before for before, after in zip(clock.marks, clock.marks[1:], strict=False)]
        reached = run.metrics[metric]
        return {"seconds": seconds, metric: reached, "factor": run.config.options["subsampling"]}


def measure(name: str, files: list[Path], factor: int, epochs: int, seed: int) -> dict[str, Any]:
    """Runs `train` in a separate process and returns its result."""
    asked = json.dumps([name, list(map(str, files)), factor, epochs, seed])
    done = subprocess.run([sys.executable, __file__, "--child", asked], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Prints each measurement as soon as it is available."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="strokes,motifs", help="the sets")
    parser.add_argument("--factors", default="1,0", help="the factors; 0 is the default by length")
    parser.add_argument("--epochs", type=int, default=8, help="epochs of the first factor")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each factor")
    parser.add_argument("--rounds", type=int, default=1, help="epochs timed of each factor")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(train(*json.loads(asked.child))))
        return
    factors = [int(factor) for factor in asked.factors.split(",")]
    for name in asked.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            files = write(name, Path(folder))
            rounds = [
                [measure(name, files, factor, 2, 0)["seconds"][1] for factor in factors] for _ in range(asked.rounds)
            ]
            epoch = [statistics.median(times) for times in zip(*rounds, strict=True)]
            for place, (factor, own) in enumerate(zip(factors, epoch, strict=True)):
                ratios = [f"{times[0] / times[place]:.2f}" for times in rounds]
                print(f"{name} subsampling={factor}: epoch {own:.1f} s; {', '.join(ratios)} times as fast", flush=True)
            for seed in range(asked.seeds):
                for factor, own in zip(factors, epoch, strict=True):
                    found = measure(name, files, factor, max(1, round(asked.epochs * epoch[0] / own)), seed)
                    seconds = found.pop("seconds")
                    print(f"{name} seed {seed}: {found}, {len(seconds)} epochs in {sum(seconds):.0f} s", flush=True)


if __name__ == "__main__":
    main()
