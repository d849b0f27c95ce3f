"""The scores of a run, written to its folder and into its model card."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.model_card import model_card
from keras_rnn_zoo.artifacts.plot_files import shared_plots
from keras_rnn_zoo.artifacts.publish_run import write_config
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import write_json, write_text
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.training.command import training_command


def write_measured(run: Run, config: RunConfig, measured: dict[str, Any]) -> None:
    """Writes what is measured to a run in a folder of its own: the metrics, the model card, and the digests of all.

    Args:
        run: the run.
        config: its description.
        measured: what `metrics.json` holds, such as `Scorecard.measured`.
    """
    write_json(run.path / "metrics.json", measured)
    plots = shared_plots(run.path, registry.plots.entries())
    write_text(run.path / "README.md", model_card(config, measured, training_command(config), plots))
    write_config(run, config)
