import random

import pytest
import tensorflow as tf

from keras_rnn_zoo.layers.text import Tokenizer
from keras_rnn_zoo.layers.text_cuts import _NO_CUT, MAX_HELD, cut

PARTS = [
    *("a", "b", "It's", "don't", "'re", "'", "\u2019", "ll", " ", " ", " ", "  ", "\n", "\t", "\u00a0", "\x00"),
    *(".", ",", "!", "12", "-", "<", ">", "<b>", "</b>", "<br/>", "<!--", "-->", "--", "<a href=", '"x y"', "='"),
    *("checked", "<!doctype html>", "é", "e\u0301", "ß", "Σ", "日", "本", "ไ", "\u200c", "\u200d", "\u00ad", "\ufeff"),
    *("\u200b", "😀", "👨\u200d👩", "🇩🇪", "👍\U0001f3fd", "İ", "\u017f", "\u2028"),
]
NOTHING = tf.constant([""])
INVALID = [b"\xe2\x82", b"\x80", b"\xff", b"\xf0\x9f\x98", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88"]


def texts(count, seed):
    """Returns random texts of parts that are hard to split, and sometimes invalid bytes."""
    draw = random.Random(seed)
    for _ in range(count):
        parts = [part.encode() for part in draw.choices(PARTS, k=draw.randrange(14))]
        if draw.random() < 0.3:
            parts.insert(draw.randrange(len(parts) + 1), draw.choice(INVALID))
        yield b"".join(parts)


@pytest.mark.parametrize("tokens", ["words", "spaces", "characters", "pieces", "subwords"])
def test_a_text_in_parts_has_the_tokens_of_the_whole(tokens):
    tokenizer, draw = Tokenizer(tokens, 300, 10), random.Random(1)
    whole = list(texts(400, seed=2))
    cuts = [sorted(draw.randrange(len(text) + 1) for _ in range(3)) for text in whole]
    held, found = tf.constant([""] * len(whole)), [[] for _ in whole]
    for start, end in ((0, 1), (1, 2), (2, 3), (3, 4)):
        edges = [[0, *places, len(text)] for text, places in zip(whole, cuts, strict=True)]
        chunks = [text[places[start] : places[end]] for text, places in zip(whole, edges, strict=True)]
        complete, held = tokenizer.cut(held, tf.constant(chunks))
        for row, tokens_of_row in zip(found, tokenizer.split(complete).to_list(), strict=True):
            row += tokens_of_row
    for row, tokens_of_row in zip(found, tokenizer.split(held).to_list(), strict=True):
        row += tokens_of_row
    for row, expected, text, places in zip(
        found, tokenizer.split(tf.constant(whole)).to_list(), whole, cuts, strict=True
    ):
        assert row == expected, (text, places)


@pytest.mark.parametrize(
    ("tokens", "text", "complete"),
    [
        ("words", "not dull", "not "),
        ("words", "I <3 this", "I <3 "),
        ("words", "x <y and z", "x <y and "),
        ("words", 'see <a href="x y', "see "),
        ("words", "so <!-- a > b -", "so "),
        ("words", "so <!-- a --> b c", "so <!-- a --> b "),
        ("spaces", "a\u00a0b c", "a\u00a0b "),
        ("pieces", "it's a film", "it's"),
        ("characters", "né", "né"),
    ],
)
def test_only_what_more_text_can_change_is_held_back(tokens, text, complete):
    found, rest = Tokenizer(tokens, 10, 10).cut(NOTHING, tf.constant([text]))
    assert found[0].numpy().decode() == complete
    assert (found[0] + rest[0]).numpy().decode() == text


def test_bytes_of_a_character_are_held_back():
    for count in range(1, 4):
        found, rest = Tokenizer("characters", 10, 10).cut(NOTHING, tf.constant([b"ab" + "😀".encode()[:count]]))
        assert (found[0].numpy(), rest[0].numpy()) == (b"ab", "😀".encode()[:count])


def test_a_word_that_does_not_end_is_held_back_up_to_a_size():
    tokenizer = Tokenizer("words", 10, 10)
    _, rest = tokenizer.cut(NOTHING, tf.constant(["a" * MAX_HELD]))
    assert tf.strings.length(rest)[0] == MAX_HELD
    _, rest = tokenizer.cut(NOTHING, tf.constant(["a" * (MAX_HELD + 1)]))
    assert tf.strings.length(rest)[0] == 0


@pytest.mark.parametrize("tokens", ["pieces", "subwords"])
def test_a_word_that_goes_on_is_not_split_again_with_each_part(tokens):
    read = []

    def split(texts):
        read.append(sum(map(len, texts.numpy().tolist())))
        return Tokenizer(tokens, 300, 10).split(texts)

    held = NOTHING
    for part in ["so it "] + ["x1_"] * 9 + [" is"]:
        _, held = cut(tokens, split, held, tf.constant([part]))
    assert [size > 0 for size in read] == [True] * 2 + [False] * 8 + [True]


@pytest.mark.parametrize(
    ("tokens", "text"), [("words", "日本語、"), ("subwords", "日本語"), ("pieces", "abc"), ("spaces", "日<")]
)
def test_texts_without_a_place_to_cut_are_told_by_their_characters(tokens, text):
    assert tokens == "spaces" or tf.strings.regex_full_match(text * 3, _NO_CUT[tokens])
    found, rest = Tokenizer(tokens, 300, 10).cut(tf.constant([text]), tf.constant([text]))
    assert (found[0].numpy(), rest[0].numpy().decode()) == (b"", 2 * text)
