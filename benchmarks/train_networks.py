"""Trains the zoo's networks one after another, and stores them in `saved_models/` with their index.

Each network is trained with default options, stored as float16 and measured again. What is done is left as it is, and a
training that was interrupted begins anew, so the same command continues with the others.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import file_digest, write_json
from keras_rnn_zoo.networks.index import INDEX, Network
from keras_rnn_zoo.training.store import store_run

ROOT = Path(__file__).parent.parent
SHIPPED, WORK = ROOT / "saved_models", ROOT / "build" / "networks"
NETWORKS = {
    "digits": "one_to_one",
    "shapes": "one_to_many",
    "toy_reviews": "many_to_one",
    "toy_sales": "many_to_one",
    "dates": "many_to_many",
    "slots": "sync_many_to_many",
    "digit_lines": "ctc",
    # These need the data of TensorFlow Datasets: see `--data-dir`.
    "mnist": "one_to_one",
    "imdb_reviews": "many_to_one",
    "spoken_digit": "many_to_one",
    "small_parallel_enja": "many_to_many",
    "universal_dependencies": "sync_many_to_many",
    "tiny_shakespeare": "sync_many_to_many",
    "spoken_digit_strings": "ctc",
}
"""The architecture of each network, which bears the name of its dataset."""
EXAMPLES = {"imdb_reviews": "I expected to hate it. I was wrong: the story is slow, but the actors are wonderful."}
"""Examples in place of those of the data, where these belong to their authors."""
EMBEDDED = [name for name in NETWORKS if registry.datasets.get(name).embedded]
ERRORS = ("mse", "mae", "rmse", "smape", "mase", "wql")
"""The metrics that are errors of numbers."""
MARK = 0.001
"""The largest loss of score by float16, for scores from 0 to 1. Errors, such as the MSE, may grow by this fraction."""
WHEEL_BYTES = 40_000_000
"""The largest size of the networks in a wheel."""


def train_network(name: str, seeds: int, data_dir: str | None, settings: dict[str, Any]) -> zoo.Run:
    """Trains a network for each seed, where that is not done, and stores that of seed 0 in `saved_models/`."""
    dataset = registry.datasets.get(name)
    if dataset.not_shipped:
        raise click.UsageError(f"Networks trained on {name} are not passed on: {dataset.not_shipped}.")
    runs = [trained(NETWORKS[name], name, seed, data_dir, settings) for seed in range(seeds)]
    measured = [{"seed": run.config.seed, "metrics": run.metrics} for run in runs]
    given = {"seeds": measured if seeds > 1 else (), "example": EXAMPLES.get(name, "")}
    return store_run(runs[0], SHIPPED / name, data_dir=data_dir, **given)


def folder_of(name: str, seed: int) -> Path:
    """Returns the folder of the training of a dataset with a seed."""
    return WORK / f"{name}-seed-{seed}"


def trained(architecture: str, name: str, seed: int, data_dir: str | None, settings: dict[str, Any]) -> zoo.Run:
    """Returns the training of a dataset with a seed, in a folder of its own; trains it where that is not done.

    A training that was interrupted begins anew, because the cost of a resumed one is unknown.
    """
    path = folder_of(name, seed)
    if (path / "config.json").exists() and zoo.Run(path).config.finished and zoo.Run(path).config.cost:
        return zoo.Run(path)
    where = {"data_dir": data_dir} if registry.datasets.get(name).source == "tfds" else {}
    arguments = {"run": path.name, "models_dir": str(WORK), "overwrite": True, "verbose": 2, **where}
    return zoo.train(architecture, dataset=name, seed=seed, **arguments, **settings)


def loss_of_score(network: zoo.Run) -> tuple[str, float, float]:
    """Returns the main metric of a network, its value, and by how much storage made it worse."""
    measured = network.measured
    name = registry.main_metric(network.config.task.name, measured["metrics"])
    before, after = measured["before_storage"][name], measured["metrics"][name]
    lower_is_better = name in (*ERRORS, "cer", "wer", "bits_per_character", "perplexity")
    worse = after - before if lower_is_better else before - after
    return name, after, worse / 100 if name in ("bleu", "chrf") else worse


def describe(network: zoo.Run) -> Network:
    """Returns the entry of a network in the index, without whether it is in the wheel."""
    config, measured = network.config, network.measured
    files = [path for path in network.path.rglob("*") if path.is_file()]
    return Network(
        name=config.run,
        architecture=config.architecture,
        dataset=config.dataset.name,
        task=config.task.name,
        input=config.task.input,
        metric=registry.main_metric(config.task.name, measured["metrics"]),
        metrics=measured["metrics"],
        examples=measured["examples"],
        parameters=network.model.count_params(),
        storage=config.storage,
        bytes=sum(path.stat().st_size for path in files),
        license=config.dataset.license,
        sha256=file_digest(network.path / "config.json"),
        in_wheel=True,
    )


def write_index(networks: list[Network]) -> None:
    """Writes the index: the smallest networks are in the wheel, as many as fit."""
    left, rows = WHEEL_BYTES, []
    for network in sorted(networks, key=lambda network: network.bytes):
        left -= network.bytes
        rows.append({**network.to_json(), "in_wheel": left >= 0})
    url = json.loads(INDEX.read_text(encoding="utf-8"))["url"]
    write_json(INDEX, {"url": url, "networks": sorted(rows, key=lambda row: row["name"])})


def index_networks() -> list[zoo.Run]:
    """Writes the index of the networks in `saved_models/`, and returns them."""
    stored = [zoo.Run(path.parent) for path in sorted(SHIPPED.glob("*/config.json")) if path.parent.name in NETWORKS]
    write_index([describe(network) for network in stored])
    return stored


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(NETWORKS)))
@click.option("--data-dir", type=click.Path(), help="Directory of prepared TFDS datasets.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Number of trainings.")
@click.option("--epochs", type=int, help="Maximum number of epochs, to try the script with.")
@click.option("--again", is_flag=True, help="Train again what is done.")
def main(names: tuple[str, ...], data_dir: str | None, seeds: int, epochs: int | None, again: bool) -> None:
    """Train networks (by default, those on embedded data) and store them in saved_models/."""
    settings = {"epochs": epochs} if epochs else {}
    names = names or tuple(EMBEDDED)
    for name in names:
        if again:
            shutil.rmtree(SHIPPED / name, ignore_errors=True)
            for path in (*WORK.glob(f"{name}-seed-*"), *WORK.glob(f".{name}-seed-*")):
                shutil.rmtree(path) if path.is_dir() else path.unlink()  # A lock is a file.
        if (SHIPPED / name / "config.json").exists():
            continue
        if len(names) == 1:
            train_network(name, seeds, data_dir, settings)
        else:  # In a process of its own, for its peak memory not to be that of another one.
            given = {"--data-dir": data_dir, "--epochs": epochs, "--seeds": seeds}
            words = [word for option, value in given.items() if value for word in (option, str(value))]
            subprocess.run([sys.executable, __file__, name, *words], check=True)
    faults = 0
    for network in index_networks():
        metric, value, worse = loss_of_score(network)
        allowed = MARK * (max(value, 0.0) if metric in ERRORS else 1.0)
        faults += worse > allowed
        click.echo(f"{network.name}: {metric} {value:.4f}, worse by {worse:.5f} as float16 (at most {allowed:.5f})")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
