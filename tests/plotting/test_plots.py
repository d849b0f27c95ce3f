"""Plots of small runs: which there are, that they show the numbers of evaluations and inspections, and their files."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting import style
from keras_rnn_zoo.plotting.kinds import embeddings

OF_SCORES = {"learning_curves", "calibration", "worst_examples"}
OF_CLASSES = OF_SCORES | {"confusion_matrix", "roc", "precision_recall", "score_by_class"}
OF_SEARCHES = {"tuning_history", "tuning_options", "tuning_importance"}
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
    assert set().union(*KINDS.values()) | {"alignment", "forecast"} | OF_SEARCHES == set(registry.plots.names())
    for entry in registry.plots.entries():
        assert entry.summary.endswith(".") and 20 < len(entry.summary) <= 120


def test_the_answers_are_those_of_an_evaluation(subject_of):
    subject, _ = subject_of("toy_reviews")
    answers, metrics = subject.answers, subject.run.metrics
    scores, report = answers.scored(subject.task)
    assert scores == pytest.approx({name: metrics[name] for name in scores}, abs=1e-5)
    assert report["confusion_matrix"] == subject.run.measured["confusion_matrix"]
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


def test_scores_of_other_data_are_those_of_all_its_rows(subject_of):
    subject, _ = subject_of("toy_reviews")
    rows = [("the film is not dull", "positive"), ("a dull film", "negative"), ("dull", "positive")]
    other = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    figure = zoo.plot(subject.loaded, "confusion_matrix", dataset=other)
    assert sum(int(text.get_text()) for text in figure.axes[0].texts) == 3
    assert figure.texts[1].get_text() == f"{subject.name}, all rows"
    figure = zoo.plot(subject.loaded, "worst_examples", dataset=other)
    assert sorted(text.get_text() for text in figure.axes[0].texts[1::3]) == sorted(other["text"])


def test_names_of_points_do_not_cover_one_another():
    places = np.array([[0.0, 0.0], [0.01, 0.0], [1.0, 1.0], [1.0, 1.001]])
    assert embeddings.far_apart(places, 10) == [0, 2]
