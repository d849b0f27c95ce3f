"""Tables in every guise, and what becomes of their rows."""

import csv
import gzip
import io
import json
from collections import Counter

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.addresses.columns import parse_columns
from keras_rnn_zoo.addresses.splitting import Split
from keras_rnn_zoo.errors import DataError

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
    assert examples.facts["columns"] == {"text": "review", "label": "stars"}
    assert examples.classes == ("bad", "good")
    found = {
        one_line(raw): examples.classes[target] for part in examples.splits for raw, target in pairs(examples, part)
    }
    assert found == dict(zip(map(one_line, TEXTS), LABELS, strict=True))


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis", "latin-1"])
def test_another_encoding_is_named(encoding, tmp_path):
    text = "あ" if encoding == "shift_jis" else "café"
    path = tmp_path / "a.csv"
    path.write_bytes("".join(["text,label\n", *(f"{text} {n},{n % 2}\n" for n in range(9))]).encode(encoding))
    with pytest.raises(DataError, match="encoding=NAME"):
        opened(path)
    examples = opened(path, encoding=encoding)[1]
    assert pairs(examples, "train")[0][0].startswith(text)


def test_columns_by_number_are_of_a_file_without_a_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(as_csv(header=None))
    examples = opened(path, columns="text=1,label=2")[1]
    assert sum(examples.facts["rows"].values()) == 60


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
    assert examples.facts["columns"] == resolved


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
    assert examples.facts["rows"] == {"train": 1600, "validation": 200, "test": 200}
    parts = {part: pairs(examples, part) for part in examples.splits}
    for part, rows in parts.items():
        assert len(rows) == examples.facts["rows"][part] == int(examples.split(part).cardinality())
        assert Counter(target for _, target in rows)[1] == len(rows) // 10
    texts = [text for rows in parts.values() for text, _ in rows]
    assert len(texts) == len(set(texts)) == 2000
    assert pairs(opened(path)[1], "test") == parts["test"]
    assert set(pairs(opened(path, seed=1)[1], "test")) != set(parts["test"])


def test_rows_stay_in_their_split_when_others_come(tmp_path):
    examples = opened(many(tmp_path))[1]
    known = {**examples.facts, "checksum": examples.checksum, "classes": examples.classes}
    tested = set(pairs(examples, "test"))
    path = many(tmp_path, 3000)
    again = registry.find_dataset(f"csv:{path}", TASKS, {}, known).make(None, 0)
    assert tested < set(pairs(again, "test"))
    assert sum(again.facts["rows"].values()) == 3000


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
    assert examples.facts["rows"] == {"train": 1800, "validation": 200, "test": 7}
    assert [raw for raw, _ in pairs(examples, "test")] == [f"other {n}" for n in range(7)]


def test_whole_numbers_are_sorted_as_numbers(tmp_path):
    path = table(tmp_path / "a.csv", "text,label", [f"{n},{n % 12}" for n in range(60)])
    assert opened(path)[1].classes == tuple(map(str, range(12)))


def test_a_split_is_written_down_and_read_again():
    split = Split(3, {"a": (10, 2**53), "": (0, 1)})
    assert Split.from_json(json.loads(json.dumps(split.as_json()))) == split
