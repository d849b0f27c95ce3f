"""The page of datasets: the card of each from the registry, and its scores from docs/results/."""

import csv
from pathlib import Path

from markdown_tables import code, codes, sentence, table
from reference_entries import options_table

from keras_rnn_zoo import registry
from keras_rnn_zoo.networks.index import networks

RESULTS = Path(__file__).parents[1] / "results"
TOP = """# Datasets

Every dataset that the zoo knows by name. Embedded ones are part of the package and need no network; TensorFlow Datasets
downloads the others when they are first used. `zoo datasets` lists which of them are on your disk. Scores are those of
default options on the test split; [Scores](../scores.md) says how they were measured.

"""


def page() -> str:
    """Returns the page."""
    scores, published = _rows("scores.csv"), _rows("published.csv")
    entries = registry.datasets.entries()
    text = TOP + table(
        ["dataset", "task", "examples", "score"],
        ([f"[`{e.name}`](#{e.name})", e.task, _first_size(e), _scores(e.name, scores)] for e in entries),
    )
    return text + "".join(_card(entry, scores, published) for entry in entries)


def _rows(name: str) -> list[dict[str, str]]:
    with open(RESULTS / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _first_size(entry: registry.Dataset) -> str:
    return entry.size.split(";")[0].split(", each")[0]


def _scores(name: str, scores: list[dict[str, str]]) -> str:
    return "; ".join(f"{row['metric']} {row['mean']}" for row in scores if row["dataset"] == name)


def _card(entry: registry.Dataset, scores: list[dict[str, str]], published: list[dict[str, str]]) -> str:
    architectures = ", ".join(
        f"[`{architecture.name}`](architectures.md#{architecture.name})"
        for architecture in registry.architectures_of(entry)
    )
    license = f"[{entry.license}]({entry.terms})" if entry.terms else entry.license
    facts = [
        ["architectures", architectures],
        ["task", f"[{entry.task}](architectures.md#task-{entry.task})"],
        ["kind of input", code(entry.model_options["input"])],
        ["examples", entry.size],
        ["source", "part of the package" if entry.embedded else "TensorFlow Datasets, downloaded when first used"],
        ["license", license],
    ]
    if entry.not_shipped:
        facts.append(["trained network", f"not passed on: {entry.not_shipped}"])
    elif entry.name in networks():
        facts.append(["trained network", f"[`zoo predict {entry.name}`](../networks.md)"])
    for row in scores:
        if row["dataset"] == entry.name:
            spread = f" ± {row['sd']} over {row['seeds']} seeds" if row["sd"] else ", one seed"
            cost = f"{int(row['parameters']):,} weights, {row['processor_minutes']} minutes of a processor"
            facts.append([f"{row['metric']} of `{row['architecture']}`", f"**{row['mean']}**{spread}; {cost}"])
    for row in published:
        if row["dataset"] == entry.name:
            facts.append(["published", f"{row['score']}: {row['system']} ([{row['source']}]({row['url']}))"])
    if entry.defaults:
        facts.append(["its own defaults", codes(f"{name}={value}" for name, value in entry.defaults.items())])
    text = f"\n## {entry.name} {{ #{entry.name} }}\n\n{sentence(entry.summary)}\n\n" + table(["", ""], facts)
    options = options_table(entry.options.values())
    return text + (f"\n{options}" if options else "")
