"""The result of a comparison of runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_rnn_zoo.display.printing import one_line, quantity
from keras_rnn_zoo.display.text_tables import Table
from keras_rnn_zoo.run import Run

LEVEL = 0.05
"""A difference is significant if its p value is below this."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """Runs side by side.

    In the tables, the column of a run has its name; that of a run named like another column is `run NAME`.

    Attributes:
        runs: the runs.
        dataset: name or address of the data that they are measured on.
        split: name of the split.
        examples: number of examples.
        options: a row for each option that differs, with a value for each run: `option`, and the names of the runs.
        metrics: a row for each metric: `metric`, and the names of the runs.
        tests: for each run but the first, how it differs from the first: `run`, `against`, `metric`, `difference`,
            `low` and `high` (the 95% interval), `p` (adjusted for the number of tests), `test`, and `better`: whether
            it is better (`True`), worse (`False`), or neither is significant (`None`).
        disagreements: number of examples on which the runs' predictions differ.
        differing: the first ones of them: `example` (its place in the split), `input`, `truth`, and the prediction of
            each run by its name.
    """

    runs: tuple[Run, ...]
    dataset: str
    split: str
    examples: int
    options: Table
    metrics: Table
    tests: Table
    disagreements: int
    differing: Table

    @property
    def conclusions(self) -> list[str]:
        """A sentence for each test: "b is better than a: accuracy +0.0200 (95%: +0.0040 to +0.0360), p = 0.02"."""
        return [_conclusion(row) for row in self.tests]

    def plot(self) -> Any:
        """Returns the learning curves of the runs in one Matplotlib figure; raises `PlotError` without Matplotlib."""
        from keras_rnn_zoo.comparison.curves import learning_curves

        return learning_curves(self.runs)

    def write_plot(self, path: Path) -> Path:
        """Writes the figure to a file that ends with .svg or .png; raises `PlotError` for another one."""
        from keras_rnn_zoo.comparison.curves import write_curves

        return write_curves(self.runs, path)

    def as_json(self) -> dict[str, Any]:
        """Returns the comparison as plain values, for `zoo compare --json`."""
        return {
            "runs": [run.name for run in self.runs],
            "dataset": self.dataset,
            "split": self.split,
            "examples": self.examples,
            **{name: list(getattr(self, name)) for name in ("options", "metrics", "tests")},
            "disagreements": self.disagreements,
            "differing": list(self.differing),
        }

    def __repr__(self) -> str:
        names = ", ".join(run.name for run in self.runs)
        return one_line(
            f"<Comparison of {names} on {quantity(self.examples, 'example')}. {' '.join(self.conclusions)}>"
        )


def _conclusion(row: Mapping[str, Any]) -> str:
    interval = f"95%: {row['low']:+.4f} to {row['high']:+.4f}"
    facts = f"{row['metric']} {row['difference']:+.4f} ({interval}), p = {row['p']:.2g}, {row['test']} test"
    if row["better"] is None:
        return f"{row['run']} and {row['against']} do not differ significantly: {facts}."
    return f"{row['run']} is {'better' if row['better'] else 'worse'} than {row['against']}: {facts}."
