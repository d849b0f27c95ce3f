"""Forecasts: errors beside the seasonal naive, the linear and other networks' forecasts, and the time of an epoch.

    python benchmarks/forecasting.py small
    python benchmarks/forecasting.py etth1 --data ETTh1.csv --horizon 96 --horizon 192
    python benchmarks/forecasting.py peers --data ETTh1.csv --horizon 96 --code SegRNN --python PEERS
    python benchmarks/forecasting.py epoch --python PEERS

`small` trains on the embedded series with default options. `etth1` trains on ETTh1 by the protocol of the literature
(Zhou et al. 2021; Lin et al. 2023): 8,640 hours for training, 2,880 each for validation and test, 720 hours of history,
errors of all seven columns, each scaled by its training rows. `peers` runs SegRNN and DLinear by the code of
github.com/lss-1138/SegRNN in the folder `--code`, SegRNN with the settings of its scripts/SegRNN/etth1.sh. It needs an
interpreter with torch, pandas, scikit-learn and matplotlib.
`epoch` compares an epoch of the same LSTM forecaster with plain Keras and with Darts.

Every training is a process of its own, and writes its output to a log in `build/benchmarks/forecasting`.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import click
from results import mean_and_deviation
from timing import Contestant, race, summarize

BUILD = Path(__file__).parent.parent / "build" / "benchmarks" / "forecasting"
SERIES = ("sunspots", "mauna_loa_co2", "toy_sales")
COLUMNS = "time=date,target=HUFL+HULL+MUFL+MULL+LUFL+LULL+OT"
WINDOW = {"history": 720, "splits": "8640/2880/2880"}
SETTINGS: dict[str, Any] = {
    "cell": "gru",
    "units": 256,
    "segment_length": 48,
    "channel_independent": True,
    "autoregression": False,
    "calendar": False,
    "quantiles": "",
    "dropout": 0.3,
    "learning_rate": 0.0005,
    "batch_size": 64,
    "epochs": 6,
    "patience": 0,
}
"""The settings for ETTh1."""
SEGRNN = {"seg_len": 24, "d_model": 512, "dropout": 0.1, "rnn_type": "gru", "dec_way": "pmf", "channel_id": 1}
PEERS: dict[str, dict[str, Any]] = {
    "SegRNN": {**SEGRNN, "train_epochs": 30, "patience": 5, "batch_size": 64, "learning_rate": 0.0003, "loss": "mae"},
    "DLinear": {"train_epochs": 10, "patience": 3, "batch_size": 32, "learning_rate": 0.005, "lradj": "type1"},
}
"""The options of `run_longExp.py` for each model. Those of DLinear are from its own code, cure-lab/LTSF-Linear."""


def train(name: str, dataset: str, seed: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Runs `zoo train many_to_one`; returns the content of `metrics.json`, and its `wall` and `processor` seconds."""
    command = [sys.executable, "-m", "keras_rnn_zoo", "train", "many_to_one", "--dataset", dataset]
    command += ["--run", name, "--overwrite", "--seed", str(seed)]
    for option, value in settings.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        command += ["--columns", text] if option == "columns" else ["--set", f"{option}={text}"]
    facts, _ = timed(command, name, Path.cwd(), {"ZOO_MODELS_DIR": str(BUILD / "models")})
    return {**json.loads((BUILD / "models" / name / "metrics.json").read_text()), **facts}


def timed(
    command: Sequence[str], name: str, folder: Path, variables: Mapping[str, str]
) -> tuple[dict[str, float], str]:
    """Runs a command; returns its wall and processor seconds and its output, which is also written to a log."""
    BUILD.mkdir(parents=True, exist_ok=True)
    log = BUILD / f"{name}.log"
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with open(log, "w") as file:
        status = subprocess.run(
            command, cwd=folder, env={**os.environ, **variables}, stdout=file, stderr=file
        ).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        raise click.ClickException(f"{' '.join(command)} failed; see {log}.")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.perf_counter() - start, "processor": used}, log.read_text(errors="replace")


def print_table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    """Prints a table in Markdown, each row as soon as it is there."""
    for row in (header, ["---"] * len(header)):
        click.echo(f"| {' | '.join(row)} |")
    for row in rows:
        click.echo(f"| {' | '.join(row)} |")


def seconds_of(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the mean wall and processor seconds of trainings, as cells of a table."""
    return [f"{mean(run[name] for run in runs):.0f}" for name in ("wall", "processor")]


@click.group(help=__doc__)
def main() -> None:
    """Measures forecasts."""


seeds_option = click.option("--seeds", default=3, show_default=True, help="Number of seeds, from 0.")
data_option = click.option("--data", type=click.Path(exists=True, dir_okay=False), required=True, help="ETTh1.csv.")
horizon_option = click.option("--horizon", "horizons", type=int, multiple=True, default=[96], show_default=True)
python_option = click.option("--python", default=sys.executable, help="The interpreter of the peers.")


@main.command()
@seeds_option
@click.option("--series", multiple=True, default=SERIES, show_default=True)
def small(seeds: int, series: Sequence[str]) -> None:
    """Trains on the embedded series with default options."""

    def rows() -> Iterator[Sequence[str]]:
        for name in series:
            runs = [train(f"{name}-{seed}", name, seed, {}) for seed in range(seeds)]
            baselines = runs[0]["baselines"]
            yield (
                name,
                mean_and_deviation([run["metrics"]["mase"] for run in runs]),
                *(f"{baselines[one]['mase']:.4f}" for one in ("seasonal_naive", "linear")),
                mean_and_deviation([run["metrics"]["coverage"] for run in runs]),
                *seconds_of(runs),
            )

    print_table(("series", "MASE", "seasonal naive", "linear", "coverage of 80%", "s", "processor s"), rows())


@main.command()
@seeds_option
@data_option
@horizon_option
def etth1(seeds: int, data: str, horizons: Sequence[int]) -> None:
    """Trains on ETTh1 by the protocol of the literature."""

    def rows() -> Iterator[Sequence[str]]:
        for horizon in horizons:
            settings = {"columns": COLUMNS, **WINDOW, "horizon": horizon, **SETTINGS}
            address = f"csv:{Path(data).absolute()}"
            runs = [train(f"etth1-{horizon}-{seed}", address, seed, settings) for seed in range(seeds)]
            scores = [mean_and_deviation([run["standardized"][name] for run in runs]) for name in ("mse", "mae")]
            yield str(horizon), "many_to_one", *scores, *seconds_of(runs)
            for name, errors in runs[0]["standardized_baselines"].items():
                yield str(horizon), name, f"{errors['mse']:.4f}", f"{errors['mae']:.4f}", "", ""

    print_table(("horizon", "forecast", "MSE", "MAE", "s", "processor s"), rows())


@main.command()
@seeds_option
@data_option
@horizon_option
@python_option
@click.option("--code", type=click.Path(exists=True, file_okay=False), required=True, help="A clone of SegRNN.")
@click.option("--model", "models", multiple=True, default=list(PEERS), show_default=True)
@click.option("--epochs", type=int, help="At most this many epochs, where the authors' number takes too long.")
def peers(
    seeds: int,
    data: str,
    horizons: Sequence[int],
    python: str,
    code: str,
    models: Sequence[str],
    epochs: int | None,
) -> None:
    """Trains SegRNN and DLinear on ETTh1 by their own code."""
    file = Path(data).absolute()
    fixed = {"is_training": 1, "root_path": f"{file.parent}/", "data_path": file.name, "data": "ETTh1", "features": "M"}
    fixed |= {"seq_len": 720, "enc_in": 7, "itr": 1, "num_workers": 0}

    def run(model: str, horizon: int, seed: int) -> dict[str, float]:
        name = f"{model}-{horizon}-{seed}"
        options = {**fixed, "model": model, "model_id": name, "pred_len": horizon, "random_seed": seed, **PEERS[model]}
        options["train_epochs"] = min(options["train_epochs"], epochs or options["train_epochs"])
        command = [python, "-u", "run_longExp.py"]
        command += [part for option, value in options.items() for part in (f"--{option}", str(value))]
        facts, output = timed(command, name, Path(code), {"MPLBACKEND": "agg"})
        mse, mae = re.findall(r"^mse:([\d.]+), mae:([\d.]+)", output, re.MULTILINE)[-1]
        return {"mse": float(mse), "mae": float(mae), **facts}

    def rows() -> Iterator[Sequence[str]]:
        for horizon in horizons:
            for model in models:
                runs = [run(model, horizon, seed) for seed in range(seeds)]
                scores = [mean_and_deviation([one[name] for one in runs]) for name in ("mse", "mae")]
                yield str(horizon), model, *scores, *seconds_of(runs)

    print_table(("horizon", "model", "MSE", "MAE", "s", "processor s"), rows())


@main.command()
@python_option
@click.option("--rounds", default=3, show_default=True, help="Number of rounds, of two epochs each.")
@click.option("--steps", default=5000, show_default=True, help="Number of steps of the series.")
def epoch(python: str, rounds: int, steps: int) -> None:
    """Compares the second epoch of an LSTM forecaster with the same in plain Keras and in Darts."""
    contestants = {
        "zoo": Contestant("forecasting_epochs:ours", steps=steps),
        "Keras": Contestant("forecasting_epochs:plain_keras", steps=steps),
        "Darts": Contestant("forecasting_epochs:darts", python, steps=steps),
    }
    done = race(contestants, rounds, warm_ups=0)

    def rows() -> Iterator[Sequence[str]]:
        for name, contestant in contestants.items():
            if contestant.missing:
                yield name, contestant.missing, "", ""
                continue
            seconds = summarize(done.values(name))
            yield name, *(f"{value:.3g}" for value in seconds)

    print_table(("an epoch", "median s", "low", "high"), rows())


if __name__ == "__main__":
    main()
