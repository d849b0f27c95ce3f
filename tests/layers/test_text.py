# ruff: noqa: RUF001 - the texts are in many scripts.
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.layers.text import LOSSLESS, Tokenizer


@pytest.fixture
def reader():
    reader = Tokenizer("words", vocabulary_size=100, max_length=5)
    reader.adapt([tf.constant(["a b c", "a b", "a"])])
    return reader


def split(tokens, text):
    """Returns the tokens of one text, as strings."""
    return [token.decode() for token in Tokenizer(tokens, 10, 10).split(tf.constant([text]))[0].numpy()]


def texts_of(ids, rows):
    return [text.decode() for text in ids.to_text(tf.constant(rows, tf.int32)).numpy()]


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
def test_spaces_separate_what_is_tokenised_already(text, tokens):
    assert split("spaces", text) == tokens


@pytest.mark.parametrize("text", ["こんにちは、世界", "a b\n\tc\r\n", "\x00nul\x00", "e\u0301😀", "<br>[UNK]", ""])
def test_characters_are_all_there_is(text):
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


ANY_TEXT = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            ["Hello", "isn't", "L'été", "ПРИВЕТ", "今日は", "สวัสดี", "नमस्ते", "می\u200cخواهم", "שלום", "한국어"]
        ),
        st.sampled_from([" ", "  ", "\n", "\t", "\r\n", "\x00", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u00ad"]),
        st.sampled_from(
            [".", " ?", "...", '"', "\u2019", "-", "<br>", "[UNK]", "1998", "½", "👩\u200d❤\ufe0f", "🇫🇷", "\\n"]
        ),
    )
).map("".join)
_SPLIT = {tokens: Tokenizer(tokens, 10, 10).split for tokens in sorted(LOSSLESS)}


@pytest.mark.parametrize("tokens", sorted(LOSSLESS))
@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=ANY_TEXT)
@example(text="\ud7ff\ue000\U0010ffff")
def test_joined_again_lossless_tokens_are_the_text(tokens, text):
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


def test_characters_come_before_pieces_where_room_is_short():
    ids = Tokenizer("pieces", 8, 100, with_markers=True)
    ids.adapt([tf.constant(["ab ab ab c"])])
    assert ids.vocabulary[4:] == [" ", "a", "b", "c"]
    assert texts_of(ids, ids(tf.constant(["ab c"])).numpy()) == ["ab c"]


def test_bytes_that_are_not_utf8_are_replaced(reader):
    found = reader.split(tf.constant([b"caf\xe9 \xff\xfe"]))[0].numpy().tolist()
    assert found == [b"caf", *["\ufffd".encode()] * 3]
    assert split("characters", b"a\xff\n") == ["a", "\ufffd", "\n"]


def test_the_commonest_words_come_first_and_ties_by_the_word(reader):
    assert reader.vocabulary == ["", "[UNK]", "a", "b", "c"]
    small = Tokenizer("words", vocabulary_size=4, max_length=5)
    counts = small.adapt([tf.constant(["z y"]), tf.constant(["x x y z"])])
    assert small.vocabulary == ["", "[UNK]", "x", "y"]
    assert counts == {"x": 2, "y": 2, "z": 2}


def test_a_vocabulary_of_characters_holds_spaces_and_line_breaks():
    ids = Tokenizer("characters", 20, 20)
    ids.adapt([tf.constant(["日本 日\n日"])])
    assert ids.vocabulary == ["", "[UNK]", "日", "\n", " ", "本"]
    assert ids(tf.constant(["日本\n語"])).numpy().tolist() == [[2, 5, 3, 1]]


def test_ids_are_padded_at_the_end_and_the_last_words_kept(reader):
    ids = reader(tf.constant(["a b", "c d a", "a a a a a b c"]))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [[2, 3, 0, 0, 0], [4, 1, 2, 0, 0], [2, 2, 2, 3, 4]]


@pytest.mark.parametrize("tokens", ["pieces", "words", "spaces", "characters"])
@pytest.mark.parametrize("texts", [[""], ["", ""], []])
def test_a_batch_without_a_token_has_one_step(tokens, texts):
    assert Tokenizer(tokens, 10, 5)(tf.constant(texts, tf.string)).shape == (len(texts), 1)


def test_reserved_words_cannot_be_typed(reader):
    assert reader(tf.constant(["[UNK] a"])).numpy().tolist() == [[1, 1, 1, 2]]


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


def test_the_marks_count_towards_the_size_of_a_vocabulary():
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


def test_a_vocabulary_is_a_plain_text_file(reader, tmp_path):
    reader.save_files(tmp_path)
    assert (tmp_path / "vocabulary.txt").read_bytes() == b"\n[UNK]\na\nb\nc\n"
    other = Tokenizer("words", vocabulary_size=100, max_length=5)
    other.load_files(tmp_path)
    assert other.vocabulary == reader.vocabulary
    assert other(tf.constant(["c q"])).numpy().tolist() == [[4, 1]]


def test_a_vocabulary_has_the_name_it_was_given(tmp_path):
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
def test_a_file_that_is_no_such_vocabulary_is_refused(written, tmp_path):
    (tmp_path / "vocabulary.txt").write_text("\n[UNK]\na\nb\n" if written else "a\nb\n")
    with pytest.raises(RunError, match="does not begin with"):
        Tokenizer("words", 10, 5, with_markers=written).load_files(tmp_path)


def test_a_text_of_100_000_words_is_split(reader):
    long = tf.constant([" ".join(["don't<br/>"] * 50_000)])
    assert reader.split(long).flat_values.shape == (100_000,)


def test_unclosed_tags_keep_their_text():
    assert split("words", "a <b c") == ["a", "<", "b", "c"]
