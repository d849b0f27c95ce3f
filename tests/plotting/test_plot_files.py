"""The files of plots, and their place in a run; what is refused."""

import importlib.util
import io
import json
import shutil
import warnings
import zipfile

import matplotlib
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import PlotError, UnknownNameError
from keras_rnn_zoo.plotting import style
from keras_rnn_zoo.plotting.plot import draw


def test_a_run_gives_the_same_bytes_whatever_the_settings_of_the_user(subject_of):
    subject, _ = subject_of("digits")
    entries = [registry.plots.get(kind) for kind in ("learning_curves", "confusion_matrix")]

    def content(format):
        return {kind: style.rendered(one, format) for kind, one in draw(subject, entries, skip=False).items()}

    first = {format: content(format) for format in ("svg", "png")}
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": None, "axes.facecolor": "black", "savefig.dpi": 30}):
        second = {format: content(format) for format in ("svg", "png")}
        assert matplotlib.rcParams["font.size"] == 30  # As it was.
    assert first == second
    assert all(image.startswith(b"\x89PNG") for image in first["png"].values())
    assert all(b"<dc:date>" not in drawing for drawing in first["svg"].values())


def test_the_plots_of_a_run_are_in_its_card_and_its_archive(small_run, shrink, models_dir, monkeypatch, caplog):
    shrink(monkeypatch)
    path = shutil.copytree(small_run("toy_reviews").path, models_dir / "mine")
    run = zoo.Run(path)
    card = (path / "README.md").read_text()
    kinds = ["learning_curves", "worst_examples"]
    paths = zoo.plot(run, kinds, format="svg")
    assert paths == {kind: path / "plots" / f"{kind}.svg" for kind in kinds}
    assert all(path.read_bytes().startswith(b"<?xml") for path in paths.values())
    shown = "\n## Plots\n\n![learning curves](plots/learning_curves.svg)\n"
    assert (path / "README.md").read_text() == card + shown  # Inputs are not shared, and so not in the card.
    again = zoo.plot("mine", kinds, format="svg")
    assert {kind: one.read_bytes() for kind, one in again.items()} == {k: p.read_bytes() for k, p in paths.items()}
    zoo.plot("mine", "learning_curves", format="png")
    assert sorted(file.name for file in (path / "plots").iterdir()) == ["learning_curves.png", "worst_examples.svg"]
    assert (path / "README.md").read_text() == card + shown.replace(".svg", ".png")
    with caplog.at_level("WARNING"):
        zoo.load("mine")
        assert Run(path).config.files["plots/learning_curves.png"]
        archive = zoo.pack("mine", models_dir / "mine.zip")
        zoo.load(archive)
    assert caplog.records == []
    with zipfile.ZipFile(archive) as packed:
        assert [name for name in packed.namelist() if "plots" in name] == ["plots/learning_curves.png"]
    with pytest.raises(PlotError, match=r"is in an archive"):
        zoo.plot(archive, "learning_curves", format="svg")


def test_the_run_that_was_plotted_can_still_be_used(small_run, models_dir, caplog):
    run = zoo.Run(shutil.copytree(small_run("digits").path, models_dir / "mine"))
    weights = json.loads((run.path / "config.json").read_text())["files"]["model.keras"]
    (run.path / "README.md").write_text("My own card.\n")
    zoo.plot(run, "learning_curves", format="svg")
    assert (run.path / "README.md").read_text().startswith("My own card.\n\n## Plots\n")
    with caplog.at_level("WARNING"):
        run.check()
    assert caplog.records == [] and run.config.files["model.keras"] == weights


def test_bad_arguments_are_refused(small_run, small_export, models_dir):
    run = small_run("digits")
    with pytest.raises(UnknownNameError, match=r"'rok'\. Did you mean 'roc'\?"):
        zoo.plot(run, "rok")
    with pytest.raises(PlotError, match=r"Plots have no format 'gif'.* Known names: png, svg"):
        zoo.plot(run, "roc", format="gif")
    with pytest.raises(
        PlotError, match=r"no plot 'attention': it has no attention\. Its plots: learning_curves, confu"
    ):
        zoo.plot(run, "attention")
    with pytest.raises(PlotError, match=r"The export .* has no plots: they are of a single run"):
        zoo.plot(zoo.load(small_export("digits")), "roc")
    (models_dir / "mine").parent.mkdir(exist_ok=True)
    copy = shutil.copytree(run.path, models_dir / "mine")
    (copy / "plots").symlink_to(models_dir)
    with pytest.raises(PlotError, match="is a symbolic link"):
        zoo.plot("mine", "learning_curves", format="svg")
    assert not (models_dir / "learning_curves.svg").exists()


def test_without_matplotlib_the_message_says_how_to_install_it(small_run, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    with pytest.raises(PlotError, match=r'pip install "keras-rnn-zoo\[plots\]"'):
        zoo.plot(small_run("digits"), "roc")


def test_a_kind_of_a_plugin_is_drawn_like_the_others(small_run, monkeypatch):
    def epochs(subject):
        """The number of epochs, as a bar."""
        figure = style.new_figure("How long it took", subject.name)
        style.new_axes(figure, y="epochs").bar(["run"], [subject.run.config.epochs_trained])
        return figure

    entry = registry.Plot("epochs", epochs)
    registry.plots.entries()
    registry.plots.add(entry)
    try:
        figure = zoo.plot(small_run("digits"), "epochs")
    finally:
        registry.plots.remove(entry)
    assert figure.axes[0].patches[0].get_height() == 1
    assert figure._repr_svg_().startswith("<?xml")


def test_every_script_is_legible(monkeypatch):
    from keras_rnn_zoo.plotting import labels

    with style.house_style():
        figure = style.new_figure("caf\u00e9 \u4eca\u65e5 $x_1$ \x1b[31m", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd")
        axes = style.new_axes(figure)
        axes.set_xticks([0, 1], ["\u4eca", "day"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing = style.rendered(figure, "svg").decode()
        assert "caf\u00e9 \u4eca\u65e5 $x_1$ \\x1b[31m" in drawing  # As text, which the reader's fonts show.
        monkeypatch.setattr(labels, "_family_with", lambda character: "")
        with labels.with_glyphs(figure):
            assert [tick.get_text() for tick in axes.get_xticklabels()] == [r"\u4eca", "day"]
            assert figure.texts[0].get_text() == "caf\u00e9 \\u4eca\\u65e5 $x_1$ \\x1b[31m"
        assert figure.texts[0].get_text().startswith("caf\u00e9 \u4eca")
        assert axes.get_xticklabels()[0].get_text() == "\u4eca"
        assert io.BytesIO(style.rendered(figure, "png")).read(4) == b"\x89PNG"


def test_a_long_name_is_cut():
    from keras_rnn_zoo.plotting.labels import shortened, wrapped

    assert shortened("a" * 30, 10) == "a" * 9 + "\u2026"
    assert wrapped("word " * 50, 20, 2).count("\n") == 1
