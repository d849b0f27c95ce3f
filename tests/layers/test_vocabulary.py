"""Vocabularies: which tokens they hold, ids and texts, and their files."""

import pytest
import tensorflow as tf
from text_files import texts_of

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.layers.text import Tokenizer


def test_the_commonest_words_come_first_and_ties_by_the_word(tokenizer):
    assert tokenizer.vocabulary == ["", "[UNK]", "a", "b", "c"]
    small = Tokenizer("words", vocabulary_size=4, max_length=5)
    counts = small.adapt([tf.constant(["z y"]), tf.constant(["x x y z"])])
    assert small.vocabulary == ["", "[UNK]", "x", "y"]
    assert counts == {"x": 2, "y": 2, "z": 2}


def test_a_vocabulary_of_characters_holds_spaces_and_line_breaks():
    ids = Tokenizer("characters", 20, 20)
    ids.adapt([tf.constant(["日本 日\n日"])])
    assert ids.vocabulary == ["", "[UNK]", "日", "\n", " ", "本"]
    assert ids(tf.constant(["日本\n語"])).numpy().tolist() == [[2, 5, 3, 1]]


def test_ids_are_padded_at_the_end_and_the_last_words_kept(tokenizer):
    ids = tokenizer(tf.constant(["a b", "c d a", "a a a a a b c"]))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [[2, 3, 0, 0, 0], [4, 1, 2, 0, 0], [2, 2, 2, 3, 4]]


@pytest.mark.parametrize("tokens", ["pieces", "words", "spaces", "characters"])
@pytest.mark.parametrize("texts", [[""], ["", ""], []])
def test_a_batch_without_a_token_has_one_step(tokens, texts):
    assert Tokenizer(tokens, 10, 5)(tf.constant(texts, tf.string)).shape == (len(texts), 1)


def test_reserved_words_cannot_be_typed(tokenizer):
    assert tokenizer(tf.constant(["[UNK] a"])).numpy().tolist() == [[1, 1, 1, 2]]


def test_a_text_that_holds_reserved_tokens_means_nothing_by_them():
    texts = tf.constant(["[UNK] [START] [END] a", "[UNK] [END]"])
    written = Tokenizer("spaces", 10, 5, with_markers=True)
    assert written.adapt([texts]) == {"a": 1}
    assert written.vocabulary == ["", "[UNK]", "[START]", "[END]", "a"]
    assert written(texts).numpy().tolist() == [[1, 1, 1, 4], [1, 1, 0, 0]]
    read = Tokenizer("spaces", 10, 5)
    read.adapt([texts])
    assert read.vocabulary == ["", "[UNK]", "[END]", "[START]", "a"]  # These mark nothing where nothing is written.
    assert read(texts).numpy().tolist() == [[1, 3, 2, 4], [1, 2, 0, 0]]


def test_reserved_tokens_count_towards_the_size_of_a_vocabulary():
    written = Tokenizer("spaces", 5, 5, with_markers=True)
    written.adapt([tf.constant(["b a b c"])])
    assert written.vocabulary == ["", "[UNK]", "[START]", "[END]", "b"]
    assert written(tf.constant(["a b"])).numpy().tolist() == [[1, 4]]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize(
    ("tokens", "text", "again"),
    [
        ("words", "It isn't  so.", "it is n't so ."),
        ("spaces", " It isn't  so. ", "It isn't so."),
        ("characters", " It isn't\n so.\r", " It isn't\n so.\r"),
        ("characters", "今日は", "今日は"),
        ("pieces", " It isn't\n  so. ", " It isn't\n  so. "),
        ("words", "", ""),
    ],
)
def test_texts_come_back_from_their_ids(tokens, text, again, written):
    ids = Tokenizer(tokens, 50, 50, with_markers=written)
    ids.adapt([tf.constant([text, "other words"])])
    assert texts_of(ids, ids(tf.constant([text, "", "words"])).numpy())[:2] == [again, ""]


def test_reserved_ids_are_left_out_of_a_text():
    ids = Tokenizer("spaces", 10, 5, with_markers=True)
    ids.set_vocabulary(["a", "b"])
    assert texts_of(ids, [[2, 4, 1, 5, 3, 0], [3, 0, 0, 0, 0, 0], [5, 0, 4, 0, 5, 3]]) == ["a b", "", "b a b"]
    assert texts_of(ids, [[], []]) == ["", ""]
    # Without marks, their ids are those of tokens.
    ids = Tokenizer("spaces", 10, 5)
    ids.set_vocabulary(["a", "b"])
    assert texts_of(ids, [[2, 3, 1, 0]]) == ["a b"]


def test_a_vocabulary_is_a_plain_text_file(tokenizer, tmp_path):
    tokenizer.save_files(tmp_path)
    assert (tmp_path / "vocabulary.txt").read_bytes() == b"\n[UNK]\na\nb\nc\n"
    other = Tokenizer("words", vocabulary_size=100, max_length=5)
    other.load_files(tmp_path)
    assert other.vocabulary == tokenizer.vocabulary
    assert other(tf.constant(["c q"])).numpy().tolist() == [[4, 1]]


def test_a_vocabulary_file_has_the_given_name(tmp_path):
    ids = Tokenizer("spaces", 10, 5, with_markers=True, name="target_vocabulary")
    ids.save_files(tmp_path)
    assert (tmp_path / "target_vocabulary.txt").read_text() == "\n[UNK]\n[START]\n[END]\n"


ODD_TOKENS = ["\\", "\n", "\r", "\\n", "\\\n", "\\\\n", "n\\", "\\\\", "\u2028", "\x85", "\x0b", "\x00", " ", "\u3000"]


def test_any_token_comes_back_from_the_file(tmp_path):
    ids = Tokenizer("characters", 100, 5, with_markers=True)
    ids.set_vocabulary(ODD_TOKENS)
    ids.save_files(tmp_path)
    lines = (tmp_path / "vocabulary.txt").read_bytes().decode().split("\n")
    assert lines[:8] == ["", "[UNK]", "[START]", "[END]", "\\\\", "\\n", "\\r", "\\\\n"]
    assert len(lines) == 4 + len(ODD_TOKENS) + 1
    other = Tokenizer("characters", 100, 5, with_markers=True)
    other.load_files(tmp_path)
    assert other.vocabulary == ids.vocabulary
    assert other(tf.constant(["\n\\ \x00"])).numpy().tolist() == [[5, 4, 16, 15]]


@pytest.mark.parametrize("written", [False, True])
def test_an_invalid_vocabulary_file_is_refused(written, tmp_path):
    (tmp_path / "vocabulary.txt").write_text("\n[UNK]\na\nb\n" if written else "a\nb\n")
    with pytest.raises(RunError, match="does not begin with"):
        Tokenizer("words", 10, 5, with_markers=written).load_files(tmp_path)
