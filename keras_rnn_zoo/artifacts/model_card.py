"""The model card of a run, as Mitchell et al. 2019 propose ("Model Cards for Model Reporting")."""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.card_metadata import front_matter, registered_dataset
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig
from keras_rnn_zoo.display.printing import one_line, quantity, shell_quote

_PLOTS = "\n## Plots\n\n"


def model_card(config: RunConfig, measured: Mapping[str, Any], command: str, plots: Sequence[str] = ()) -> str:
    """Returns the model card of a run as Markdown, with metadata for the Hugging Face Hub.

    Args:
        config: the description of the run.
        measured: its `metrics.json`. With the metrics of other seeds under `"seeds"`, the card states their spread.
        command: the command that repeats the training, or "" if there is none.
        plots: the files of plots, by their paths within the run's folder.
    """
    architecture, data, name = registry.architectures.get(config.architecture), config.dataset, config.run
    stopped = "" if config.finished else "\nTraining was interrupted; these are the best weights until then.\n"
    trained_by = f"Trained by Keras RNN Zoo {config.versions['keras-rnn-zoo']}."
    parts = [
        f"# {_plain(name)}\n\n{architecture.summary} {trained_by}\n{stopped}",
        f"## Intended use\n\n{_intended_use(config)}",
        f"## Scores\n\n{_scores(config, measured)}",
        f"## Limits\n\n{_limits(config)}",
        f"## Data\n\n{_data(data)}",
        f"## Training\n\n{_training(config, command)}",
        f"## Environment and cost\n\n{_environment(config)}",
    ]
    return with_plots(front_matter(config, measured) + "\n" + "\n".join(parts), plots)


def with_plots(card: str, plots: Sequence[str]) -> str:
    """Returns a model card whose last section shows plots, in place of those that it has shown so far.

    Args:
        card: the model card.
        plots: as for `model_card`.
    """
    text = card.partition(_PLOTS)[0]
    return f"{text}{_PLOTS}{_plots(plots)}" if plots else text


def _intended_use(config: RunConfig) -> str:
    task = registry.tasks.get(config.task.name)
    inputs = {**registry.reader_of(task, config.task.input).inputs, **task.inputs}
    sides = [("Input", inputs), ("Output", task.outputs)]
    tensors = [f"- {side} `{name}`: {meaning}" for side, meanings in sides for name, meaning in meanings.items()]
    name = shell_quote(config.run)
    return "\n".join(
        [
            f"{task.summary} It is meant for inputs like those of {_code(config.dataset.name)}, described below.\n",
            *tensors,
            f"\n    zoo predict {name} {registry.reader_of(task, config.task.input).example}\n    zoo export {name}\n",
        ]
    )


def _scores(config: RunConfig, measured: Mapping[str, Any]) -> str:
    where = f"On the {measured['split']} split of {_code(config.dataset.name)}"
    rows: dict[str, Any] = {name: f"{value:.4f}" for name, value in measured["metrics"].items()}
    lines = [f"{where}, {quantity(measured['examples'], 'example')}:\n", _table(("metric", "value"), rows)]
    others = measured.get("seeds", [])
    if len(others) > 1:
        spread = {name: _spread([seed["metrics"][name] for seed in others]) for name in measured["metrics"]}
        lines += [f"\nOver {len(others)} seeds:\n", _table(("metric", "mean ± standard deviation"), spread)]
    if before := measured.get("before_storage"):
        shown = ", ".join(f"{name} {value:.4f}" for name, value in before.items())
        lines += [f"\nThe weights are stored as {config.storage}. Before, the scores were {shown}."]
    return "\n".join([*lines, ""])


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


def _limits(config: RunConfig) -> str:
    dataset = registered_dataset(config.dataset)
    limits = [
        "The model has also learned the biases and errors of its data. Do not expect the scores above on inputs of "
        "another kind.",
        "The scores are averages over the test split. Groups of inputs were not examined separately.",
    ]
    if dataset and dataset.embedded:
        limits.append(
            "The dataset comes with Keras RNN Zoo, and is small or synthetic. The model shows what the architecture "
            "can learn, and is not for use on other data."
        )
    return "\n".join(f"- {limit}" for limit in limits) + "\n"


def _data(data: DatasetConfig) -> str:
    dataset = registered_dataset(data)
    terms = f" Terms: <{dataset.terms}>." if dataset and dataset.terms else ""
    lines = [
        f"{data.summary} Size: {_size(data)}. License: {data.license}.{terms} Version {data.version}, SHA-256",
        f"`{data.checksum}`.",
    ]
    if dataset and dataset.not_shipped:
        lines.append(f"\nDo not pass on models that are trained on it: {dataset.not_shipped}.")
    return "\n".join([*lines, ""])


def _training(config: RunConfig, command: str) -> str:
    task, data = config.task, config.dataset
    options = {**data.options, **task.reader, **task.options, **config.options}
    repeat = f"\n    {one_line(command)}\n" if command else ""
    epochs = quantity(config.epochs_trained, "epoch")
    return f"""{_source(config)}Seed {config.seed}. Trained for {epochs}. The weights are those of epoch
{config.best_epoch}, the best on the validation split.
{repeat}
{_table(("option", "value"), {**config.training.to_json(), **options})}
"""


def _environment(config: RunConfig) -> str:
    lines = [_table(("software", "version"), config.versions)]
    if config.cost:
        memory = f", and up to {config.cost.peak_memory / 1e9:.2f} GB of memory" if config.cost.peak_memory else ""
        lines.append(f"\nTraining took {config.cost.processor_minutes:.1f} minutes of processor time{memory}.")
    return "\n".join([*lines, ""])


def _plots(plots: Sequence[str]) -> str:
    return (
        "\n".join(f"![{name.rpartition('/')[2].partition('.')[0].replace('_', ' ')}]({name})" for name in plots) + "\n"
    )


def _source(config: RunConfig) -> str:
    """Returns what the training started from, as a paragraph before the next one; "" if it started from nothing."""
    if config.source is None:
        return ""
    source = config.source
    trained = f"trained on {_code(source.dataset)}"
    return f"Fine-tuned from the run {_code(source.run)}, {trained}. Its digest is `{source.digest}`.\n\n"


def _plain(text: str) -> str:
    """Returns a text escaped for Markdown, on one line: names come from the user and may contain any character."""
    return re.sub(r"([\\`*\[\]<>|&])", r"\\\1", one_line(text))


def _code(text: str) -> str:
    """Returns a text as inline code, delimited by more backticks than occur in a row in it."""
    line = one_line(text)
    ticks = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{ticks} {line} {ticks}" if "`" in line else f"`{line}`"


def _size(data: DatasetConfig) -> str:
    """Returns the size of a dataset in words: the number of rows counted in training, or else what its entry says."""
    counts = data.recorded.rows if data.recorded else {}
    return ", ".join(f"{count:,} {split}" for split, count in counts.items()) or data.size


def _table(header: tuple[str, str], rows: Mapping[str, Any]) -> str:
    def text(value: Any) -> str:
        return _plain(value) if isinstance(value, str) else json.dumps(value)

    lines = [
        f"| {header[0]} | {header[1]} |",
        "|---|---|",
        *(f"| {key} | {text(value)} |" for key, value in rows.items()),
    ]
    return "\n".join(lines)
