import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.words import WordsReader

SENTENCES = ["Bob saw Ann", "bob saw New\u00a0York", "saw"]


def fitted(**options):
    reader = WordsReader(**options)
    reader.fit(tf.data.Dataset.from_tensor_slices(SENTENCES))
    return reader


def test_words_are_those_between_spaces_whatever_their_case(read):
    reader = fitted()
    assert reader.words.vocabulary == ["", "[UNK]", "saw", "bob", "ann", "new\u00a0york"]
    ids = read(reader, ["BOB saw  Ann.", "new\u00a0York", ""])
    assert ids.dtype == np.int32
    assert ids.tolist() == [[3, 2, 1], [5, 0, 0], [0, 0, 0]]
    assert reader.model_options() == {"input": "text", "vocabulary_size": 6}


def test_characters_keep_their_case(read):
    reader = fitted(char_units=1, max_characters=5)
    character = {token: number for number, token in enumerate(reader.characters.vocabulary)}
    assert {"B", "b", "A", "\u00a0"} <= set(character)
    ids = read(reader, ["Bob", "bob Zed"])
    assert ids.shape == (2, 2, 1 + 5)
    spelt = [[3, *(character[letter] for letter in word), 0, 0] for word in ("Bob", "bob")]
    assert ids[0].tolist() == [spelt[0], [0] * 6]
    assert ids[1].tolist() == [spelt[1], [1, 1, character["e"], 1, 0, 0]]
    assert reader.model_options() == {"input": "text", "vocabulary_size": 6, "char_vocabulary_size": len(character)}


@pytest.mark.parametrize("char_units", [0, 8])
def test_a_sentence_is_read_in_a_batch_as_alone(char_units, assert_read_alike):
    sentences = ["Bob saw Ann", "", "saw Ann saw Bob saw Ann", "Ann"]
    assert_read_alike(fitted(char_units=char_units, max_length=5), sentences, list(tf.constant(sentences)))


def test_the_first_words_and_the_last_characters_are_read(read):
    reader = fitted(char_units=1, max_length=2, max_characters=3)
    long = read(reader, ["saw unBob Ann"])
    assert long.shape == (1, 2, 1 + 3)
    assert long[0, 0, 0] == 2
    assert long[0, 1, 0] == 1
    assert long[0, 1, 1:].tolist() == read(reader, ["Bob"])[0, 0, 1:].tolist()
    assert reader.tokens(tf.constant(["saw unBob Ann"])).to_list() == [[b"saw", b"unBob"]]


@pytest.mark.parametrize(("char_units", "shape"), [(0, ()), (8, (21,))])
@pytest.mark.parametrize("sentences", [[], [""], ["", " "]])
def test_a_batch_without_a_word_has_one_step(char_units, shape, sentences, read):
    assert read(fitted(char_units=char_units), sentences).shape == (len(sentences), 1, *shape)


def test_fitting_reports_what_it_learned():
    data = tf.data.Dataset.from_tensor_slices(["ab ab", "c"])
    assert WordsReader().fit(data) == "vocabulary of 4, which covers 100.0% of 3 words"
    assert WordsReader(char_units=1).fit(data) == (
        "vocabulary of 4, which covers 100.0% of 3 words; characters of 6, which covers 100.0% of 6 characters"
    )


def test_a_nul_or_a_byte_that_is_not_utf8_makes_a_word_unknown(read):
    ids = read(fitted(char_units=1), [b"bob s\x00w b\xffb saw"])
    assert ids[0, :, 0].tolist() == [3, 1, 1, 2]


@pytest.mark.parametrize("item", [None, ["Bob"], 7])
def test_anything_but_a_sentence_is_refused(item):
    with pytest.raises(DataError, match="A text is expected"):
        fitted().to_batch([item])


@pytest.mark.parametrize(("char_units", "files"), [(0, {"vocabulary.txt"}), (8, {"vocabulary.txt", "characters.txt"})])
def test_a_reader_is_restored_from_its_files(char_units, files, tmp_path, read):
    reader = fitted(char_units=char_units)
    (tmp_path / "task").mkdir()
    reader.save(tmp_path / "task")
    assert {path.name for path in (tmp_path / "task").iterdir()} == files
    again = WordsReader(char_units=char_units)
    again.load(tmp_path / "task")
    assert again.model_options() == reader.model_options()
    np.testing.assert_array_equal(read(again, SENTENCES), read(reader, SENTENCES))
    assert len(again.resources()) == len(files)


@pytest.mark.parametrize("char_units", [0, 8])
def test_a_batch_is_read_in_the_graph(char_units, read):
    reader = fitted(char_units=char_units)
    graph = tf.function(reader.__call__, input_signature=reader.signature())
    np.testing.assert_array_equal(graph(*reader.to_batch(SENTENCES)), read(reader, SENTENCES))
