"""Counting the chunks of texts gives the numbers of tokens that splitting whole texts gives."""

import random
from collections import Counter

import pytest
import tensorflow as tf

from keras_rnn_zoo.conventions import OTHER_SPACES, SPACES
from keras_rnn_zoo.layers import text_chunks, token_counts
from keras_rnn_zoo.layers.text import SPLITS, Tokenizer

PARTS = [
    " ", "  ", "\n", "\t", "\0", "\x1c", "\x85", "\xa0", "\u200b", "\u2028", "\u3000", "\ufeff", "\xad", "\ufe0f",
    "\u200c", "\u200d", "\u200c \u200c", "\u200c\xad \ufe0f\u200db", "\U000e0061", "\u0301", "a", "B", "it's", "isn't",
    "'s", "\u2019", "'", "don't!", "Σ", "ΑΣ", "İ", "ß", "12", "3", "٣", ".", ",", "!?", "-", "日本", "のは", "ไทย", "मैं",
    "\u0645\u06cc\u200c\u062e\u0648", "👍🏽", "👨\u200d👩\u200d👧", "🇩🇪", "🇫", "<", ">", "<br />", "<a href='x y'>",
    '<p class="c d" ', "</p >", "<!-- a", "b -->", "<!doctype html>", "< b and c >", "\ufffd", "\ufffe",
]  # fmt: skip


def texts_of(seed, count=1500):
    generator = random.Random(seed)
    return ["".join(generator.choices(PARTS, k=generator.randrange(12))) for _ in range(count)]


def counted_whole(tokens, texts):
    split = SPLITS[tokens](tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace"))
    return Counter(token.decode() for token in split.flat_values.numpy().tolist())


@pytest.mark.parametrize("tokens", SPLITS)
def test_chunks_have_the_tokens_of_whole_texts(tokens):
    for seed in range(4):
        texts = tf.constant(texts_of(seed))
        expected = counted_whole(tokens, texts)
        assert Tokenizer(tokens, 1000, 5).adapt([texts[:700], texts[700:]]) == expected


@pytest.mark.parametrize("tokens", SPLITS)
def test_bytes_that_are_not_utf8_are_counted_as_they_are_read(tokens):
    texts = tf.constant([b"a \xff b", b"\xc3 \xc3\xa9 \xed\xa0\x80a", b"a b"])
    assert Tokenizer(tokens, 1000, 5).adapt([texts]) == counted_whole(tokens, texts)


@pytest.mark.parametrize("limit", ["MAX_CHUNKS", "MAX_CHARACTERS"])
def test_counts_that_grow_large_are_split_before_all_texts_are_read(limit, monkeypatch):
    monkeypatch.setattr(text_chunks, limit, 20)
    monkeypatch.setattr(token_counts, "_BATCH", 3)
    texts, taken = tf.constant(texts_of(5, 300)), []
    take = text_chunks.ChunkCounts.take
    monkeypatch.setattr(text_chunks.ChunkCounts, "take", lambda self: taken.append(self) or take(self))
    batches = [texts[start : start + 30] for start in range(0, 300, 30)]
    assert Tokenizer("words", 1000, 5).adapt(batches) == counted_whole("words", texts)
    assert len(taken) > 5


def test_a_text_is_not_split_again_for_each_place_where_a_chunk_occurs():
    counts = text_chunks.ChunkCounts("words")
    counts.add(["a b a", "a <i class='x y'> b", "a <!-- b", "a\u200c \u200cb"])
    assert counts.take() == {"a": 3, "b": 2, "<i\tclass='x\ty'>": 1, "a <!-- b": 1, "a\u200c \u200cb": 1}
    counts = text_chunks.ChunkCounts("pieces")
    counts.add(["a b  a", " a"])
    assert counts.take() == {"a": 1, " b": 1, " ": 1, " a": 2}


def test_other_spaces_are_all_but_the_space_itself():
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    expected = tf.strings.regex_full_match(characters, SPACES).numpy().tolist()
    found = tf.strings.regex_full_match(characters, OTHER_SPACES).numpy().tolist()
    assert [c for c, one, other in zip(characters, expected, found, strict=True) if one != other] == [" "]
