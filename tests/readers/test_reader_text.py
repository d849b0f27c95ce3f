import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.text import TextReader


def fitted(texts, **options):
    reader = TextReader(**options)
    reader.fit(tf.data.Dataset.from_tensor_slices(texts))
    return reader


@pytest.fixture
def reader():
    return fitted(["a b c", "a b", "a"], max_length=4)


def test_texts_become_ids(reader, read):
    ids = read(reader, ["b A", "a a c b q", ""])
    assert ids.dtype == np.int32
    assert ids.tolist() == [[3, 2, 0, 0], [2, 4, 3, 1], [0, 0, 0, 0]]


def test_a_text_is_read_in_a_batch_as_alone(reader, assert_read_alike):
    texts = ["a b c", "", "c", "a b c a b c a"]
    assert_read_alike(reader, texts, list(tf.constant(texts)))


@pytest.mark.parametrize(
    ("tokens", "vocabulary"),
    [
        ("words", ["is", "n't", "日本"]),
        ("spaces", ["Isn't", "日本"]),
        ("characters", ["\n", "'", "I", "n", "s", "t", "日", "本"]),
        ("pieces", ["\n", "日", "本", "'", "I", "n", "s", "t"]),
    ],
)
def test_the_kind_of_token_can_be_chosen(tokens, vocabulary):
    assert fitted(["Isn't\n日本"], tokens=tokens).ids.vocabulary[2:] == vocabulary


def test_fitting_reports_what_it_learned():
    reader = TextReader(vocabulary_size=4)
    assert reader.fit(tf.data.Dataset.from_tensor_slices(["a a a b b c", "c d"])) == (
        "vocabulary of 4, which covers 62.5% of 8 words"
    )
    assert reader.model_options() == {"input": "text", "vocabulary_size": 4}
    characters = TextReader(tokens="characters")
    assert characters.fit(tf.data.Dataset.from_tensor_slices(["ab"])).endswith("100.0% of 2 characters")
    pieces = TextReader(tokens="pieces")
    learnt = pieces.fit(tf.data.Dataset.from_tensor_slices(["a a. bc"]))
    assert learnt == "vocabulary of 7, which covers 50.0% of 4 pieces; the others are spelled out"


def test_bytes_are_texts_too(reader, read):
    assert read(reader, [b"a b", "a b"]).tolist() == [[2, 3], [2, 3]]
    assert read(reader, [b"a \xff b"]).tolist() == [[2, 1, 3]]


def test_half_a_surrogate_pair_is_unknown(read):
    reader = fitted(["a b c", "a b", "a"])
    for half in ("\ud83d", "\udcff"):
        ids = read(reader, [f"a {half} b"])[0]
        assert (ids[0], ids[-1]) == (2, 3)
        assert set(ids[1:-1].tolist()) == {1}


@pytest.mark.parametrize("item", [None, 3, 1.5, ["a"], np.array("a")])
def test_anything_but_a_text_is_refused(reader, item):
    with pytest.raises(DataError, match="A text is expected as str or bytes; received"):
        reader.to_batch(["a", item])


def test_an_empty_batch_is_read(reader, read):
    assert read(reader, []).shape == (0, 1)


def test_a_reader_is_restored_from_its_files(tmp_path, read):
    texts = ["two\nlines", "back\\slash\r"]
    reader = fitted(texts, tokens="characters")
    reader.save(tmp_path)
    again = TextReader(tokens="characters")
    again.load(tmp_path)
    assert again.model_options() == reader.model_options()
    np.testing.assert_array_equal(read(again, texts), read(reader, texts))


def test_a_batch_is_read_in_the_graph(reader, read):
    graph = tf.function(reader.__call__, input_signature=reader.signature())
    np.testing.assert_array_equal(graph(*reader.to_batch(["b a", "c"])), read(reader, ["b a", "c"]))
