"""Mistakes with data in memory, each with its message: what is wrong, where, and what to do."""

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError, ZooError
from keras_rnn_zoo.user_data.python_data import bind_data

TEXTS = [f"text {n}" for n in range(20)]
LABELS = [n % 2 for n in range(20)]
FRAME = pd.DataFrame({"text": TEXTS, "label": LABELS})
SERIES = [np.zeros((5, 2))] * 20


def with_value(column, row, value):
    """Returns the table with another value in a row."""
    values = list(FRAME[column])
    values[row] = value
    return FRAME.assign(**{column: pd.Series(values, dtype=object)})


def generator():
    yield "text", 1


MISTAKES = {
    "a column that does not exist": (
        FRAME,
        {"columns": {"text": "txt"}},
        "pandas.DataFrame has no column 'txt'. Did you mean 'text'? Its columns: 'text', 'label'.",
    ),
    "columns with unusual names": (
        FRAME.set_axis(["a", "b"], axis=1),
        {},
        "('a', 'b') has a usual name for 'text'. Name the columns: columns=\"text=NAME,label=NAME\".",
    ),
    "an unknown word": (FRAME, {"columns": {"texts": "text"}}, "Did you mean 'text'"),
    "missing labels": (
        with_value("label", 7, None),
        {},
        "pandas.DataFrame, row 7, column 'label': the label is empty. Correct it, or skip such rows with "
        "skip_bad_rows=True.",
    ),
    "labels of NaN": (with_value("label", 7, float("nan")), {}, "row 7, column 'label': the label is empty"),
    "an infinite label": (with_value("label", 7, float("inf")), {}, "row 7, column 'label': a finite number is"),
    "one-hot labels in a column": (
        FRAME.assign(label=[np.array([1, 0])] * 20),
        {},
        "row 0, column 'label': a text or a number is expected; received the type ndarray ('[1 0]')",
    ),
    "a batch in each row": ({"text": [np.array(TEXTS)] * 20, "label": LABELS}, {}, "received the type ndarray"),
    "arrays without axes": ({"text": [np.array(text) for text in TEXTS], "label": [np.array(1)] * 20}, {}, "one class"),
    "an endless integer": ({"text": TEXTS, "label": [10**5000, 1] * 10}, {}, "received the type int ('an integer of"),
    "an endless integer in a list": ({"text": TEXTS, "label": [[10**5000], 1] * 10}, {}, "received the type list"),
    "an endless integer for series": ((SERIES, [10**5000, 1] * 10), {}, "a text or a number is expected"),
    "lengths that differ": ({"text": TEXTS, "label": LABELS[1:]}, {}, "'text' has 20, 'label' has 19. Correct their"),
    "more inputs than targets": ((TEXTS, LABELS[1:]), {}, "arrays: all columns must have the same number of rows"),
    "more series than targets": ((SERIES, LABELS[1:]), {}, "'x' has 20 series, but 'y' has 19 targets"),
    "an empty table": (FRAME[:0], {}, "pandas.DataFrame has no rows. Pass data with rows."),
    "no columns": (pd.DataFrame(index=range(20)), {}, "pandas.DataFrame has no columns"),
    "one class": (FRAME.assign(label=1), {}, "has only one class, '1' in the column 'label'"),
    "too few rows": (FRAME[:2], {}, "too few rows for the splits"),
    "mixed types": (with_value("text", 3, ["a", "b"]), {}, "row 3, column 'text': a text or a number is expected"),
    "a column of dicts": (
        {"review": [{"text": text} for text in TEXTS], "label": LABELS},
        {"columns": "text=review"},
        "has no column 'review'. Did you mean 'review.text'?",
    ),
    "two columns of one name": (
        pd.concat([FRAME, FRAME], axis=1),
        {},
        "pandas.DataFrame: two columns are named 'text'. Rename one.",
    ),
    "bytes in another encoding": (
        with_value("text", 4, "caf\xe9".encode("latin-1")),
        {},
        'byte 0xe9 at character 4 is not utf-8; name the encoding of the file with encoding="NAME"',
    ),
    "a lazy table": (pl.LazyFrame({"text": TEXTS}), {}, "call its method collect() first"),
    "a series of pandas": (FRAME["text"], {}, "received a pandas.Series"),
    "a generator": (generator(), {}, "A dataset is expected: a name, the address of files, or a table of pandas"),
    "a number": (3, {}, "received a int"),
    "an empty list": ([], {}, "received a list, []"),
    "a tuple of three": ((TEXTS, LABELS, LABELS), {}, "(x, y), is expected; received 3 items"),
    "targets that are not a list": ((TEXTS, "label"), {}, "y must be a list or an array; received the type str"),
    "several columns as inputs": ((FRAME, LABELS), {}, "x has 2 columns; a single one is expected"),
    "a wrong dtype": ((np.zeros((20, 4), "complex64"), LABELS), {}, "numbers are expected; received complex64"),
    "inputs of a wrong type": (([object()] * 20, LABELS), {}, "each input must be a text, a list of tokens, numbers"),
    "images of numbers": ((np.zeros((20, 8, 8, 3)), LABELS), {}, "an image, uint8 (height, width[, channels])"),
    "one-hot targets with two ones": ((TEXTS, np.ones((20, 2), "int64")), {}, "row 0 is [1 1]"),
    "dates as targets": ((TEXTS, np.zeros(20, "datetime64[D]")), {}, "received the dtype datetime64[D]"),
    "an infinite dataset": (
        tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).repeat(),
        {},
        "tf.data.Dataset is infinite. Limit it with its method take(count).",
    ),
    "a dataset without targets": (tf.data.Dataset.from_tensor_slices(TEXTS), {}, "(input, target) are expected"),
    "a streamed dataset": (
        datasets.Dataset.from_dict({"text": TEXTS}).to_iterable_dataset(),
        {},
        "Load it without streaming=True.",
    ),
    "no split for training": (
        datasets.DatasetDict(test=datasets.Dataset.from_dict({"text": TEXTS})),
        {},
        "has no split 'train'; its splits: 'test'.",
    ),
    "two splits for validation": (
        {"train": FRAME, "dev": FRAME, "validation": FRAME},
        {},
        "two of its splits, 'train', 'dev', 'validation', are for validation",
    ),
    "a file for validation": (FRAME, {"validation": "a.csv"}, "Option 'validation' expects data in memory"),
    "validation without a column": (FRAME, {"validation": FRAME[["text"]]}, "has no column 'label'"),
    "a class of the test data alone": (FRAME, {"test": with_value("label", 2, 5)}, "the label is not one of the 2"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_explained(mistake):
    data, options, message = MISTAKES[mistake]
    with pytest.raises(ZooError) as raised:
        data, options = bind_data(data, options)
        registry.find_dataset(data, ("classification", "regression"), options).open(None, 0, options)
    assert message in str(raised.value)
    assert "--" not in str(raised.value)


TAGGED = {"tokens": [["a", "b"]] * 20, "tags": [["X", "Y"]] * 20}


@pytest.mark.parametrize(
    ("architecture", "data", "message"),
    [
        ("tagger", {**TAGGED, "tags": [["X", "Y"]] * 19 + [["X"]]}, "row 19, column 'tags': 2 tokens, but 1 tag"),
        ("tagger", {**TAGGED, "tags": [["X", "Y"]] * 19 + [[]]}, "row 19, column 'tags': the list is empty"),
        ("tagger", {**TAGGED, "tags": [["X", "Y"]] * 19 + [["X", ""]]}, "row 19, column 'tags': a text is empty"),
        ("tagger", {**TAGGED, "tags": [["X", "Y"]] * 19 + [3]}, "row 19, column 'tags': a list of texts is expected"),
        ("many_to_one", (TAGGED["tokens"], LABELS), "has lists of texts as inputs, which are for tagging"),
        ("seq2seq", (SERIES, LABELS), "has series of numbers as inputs, which are for classification, regression or"),
        ("one_to_one", ([np.zeros((4, 4, 3), "uint8")] * 19 + [None], LABELS), "row 19, column 'image': the image is"),
        ("one_to_one", ([np.zeros((4, 4, 3), "uint8")] * 19 + ["a"], LABELS), "received the type str"),
        ("one_to_one", ([np.zeros((4, 4, 3), "uint8")] * 19 + [np.zeros((4, 4))], LABELS), "received float64 (4, 4)"),
        ("one_to_one", ([b"\x89PNG\r\n\x1a\n"] * 20, LABELS), "the image of 8 bytes cannot be opened"),
    ],
)  # fmt: skip
def test_a_mistake_in_other_kinds_of_data_is_explained(architecture, data, message):
    tasks = registry.architectures.get(architecture).tasks
    with pytest.raises(DataError) as raised:
        registry.find_dataset(data, tasks).open(None, 0, {})
    assert message in str(raised.value)


@pytest.mark.parametrize("dataset", ["csv:a.csv", None])
def test_data_in_memory_and_files_are_not_mixed(dataset):
    with pytest.raises(OptionError, match=r"Option 'test' is data in memory, a pandas\.DataFrame, but the training"):
        bind_data(dataset, {"test": FRAME})
