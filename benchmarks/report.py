"""Results of measurements: rows of a table, JSON and Markdown."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from timing import summarize


@dataclass(frozen=True)
class Mark:
    """The target of a ratio, or of a figure without a peer: a minimum, or a maximum if `most` is set."""

    bound: float
    most: bool = False

    def reached(self, value: float) -> bool:
        """Returns whether a value reaches the target."""
        return value <= self.bound if self.most else value >= self.bound

    def __str__(self) -> str:
        return f"{'at most' if self.most else 'at least'} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """A comparison with all its measurements.

    Attributes:
        what: what was measured.
        unit: its unit.
        ours: our measurements, one per round.
        peer: the peer's name; empty if there is none.
        theirs: the peer's measurements in the same rounds; empty if the peer is missing.
        inverse: whether the ratio is theirs divided by ours ("times as fast", for times) or ours by theirs.
        mark: the target of the ratio, or of our figure if there is no peer.
        note: a remark.
        missing: why measurements of the peer or ours are missing.
    """

    what: str
    unit: str
    ours: list[float]
    peer: str = ""
    theirs: list[float] = field(default_factory=list)
    inverse: bool = True
    mark: Mark | None = None
    note: str = ""
    missing: str = ""

    def ratios(self) -> list[float]:
        """Returns the ratio of each round; the ratio of the medians if the numbers of rounds differ."""
        if not self.ours or not self.theirs:
            return []
        pairs = list(zip(self.ours, self.theirs, strict=False))
        if len(self.ours) != len(self.theirs):
            pairs = [(summarize(self.ours).median, summarize(self.theirs).median)]
        return [theirs / ours if self.inverse else ours / theirs for ours, theirs in pairs]

    def cells(self) -> tuple[str, ...]:
        """Returns the cells of the table row."""
        ratios = self.ratios()
        decisive = ratios if self.peer else self.ours
        verdict = ""
        if self.missing:
            verdict = f"missing: {self.missing}"
        elif self.mark and decisive:
            verdict = "reached" if self.mark.reached(summarize(decisive).median) else "missed"
        measured = [shown(values, self.unit) for values in (self.ours, self.theirs)]
        return (self.what, measured[0], self.peer, measured[1], shown(ratios, ""), str(self.mark or ""), verdict)

    def as_json(self) -> dict[str, Any]:
        """Returns all facts and measurements as JSON-compatible values."""
        summaries = {"ours": self.ours, "theirs": self.theirs, "ratio": self.ratios()}
        return {
            **dataclasses.asdict(self),
            "summary": {name: summarize(values)._asdict() for name, values in summaries.items() if values},
        }


HEADER = ("comparison", "ours", "peer", "the peer's", "ratio", "mark", "result")


def row_from_json(facts: dict[str, Any]) -> Row:
    """Returns a row from the values of `Row.as_json`."""
    facts = {name: value for name, value in facts.items() if name != "summary"}
    return Row(**{**facts, "mark": facts["mark"] and Mark(**facts["mark"])})


def shown(values: list[float], unit: str) -> str:
    """Returns median and quartiles as text, or "" if there are no values."""
    if not values:
        return ""
    median, low, high = map(_rounded, summarize(values))
    spread = f" ({low} to {high})" if len(values) > 1 else ""
    return f"{median}{' ' if unit else ''}{unit}{spread}"


def _rounded(value: float) -> str:
    """Returns a number with three significant digits, and all digits before the decimal point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine_line(machine: dict[str, Any]) -> str:
    """Returns a line about the machine and its speed limit."""
    product = shown(machine["matrix_product_gflops"], "GFLOP/s") if machine["matrix_product_gflops"] else "not measured"
    load = " to ".join(f"{value:.1f}" for value in machine["load"])
    return (
        f"{machine['cores']} cores of {machine['processor']}; float32 matrix product at 1,024: {product}; load {load}"
    )


def as_markdown(themes: dict[str, Any]) -> str:
    """Returns Markdown tables of all themes."""
    parts = []
    for name, theme in themes.items():
        rows = [row_from_json(facts) for facts in theme["rows"]]
        lines = [HEADER, ["---"] * len(HEADER), *(row.cells() for row in rows)]
        parts.append(f"**{name}**: {theme['about']}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
        notes = dict.fromkeys(row.note for row in rows if row.note)
        parts.extend(f"- {note}" for note in notes)
        quick = " Small sizes and few rounds, by --quick: no figures to quote." if theme["quick"] else ""
        parts.append(f"{theme['taken']}, {machine_line(theme['machine'])}.{quick}")
    return "\n\n".join(parts) + "\n"
