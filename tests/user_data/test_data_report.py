"""What is told of a user's data before it is trained on."""

import logging
import re

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.inference.rebuild import make_task


@pytest.fixture
def describe(tmp_path, caplog):
    """A function that writes a table and returns what the first look at it logs, warnings apart."""

    def look(rows, header="text,label", test=None, columns="", task=None, **reading):
        path = tmp_path / "data.csv"
        path.write_text("".join(f"{row}\n" for row in [header, *rows]))
        options = {"test": "", "columns": columns}
        if test:
            (tmp_path / "test.csv").write_text("".join(f"{row}\n" for row in [header, *test]))
            options["test"] = str(tmp_path / "test.csv")
        name, writing = task or ("classification", {})
        entry = registry.find_dataset(f"csv:{path}", (name,), options)
        examples = entry.make(None, 0, skip_bad_rows=True, **options)
        reader = {name: option.default for name, option in registry.readers.get("text").options.items()}
        made = make_task(TaskConfig(name, "text", writing, {**reader, **reading}, examples.classes))
        made.fit(examples.split("train"))
        with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
            examples.report(made)
        lines = [(record.levelname, record.getMessage()) for record in caplog.records]
        caplog.clear()
        return [line for level, line in lines if level == "INFO"], [line for level, line in lines if level == "WARNING"]

    return look


SOUND = [f"this is text {n} which is told,{'ab'[n % 2]}" for n in range(60)]


def test_rows_classes_lengths_and_examples_are_reported(describe):
    lines, warnings = describe(SOUND)
    assert lines[0] == "data.csv: 48 training rows, 6 validation rows, 6 test rows; columns text=text, label=label."
    assert lines[1] == "Classes: a 30 (50.0%), b 30 (50.0%)."
    assert lines[2] == "Lengths: median 7, 95th percentile 7, longest 7 words."
    assert len(lines) == 6
    assert all(line.startswith("As the model sees it: 'this is text ") for line in lines[3:])
    assert warnings == ["A score on 6 test rows says little."]


def test_words_beyond_the_vocabulary_are_shown_as_unknown(describe):
    lines, _ = describe(SOUND, vocabulary_size=5, max_length=3)
    assert "[UNK]" in lines[3]


@pytest.mark.parametrize(
    ("rows", "options", "warning"),
    [
        ([*SOUND, ",a", " ,b"], {}, "2 rows have an empty text"),
        ([*SOUND[:40:2], *SOUND[:40:2], *SOUND], {}, "40 rows have the same input as another"),
        ([*SOUND, "alone"], {}, "1 row cannot be used and is skipped; the first one:"),
        (
            [f"text {n},{'rare' if n % 50 == 0 else 'common'}" for n in range(200)],
            {},
            "98.0% of the rows have the class",
        ),
        (SOUND, {"max_length": 3}, "100% of the texts are longer than max_length=3"),
        (SOUND, {"test": SOUND[:8]}, "8 of the 8 test rows are also among the training rows"),
        (
            [f"number {n} is {'good' if n % 2 else 'poor'},{'good' if n % 2 else 'bad'}" for n in range(60)],
            {},
            "The label 'good' occurs in 100% of the texts of its class and in 0% of the others",
        ),
        ([f"text {n},{['A', 'a '][n % 2]}" for n in range(60)], {}, "The labels 'A' and 'a' differ only in case"),
        (
            [f"text {n},{label}" for n in range(30) for label in ("caf\u00e9", "cafe\u0301")],
            {},
            r"The labels 'caf\xe9' and 'cafe\u0301' differ",
        ),
        ([f"text {n},{n}" for n in range(60)], {}, "60 of the 60 classes have a single row"),
        (
            SOUND,
            {"header": "Rezension,Klasse", "columns": "text=1,label=2"},
            "Only the first row has the label 'Klasse'",
        ),
    ],
    ids=["empty", "repeated", "skipped", "unbalanced", "cut", "shared", "leaking", "case", "form", "single", "header"],
)
def test_common_problems_cause_a_warning(rows, options, warning, describe):
    _, warnings = describe(rows, **options)
    assert any(warning in line for line in warnings), warnings


PAIRS = [f"Is it {n}?,C'est {n} !" for n in range(60)]


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({}, r"'is it \d+ \?' -> 'C'est \d+ !'$"),
        ({"target_tokens": "words"}, r"'is it \d+ \?' -> 'c'est \d+ !'$"),
        ({"max_length": 3}, r"'it \d+ \?' -> 'C'est'$"),
        ({"target_tokens": "spaces", "target_vocabulary_size": 6}, r"'is it \d+ \?' -> 'C'est \[UNK\] !'$"),
    ],
    ids=["pieces", "words", "cut", "unknown"],
)
def test_targets_are_shown_as_the_model_sees_them(options, seen, describe):
    lines, _ = describe(
        PAIRS, "source,target", task=("translation", options), max_length=options.get("max_length", 100)
    )
    assert all(re.search(seen, line) for line in lines[-3:]), lines[-3:]


def test_a_truncated_target_causes_a_warning(describe):
    long = ",".join(["short", "long words " * 20])
    for rows, share in ((PAIRS[:54] + [long] * 6, "targets"), (PAIRS, "")):
        _, warnings = describe(rows, "source,target", task=("translation", {"max_length": 20}), max_length=20)
        cut = [line for line in warnings if "longer than max_length=20" in line]
        assert [share in line for line in cut] == [True] * bool(share), warnings
