"""The conditional random field, compared with the enumeration of all sequences of tags."""

import itertools
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.layers.crf import BestTags, Crf, CrfLoss, SequenceAccuracy, best_tags, marginals
from keras_rnn_zoo.layers.masking import NEVER


class Case:
    """Random emissions, transitions and labels of some sentences, with the layer that has these transitions."""

    def __init__(self, seed, *, batch=3, steps=4, classes=3, holes=0.3, whole=False):
        random = np.random.default_rng(seed)
        draw = (
            (lambda *shape: random.integers(-2, 3, shape).astype("float32"))
            if whole
            else (lambda *shape: random.normal(0, 2, shape).astype("float32"))
        )
        self.logits = draw(batch, steps, classes)
        self.lengths = random.integers(1, steps + 1, batch)
        self.mask = np.arange(steps) < self.lengths[:, None]
        self.labels = np.where(self.mask, random.integers(0, classes, (batch, steps)), IGNORED).astype("int32")
        self.labels[random.random((batch, steps)) < holes] = IGNORED
        self.transitions, self.start, self.end = draw(classes, classes), draw(classes), draw(classes)
        self.layer = Crf()
        self.layer.build((batch, steps, classes))
        self.layer.set_weights([self.transitions, self.start, self.end])

    def potentials(self, logits=None):
        return self.layer(self.logits if logits is None else logits, mask=self.mask)

    def sequences(self, row):
        """Returns all sequences of tags of a sentence, and the score of each, in double precision."""
        classes = self.logits.shape[-1]
        every = np.array(list(itertools.product(range(classes), repeat=self.lengths[row])))
        # Thousands of scores are summed: in single precision, the sum would be less precise than the layer.
        emitted = self.logits[row][np.arange(self.lengths[row]), every].sum(1, dtype="float64")
        passed = self.transitions[every[:, :-1], every[:, 1:]].sum(1, dtype="float64")
        return every, emitted + passed + self.start[every[:, 0]] + self.end[every[:, -1]]

    def loss(self):
        """Returns the loss by its definition."""
        total = 0.0
        for row, length in enumerate(self.lengths):
            every, scores = self.sequences(row)
            labels = self.labels[row, :length]
            fits = ((every == labels) | (labels == IGNORED)).all(1)
            total += np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[fits])
        return total / max((self.labels != IGNORED).sum(), 1)


cases = st.builds(
    Case,
    st.integers(0, 10_000),
    batch=st.integers(1, 3),
    steps=st.integers(1, 5),
    classes=st.integers(2, 4),
    holes=st.sampled_from([0.0, 0.4, 1.0]),
    whole=st.booleans(),
)


@settings(max_examples=8, deadline=None)
@given(cases)
def test_loss_probabilities_and_best_tags_are_those_of_all_sequences(case):
    potentials = case.potentials()
    np.testing.assert_allclose(CrfLoss()(case.labels, potentials), case.loss(), rtol=1e-4, atol=1e-4)
    probabilities, scores = marginals(potentials).numpy(), best_tags(potentials).numpy()
    for row, length in enumerate(case.lengths):
        every, all_scores = case.sequences(row)
        weights = np.exp(all_scores - np.logaddexp.reduce(all_scores))
        expected = np.stack([((every == tag) * weights[:, None]).sum(0) for tag in range(case.logits.shape[-1])], -1)
        np.testing.assert_allclose(probabilities[row, :length], expected, atol=1e-5)
        # Of sequences with equal scores, any may be the best one; the tags must be those of a single one.
        found = scores[row, :length].argmax(-1)
        assert all_scores[(every == found).all(1)] == pytest.approx(all_scores.max(), abs=1e-4)


def test_the_gradient_is_that_of_finite_differences():
    case, step = Case(3), 1e-2
    logits = tf.convert_to_tensor(case.logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = CrfLoss()(case.labels, case.potentials(logits))
    *of_weights, of_logits = tape.gradient(loss, [*(one.value for one in case.layer.weights), logits])

    def slope(values, place):
        """Returns the slope of the loss by its definition, when one number changes."""
        ends = []
        for change in (step, -2 * step):
            values[place] += change
            ends.append(case.loss())
        values[place] += step
        return (ends[0] - ends[1]) / (2 * step)

    pairs = zip((*of_weights, of_logits), (case.transitions, case.start, case.end, case.logits), strict=True)
    for gradient, values in pairs:
        for place in np.ndindex(values.shape):
            assert gradient.numpy()[place] == pytest.approx(slope(values, place), abs=2e-3)
    assert not np.abs(of_logits.numpy())[~case.mask].any()


def test_results_depend_on_neither_padding_nor_batch():
    case = Case(5, batch=4, steps=6)
    together, loss = (
        best_tags(case.potentials()).numpy(),
        CrfLoss()(case.labels, case.potentials()) * (case.labels != IGNORED).sum(),
    )
    alone = []
    for row, length in enumerate(case.lengths):
        one, wide = slice(row, row + 1), [(0, 0), (0, 9 - length), (0, 0)]
        logits = np.pad(case.logits[one, :length], wide, constant_values=99)
        potentials = case.layer(logits, mask=np.arange(9)[None] < length)
        labels = np.pad(case.labels[one, :length], wide[:2], constant_values=IGNORED)
        np.testing.assert_allclose(best_tags(potentials)[0, :length], together[row, :length], atol=1e-5)
        alone.append(float(CrfLoss()(labels, potentials)) * (labels != IGNORED).sum())
    assert sum(alone) == pytest.approx(float(loss), rel=1e-4)


def test_a_single_step_is_read_in_a_graph():
    case = Case(7, batch=2, steps=1, holes=0.0)
    signature = [tf.TensorSpec([None, None, 3])]
    in_graph = tf.function(lambda potentials: (best_tags(potentials), marginals(potentials)), input_signature=signature)
    scores, probabilities = in_graph(case.potentials())
    totals = case.logits[:, 0] + case.start + case.end
    assert scores.numpy()[:, 0].argmax(-1).tolist() == totals.argmax(-1).tolist()
    np.testing.assert_allclose(probabilities[:, 0], tf.nn.softmax(totals), atol=1e-5)


def test_a_long_and_certain_sentence_has_a_precise_loss():
    """The sums of 2,000 steps are near 60,000, where float32 has steps of 0.004."""
    labels = np.arange(2000)[None] % 3
    layer = Crf()
    layer.build((1, 2000, 3))
    layer.set_weights([np.roll(np.eye(3), 1, axis=1) * 20 - 1, np.zeros(3), np.zeros(3)])
    loss = CrfLoss()(labels, layer(10 * np.eye(3, dtype="float32")[labels], mask=np.ones((1, 2000), bool)))
    assert 0 <= float(loss) < 1e-6


def test_sentences_without_labels_have_no_loss_and_no_gradient():
    case = Case(1, holes=1.0)
    potentials = tf.convert_to_tensor(case.potentials())
    with tf.GradientTape() as tape:
        tape.watch(potentials)
        loss = CrfLoss()(case.labels, potentials)
    assert float(loss) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, potentials), 0, atol=1e-6)


def test_a_loss_of_numbers_that_are_not_finite_shows_it():
    case = Case(2, holes=0.0)
    case.logits[0, 0] = np.nan
    assert np.isnan(CrfLoss()(case.labels, case.potentials()))


@pytest.mark.parametrize("seed", range(4))
def test_a_forbidden_transition_is_in_no_best_sequence(seed):
    case = Case(seed, batch=5, steps=6, classes=4)
    forbidden = np.zeros((6, 4), bool)
    forbidden[[0, 1, 4], [2, 2, 2]] = True  # Tag 2 follows 2 and 3 alone, and begins no sentence.
    tags = best_tags(case.potentials(), forbidden).numpy().argmax(-1)
    for row, length in enumerate(case.lengths):
        found = [4, *tags[row, :length]]
        assert not any(forbidden[pair] for pair in itertools.pairwise(found))
        every, scores = case.sequences(row)
        allowed = [not any(forbidden[pair] for pair in itertools.pairwise([4, *one])) for one in every]
        assert scores[(every == found[1:]).all(1)] == pytest.approx(scores[allowed].max(), abs=1e-4)
    again = BestTags.from_config(BestTags(forbidden).get_config())
    np.testing.assert_array_equal(again(case.potentials()).numpy().argmax(-1), tags)


def test_accuracy_is_that_of_the_best_sequence():
    layer = Crf()
    layer.build((1, 3, 2))
    layer.set_weights([np.array([[0, 5], [5, 0]]), np.array([1, 0]), np.zeros(2)])  # Tags alternate, beginning with 0.
    potentials = layer(np.zeros((1, 3, 2), "float32"), mask=np.array([[True, True, False]]))
    metric = SequenceAccuracy(name="accuracy")
    metric.update_state(np.array([[0, 1, IGNORED]]), potentials)
    assert float(metric.result()) == 1
    metric.update_state(np.array([[1, 1, IGNORED]]), potentials)
    assert float(metric.result()) == 0.75


def test_padding_is_marked_and_the_layer_is_saved(tmp_path):
    case = Case(4)
    assert (case.potentials().numpy()[:, 5:][~case.mask] == NEVER).all()
    logits, mask = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    outputs = Crf(name="crf")(logits, mask=mask)
    assert outputs.shape == (None, None, 3)
    model = keras.Model([logits, mask], [outputs, BestTags()(outputs)])
    model.get_layer("crf").set_weights(case.layer.get_weights())
    model.save(tmp_path / "model.keras")
    for one, other in zip(
        keras.saving.load_model(tmp_path / "model.keras")([case.logits, case.mask]),
        (case.potentials(), best_tags(case.potentials())),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


ON_JAX = """
import json, sys
import keras, jax, numpy as np
from keras_rnn_zoo.layers.crf import Crf, CrfLoss, best_tags, marginals
given = json.load(sys.stdin)
logits, mask, labels, *weights = (np.array(value) for value in given)
layer = Crf()
layer.build(logits.shape)
layer.set_weights(weights)
potentials = layer(logits.astype("float32"), mask=mask)
loss, gradient = jax.value_and_grad(lambda potentials: CrfLoss()(labels, potentials))(potentials)
print(json.dumps([np.asarray(one).tolist() for one in (loss, gradient, best_tags(potentials), marginals(potentials))]))
"""


@pytest.mark.slow  # A process of its own, with JAX.
def test_results_on_jax_are_the_same():
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    case = Case(6)
    arrays = (case.logits, case.mask, case.labels, *case.layer.get_weights())
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        input=json.dumps([array.tolist() for array in arrays]),
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    potentials = tf.convert_to_tensor(case.potentials())
    with tf.GradientTape() as tape:
        tape.watch(potentials)
        loss = CrfLoss()(case.labels, potentials)
    mine = (loss, tape.gradient(loss, potentials), best_tags(potentials), marginals(potentials))
    for one, other in zip(json.loads(done.stdout), mine, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
