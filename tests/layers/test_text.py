# ruff: noqa: RUF001 - the texts are in many scripts.

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from text_files import ANY_TEXT, texts_of

from keras_rnn_zoo.layers.text import LOSSLESS, Tokenizer


def split(tokens, text):
    """Returns the tokens of one text, as strings."""
    return [token.decode() for token in Tokenizer(tokens, 10, 10).split(tf.constant([text]))[0].numpy()]


_SPLIT = {tokens: Tokenizer(tokens, 300, 10).split for tokens in sorted(LOSSLESS)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Fine film.", "a fine film ."),
        ("good<br /><br />bad", "good bad"),
        ("<b>bold</b> move", "bold move"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("It isn't, I won't; they're", "it is n't , i wo n't ; they 're"),
        ("don\u2019t", "do n't"),
        ("the film's 'best'", "the film 's ' best '"),
        ("five o'clock", "five o'clock"),
        ("ПРИВЕТ, Мир", "привет , мир"),
        ("ÉTÉ", "été"),
        ("naïve cafe\u0301", "naïve cafe\u0301"),
        ("10/10!!", "10 / 10 ! !"),
        ("😀👍", "😀 👍"),
        ("tab\tnew\nline\x00nul", "tab new line nul"),
        ("...", ". . ."),
        ("", ""),
        ("  \n ", ""),
        ("no\u00a0break\u3000wide\u0085line", "no break wide line"),
    ],
)
def test_words(text, words):
    assert split("words", text) == words.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("خانه\u200c ها", ["خانه", "ها"]),
        ("क्\u200dष", ["क्\u200dष"]),
        ("a \u200c\u200d b.\u200cc", ["a", "b", ".", "c"]),
        ("co\u00adop\u00aderate", ["cooperate"]),
        ("I\u2060T isn\u00ad't", ["it", "is", "n't"]),
        ("\u200fשלום \u202aabc\u202c \u2067x\u2069", ["שלום", "abc", "x"]),
        ("\ufeffhello", ["hello"]),
        ("no\u200bbreak", ["no", "break"]),
        ("❤\ufe0f love", ["❤", "love"]),
        ("👩\u200d❤\ufe0f\u200d👨👍🏽!", ["👩\u200d❤\u200d👨", "👍🏽", "!"]),
        ("🇫🇷🇩🇪", ["🇫🇷", "🇩🇪"]),
        ("🏴\U000e0067\U000e0062\U000e007f", ["🏴\U000e0067\U000e0062\U000e007f"]),
        ("1\ufe0f\u20e3 葛\U000e0100", ["1\u20e3", "葛"]),
        ("≠\u0338!\u0301", ["≠\u0338", "!\u0301"]),
    ],
)
def test_format_and_combining_characters_never_break_a_word(text, words):
    assert split("words", text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x<y and y>z", "x < y and y > z"),
        ("if a <b and c> d", "if a < b and c > d"),
        ("p <a very = long> q", "p < a very = long > q"),
        ("i <3 you >_<", "i < 3 you > _ <"),
        ("one<BR>two<br/>three< br>", "one two three < br >"),
        ("<a href='x y' TARGET=_blank\nid=\"1\">link</a>", "link"),
        ("<input disabled><p class=a hidden >x</p >", "x"),
        ("<!-- a <b>c</b>\n-->d<!DOCTYPE html>e", "d e"),
        ("<my-tag/>a<o:p></o:p>", "a"),
    ],
)
def test_only_html_is_dropped(text, words):
    assert split("words", text) == words.split()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A Fine film.", ["A", "Fine", "film."]),
        (" two\t\tdozen \n", ["two", "dozen"]),
        ("New\u00a0York <br> isn't", ["New\u00a0York", "<br>", "isn't"]),
        ("東京 タワー", ["東京", "タワー"]),
        ("", []),
    ],
)
def test_spaces_separate_text_that_is_already_tokenized(text, tokens):
    assert split("spaces", text) == tokens


@pytest.mark.parametrize("text", ["こんにちは、世界", "a b\n\tc\r\n", "\x00nul\x00", "e\u0301😀", "<br>[UNK]", ""])
def test_every_character_is_a_token(text):
    assert split("characters", text) == list(text)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Devrais-je y aller ?", ["Devrais", "-", "je", " y", " aller", " ?"]),
        ("It isn't  so. I'M \"OK\"", ["It", " isn", "'t", " ", " so", ".", " I", "'M", ' "', "OK", '"']),
        ("1998: x2, ½", ["1998", ":", " x", "2", ",", " ½"]),
        ("\r\n\ta\n b\u00a0c", ["\r", "\n", "\t", "a", "\n", " b", "\u00a0", "c"]),
        ("今日は Tokyo 東京", ["今", "日", "は", " Tokyo", " 東", "京"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("می\u200cخواهم cafe\u0301", ["می\u200cخواهم", " cafe\u0301"]),
        ("ok 👍🏽❤\ufe0f", ["ok", " 👍🏽", "❤\ufe0f"]),
        ("<br>[UNK]\x00", ["<", "br", ">", "[", "UNK", "]", "\x00"]),
        ("", []),
    ],
)
def test_pieces_carry_their_space(text, pieces):
    assert split("pieces", text) == pieces


@pytest.mark.parametrize("tokens", sorted(LOSSLESS))
@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=ANY_TEXT)
@example(text="\ud7ff\ue000\U0010ffff")
def test_lossless_tokens_join_to_the_original_text(tokens, text):
    found = _SPLIT[tokens](tf.constant([text.encode()]))[0].numpy().tolist()
    assert b"".join(found) == text.encode()
    assert all(found)
    for token in found:
        token.decode()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(texts=st.lists(ANY_TEXT, min_size=1, max_size=4))
def test_texts_of_known_characters_come_back_from_the_ids_of_their_pieces(texts):
    ids = Tokenizer("pieces", 100_000, 10_000, with_markers=True)
    batch = tf.constant([text.encode() for text in texts])
    pieces = {piece.decode() for piece in ids.split(batch[:1]).flat_values.numpy()}
    ids.set_vocabulary(sorted(pieces.union(*texts)))  # Those of the other texts are spelled out.
    again = ids.to_text(ids(batch))
    assert [text.decode() for text in again.numpy()] == texts


def test_unknown_pieces_are_spelled_out():
    ids = Tokenizer("pieces", 100, 100, with_markers=True)
    counts = ids.adapt([tf.constant(["un deux trois", "un deux"])])
    assert counts == {"un": 2, " deux": 2, " trois": 1}
    assert ids.vocabulary[4:] == [" deux", "un", *" deinorstux"]
    texts = tf.constant(["un deux six", "deux trois", "no", "z un"])
    tokens = [[token.decode() for token in row] for row in ids.tokenize(texts).to_list()]
    assert tokens == [["un", " deux", *" six"], [*"deux", *" trois"], ["n", "o"], ["z", *" un"]]
    assert ids(texts).numpy()[3].tolist()[:2] == [1, ids.vocabulary.index(" ")]
    assert texts_of(ids, ids(texts).numpy()) == ["un deux six", "deux trois", "no", " un"]  # No z was ever seen.


def test_characters_come_before_pieces_in_a_small_vocabulary():
    ids = Tokenizer("pieces", 8, 100, with_markers=True)
    ids.adapt([tf.constant(["ab ab ab c"])])
    assert ids.vocabulary[4:] == [" ", "a", "b", "c"]
    assert texts_of(ids, ids(tf.constant(["ab c"])).numpy()) == ["ab c"]


def test_bytes_that_are_not_utf8_are_replaced(tokenizer):
    found = tokenizer.split(tf.constant([b"caf\xe9 \xff\xfe"]))[0].numpy().tolist()
    assert found == [b"caf", *["\ufffd".encode()] * 3]
    assert split("characters", b"a\xff\n") == ["a", "\ufffd", "\n"]


def test_a_text_of_100_000_words_is_split(tokenizer):
    long = tf.constant([" ".join(["don't<br/>"] * 50_000)])
    assert tokenizer.split(long).flat_values.shape == (100_000,)


def test_unclosed_tags_keep_their_text():
    assert split("words", "a <b c") == ["a", "<", "b", "c"]
