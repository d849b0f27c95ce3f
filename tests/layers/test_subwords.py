"""Subwords: how they are learned, and that any text comes back from them."""

import random
from collections import Counter

import pytest
import tensorflow as tf
from hypothesis import given, settings
from text_files import ANY_TEXT

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.layers.text import UNKNOWN, Tokenizer
from keras_rnn_zoo.layers.vocabularies import BASE, LONGEST, RAREST, learn_subwords

TRAINING = ["the lower towers", "a new tower, lower than the others", "東京に行った。東京は大きい。"] * 12


@pytest.fixture(scope="module")
def subwords():
    ids = Tokenizer("subwords", 1000, 10_000, with_markers=True, name="target_vocabulary")
    ids.adapt([tf.constant(TRAINING)])
    return ids


def tokens_of(ids, text):
    return [token.decode() for token in ids.named(ids.tokenize(tf.constant([text])))[0].numpy()]


@pytest.mark.parametrize("seed", range(20))
def test_the_most_frequent_pair_is_merged_again_and_again(seed):
    draw = random.Random(seed)
    words = {"".join(draw.choices("abc", k=draw.randint(1, 12))): draw.randint(1, 9) for _ in range(30)}
    symbols, expected = {word: list(word) for word in words}, {}
    while len(expected) < 50:
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(symbols[word], symbols[word][1:], strict=False):
                pairs[pair] += count
        pairs = {pair: count for pair, count in pairs.items() if count >= RAREST and len("".join(pair)) <= LONGEST}
        if not pairs:
            break
        pair = min(pairs, key=lambda pair: (-pairs[pair], pair))
        expected["".join(pair)] = None
        for word, parts in symbols.items():
            merged = []
            while parts:
                size = 2 if tuple(parts[:2]) == pair else 1
                merged.append("".join(parts[:size]))
                parts = parts[size:]
            symbols[word] = merged
    assert learn_subwords(words, len(BASE) + 50)[len(BASE) :] == list(expected)


def test_frequent_words_are_one_subword_and_others_the_longest_parts(subwords):
    assert tokens_of(subwords, "the lower tower") == ["the", " lower", " tower"]
    assert tokens_of(subwords, "a new lowertower") == ["a", " new", " lower", "t", "ower"]
    assert tokens_of(subwords, " lowest") == [" l", "ow", "e", "s", "t"]
    assert tokens_of(subwords, "東京は") == ["東京", "は"]
    assert tokens_of(subwords, "1987") == ["1", "9", "8", "7"]
    assert tokens_of(subwords, "語") == ["<0xE8>", "<0xAA>", "<0x9E>"]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(text=ANY_TEXT)
def test_any_text_comes_back_from_its_subwords(subwords, text):
    batch = tf.constant([text.encode(), b"the lower towers, unseen"])
    ids = subwords(batch)
    assert [text.decode() for text in subwords.to_text(ids).numpy()] == [text, "the lower towers, unseen"]
    assert UNKNOWN not in ids.numpy()
    alone = subwords(batch[:1]).numpy()[0]
    assert ids.numpy()[0].tolist() == [*alone, *[0] * (ids.shape[1] - len(alone))]


@pytest.mark.parametrize(
    "text", ["", "  two  spaces ", "\0\r\n\t\x0b\x85", "日本" * 300, "😀👩‍👩‍👧 🇩🇪", "[UNK] <0xE8> [END]"]
)
def test_unusual_texts_come_back_from_their_subwords(subwords, text):
    assert subwords.to_text(subwords(tf.constant([text])))[0].numpy().decode() == text


def test_bytes_that_are_no_character_are_written_as_the_replacement_character(subwords):
    byte = subwords.vocabulary.index("<0xE8>")
    assert subwords.to_text(tf.constant([[byte, subwords.vocabulary.index("a")]]))[0].numpy().decode() == "\ufffda"


def test_a_vocabulary_of_subwords_is_a_text_file(subwords, tmp_path):
    subwords.save_files(tmp_path)
    again = Tokenizer("subwords", 1000, 10_000, with_markers=True, name="target_vocabulary")
    again.load_files(tmp_path)
    assert again.vocabulary == subwords.vocabulary
    texts = tf.constant([*TRAINING[:3], "語\n\\n"])
    assert again(texts).numpy().tolist() == subwords(texts).numpy().tolist()


def test_the_order_of_the_texts_does_not_change_the_vocabulary(subwords):
    again = Tokenizer("subwords", 1000, 10_000, with_markers=True)
    again.adapt([tf.constant(TRAINING[::-1][:20]), tf.constant(TRAINING[::-1][20:])])
    assert again.vocabulary == subwords.vocabulary


def test_a_vocabulary_too_small_for_all_bytes_is_refused():
    with pytest.raises(
        OptionError, match=r"'vocabulary_size' expects more than 245 for subwords.*received 100\. Try 4000"
    ):
        Tokenizer("subwords", 100, 10)


def test_a_saved_graph_of_subwords_needs_tensorflow_alone(subwords, tmp_path):
    from keras_rnn_zoo.artifacts.graph_check import check_graph
    from keras_rnn_zoo.artifacts.snapshot import Snapshot

    module = tf.Module()
    module.ids = subwords
    signature = [tf.TensorSpec([None], tf.string)]
    module.again = tf.function(lambda texts: {"text": subwords.to_text(subwords(texts))}, input_signature=signature)
    tf.saved_model.save(module, str(tmp_path), signatures={"again": module.again})
    check_graph(Snapshot(tmp_path))
    again = tf.saved_model.load(str(tmp_path)).signatures["again"]
    assert again(tf.constant(["語 \0 lower"]))["text"][0].numpy().decode() == "語 \0 lower"
