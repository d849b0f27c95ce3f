import pytest
import tensorflow as tf

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.layers.text import WordIds


@pytest.fixture
def reader():
    reader = WordIds(vocabulary_size=100, max_length=5)
    reader.adapt([tf.constant(["a b c", "a b", "a"])])
    return reader


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
        ("no\u00a0break\u3000wide", "no break wide"),
    ],
)
def test_words(reader, text, words):
    found = [word.decode() for word in reader.words(tf.constant([text]))[0].numpy()]
    assert found == words.split()


def test_bytes_that_are_not_utf8_are_replaced(reader):
    assert reader.words(tf.constant([b"caf\xe9 \xff\xfe"]))[0].numpy().tolist() == [
        b"caf",
        "\ufffd".encode(),
        "\ufffd".encode(),
        "\ufffd".encode(),
    ]


def test_the_commonest_words_come_first_and_ties_by_the_word(reader):
    assert reader.vocabulary == ["", "[UNK]", "a", "b", "c"]
    small = WordIds(vocabulary_size=4, max_length=5)
    counts = small.adapt([tf.constant(["z y"]), tf.constant(["x x y z"])])
    assert small.vocabulary == ["", "[UNK]", "x", "y"]
    assert counts == {"x": 2, "y": 2, "z": 2}


def test_ids_are_padded_at_the_end_and_the_last_words_kept(reader):
    ids = reader(tf.constant(["a b", "c d a", "a a a a a b c"]))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [[2, 3, 0, 0, 0], [4, 1, 2, 0, 0], [2, 2, 2, 3, 4]]


@pytest.mark.parametrize("texts", [[""], ["", ""], []])
def test_a_batch_without_a_word_has_one_step(reader, texts):
    assert reader(tf.constant(texts, tf.string)).shape == (len(texts), 1)


def test_reserved_words_cannot_be_typed(reader):
    assert reader(tf.constant(["[UNK] a"])).numpy().tolist() == [[1, 1, 1, 2]]


def test_a_vocabulary_is_a_plain_text_file(reader, tmp_path):
    reader.save_files(tmp_path)
    assert (tmp_path / "vocabulary.txt").read_text() == "\n[UNK]\na\nb\nc\n"
    other = WordIds(vocabulary_size=100, max_length=5)
    other.load_files(tmp_path)
    assert other.vocabulary == reader.vocabulary
    assert other(tf.constant(["c q"])).numpy().tolist() == [[4, 1]]


def test_a_file_that_is_no_vocabulary_is_refused(reader, tmp_path):
    (tmp_path / "vocabulary.txt").write_text("a\nb\n")
    with pytest.raises(RunError, match="does not begin with"):
        reader.load_files(tmp_path)


def test_a_text_of_100_000_words_is_split(reader):
    long = tf.constant([" ".join(["don't<br/>"] * 50_000)])
    assert reader.words(long).flat_values.shape == (100_000,)


def test_unclosed_tags_keep_their_text(reader):
    assert reader.words(tf.constant(["a <b c"])).to_list() == [[b"a", b"<", b"b", b"c"]]
