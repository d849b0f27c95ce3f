"""Texts and samples that whole models write, in Python, in a graph and in a SavedModel."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.layers.decoder import TextDecoder, decode_from
from keras_rnn_zoo.layers.masking import StepMask
from keras_rnn_zoo.layers.search import sample_text, search_text
from keras_rnn_zoo.layers.text import END, PADDING, START, UNKNOWN

CLASSES = 7
SOURCE = np.array([[1, 2, 3, 4], [4, 3, 0, 0], [2, 0, 0, 0]], "int32")


def randomized(model):
    for number, weight in enumerate(model.trainable_weights):
        weight.assign(np.random.default_rng(number).normal(size=weight.shape))
    return model


@pytest.fixture(scope="module")
def translator():
    """A model from texts to texts, with random weights."""
    source = keras.Input((None,), dtype="int32", name="source")
    memory = keras.layers.Embedding(CLASSES, 3, name="embedding")(source)
    options = {"vocabulary_size": CLASSES, "embedding_dim": 4, "cell": "gru", "units": 5, "attention": "luong"}
    target, logits = decode_from(memory, StepMask()(source), num_layers=2, **options)
    return randomized(keras.Model({"source": source, "target": target}, logits))


def search(model, source, beam_size=1):
    found = search_text(model, ops.convert_to_tensor(source), max_length=6, beam_size=beam_size, length_penalty=1.0)
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


def test_one_text_a_beam_is_greedy_search(translator):
    found = search(translator, SOURCE)
    for row in range(len(SOURCE)):
        written, score = [START], 0.0
        while len(written) <= 6 and written[-1] != END:
            logits = translator({"source": SOURCE[row : row + 1], "target": np.array([written])})[0, -1].numpy()
            chances = np.where(np.arange(CLASSES) >= END, np.exp(logits - logits.max()), 0)
            written.append(int(chances.argmax()))
            score += np.log(chances.max() / chances.sum())
        assert found["ids"][row, 0].tolist() == written[1:] + [PADDING] * (7 - len(written))
        np.testing.assert_allclose(found["scores"][row, 0], score * 6 / (4 + len(written)), rtol=1e-4)
    assert len({tuple(ids[0]) for ids in found["ids"]}) > 1


@pytest.mark.parametrize("beam_size", [1, 4])
def test_padding_and_other_inputs_change_no_text(translator, beam_size):
    together = search(translator, np.pad(SOURCE, [(0, 0), (0, 3)]), beam_size)
    for number, row in enumerate(SOURCE[:2]):
        alone = search(translator, row[None, row != 0], beam_size)
        np.testing.assert_array_equal(alone["ids"][0, 0], together["ids"][number, 0])
        np.testing.assert_allclose(alone["scores"][0], together["scores"][number], rtol=1e-4)


@pytest.fixture(scope="module")
def language_model():
    ids = keras.Input((None,), dtype="int32", name="ids")
    decoder = TextDecoder(CLASSES, 4, "lstm", 5, 2, name="decoder")
    return randomized(keras.Model(ids, decoder(ids)))


PROMPTS = np.array([[4, 5, 6, 2], [3, 0, 0, 0], [6, 6, 0, 0], [0, 0, 0, 0]], "int32")


def draws(length, seed=0):
    return np.random.default_rng(seed).uniform(size=length).astype("float32")


def sample(model, prompts, temperature=1.0, length=5, seed=0):
    ids = sample_text(
        model, ops.convert_to_tensor(prompts), temperature, length, ops.convert_to_tensor(draws(length, seed))
    )
    return ops.convert_to_numpy(ids)


def test_the_same_draws_write_the_same_text(language_model):
    first, again, other = (sample(language_model, PROMPTS, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_generated_text_continues_the_prompt(language_model):
    written = sample(language_model, PROMPTS)
    assert written.shape == (4, 4 + 5)
    for prompt, row in zip(PROMPTS, written, strict=True):
        length = (prompt != PADDING).sum()
        np.testing.assert_array_equal(row[:length], prompt[:length])
        assert (row[length : length + 5] > UNKNOWN).all()
        assert not row[length + 5 :].any()


def test_a_prompt_is_continued_the_same_in_any_batch(language_model):
    together = sample(language_model, PROMPTS, temperature=1.5)
    for prompt, row in zip(PROMPTS, together, strict=True):
        alone = sample(language_model, prompt[None, : max((prompt != PADDING).sum(), 1)], temperature=1.5)[0]
        np.testing.assert_array_equal(row[: len(alone)], alone)


@pytest.mark.parametrize(("seed", "length"), [(0, 4), (1, 4), (0, 0)])
def test_at_temperature_0_the_likeliest_token_is_taken(language_model, seed, length):
    prompts = PROMPTS[:1] if length else PROMPTS[-1:, :1]
    written = sample(language_model, prompts, temperature=0.0, seed=seed)[:, : length + 5]
    # In training, too, a zero stands before the first token.
    logits = language_model(np.pad(written, [(0, 0), (1, 0)])[:, :-1]).numpy()[0, length:]
    assert written[0, length:].tolist() == [2 + int(step[2:].argmax()) for step in logits]


def test_tokens_are_drawn_as_often_as_they_are_likely():
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, TextDecoder(CLASSES, 4, "simple_rnn", 3, name="decoder")(ids))
    logits = np.array([9.0, 8.0, 0.0, 1.0, -1.0, 2.0, 0.5], "float32")
    decoder = model.get_layer("decoder")
    decoder.embedding.embeddings.assign(np.zeros((CLASSES, 4)))  # So every step has the same logits.
    decoder.bias.assign(logits)
    count = 300
    spread = np.random.default_rng(0).permutation(np.arange(count, dtype="float32") + 0.5) / count
    write = tf.function(lambda temperature: sample_text(model, tf.constant([[4]]), temperature, count, spread))
    for temperature in (1.0, 2.5):
        written = write(tf.constant(temperature)).numpy()[0, 1:]
        shares = np.exp(logits[2:] / temperature) / np.exp(logits[2:] / temperature).sum()
        assert np.abs(np.bincount(written, minlength=CLASSES)[2:] - count * shares).max() <= 1
        assert written.min() > UNKNOWN


def test_the_smallest_and_the_largest_draw_give_an_allowed_token(language_model):
    extremes = np.array([0, 1 - 2**-24, 0, 1 - 2**-24], "float32")
    written = sample_text(language_model, ops.convert_to_tensor(PROMPTS), 1.0, 4, ops.convert_to_tensor(extremes))
    assert (ops.convert_to_numpy(written)[0, 4:] > UNKNOWN).all()
    assert (ops.convert_to_numpy(written)[0, 4:] < CLASSES).all()


@pytest.mark.slow
def test_searches_in_a_saved_model_write_the_same(translator, language_model, tmp_path):
    rows = tf.TensorSpec([None, None], tf.int32)
    scalar = tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.float32)

    class Endpoints(tf.Module):
        def __init__(self):
            super().__init__()
            self.models = [translator, language_model]

        @tf.function(input_signature=[rows])
        def greedy(self, source):
            return search_text(translator, source, max_length=6, beam_size=1, length_penalty=1.0)

        @tf.function(input_signature=[rows])
        def beam(self, source):
            return search_text(translator, source, max_length=6, beam_size=3, length_penalty=1.0)

        @tf.function(input_signature=[rows, *scalar])
        def sample(self, ids, temperature, length, draws):
            return sample_text(language_model, ids, temperature, length, draws)

    endpoints = Endpoints()
    tf.saved_model.save(endpoints, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    for source in (SOURCE, SOURCE[1:2, :2]):
        for beam_size, name in ((1, "greedy"), (3, "beam")):
            wanted = search(translator, source, beam_size)
            for found in (getattr(where, name)(tf.constant(source)) for where in (endpoints, loaded)):
                np.testing.assert_array_equal(found["ids"], wanted["ids"])
                np.testing.assert_allclose(found["scores"], wanted["scores"], rtol=1e-4)
    for prompts, length in ((PROMPTS, 5), (PROMPTS[2:3, :2], 2)):
        wanted = sample(language_model, prompts, temperature=0.7, length=length)
        for where in (endpoints, loaded):
            found = where.sample(tf.constant(prompts), 0.7, length, tf.constant(draws(length)))
            np.testing.assert_array_equal(found, wanted)
