"""Tables in every guise, and what becomes of their rows."""

import csv
import gzip
import io
import json
from collections import Counter

import pytest
from descriptions import described_by, run_config

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import SplitConfig
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.columns import are_measured, is_header, parse_columns
from keras_rnn_zoo.user_data.encodings import encoding_of, find_encoding
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.separators import find_separator, named_separator

TEXTS = [f'review {n}, with "quotes"\nand two lines' if n % 5 == 0 else f"review {n} あ é" for n in range(60)]
LABELS = ["good" if n % 3 else "bad" for n in range(60)]
TASKS = ("classification", "regression")


def as_csv(delimiter=",", ends="\r\n", header=("review", "stars")):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=ends).writerows(
        [header, *zip(TEXTS, LABELS, strict=True)] if header else list(zip(TEXTS, LABELS, strict=True))
    )
    return file.getvalue()


def one_line(text):
    return text.replace("\n", " ")


GUISES = {
    "unix.csv": as_csv(ends="\n").encode(),
    "windows.csv": as_csv().encode(),
    "byte-order-mark.csv": as_csv().encode("utf-8-sig"),
    "utf-16.csv": as_csv(ends="\n").encode("utf-16"),
    "utf-32.csv": as_csv(ends="\n").encode("utf-32"),
    "semicolons.csv": as_csv(";").encode(),
    "tabs.csv": as_csv("\t").encode(),
    "zipped.csv.gz": gzip.compress(as_csv().encode()),
    "blank-lines.csv": as_csv(ends="\n\n").encode(),
    "rows.jsonl": "".join(
        json.dumps({"id": n, "review": text, "stars": label}, ensure_ascii=n % 2 == 0) + "\n"
        for n, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    ).encode(),
    "rows.tsv": "".join(
        f"{one_line(text)}\t{label}\n" for text, label in zip(["review", *TEXTS], ["stars", *LABELS], strict=True)
    ).encode(),
}  # fmt: skip


def opened(path, form=None, tasks=TASKS, seed=0, **options):
    form = form or path.name.split(".")[1]
    entry = registry.find_dataset(f"{form}:{path}", tasks, options)
    return entry, entry.make(None, seed, **options)


def pairs(examples, part):
    return [(raw.decode(), target) for raw, target in examples.split(part).as_numpy_iterator()]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # So is a file that stays open told of.
@pytest.mark.parametrize("name", GUISES)
def test_rows_come_out_as_they_went_in(name, tmp_path):
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
def test_a_byte_order_mark_tells_the_encoding_and_wins_over_its_name(written, tmp_path):
    marks = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff", "utf-32-be": "\ufeff"}
    path = tmp_path / "a.csv"
    path.write_bytes((marks.get(written, "") + as_csv()).encode(written))
    plain = pairs(opened(path)[1], "train")
    for name in NAMED if written != "utf-8" else ["utf-8", "utf-8-sig"]:
        assert pairs(opened(path, encoding=name)[1], "train") == plain


@pytest.mark.parametrize("written", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_without_a_mark_the_zero_bytes_tell_the_order(written):
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
def test_what_is_no_encoding_of_text_is_refused(name, hint):
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
def test_lines_end_alike_in_every_encoding(ends, encoding, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(ends=ends).replace("\nand", " and").encode(encoding, "replace"))
    assert sum(opened(path, encoding=encoding)[1].recorded.rows.values()) == 60


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis", "latin-1"])
def test_another_encoding_is_named(encoding, tmp_path):
    text = "あ" if encoding == "shift_jis" else "café"
    path = tmp_path / "a.csv"
    path.write_bytes("".join(["text,label\n", *(f"{text} {n},{n % 2}\n" for n in range(9))]).encode(encoding))
    with pytest.raises(DataError, match='encoding="NAME"'):
        opened(path)
    examples = opened(path, encoding=encoding)[1]
    assert pairs(examples, "train")[0][0].startswith(text)


def test_a_first_row_that_has_no_number_may_be_a_header(tmp_path):
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


def test_columns_by_number_are_of_a_file_without_a_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(as_csv(header=None))
    examples = opened(path, columns="text=1,label=2")[1]
    assert sum(examples.recorded.rows.values()) == 60


def table(path, columns, rows):
    path.write_text("".join(f"{line}\n" for line in [columns, *rows]))
    return path


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


def test_the_words_of_the_user_decide_the_task(tmp_path):
    path = table(tmp_path / "a.csv", "text,rating", [f"{n},{n % 3}" for n in range(20)])
    assert opened(path)[0].task == "classification"
    assert opened(path, columns="value=rating")[0].task == "regression"


def test_a_column_whose_name_holds_a_comma_is_quoted():
    assert parse_columns('"text=what, then",label=b', ("text", "label")) == {"text": "what, then", "label": "b"}


def many(tmp_path, count=2000):
    rows = [f"text number {n},{'rare' if n % 10 == 0 else 'common'}" for n in range(count)]
    return table(tmp_path / "many.csv", "text,label", rows)


def test_the_split_is_stratified_and_drawn_with_the_seed(tmp_path):
    path = many(tmp_path)
    examples = opened(path)[1]
    assert examples.recorded.rows == {"train": 1600, "validation": 200, "test": 200}
    parts = {part: pairs(examples, part) for part in examples.splits}
    for part, rows in parts.items():
        assert len(rows) == examples.recorded.rows[part] == int(examples.split(part).cardinality())
        assert Counter(target for _, target in rows)[1] == len(rows) // 10
    texts = [text for rows in parts.values() for text, _ in rows]
    assert len(texts) == len(set(texts)) == 2000
    assert pairs(opened(path)[1], "test") == parts["test"]
    assert set(pairs(opened(path, seed=1)[1], "test")) != set(parts["test"])


def test_rows_stay_in_their_split_when_others_come(tmp_path):
    examples = opened(many(tmp_path))[1]
    trained = described_by(examples, "csv:old.csv")
    tested = set(pairs(examples, "test"))
    path = many(tmp_path, 3000)
    again = registry.find_dataset(f"csv:{path}", TASKS, {}, trained).make(None, 0)
    assert tested < set(pairs(again, "test"))
    assert sum(again.recorded.rows.values()) == 3000


def test_rows_with_the_same_source_stand_in_the_same_split(tmp_path):
    rows = [f"sentence {n // 4}\t翻訳 {n}" for n in range(400)]
    path = table(tmp_path / "a.tsv", "en\tja", rows)
    examples = opened(path, tasks=("translation",), columns="source=en,target=ja")[1]
    sources = {part: {raw for raw, _ in pairs(examples, part)} for part in examples.splits}
    assert all(sources.values())
    assert not sources["train"] & sources["test"] | sources["train"] & sources["validation"]
    assert sum(map(len, sources.values())) == 100


def test_a_sorted_file_is_mixed_for_training_and_always_in_the_same_way(tmp_path):
    rows = [f"text number {n},{'first' if n < 10_000 else 'second'}" for n in range(20_000)]
    examples = opened(table(tmp_path / "sorted.csv", "text,label", rows))[1]
    targets = [target for _, target in pairs(examples, "train")]
    assert len(targets) == 16_000
    thousands = [sum(targets[start : start + 1000]) for start in range(0, 16_000, 1000)]
    assert all(200 < of_second < 800 for of_second in thousands)
    assert targets == [target for _, target in pairs(examples, "train")]


def test_files_for_validation_and_test_are_taken_whole(tmp_path):
    path, other = many(tmp_path), tmp_path / "other.csv"
    table(other, "id,label,text", [f"{n},common,other {n}" for n in range(7)])
    examples = opened(path, test=str(other))[1]
    assert examples.recorded.rows == {"train": 1800, "validation": 200, "test": 7}
    assert [raw for raw, _ in pairs(examples, "test")] == [f"other {n}" for n in range(7)]


def test_whole_numbers_are_sorted_as_numbers(tmp_path):
    path = table(tmp_path / "a.csv", "text,label", [f"{n},{n % 12}" for n in range(60)])
    assert opened(path)[1].classes == tuple(map(str, range(12)))


ROWS = [f"word{n} is here,{'good' if n % 2 else 'bad'}" for n in range(20)]
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
def test_what_separates_nothing_is_refused(name):
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
def test_files_to_predict_have_the_separator_of_the_training_or_their_own(mark, tmp_path):
    path = table(tmp_path / "new.csv", f"id{mark}text", [f"{n}{mark}well {n}" for n in range(3)])
    run = run_config("csv:old.csv", columns={"text": "text"}, options={"separator": "^"})
    source = open_inputs(str(path), run)
    assert [found.input for found in source.inputs()] == ["well 0", "well 1", "well 2"]
    written = io.StringIO()
    source.writer(written)(next(source.inputs()), {"label": "good"})
    assert written.getvalue() == f"id{mark}text{mark}predicted_label\n0{mark}well 0{mark}good\n"


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_file_to_predict_may_have_a_separator_that_is_named(form, tmp_path):
    path = table(tmp_path / f"new.{form}", "id~text", ["1~well, so"])
    run = run_config("csv:old.csv", columns={"text": "text"}, options={"separator": "^"})
    with pytest.raises(DataError, match="has no column 'text'"):
        open_inputs(str(path), run)
    assert [found.input for found in open_inputs(str(path), run, separator="~").inputs()] == ["well, so"]
    for other in ("text", "jsonl"):
        with pytest.raises(OptionError, match="applies only to csv and tsv files"):
            open_inputs(f"{other}:{path}", run, separator="~")


def test_other_forms_have_no_separator(tmp_path):
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


@pytest.mark.parametrize(
    ("header", "columns", "resolved"),
    [
        ("0,1", "text=0,label=1", {"text": "0", "label": "1"}),  # pandas', of columns without names.
        ("text,label", "text=1,label=2", {"text": "text", "label": "label"}),
        ("Review,Stars", "label=2", {"text": "Review", "label": "Stars"}),
        (" text\u200b , label ", "", {"text": "text", "label": "label"}),
        ("\ufefftext,label", "text=text", {"text": "text", "label": "label"}),
        ("cafe\u0301,label", "text=caf\u00e9", {"text": "cafe\u0301", "label": "label"}),
        ("text,label,,", "", {"text": "text", "label": "label"}),
    ],
)
def test_a_header_is_known_and_gives_the_columns_their_names(header, columns, resolved, tmp_path):
    examples = opened(table(tmp_path / "a.csv", header, ROWS), columns=columns)[1]
    assert examples.recorded.columns == resolved
    assert examples.classes == ("bad", "good")
    trained = described_by(examples, "csv:old.csv")
    again = registry.find_dataset(f"csv:{tmp_path / 'a.csv'}", TASKS, {}, trained).make(None, 0)
    assert pairs(again, "test") == pairs(examples, "test")


def test_an_index_without_a_name_is_no_label(tmp_path):
    path = table(tmp_path / "a.csv", ",text,label", [f"{n},{row}" for n, row in enumerate(ROWS)])
    assert opened(path)[1].recorded.columns == {"text": "text", "label": "label"}
    path = table(tmp_path / "b.csv", ",text", [f"{n},a text" for n in range(9)])
    with pytest.raises(DataError, match="has a usual name"):
        opened(path)


def test_numbers_that_a_header_of_numbers_has_not_are_named(tmp_path):
    path = table(tmp_path / "a.csv", "0,1", ROWS)
    with pytest.raises(DataError, match=r"no column '2'. Its columns: '0', '1'"):
        opened(path, columns="text=1,label=2")


@pytest.mark.parametrize(
    ("fields", "given"),
    [(["great film", "1"], ["1"]), (["great film", "good"], ["1", "2"]), (["text", "7"], ["1"]), (["text"], ["1"])],
)
def test_a_row_is_no_header(fields, given):
    assert not is_header(fields, dict(zip(("text", "label"), given, strict=False)))


def test_what_excel_leaves_around_a_table_is_no_row(tmp_path):
    rows = [f"{row},," for row in ROWS] + [",,,", "   ", ""]
    for header in ("text,label", "text,label,,"):
        path = table(tmp_path / "a.csv", header, rows)
        assert sum(opened(path)[1].recorded.rows.values()) == 20


def test_quotes_that_are_doubled_are_part_of_the_text(tmp_path):
    path = table(tmp_path / "a.csv", '"text","label"', [f'"say ""{n}"", all","{n % 2}"' for n in range(20)])
    assert {raw for part in ("train", "test") for raw, _ in pairs(opened(path)[1], part)} <= {
        f'say "{n}", all' for n in range(20)
    }


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["1.0", "2.0", "3.0"], ("1", "2", "3")),
        (["1", "1.0", "2"], ("1", "2")),
        (["-1.0", "0.0", "10.0"], ("-1", "0", "10")),
        (["1", "01", "2"], ("01", "1", "2")),
        (["1.0", "1.1", "2.0"], ("1.0", "1.1", "2.0")),
        ([" a ", "a", "b"], ("a", "b")),
        (["True", "False", "True"], ("False", "True")),
        (["naan", "nan", "roti"], ("naan", "nan", "roti")),
    ],
)
def test_whole_numbers_with_a_point_are_the_same_classes(labels, classes, tmp_path):
    path = table(tmp_path / "a.csv", "text,label", [f"text {n},{labels[n % 3]}" for n in range(60)])
    assert opened(path)[1].classes == classes


def test_a_rating_without_fractions_is_a_class(tmp_path):
    path = table(tmp_path / "a.csv", "text,rating", [f"text {n},{n % 5 + 1}.0" for n in range(60)])
    entry, examples = opened(path)
    assert (entry.task, examples.classes) == ("classification", ("1", "2", "3", "4", "5"))


@pytest.mark.parametrize(("trained", "tested"), [("1.0", "1"), ("1", "1.0"), ("1", "1.00")])
def test_classes_of_other_files_may_be_written_otherwise(trained, tested, tmp_path):
    rows = [f"text {n},{trained if n % 2 else '2'}" for n in range(60)]
    path = table(tmp_path / "a.csv", "text,label", rows)
    other = table(tmp_path / "b.csv", "text,label", [f"another,{tested}", "one,2.0"])
    examples = opened(path, test=str(other))[1]
    assert examples.classes == ("1", "2")
    assert pairs(examples, "test") == [("another", 0), ("one", 1)]


def test_a_number_that_is_missing_is_a_row_without_a_label(tmp_path):
    rows = [f"text {n},{('1.0', '2.0', 'NaN')[n % 3]}" for n in range(60)]
    path = table(tmp_path / "a.csv", "text,label", rows)
    with pytest.raises(DataError, match=r"line 4, column 'label': the label is empty \('NaN'\).* 15 more rows"):
        opened(path)
    examples = opened(path, skip_bad_rows=True)[1]
    assert examples.classes == ("1", "2")
    assert (sum(examples.recorded.rows.values()), examples.recorded.bad_rows["train"]) == (40, 20)
    for part in examples.splits:
        assert len(pairs(examples, part)) == examples.recorded.rows[part]


def test_json_has_numbers_truth_values_and_nothing_as_labels(tmp_path):
    def found(labels):
        path = tmp_path / "a.jsonl"
        path.write_text("".join(json.dumps({"text": f"{n}", "label": labels[n % 4]}) + "\n" for n in range(40)))
        return opened(path, skip_bad_rows=True)[1]

    assert found([1, 1.0, 2, 2.0]).classes == ("1", "2")
    examples = found([True, False, None, float("nan")])
    assert examples.classes == ("False", "True")
    assert examples.recorded.bad_rows["train"] == 20


@pytest.mark.parametrize(
    ("values", "measured"),
    [
        *(([], False), (["1.0", "2.0"], False), (["1.5", "x"], False), ([10**400], False), ([True, False], False)),
        *((["1", "2.5"], True), (["1.5", "", "nan"], True), ([1.5, None], True)),
    ],
)
def test_numbers_are_measured_if_some_have_a_fraction(values, measured):
    assert are_measured(values) == measured


def test_small_classes_are_held_out_alike(tmp_path):
    rows = [f"text {n} {k},class {n}" for n in range(300) for k in range(2)]
    counts = opened(table(tmp_path / "a.csv", "text,label", rows))[1].recorded.rows
    assert counts == {"train": 480, "validation": 60, "test": 60}


def test_a_split_is_written_down_and_read_again():
    split = SplitConfig(3, {"a": (10, 2**53), "": (0, 1)})
    written = json.loads(json.dumps(split.to_json()))
    assert SplitConfig.from_json(written) == split


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_a_table_has_no_more_columns_than_anyone_writes(ending, tmp_path):
    """Each row takes as much time as there are columns, however short it is."""
    names = ["text", "label", *(f"column {number}" for number in range(100_000))]
    separator = {"csv": ",", "tsv": "\t"}.get(ending)
    line = separator.join(names) if separator else json.dumps(dict.fromkeys(names, 1))
    path = tmp_path / f"wide.{ending}"
    path.write_text(f"{line}\n")
    with pytest.raises(DataError, match=r"wide\.\w+(, line 1: more than 16,384 fields| has 100,002 columns)"):
        opened(path)
