"""Broken input of every kind is refused in words that name it; the words are the table in docs/faults.md."""

import os
import re
from pathlib import Path

import pytest
from fault_cases import CASES, write

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import ZooError

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """# What is wrong with your data

What `zoo train` says of broken input of {count} kinds. Where a row is at fault, `--skip-bad-rows` skips such rows
and counts them. This page is written by `tests/user_data/test_faults.py`.

| what is wrong | what is said | rows can be skipped |
|---|---|---|
"""


def opened(case, folder, **options):
    address, given = write(case, folder)
    data_dir = given.pop("data_dir", None)
    entry = registry.find_dataset(address, (case.task,), {**given, "data_dir": data_dir})
    return entry.make(data_dir, 0, **given, **options)


def message(case, folder):
    """Returns what is said of a case, without what differs from machine to machine."""
    with pytest.raises(ZooError) as raised:
        opened(case, folder)
    return re.sub(r"\s+", " ", str(raised.value).replace(f"{folder}/", ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_fault_names_where_it_is_and_what_to_do(case, tmp_path):
    said = message(case, tmp_path)
    for wanted in case.wants:
        assert wanted in said
    assert said[-1] in ".?"
    assert "--skip-bad-rows" in said or not case.row


@pytest.mark.parametrize("case", [case for case in CASES if case.row], ids=lambda case: case.name.replace(" ", "-"))
def test_skipping_goes_on_without_the_rows_and_counts_them(case, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.user_data.dataset._check_enough", lambda *arguments: None)
    examples = opened(case, tmp_path, skip_bad_rows=True)
    assert sum(examples.recorded.bad_rows.values()) >= 1
    for part, count in examples.recorded.rows.items():
        if case.task != "captioning":
            assert sum(1 for _ in examples.splits[part]()) == count


def test_there_are_many_kinds():
    assert len({case.name for case in CASES}) == len(CASES) >= 40


def test_the_table_in_the_documentation_is_true(tmp_path):
    rows = []
    for number, case in enumerate(CASES):
        said = message(case, tmp_path / str(number)).replace("|", "\\|")
        rows.append(f"| {case.name} | {said} | {'yes' if case.row else 'no'} |\n")
    table = HEAD.format(count=len(CASES)) + "".join(rows)
    if os.environ.get("ZOO_WRITE_DOCS"):
        DOCUMENT.write_text(table)
    assert DOCUMENT.read_text() == table, "run this test with ZOO_WRITE_DOCS=1 and commit docs/faults.md"
