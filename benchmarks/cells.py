"""Training steps of the linear cells beside our LSTM, and how their time grows with the length of the sequence.

The network and the step are those of `steps`: two bidirectional layers of 64 units over inputs of 128 features.
"""

from collections.abc import Iterator

from report import Mark, Row
from timing import Contestant, race

ABOUT = "training steps of the linear cells: two bidirectional layers of 64 over inputs of 128"

MARKS = {"mingru": 3, "minlstm": 2, "lru": 2, "rglru": 2, "mamba": None}
"""How many times as fast as an LSTM each cell should be at 1,000 steps."""
LENGTHS = (100, 800, 3200, 12800)


def measure(rounds: int, quick: bool) -> Iterator[Row]:
    """Measures all linear cells."""
    time, batch = (20, 4) if quick else (1000, 32)
    cells = ("lstm", *MARKS)
    size = {"layers": "ours", "time": time, "batch": batch}
    done = race({cell: Contestant("steps:keras_step", cell=cell, **size) for cell in cells}, rounds)
    for unit, of in (("ms", done.seconds), ("processor ms", done.processor_seconds)):
        for cell, mark in MARKS.items():
            ours, theirs = ([1000 * value for value in of(name)] for name in (cell, "lstm"))
            name, missing = f"step, {cell}, T={time} B={batch}", done.missing.get(cell, "")
            marked = Mark(mark) if mark and unit == "ms" else None
            yield Row(name, unit, ours, "our lstm", theirs, mark=marked, missing=missing)
    for cell in () if quick else MARKS:
        sizes = {
            str(length): Contestant("steps:keras_step", cell=cell, layers="ours", time=length, batch=4)
            for length in LENGTHS
        }
        done = race(sizes, max(rounds // 2, 2))
        for length in LENGTHS:
            steps = [1e6 * value / length for value in done.seconds(str(length))]
            yield Row(f"step, {cell}, T={length} B=4, for each step of the sequence", "µs", steps)
