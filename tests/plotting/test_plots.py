"""Plots of small runs: which there are, that they show the numbers of evaluations and inspections, and their files."""

import io
import json
import shutil
import warnings
import zipfile

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import PlotError, UnknownNameError
from keras_rnn_zoo.plotting import style
from keras_rnn_zoo.plotting.kinds import embeddings
from keras_rnn_zoo.plotting.plot import draw
from keras_rnn_zoo.plotting.subject import Subject

OF_SCORES = {"learning_curves", "calibration", "worst_examples"}
OF_CLASSES = OF_SCORES | {"confusion_matrix", "roc", "precision_recall", "score_by_class"}
OF_STATES = {"hidden_states", "gradient_norm"}
KINDS = {
    "toy_reviews": OF_CLASSES | OF_STATES | {"score_by_length", "score_by_rarity", "embeddings"},
    "digits": OF_CLASSES,
    "adding": (OF_SCORES - {"calibration"}) | OF_STATES | {"residuals"},
    "addition": OF_SCORES | OF_STATES | {"score_by_length", "attention", "embeddings"},
    "tiny_shakespeare": OF_SCORES | OF_STATES | {"embeddings"},
}
"""The kinds of plots that each run has."""
QUICK = ("toy_reviews", "digits")


@pytest.fixture(scope="module")
def subject_of(small_run, shrink):
    """A function that gives the `Subject` of a small run, with its model loaded and its plots drawn."""
    made = {}

    def get(dataset):
        if dataset not in made:
            with pytest.MonkeyPatch.context() as patch:
                shrink(patch)
                subject = Subject(zoo.load(small_run(dataset)))
                made[dataset] = subject, draw(subject, registry.plots.entries(), skip=True)
        return made[dataset]

    return get


def beyond_edges(figure):
    """Returns how far what is drawn goes beyond the edges of a figure, in inches."""
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    return max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)


@pytest.mark.parametrize(
    "dataset",
    # Functions of each model are traced, which takes seconds.
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in KINDS],
)
def test_a_run_has_the_plots_that_make_sense(subject_of, dataset):
    subject, figures = subject_of(dataset)
    assert figures.keys() == KINDS[dataset]
    assert list(figures) == [name for name in registry.plots.names() if name in figures]
    for kind, figure in figures.items():
        assert isinstance(figure, Figure)
        with style.house_style():
            assert beyond_edges(figure) < 0.02, kind
        assert subject.name in "".join(text.get_text() for text in figure.texts), kind


def test_the_entries_say_what_they_draw():
    assert set().union(*KINDS.values()) | {"alignment", "forecast"} == set(registry.plots.names())
    for entry in registry.plots.entries():
        assert entry.summary.endswith(".") and 20 < len(entry.summary) <= 120


def test_the_answers_are_those_of_an_evaluation(subject_of):
    subject, _ = subject_of("toy_reviews")
    answers, metrics = subject.answers, subject.run.metrics
    scores = answers.scores_of(subject.task, range(len(answers.losses)))
    assert scores == pytest.approx({name: metrics[name] for name in scores}, abs=1e-5)
    texts = [raw.numpy().decode() for raw, _ in subject.opened.raw]
    expected = [max(one["probabilities"].values()) for one in subject.loaded.predict(texts)]
    np.testing.assert_allclose(subject.verdicts.values.max(axis=1), expected, rtol=1e-4)
    lengths = [len(subject.task.reader.ids.read([text])[0]) for text in texts]
    assert answers.lengths.tolist() == lengths and len(set(lengths)) > 1
    losses = -np.log(subject.verdicts.values[np.arange(len(texts)), subject.verdicts.truth])
    np.testing.assert_allclose(answers.losses, losses, rtol=1e-3)


def test_curves_and_matrices_show_the_numbers_of_the_evaluation(subject_of):
    subject, figures = subject_of("toy_reviews")
    metrics, matrix = subject.run.metrics, subject.run.measured["confusion_matrix"]
    counts = [int(text.get_text()) for text in figures["confusion_matrix"].axes[0].texts]
    assert counts == [count for row in matrix["rows"] for count in row if count]
    curve, _ = figures["roc"].axes[0].lines
    assert np.trapezoid(curve.get_ydata(), curve.get_xdata()) == pytest.approx(metrics["roc_auc"], abs=1e-6)
    assert curve.get_label() == f"positive: {metrics['roc_auc']:.3f}"
    markers = {line.get_label(): line.get_xdata() for line in figures["score_by_class"].axes[0].lines}
    assert np.mean(markers["F1"]) == pytest.approx(metrics["macro_f1"], abs=1e-6)
    history = subject.run.history
    first = figures["learning_curves"].axes[0].lines
    assert [list(line.get_ydata()) for line in first[:2]] == [history["loss"], history["val_loss"]]


def test_calibration_compares_probabilities_with_what_is_right(subject_of):
    subject, figures = subject_of("digits")
    probabilities, right = subject.verdicts.values.max(axis=1), subject.verdicts.chosen == subject.verdicts.truth
    bins = np.minimum((probabilities * 10).astype(int), 9)
    _, curve = figures["calibration"].axes[0].lines
    expected = [(probabilities[bins == one].mean(), right[bins == one].mean()) for one in np.unique(bins)]
    np.testing.assert_allclose(np.transpose(curve.get_data()), expected, atol=1e-6)
    assert [bar.get_height() for bar in figures["calibration"].axes[1].patches] == np.bincount(
        bins, minlength=10
    ).tolist()
    assert right.mean() == pytest.approx(subject.run.metrics["accuracy"])


def test_groups_of_examples_have_the_score_of_their_own(subject_of):
    subject, figures = subject_of("toy_reviews")
    right = subject.verdicts.chosen == subject.verdicts.truth
    axes = figures["score_by_length"].axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    total = 0
    for bar, label in zip(axes.patches, labels, strict=True):
        low, *high = label.partition("\n")[0].split("\u2013")
        lengths = subject.answers.lengths
        members = (lengths >= float(low)) & (lengths <= float(high[0] if high else low))
        assert f"({members.sum():,})" in label
        assert bar.get_height() == pytest.approx(right[members].mean())
        total += members.sum()
    assert total == len(right)


def test_the_worst_examples_are_those_with_the_largest_loss(subject_of):
    subject, figures = subject_of("toy_reviews")
    order = np.argsort(-subject.answers.losses, kind="stable")
    texts = [raw.numpy().decode() for raw, _ in subject.opened.raw]
    shown = [text.get_text().replace("\n", " ") for text in figures["worst_examples"].axes[0].texts]
    assert shown[1::3] == [texts[place] for place in order[:8]]
    assert shown[0::3] == [f"{subject.answers.losses[place]:.2g}" for place in order[:8]]
    (worst,) = subject.loaded.predict([texts[order[0]]])
    truth = subject.task.classes[subject.answers.references[order[0]]]
    assert shown[2] == f"true: {truth} predicted: {subject.task.describe(worst)}"


def test_plots_of_an_input_show_its_inspection(subject_of):
    subject, figures = subject_of("toy_reviews")
    found = zoo.inspect(subject.loaded, subject.input, importance=False)
    layer = found.layers[0]
    image = figures["hidden_states"].axes[0].images[0].get_array()
    assert sorted(map(tuple, image.tolist())) == sorted(map(tuple, layer.states["h"].T.tolist()))
    labels = [label.get_text() for label in figures["hidden_states"].axes[0].get_xticklabels()]
    assert labels == list(found.timelines["input"].labels)
    line = figures["gradient_norm"].axes[0].lines[0]
    norms = subject.inspection(None, importance=True).importance.gradient_norms
    assert line.get_ydata().tolist() == norms[norms > 0].tolist()
    assert line.get_xdata().tolist() == list(range(len(labels) - 1, -1, -1))


def test_gradient_norms_are_those_of_the_embeddings(subject_of):
    import keras
    import tensorflow as tf

    subject, _ = subject_of("toy_reviews")
    model, ids = subject.model, subject.task.preprocess(*subject.task.to_batch([subject.input]))
    embedding = next(layer for layer in subject.layers if isinstance(layer, keras.layers.Embedding))
    table = embedding.embeddings.value
    with tf.GradientTape() as tape:
        tape.watch(table)
        logs = tf.nn.log_softmax(model(ids, training=False))[0]
        best = tf.reduce_max(logs)
    by_word = tf.convert_to_tensor(tape.gradient(best, table)).numpy()
    norms = subject.inspection(None, importance=True).importance.gradient_norms
    words = ids.numpy()[0]
    once = [step for step, word in enumerate(words) if (words == word).sum() == 1]
    assert len(once) > 2
    np.testing.assert_allclose(norms[once], np.linalg.norm(by_word[words[once]], axis=1), rtol=1e-4)


def test_names_of_points_do_not_cover_one_another():
    places = np.array([[0.0, 0.0], [0.01, 0.0], [1.0, 1.0], [1.0, 1.001]])
    assert embeddings.far_apart(places, 10) == [0, 2]


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
    find = style.importlib.util.find_spec
    monkeypatch.setattr(style.importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
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
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing = style.rendered(figure, "svg").decode()
        assert "caf\u00e9 \u4eca\u65e5 $x_1$ \\x1b[31m" in drawing  # As text, which the reader's fonts show.
        monkeypatch.setattr(labels, "_family_with", lambda character: "")
        with labels.with_glyphs(figure):
            assert figure.texts[0].get_text() == "caf\u00e9 \\u4eca\\u65e5 $x_1$ \\x1b[31m"
        assert figure.texts[0].get_text().startswith("caf\u00e9 \u4eca")
        assert io.BytesIO(style.rendered(figure, "png")).read(4) == b"\x89PNG"


def test_a_long_name_is_cut():
    from keras_rnn_zoo.plotting.labels import shortened, wrapped

    assert shortened("a" * 30, 10) == "a" * 9 + "\u2026"
    assert wrapped("word " * 50, 20, 2).count("\n") == 1
