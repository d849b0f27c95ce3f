"""How the rows of a table are split, and how a sorted file is mixed."""

import json
from collections import Counter

from descriptions import described_by
from table_files import TASKS, opened, pairs, table

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import SplitConfig


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


def test_rows_stay_in_their_split_when_others_are_added(tmp_path):
    examples = opened(many(tmp_path))[1]
    trained = described_by(examples, "csv:old.csv")
    tested = set(pairs(examples, "test"))
    path = many(tmp_path, 3000)
    again = registry.find_dataset(f"csv:{path}", TASKS, {}, trained).make(None, 0)
    assert tested < set(pairs(again, "test"))
    assert sum(again.recorded.rows.values()) == 3000


def test_rows_with_the_same_source_are_in_the_same_split(tmp_path):
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


def test_files_for_validation_and_test_are_used_whole(tmp_path):
    path, other = many(tmp_path), tmp_path / "other.csv"
    table(other, "id,label,text", [f"{n},common,other {n}" for n in range(7)])
    examples = opened(path, test=str(other))[1]
    assert examples.recorded.rows == {"train": 1800, "validation": 200, "test": 7}
    assert [raw for raw, _ in pairs(examples, "test")] == [f"other {n}" for n in range(7)]


def test_integers_are_sorted_as_numbers(tmp_path):
    path = table(tmp_path / "a.csv", "text,label", [f"{n},{n % 12}" for n in range(60)])
    assert opened(path)[1].classes == tuple(map(str, range(12)))


def test_small_classes_are_held_out_in_proportion(tmp_path):
    rows = [f"text {n} {k},class {n}" for n in range(300) for k in range(2)]
    counts = opened(table(tmp_path / "a.csv", "text,label", rows))[1].recorded.rows
    assert counts == {"train": 480, "validation": 60, "test": 60}


def test_a_split_is_recorded_and_read_again():
    split = SplitConfig(3, {"a": (10, 2**53), "": (0, 1)})
    written = json.loads(json.dumps(split.to_json()))
    assert SplitConfig.from_json(written) == split
