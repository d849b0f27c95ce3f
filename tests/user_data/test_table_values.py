"""Headers and values of a table: which row is a header, and which numbers are classes."""

import json

import pytest
from descriptions import described_by
from table_files import ROWS, TASKS, opened, pairs, table

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columns import are_measured, is_header


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
def test_a_header_is_detected_and_names_the_columns(header, columns, resolved, tmp_path):
    examples = opened(table(tmp_path / "a.csv", header, ROWS), columns=columns)[1]
    assert examples.recorded.columns == resolved
    assert examples.classes == ("bad", "good")
    trained = described_by(examples, "csv:old.csv")
    again = registry.find_dataset(f"csv:{tmp_path / 'a.csv'}", TASKS, {}, trained).make(None, 0)
    assert pairs(again, "test") == pairs(examples, "test")


def test_an_unnamed_index_is_not_a_label(tmp_path):
    path = table(tmp_path / "a.csv", ",text,label", [f"{n},{row}" for n, row in enumerate(ROWS)])
    assert opened(path)[1].recorded.columns == {"text": "text", "label": "label"}
    path = table(tmp_path / "b.csv", ",text", [f"{n},a text" for n in range(9)])
    with pytest.raises(DataError, match="has a usual name"):
        opened(path)


def test_unknown_numbers_of_a_numeric_header_are_named(tmp_path):
    path = table(tmp_path / "a.csv", "0,1", ROWS)
    with pytest.raises(DataError, match=r"no column '2'. Its columns: '0', '1'"):
        opened(path, columns="text=1,label=2")


@pytest.mark.parametrize(
    ("fields", "given"),
    [(["great film", "1"], ["1"]), (["great film", "good"], ["1", "2"]), (["text", "7"], ["1"]), (["text"], ["1"])],
)
def test_a_row_of_data_is_not_taken_for_a_header(fields, given):
    assert not is_header(fields, dict(zip(("text", "label"), given, strict=False)))


def test_blank_cells_around_a_table_are_not_rows(tmp_path):
    rows = [f"{row},," for row in ROWS] + [",,,", "   ", ""]
    for header in ("text,label", "text,label,,"):
        path = table(tmp_path / "a.csv", header, rows)
        assert sum(opened(path)[1].recorded.rows.values()) == 20


def test_doubled_quotes_are_part_of_the_text(tmp_path):
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
def test_integers_written_with_a_decimal_point_are_the_same_classes(labels, classes, tmp_path):
    path = table(tmp_path / "a.csv", "text,label", [f"text {n},{labels[n % 3]}" for n in range(60)])
    assert opened(path)[1].classes == classes


def test_a_rating_without_fractions_is_a_class(tmp_path):
    path = table(tmp_path / "a.csv", "text,rating", [f"text {n},{n % 5 + 1}.0" for n in range(60)])
    entry, examples = opened(path)
    assert (entry.task, examples.classes) == ("classification", ("1", "2", "3", "4", "5"))


@pytest.mark.parametrize(("trained", "tested"), [("1.0", "1"), ("1", "1.0"), ("1", "1.00")])
def test_classes_of_other_files_may_be_written_differently(trained, tested, tmp_path):
    rows = [f"text {n},{trained if n % 2 else '2'}" for n in range(60)]
    path = table(tmp_path / "a.csv", "text,label", rows)
    other = table(tmp_path / "b.csv", "text,label", [f"another,{tested}", "one,2.0"])
    examples = opened(path, test=str(other))[1]
    assert examples.classes == ("1", "2")
    assert pairs(examples, "test") == [("another", 0), ("one", 1)]


def test_a_missing_number_is_a_missing_label(tmp_path):
    rows = [f"text {n},{('1.0', '2.0', 'NaN')[n % 3]}" for n in range(60)]
    path = table(tmp_path / "a.csv", "text,label", rows)
    with pytest.raises(DataError, match=r"line 4, column 'label': the label is empty \('NaN'\).* 15 more rows"):
        opened(path)
    examples = opened(path, skip_bad_rows=True)[1]
    assert examples.classes == ("1", "2")
    assert (sum(examples.recorded.rows.values()), examples.recorded.bad_rows["train"]) == (40, 20)
    for part in examples.splits:
        assert len(pairs(examples, part)) == examples.recorded.rows[part]


def test_json_labels_can_be_numbers_booleans_and_null(tmp_path):
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
def test_numbers_are_values_if_some_have_a_fraction(values, measured):
    assert are_measured(values) == measured


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_the_number_of_columns_is_limited(ending, tmp_path):
    """Each row takes as much time as there are columns, however short it is."""
    names = ["text", "label", *(f"column {number}" for number in range(100_000))]
    separator = {"csv": ",", "tsv": "\t"}.get(ending)
    line = separator.join(names) if separator else json.dumps(dict.fromkeys(names, 1))
    path = tmp_path / f"wide.{ending}"
    path.write_text(f"{line}\n")
    with pytest.raises(DataError, match=r"wide\.\w+(, line 1: more than 16,384 fields| has 100,002 columns)"):
        opened(path)


@pytest.mark.parametrize("columns", ["text=text,value=y", "time=day,target=y"])
def test_an_integer_in_json_that_no_number_can_hold_is_a_bad_row(columns, tmp_path):
    rows = [{"text": f"a {number}", "day": f"2024-01-{number + 1:02}", "y": number + 0.5} for number in range(28)]
    rows[3]["y"] = 10**400
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(DataError, match="line 4, column 'y': a finite number is expected"):
        opened(path, tasks=("regression", "forecasting"), columns=columns)
