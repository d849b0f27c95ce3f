"""Tables in every guise, and what becomes of their rows."""

import pytest
from table_files import GUISES, LABELS, TEXTS, as_csv, one_line, opened, pairs, table

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.columns import parse_columns
from keras_rnn_zoo.user_data.encodings import encoding_of, find_encoding


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # So is a file that stays open told of.
@pytest.mark.parametrize("name", GUISES)
def test_rows_are_read_as_they_were_written(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(GUISES[name])
    entry, examples = opened(path)
    assert entry.task == "classification"
    assert examples.recorded.columns == {"text": "review", "label": "stars"}
    assert examples.classes == ("bad", "good")
    found = {
        one_line(raw): examples.classes[target] for part in examples.splits for raw, target in pairs(examples, part)
    }
    assert found == dict(zip(map(one_line, TEXTS), LABELS, strict=True))


NAMED = ["utf-16", "UTF16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8", "utf-8-sig", "utf_8_sig"]


@pytest.mark.parametrize("written", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8", "utf-8-sig"])
def test_a_byte_order_mark_takes_precedence_over_the_named_encoding(written, tmp_path):
    marks = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff", "utf-32-be": "\ufeff"}
    path = tmp_path / "a.csv"
    path.write_bytes((marks.get(written, "") + as_csv()).encode(written))
    plain = pairs(opened(path)[1], "train")
    for name in NAMED if written != "utf-8" else ["utf-8", "utf-8-sig"]:
        assert pairs(opened(path, encoding=name)[1], "train") == plain


@pytest.mark.parametrize("written", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_without_a_mark_the_zero_bytes_determine_the_byte_order(written):
    for text in ("text,label\n", "本文,分類\nよい,良\n"):
        assert encoding_of(text.encode(written), written[:6]) == (written, 0)
        assert encoding_of(text.encode(written), written) == (written, 0)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("utf16x", "utf-16"),
        ("shift-jiss", "shift_jis"),
        ("uft\0", "Name one such as"),
        ("no such thing", "Name one such as"),
        *((codec, "") for codec in ("rot13", "base64", "zip", "idna", "unicode_escape", "undefined")),
    ],
)
def test_codecs_that_are_not_text_encodings_are_refused(name, hint):
    with pytest.raises(OptionError, match="encoding") as raised:
        find_encoding(name)
    assert hint in str(raised.value)
    assert "rot" not in str(raised.value).replace(name, "")


@pytest.mark.parametrize(
    ("name", "found"), [("latin1", "iso8859-1"), ("CP1252", "cp1252"), ("Shift_JIS", "shift_jis"), ("utf8", "utf-8")]
)
def test_encodings_have_other_names(name, found):
    assert find_encoding(name) == found


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1140"])
def test_line_ends_are_the_same_in_every_encoding(ends, encoding, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(ends=ends).replace("\nand", " and").encode(encoding, "replace"))
    assert sum(opened(path, encoding=encoding)[1].recorded.rows.values()) == 60


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis", "latin-1"])
def test_another_encoding_can_be_specified(encoding, tmp_path):
    text = "あ" if encoding == "shift_jis" else "café"
    path = tmp_path / "a.csv"
    path.write_bytes("".join(["text,label\n", *(f"{text} {n},{n % 2}\n" for n in range(9))]).encode(encoding))
    with pytest.raises(DataError, match='encoding="NAME"'):
        opened(path)
    examples = opened(path, encoding=encoding)[1]
    assert pairs(examples, "train")[0][0].startswith(text)


def test_a_first_row_without_numbers_may_be_a_header(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("opinion,grade\n" + "".join(f"text {number},{number}\n" for number in range(30)) + "x,many\n")
    options = {"columns": "text=1,value=2"}
    with pytest.raises(DataError) as raised:
        registry.find_dataset(f"csv:{path}", ("regression",), options).make(None, 0, **options)
    assert str(raised.value) == (
        f"{path}, line 1, column '2': a number is expected ('grade'). Line 32, column '2': a number is expected "
        "('many'). If line 1 is a header, name the columns by its names instead of by number. Correct them, or skip "
        "such rows with skip_bad_rows=True."
    )


def test_a_name_with_a_comma_needs_quotes_in_columns():
    with pytest.raises(OptionError, match=r"received 'then'\. Put a column .* comma in double quotes: .\"text=A, B\""):
        parse_columns("text=what, then,label=b", ("text", "label"))
    assert parse_columns('"text=what, then",label=b', ("text", "label")) == {"text": "what, then", "label": "b"}


def test_columns_by_number_are_for_files_without_a_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(as_csv(header=None))
    examples = opened(path, columns="text=1,label=2")[1]
    assert sum(examples.recorded.rows.values()) == 60


@pytest.mark.parametrize(
    ("columns", "row", "task", "resolved"),
    [
        ("id,text,label", "1,{text},{end}", "classification", {"text": "text", "label": "label"}),
        ("Review,Sentiment,date", "{text},{end},d", "classification", {"text": "Review", "label": "Sentiment"}),
        ("comment,price", "{text},2.5", "regression", {"text": "comment", "value": "price"}),
        ("text,rating", "{text},2.5", "regression", {"text": "text", "value": "rating"}),
        ("text,rating", "{text},{end}", "classification", {"text": "text", "label": "rating"}),
    ],
)
def test_columns_and_task_are_guessed_from_usual_names(columns, row, task, resolved, tmp_path):
    rows = [row.format(text=f"text {number}", end="bc"[number % 2]) for number in range(20)]
    entry, examples = opened(table(tmp_path / "a.csv", columns, rows))
    assert entry.task == task
    assert examples.recorded.columns == resolved


def test_the_names_in_columns_decide_the_task(tmp_path):
    path = table(tmp_path / "a.csv", "text,rating", [f"{n},{n % 3}" for n in range(20)])
    assert opened(path)[0].task == "classification"
    assert opened(path, columns="value=rating")[0].task == "regression"


def test_a_column_whose_name_holds_a_comma_is_quoted():
    assert parse_columns('"text=what, then",label=b', ("text", "label")) == {"text": "what, then", "label": "b"}
