"""The model card of a run, as Mitchell et al. 2019 propose ("Model Cards for Model Reporting")."""

import json
import re
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig
from keras_rnn_zoo.display.printing import one_line, quantity, shell_quote


def model_card(config: RunConfig, measured: Mapping[str, Any]) -> str:
    """Returns the model card of a run as Markdown, from its `config.json` and `metrics.json`."""
    architecture = registry.architectures.get(config.architecture)
    task, data, name = config.task, config.dataset, config.run
    options = {**data.options, **task.reader, **task.options, **config.options}
    stopped = "" if config.finished else "\nTraining was interrupted; these are the best weights until then.\n"
    return f"""# {_plain(name)}

{architecture.summary} Trained by Keras RNN Zoo {config.versions["keras-rnn-zoo"]}.
{stopped}
## Measured

On the {measured["split"]} split of {_code(data.name)}, {quantity(measured["examples"], "example")}:

{_table(("metric", "value"), {key: f"{value:.4f}" for key, value in measured["metrics"].items()})}

## Data

{data.summary} Size: {_size(data)}. License: {data.license}. Version {data.version}, SHA-256
`{data.checksum}`. The model has also learned the biases and errors of this data. Do not expect the figures above on
inputs of another kind.

## Training

{_source(config)}Seed {config.seed}. Trained for {quantity(config.epochs_trained, "epoch")}. The weights are those of
epoch {config.best_epoch}, the best on the validation split.

{_table(("option", "value"), {**config.training.to_json(), **options})}

{_table(("software", "version"), config.versions)}

## Use

    zoo predict {shell_quote(name)} "..."
    zoo export {shell_quote(name)}
"""


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
