"""Every data set has the plots of its task and its architecture, of its scores and of an input."""

import os
from pathlib import Path

import pytest
from entry_runs import ENTRIES, open_small

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.plot import draw
from keras_rnn_zoo.plotting.style import rendered
from keras_rnn_zoo.plotting.subject import Subject

OF_INPUTS = {"attention", "hidden_states", "gradient_norm", "alignment", "forecast"}


@pytest.mark.slow  # Functions of each model are traced, which takes seconds.
@pytest.mark.parametrize(("name", "dataset"), [pytest.param(*one.values, id=one.id) for one in ENTRIES])
def test_all_plots_that_make_sense_are_drawn(runs, name, dataset, monkeypatch):
    run = runs(name, dataset)
    open_small(monkeypatch)
    subject = Subject(zoo.load(run))
    figures = draw(subject, registry.plots.entries(), skip=True)
    task = subject.task
    assert {"learning_curves", "worst_examples"} <= figures.keys()
    assert ("hidden_states" in figures) == bool(subject.recurrent_layers)
    assert ("alignment" in figures) == (name == "ctc")
    assert ("forecast" in figures) == (registry.datasets.get(dataset).task == "forecasting")
    assert ("residuals" in figures) == (task.output_form == "numbers")
    assert ("score_by_class" in figures) == bool(task.classes)
    for kind, figure in figures.items():
        drawing = rendered(figure, "svg")
        assert drawing.startswith(b"<?xml") and subject.name.encode() in drawing, kind
        figure.draw_without_rendering()
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert max(-box.x0, -box.y0, box.x1 - width, box.y1 - height) < 0.02, kind
        if folder := os.environ.get("ZOO_PLOTS_OUT"):
            (Path(folder) / f"{dataset}-{kind}.png").write_bytes(rendered(figure, "png"))
