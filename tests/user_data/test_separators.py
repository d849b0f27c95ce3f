"""What separates the columns of a table: detected, named, or declared by its first line."""

import gzip
import io

import pytest
from descriptions import run_config
from table_files import GUISES, ROWS, TASKS, opened, pairs, table

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.separators import find_separator, named_separator

SEMICOLONS = [row.replace(",", ";") for row in ROWS]


@pytest.mark.parametrize(
    ("lines", "given", "separator"),
    [
        ([f"good, well {n};{n % 2}" for n in range(9)], {}, ";"),
        (["text;label;score, raw", *(f"good, well {n};a;{n}" for n in range(9))], {}, ";"),
        (["text,label", *(f"one; two {n},a" for n in range(9))], {}, ","),
        ([f'"good; bad {n}",a' for n in range(9)], {}, ","),
        ([f"good {n};{n},5" for n in range(9)], {}, ";"),
        ([f"{n};{n},5" for n in range(9)], {}, ";"),
        ([f"good, well\t{n}" for n in range(9)], {}, "\t"),
        (["text|label", "a, b|c"], {}, "|"),
        (["a;x,b", "c;y,d"], {"text": "x", "label": "b"}, ","),
        (["a;x,b;c", "c;y,d;e"], {"text": "x,b"}, ";"),
        (["text,label", *(f"a {n},b" for n in range(9)), "one alone", "too, many, fields"], {}, ","),
        (["text", "good, well", "good, too"], {}, ","),
    ],
)  # fmt: skip
def test_the_separator_is_the_one_that_makes_even_rows(lines, given, separator):
    assert find_separator((f"{line}\n" for line in lines), given) == separator


@pytest.mark.parametrize(
    ("name", "separator"),
    [
        (";", ";"),
        ("Semicolon", ";"),
        ("tab", "\t"),
        ("\t", "\t"),
        ("\\t", "\t"),
        ("pipe", "|"),
        ("^", "^"),
        ("space", " "),
    ],
)
def test_a_separator_is_named_by_itself_or_by_a_word(name, separator):
    assert named_separator(name) == separator


@pytest.mark.parametrize("name", ["semicolan", ";;", "x", "1", '"', "\n"])
def test_a_separator_that_separates_nothing_is_refused(name):
    with pytest.raises(OptionError, match="'separator' expects a character"):
        named_separator(name)


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_named_separator_is_that_of_all_files(form, tmp_path):
    path, other = (
        table(tmp_path / f"a.{form}", "text^label", [row.replace(",", "^") for row in ROWS]),
        tmp_path / "b.csv",
    )
    table(other, "label^text", ["good^other", "bad^more"])
    examples = opened(path, separator="^", test=str(other))[1]
    assert (examples.classes, examples.recorded.rows["test"]) == (("bad", "good"), 2)
    with pytest.raises(DataError, match='separator="CHARACTER"'):
        opened(path)


@pytest.mark.parametrize("mark", ["^", ",", ";"])
def test_files_to_predict_have_the_separator_of_training_or_their_own(mark, tmp_path):
    path = table(tmp_path / "new.csv", f"id{mark}text", [f"{n}{mark}well {n}" for n in range(3)])
    run = run_config("csv:old.csv", columns={"text": "text"}, options={"separator": "^"})
    source = open_inputs(str(path), run)
    assert [found.input for found in source.inputs()] == ["well 0", "well 1", "well 2"]
    written = io.StringIO()
    source.writer(written)(next(source.inputs()), {"label": "good"})
    assert written.getvalue() == f"id{mark}text{mark}predicted_label\n0{mark}well 0{mark}good\n"


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_the_separator_of_a_file_to_predict_can_be_set(form, tmp_path):
    path = table(tmp_path / f"new.{form}", "id~text", ["1~well, so"])
    run = run_config("csv:old.csv", columns={"text": "text"}, options={"separator": "^"})
    with pytest.raises(DataError, match="has no column 'text'"):
        open_inputs(str(path), run)
    assert [found.input for found in open_inputs(str(path), run, separator="~").inputs()] == ["well, so"]
    for other in ("text", "jsonl"):
        with pytest.raises(OptionError, match="applies only to csv and tsv files"):
            open_inputs(f"{other}:{path}", run, separator="~")


def test_other_formats_have_no_separator(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(GUISES["rows.jsonl"])
    assert "separator" not in registry.find_dataset(f"jsonl:{path}", TASKS).options
    assert "separator" in registry.find_dataset(f"csv:{table(tmp_path / 'a.csv', 'text,label', ROWS)}", TASKS).options


@pytest.mark.parametrize("form", ["csv", "csv.gz", "utf16.csv"])
def test_the_first_line_may_name_the_separator_for_excel(form, tmp_path):
    content = "sep=;\r\n" + "\r\n".join(["text;label", *SEMICOLONS, "one alone"])
    path = tmp_path / f"a.{form}"
    encoded = content.encode("utf-16" if "utf16" in form else "utf-8")
    path.write_bytes(gzip.compress(encoded) if form.endswith("gz") else encoded)
    with pytest.raises(DataError, match="line 23: 1 field, but the header has 2"):
        opened(path, "csv")
    examples = opened(path, "csv", skip_bad_rows=True)[1]
    assert (examples.classes, sum(examples.recorded.rows.values())) == (("bad", "good"), 20)
    assert len(pairs(examples, "train")) == 16
