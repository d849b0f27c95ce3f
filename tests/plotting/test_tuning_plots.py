"""Plots of a search of options, drawn from the study beside its run."""

import shutil

import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import DataError, PlotError
from keras_rnn_zoo.plotting import style
from keras_rnn_zoo.plotting.plot import draw
from keras_rnn_zoo.plotting.subject import Subject
from keras_rnn_zoo.tuning.space import search_space
from keras_rnn_zoo.tuning.study import StudyFolder
from zoo_cli.main import cli

KINDS = ["tuning_history", "tuning_options", "tuning_importance"]
TRIALS = (
    (0.5, 64, "lstm"),
    (0.9, 16, "gru"),
    (None, 20, "lstm"),
    (0.7, 200, "gru"),
    (0.8, 40, "lru"),
    (0.6, 30, "gru"),
)
"""The value, the units, and the cell of each trial; the third is stopped early."""


@pytest.fixture
def tuned(small_run, tmp_path):
    """A run with a search beside it."""
    pytest.importorskip("optuna", reason="the extra `tune` is not installed")
    path = tmp_path / "tuned"
    shutil.copytree(small_run("toy_reviews").path, path)
    architecture = registry.architectures.get("many_to_one")
    dataset = registry.default_dataset(architecture, "many_to_one")
    space = search_space(architecture, dataset, (), {"units": (8, 256), "cell": ["lstm", "gru", "lru"]})
    study = StudyFolder(tmp_path / "tuned.study", "maximize", {}, space, {"units": 64, "cell": "lstm"}, 0)
    for number, (value, units, cell) in enumerate(TRIALS):
        if number:
            study.study.enqueue_trial({"units": units, "cell": cell})
        with study.next_trial(len(TRIALS)) as trial:
            for searched in space.values():
                searched.suggest(trial)
            study.finish(trial, value)
    return path


def test_the_plots_show_the_trials(tuned):
    figures = draw(Subject(Run(tuned)), [registry.plots.get(kind) for kind in KINDS], skip=False)
    values, best, stopped = figures["tuning_history"].axes[0].lines
    assert values.get_xdata().tolist() == [0, 1, 3, 4, 5]
    assert values.get_ydata().tolist() == [value for value, *_ in TRIALS if value]
    assert best.get_ydata().tolist() == [0.5, 0.9, 0.9, 0.9, 0.9]
    assert stopped.get_xdata().tolist() == [2]
    axes = {axes.get_xlabel(): axes for axes in figures["tuning_options"].axes if axes.get_visible()}
    assert axes.keys() == {"units", "cell"}
    assert axes["units"].lines[0].get_xdata().tolist() == [64, 16, 200, 40, 30]
    assert (axes["units"].get_xscale(), figures["tuning_history"].axes[0].get_ylabel()) == (
        "log",
        "validation accuracy",
    )
    assert [label.get_text() for label in axes["cell"].get_xticklabels()] == ["gru", "lru", "lstm"]
    assert axes["cell"].lines[0].get_xdata().tolist() == [2, 0, 0, 1, 0]
    for one in axes.values():  # The best trial, in another color.
        assert one.lines[1].get_ydata().tolist() == [0.9]
    bars = figures["tuning_importance"].axes[0].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1)
    for kind, figure in figures.items():
        assert "tuned, 6 trials, 5 of them completed" in [text.get_text() for text in figure.texts], kind
        with style.house_style():
            figure.draw_without_rendering()
            box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
            assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02, kind


def test_the_command_writes_them_for_the_run_or_the_search(tuned):
    for name in ("tuned", "tuned.study"):
        arguments = ["plot", name, *KINDS, "--models-dir", str(tuned.parent)]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.splitlines() == [str(tuned / f"plots/{kind}.svg") for kind in KINDS]
        for path in map(tuned.joinpath, [f"plots/{kind}.svg" for kind in KINDS]):
            assert path.is_file()
    card = (tuned / "README.md").read_text()
    assert all(f"plots/{kind}.svg" in card for kind in KINDS)
    assert zoo.plot(tuned.parent / "tuned.study", "tuning_history").axes


def test_without_a_search_that_can_be_read_the_reason_is_given(tuned, small_run):
    with pytest.raises(PlotError, match=r"no plot 'tuning_history': it was not found by zoo tune: there is no folder"):
        zoo.plot(small_run("toy_reviews"), "tuning_history")
    database = tuned.parent / "tuned.study/study.db"
    database.write_bytes(b"not a database" * 100)
    with pytest.raises(DataError, match=r"study\.db cannot be used as a study of Optuna: file is not a database"):
        zoo.plot(str(tuned), "tuning_importance")
    entries = [registry.plots.get(kind) for kind in ("learning_curves", "tuning_history")]
    assert draw(Subject(Run(tuned)), entries, skip=True).keys() == {"learning_curves"}


def test_too_few_trials_have_no_importance(tuned, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.tuning.trials._FEWEST_FOR_IMPORTANCE", 6)
    with pytest.raises(PlotError, match="fewer than four trials of its search were completed"):
        zoo.plot(str(tuned), "tuning_importance")
