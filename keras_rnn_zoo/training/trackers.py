"""Experiment trackers, which record the settings and the metrics of a training: MLflow, and Weights & Biases.

A tracker is named by an address: its name, a colon, and where it records to, which may be empty. Imports no framework.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError, nearest
from keras_rnn_zoo.packages import optional_package, require_packages

PROJECT = "keras-rnn-zoo"
"""The project of Weights & Biases that is used if none is named."""


@dataclass(frozen=True)
class Tracked:
    """A training that a tracker records.

    Attributes:
        callback: a `keras.callbacks.Callback` that records the metrics of each epoch.
        record: records final metrics, `{"test_accuracy": 0.9}`.
    """

    callback: Any
    record: Callable[[Mapping[str, float]], None]


def check_trackers(addresses: Sequence[str]) -> None:
    """Raises `OptionError` unless all addresses name trackers whose packages are installed."""
    for address in addresses:
        name, colon, _ = address.partition(":")
        if not colon or name not in _TRACKERS:
            close = nearest(name, sorted(_TRACKERS))
            hint = f" Did you mean '{close[0]}:'?" if close else ""
            raise OptionError(
                "Option 'track' expects mlflow: or mlflow:ADDRESS, such as mlflow:http://localhost:5000, or wandb: or "
                f"wandb:PROJECT; received {short_repr(address)}.{hint}"
            )
        require_packages([name], name, f"The tracker {name}", OptionError)


@contextlib.contextmanager
def tracking(addresses: Sequence[str], config: RunConfig) -> Iterator[list[Tracked]]:
    """Records a training in trackers, until the block ends. One that ends by an exception is recorded as failed.

    Args:
        addresses: those of the trackers.
        config: the description of the run, whose settings are recorded.
    """
    settings = {"architecture": config.architecture, "dataset": config.dataset.name, "seed": config.seed}
    settings |= config.values
    with contextlib.ExitStack() as stack:
        started = [address.split(":", 1) for address in addresses]
        yield [stack.enter_context(_TRACKERS[name](where, config.run, settings)) for name, where in started]


@contextlib.contextmanager
def _mlflow(where: str, run: str, settings: Mapping[str, Any]) -> Iterator[Tracked]:
    mlflow = optional_package("mlflow", "mlflow", "The tracker mlflow", OptionError)
    from mlflow.keras import MlflowCallback

    if where:
        mlflow.set_tracking_uri(where)
    callback: Any = MlflowCallback  # It is not typed.
    with mlflow.start_run(run_name=run):
        mlflow.log_params(dict(settings))
        yield Tracked(callback(), lambda metrics: mlflow.log_metrics(dict(metrics)))


@contextlib.contextmanager
def _wandb(where: str, run: str, settings: Mapping[str, Any]) -> Iterator[Tracked]:
    wandb = optional_package("wandb", "wandb", "The tracker wandb", OptionError)
    from wandb.integration.keras import WandbMetricsLogger

    # Nothing is sent unless the user asks for it by this variable; `wandb sync` sends what was recorded offline.
    mode = os.environ.get("WANDB_MODE", "offline")
    with wandb.init(project=where or PROJECT, name=run, config=dict(settings), mode=mode) as started:
        yield Tracked(WandbMetricsLogger(), lambda metrics: started.summary.update(dict(metrics)))


_TRACKERS: dict[str, Callable[..., contextlib.AbstractContextManager[Tracked]]] = {"mlflow": _mlflow, "wandb": _wandb}
