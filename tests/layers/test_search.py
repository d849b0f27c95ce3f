"""The beam search itself, over networks small enough to be followed by hand."""

import itertools

import numpy as np
import pytest
from keras import ops

from keras_rnn_zoo.layers.search import beam_search
from keras_rnn_zoo.layers.text import END, PADDING, START, UNKNOWN

CLASSES, UNITS = 7, 6


class Network:
    """A recurrent network small enough to be followed by hand, in NumPy and as the step of a search.

    Its state is a vector that depends on every token so far, so that a search which mixes up states is found out.
    """

    def __init__(self, classes=CLASSES, seed=0, end=0.0, scale=2.0):
        random = np.random.default_rng(seed)
        self.classes, self.units = classes, UNITS
        self.embeddings = random.normal(size=(classes, UNITS)).astype("float32")
        self.recurrent = random.normal(size=(UNITS, UNITS)).astype("float32")
        self.output = (scale * random.normal(size=(UNITS, classes))).astype("float32")
        self.bias = np.zeros(classes, "float32")
        self.bias[END] = end
        self.steps = 0

    def step(self, last, states):
        self.steps += 1
        state = ops.tanh(ops.matmul(states[0], self.recurrent) + ops.take(self.embeddings, last, axis=0))
        return ops.matmul(state, self.output) + self.bias, [state]

    def starts(self, rows):
        """Returns the states that the texts of `rows` sources begin with, another one for each."""
        return np.random.default_rng(7).normal(size=(rows, self.units)).astype("float32")

    def next_log_probabilities(self, start, tokens):
        """Returns the log-probability of each token after `tokens`, by NumPy alone; some can never be written."""
        state = start
        for token in (START, *tokens):
            state = np.tanh(state @ self.recurrent + self.embeddings[token])
        logits = (state @ self.output + self.bias).astype("float64")
        logits[[PADDING, UNKNOWN, START]] = -np.inf
        return logits - np.log(np.exp(logits).sum())

    def score(self, start, tokens):
        return sum(self.next_log_probabilities(start, tokens[:n])[token] for n, token in enumerate(tokens))


def run(network, rows, *, max_length=5, beam_size=1, length_penalty=0.0):
    starts = np.repeat(network.starts(rows), beam_size, axis=0)
    found = beam_search(
        network.step,
        [ops.convert_to_tensor(starts)],
        rows,
        network.classes,
        max_length=max_length,
        beam_size=beam_size,
        length_penalty=length_penalty,
    )
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


def unpadded(ids):
    """Returns the tokens of a text and holds that nothing but padding follows its end."""
    ids = ids.tolist()
    length = ids.index(END) + 1 if END in ids else len(ids)
    assert not any(ids[length:])
    return tuple(ids[:length])


def penalty(length, exponent):
    return ((5 + length) / 6) ** exponent


def all_texts(classes, max_length):
    """Yields every text that can be written: those that end, and those cut off at `max_length`."""
    for length in range(max_length + 1):
        for tokens in itertools.product(range(END + 1, classes), repeat=length):
            yield tokens if length == max_length else (*tokens, END)


def reference_search(network, start, max_length, beam_size, exponent):
    """Follows `beam_size` texts with Python's lists; returns `(penalized score, tokens)`, the best first."""
    beam = [(0.0, ())]
    for _ in range(max_length):
        longer = []
        for score, tokens in beam:
            if tokens[-1:] == (END,):
                longer.append((score, tokens))
            else:
                after = network.next_log_probabilities(start, tokens)
                longer += [(score + after[token], (*tokens, token)) for token in range(END, network.classes)]
        longer.sort(key=lambda item: -item[0] / penalty(len(item[1]), exponent))
        beam = longer[:beam_size]
    return [(score / penalty(len(tokens), exponent), tokens) for score, tokens in beam]


@pytest.mark.parametrize("exponent", [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_the_best_of_all_texts(exponent):
    network = Network(classes=6)
    texts = list(all_texts(6, 4))
    found = run(network, 3, max_length=4, beam_size=len(texts), length_penalty=exponent)
    lengths = set()
    for row, start in enumerate(network.starts(3)):
        scores = [network.score(start, tokens) / penalty(len(tokens), exponent) for tokens in texts]
        best = np.argsort(scores)[::-1]
        assert [unpadded(ids) for ids in found["ids"][row, :10]] == [texts[number] for number in best[:10]]
        np.testing.assert_allclose(found["scores"][row], np.sort(scores)[::-1], rtol=1e-4)
        lengths.add(len(texts[best[0]]))
    assert lengths != {1}


@pytest.mark.parametrize("beam_size", [1, 2, 3])
@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_a_beam_is_that_of_a_search_with_lists(beam_size, exponent):
    network = Network(end=-1.0)
    found = run(network, 4, max_length=6, beam_size=beam_size, length_penalty=exponent)
    for row, start in enumerate(network.starts(4)):
        wanted = reference_search(network, start, 6, beam_size, exponent)
        assert [unpadded(ids) for ids in found["ids"][row]] == [tokens for _, tokens in wanted]
        np.testing.assert_allclose(found["scores"][row], [score for score, _ in wanted], rtol=1e-4, atol=1e-6)


def test_a_beam_wider_than_the_number_of_texts_puts_them_first():
    network = Network(classes=5)
    found = run(network, 2, max_length=2, beam_size=8, length_penalty=1.0)
    for row in found["ids"]:
        assert {unpadded(ids) for ids in row[:3]} == set(all_texts(5, 2))
    assert (found["scores"][:, :3] > -100).all()
    assert (found["scores"][:, 3:] < -1e6).all()


def test_the_length_penalty_favors_longer_texts():
    network = Network(end=1.0, scale=0.5)
    texts = [run(network, 8, beam_size=4, length_penalty=exponent)["ids"][:, 0] for exponent in (0.0, 3.0)]
    shorter, longer = ([len(unpadded(ids)) for ids in rows] for rows in texts)
    assert all(more >= fewer for fewer, more in zip(shorter, longer, strict=True))
    assert sum(longer) > sum(shorter) + 4


@pytest.mark.parametrize("beam_size", [1, 3])
def test_a_finished_text_is_unchanged_while_others_continue(beam_size):
    network = Network(seed=3, end=0.5)
    together = run(network, 6, max_length=8, beam_size=beam_size, length_penalty=1.0)
    lengths = [len(unpadded(ids[0])) for ids in together["ids"]]
    assert min(lengths) < 4 < max(lengths)
    for row, start in enumerate(network.starts(6)):
        tokens = unpadded(together["ids"][row, 0])
        score = network.score(start, tokens) / penalty(len(tokens), 1.0)
        np.testing.assert_allclose(together["scores"][row, 0], score, rtol=1e-4, atol=1e-6)


class Script:
    """A step that writes `text` whatever came before, and likes tokens that no text may hold even more."""

    def __init__(self, texts):
        self.texts, self.steps = np.array(texts), 0

    def step(self, last, states):
        logits = np.zeros((len(self.texts), CLASSES), "float32")
        logits[np.arange(len(self.texts)), self.texts[:, self.steps]] = 20
        logits[:, [PADDING, UNKNOWN, START]] = 1e4
        self.steps += 1
        return ops.convert_to_tensor(logits), states

    def run(self, max_length):
        states = [ops.zeros((len(self.texts), 1))]
        return ops.convert_to_numpy(
            beam_search(
                self.step, states, len(self.texts), CLASSES, max_length=max_length, beam_size=1, length_penalty=1.0
            )["ids"]
        )


def test_the_search_ends_when_all_texts_have():
    script = Script([[4, 5, END, 6, 6, 6], [END, 4, 4, 4, 4, 4]])
    assert script.run(max_length=6)[:, 0].tolist() == [[4, 5, END, 0, 0, 0], [END, 0, 0, 0, 0, 0]]
    assert script.steps == 3


def test_a_text_that_does_not_end_is_cut_off():
    script = Script([[4, 5, 6, 6, 6, 6], [4, 4, 4, 4, END, 4]])
    assert script.run(max_length=4)[:, 0].tolist() == [[4, 5, 6, 6], [4, 4, 4, 4]]
    assert script.steps == 4


def test_searching_for_no_text_takes_no_step():
    network = Network()
    assert run(network, 0)["ids"].shape == (0, 1, 5)
    assert network.steps == 0
