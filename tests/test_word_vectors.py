"""Pretrained word vectors from a file."""

import gzip
import logging

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.readers.words import WordsReader
from keras_rnn_zoo.training.word_vectors import WordVectors, read_vectors
from keras_rnn_zoo.user_data.vectors_file import VectorsFile

GLOVE = (
    "the 0.1 0.2 -3e-1\nPARIS 1 2 3\nParis 4 5 6\nparis 7 8 9\nnew york 1 1 1\nRome 2 2 2\nmilan 3 3 3\nrome 5 5 5\n"
)


@pytest.fixture
def write(tmp_path):
    def write(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def read(location, words, make=TextReader, **options):
    """Returns the vectors for a vocabulary, by token, and the vocabulary."""
    reader = make(vectors=location, **options)
    reader.word_ids.set_vocabulary(words)
    vectors = read_vectors(reader)
    vocabulary = reader.word_ids.vocabulary
    return {
        token: row.tolist()
        for token, row, known in zip(vocabulary, vectors.values, vectors.found, strict=True)
        if known
    }, vocabulary


def test_the_words_of_the_vocabulary_get_their_vectors(write, caplog):
    caplog.set_level(logging.INFO, logger="keras_rnn_zoo")
    found, _ = read(write(GLOVE), ["the", "paris", "rome", "berlin"])
    assert found == {
        "the": pytest.approx([0.1, 0.2, -0.3]),
        "paris": [7, 8, 9],  # As it is, rather than the first one with capitals.
        "rome": [5, 5, 5],
    }
    assert "vectors.txt: vectors for 3 of 4 words." in caplog.text


def test_other_case_counts_if_nothing_else_is_there(write):
    assert read(write("Paris 1 2\nPARIS 3 4\n"), ["paris"])[0] == {"paris": [1, 2]}
    assert read(write("paris 1 2\n"), ["Paris"], tokens="spaces")[0] == {"Paris": [1, 2]}
    # Pieces have the space before them.
    assert read(write("paris 1 2\n"), [" paris", "paris"], tokens="pieces")[0] == {" paris": [1, 2], "paris": [1, 2]}


@pytest.mark.parametrize(
    "content",
    ["2 3\na 1 2 3 \nb 4 5 6 \n", "\ufeffa 1 2 3\r\nb 4 5 6\r\n", gzip.compress(b"a 1 2 3\nb 4 5 6")],
    ids=["word2vec", "windows", "gzip"],
)
def test_formats(write, content):
    location = write(content)
    assert VectorsFile(location).dimension == 3
    assert read(location, ["b", "a"])[0] == {"b": [4, 5, 6], "a": [1, 2, 3]}


def test_further_words_extend_the_vocabulary(write):
    location = write(GLOVE)
    found, vocabulary = read(location, ["the"], words_from_vectors=True, vocabulary_size=5)
    assert vocabulary == ["", "[UNK]", "the", "paris", "rome"]  # In the order of the file, up to the limit.
    assert found["rome"] == [5, 5, 5]  # Its own vector, rather than that of "Rome".
    _, vocabulary = read(location, ["the"], make=WordsReader, words_from_vectors=True)
    assert vocabulary[3:] == ["paris", "rome", "milan"]  # "new york" is not a word.
    _, vocabulary = read(location, ["the"], tokens="spaces", words_from_vectors=True)
    assert vocabulary[3:] == ["PARIS", "Paris", "paris", "Rome", "milan", "rome"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a 1 2\nb 1\n", "line 2: expected a word and 2 numbers, as in the lines before; received 1 number: 'b 1'"),
        ("a 1 2\nb 1 two\n", "line 2: expected a word and 2 finite numbers; received 'two'"),
        ("a 1 2\nb 1 nan\n", "line 2: expected a word and 2 finite numbers; received 'nan'"),
        (b"a 1 2\nb\xff 1 2\n", "line 2: byte 0xff at character 2 is not utf-8. Save the file in UTF-8"),
        ("a 1 2\nb 1 1e38\n", "line 2: expected a word and 2 finite numbers; received '1e38'. The largest number"),
        ("9" * 5000 + " 2\n", "line 1: expected a word and its numbers"),
        ("a 1 1\nb 1 1\n", "has the same number everywhere in its vectors"),
        ("3 2\na 1 2\nb 1 2\n", "its first line announces 3 vectors, but it has 2"),
        ("", "line 1: expected a word and its numbers"),
        ("c 1 2\nd 3 4\n", "has a vector for none of the 2 words of the training data"),
        (gzip.compress(b"a 1 2\n" * 1000)[:-9], "is truncated or damaged"),
    ],
    ids=["dimension", "number", "nan", "huge", "digits", "constant", "utf-8", "truncated", "empty", "language", "gzip"],
)
def test_a_faulty_file_is_named_with_its_line(write, content, message):
    with pytest.raises(DataError, match=r"vectors\.txt") as error:
        read(write(content), ["a", "b"])
    assert message in str(error.value)


def test_what_cannot_be_done_is_refused(write, tmp_path):
    with pytest.raises(OptionError, match="applies to words, but tokens=characters"):
        read(write(GLOVE), ["a"], tokens="characters")
    with pytest.raises(DataError, match="binary file of word vectors"):
        VectorsFile(str(tmp_path / "vectors.bin"))
    with pytest.raises(OptionError, match=r"have 3 numbers each, but embedding_dim=4\. Omit embedding_dim"):
        zoo.train("many_to_one", vectors=write(GLOVE), embedding_dim=4)
    with pytest.raises(OptionError, match="needs a file of word vectors"):
        zoo.train("many_to_one", words_from_vectors=True)


def test_unknown_tokens_get_vectors_of_the_same_size():
    model = zoo.build("many_to_one", vocabulary_size=6, embedding_dim=3, units=4)
    initial = model.get_layer("embedding").get_weights()[0]
    values = np.random.default_rng(0).normal(0, 7, (6, 3)).astype("float32")
    found = np.array([False, False, True, True, True, False])
    WordVectors(values, found).assign(model)
    (embedding,) = model.get_layer("embedding").get_weights()
    np.testing.assert_array_equal(embedding[found], values[found])
    ratio = values[found].std() / initial.std()
    np.testing.assert_allclose(embedding[~found], initial[~found] * ratio, rtol=1e-5)


def test_a_language_model_begins_with_vectors_of_its_own_size():
    model = zoo.build("language_model", vocabulary_size=6, embedding_dim=3, units=4)
    embedding = model.get_layer("decoder").embedding
    (initial,), values = embedding.get_weights(), np.arange(18, dtype="float32").reshape(6, 3)
    WordVectors(values, np.arange(6) > 1).assign(model)
    (now,) = embedding.get_weights()
    assert now[2:].std() == pytest.approx(initial.std(), rel=1e-4)
    np.testing.assert_array_equal(now[:2], initial[:2])
    assert np.corrcoef(now[2:].ravel(), values[2:].ravel())[0, 1] == pytest.approx(1)


@pytest.mark.usefixtures("few_examples")
def test_a_run_keeps_its_own_copy(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {number} 0.5 1 2 3\n" for number, word in enumerate(["the", "film", "und"])))
    settings = {"vectors": str(path), "freeze_embedding": True, "words_from_vectors": True}
    run = zoo.train("many_to_one", epochs=1, units=4, verbose=0, **settings)
    path.unlink()
    assert run.config.options["embedding_dim"] == 5
    loaded = zoo.load(run)
    vocabulary = loaded.task.reader.ids.vocabulary
    assert vocabulary[-1] == "und"
    (embedding,) = loaded.model.get_layer("embedding").get_weights()
    assert embedding[vocabulary.index("film")].tolist() == [1, 0.5, 1, 2, 3]
    assert loaded.predict(["the film"])[0]["label"] in ("negative", "positive")
