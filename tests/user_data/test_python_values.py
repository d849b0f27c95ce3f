"""Typed values of data in memory, and batches of tensors: what is read of them."""

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pytest
import tensorflow as tf
from python_data import ROWS, all_rows, opened

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.typed_values import is_missing, text_of, texts_of


def test_values_are_the_texts_that_pandas_writes_to_a_csv_file(tmp_path):
    """Empty texts, whole numbers as floats because one is missing, booleans, and rows without anything."""
    frame = pd.DataFrame(
        {
            "text": [f"text {n}" for n in range(40)],
            "label": [float(n % 2) for n in range(40)],
            "other": pd.Series([True] * 40, dtype=object),
        }
    )
    frame.loc[3, "text"] = None
    frame.loc[[5, 6], ["text", "label", "other"]] = None
    frame.to_csv(tmp_path / "rows.csv", index=False)
    examples, from_file = opened(frame)[1], opened(f"csv:{tmp_path / 'rows.csv'}")[1]
    assert all_rows(examples) == all_rows(from_file)
    assert examples.classes == from_file.classes == ("0", "1")
    assert examples.recorded.rows == from_file.recorded.rows


TYPED = [
    ("a", "a"), (np.str_("b"), "b"), (np.array("c"), "c"), (b"\xe3\x81\x82", "あ"), (1, "1"), (np.int8(1), "1"),
    (1.0, "1.0"), (np.float32(0.1), "0.1"), (True, "True"), (np.bool_(False), "False"),
    (pd.Timestamp("2024-01-02").date(), "2024-01-02"), (None, ""), (float("nan"), ""), (pd.NA, ""), (pd.NaT, ""),
    ([1], None), ({"a": 1}, None), (object, None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), TYPED)
def test_a_typed_value_is_a_text(value, text):
    assert text_of(value) == text
    assert is_missing(value) == (text == "")


def test_tokens_are_in_lists_or_between_spaces():
    assert texts_of(["New York", 1]) == ["New\N{NO-BREAK SPACE}York", "1"]
    assert texts_of("a  b ") == texts_of(np.array(["a", "b"])) == ["a", "b"]
    assert texts_of([["a"]]) is None
    assert texts_of(7) is None


def test_a_column_of_float32_has_its_own_digits():
    rows = {"text": [f"a {n}" for n in range(20)], "rating": np.array([0.1, 2.0] * 10, "float32")}
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows)):
        assert opened(frame, columns="label=rating")[1].classes == ("0.1", "2.0")


def test_numbers_of_few_bits_have_their_own_digits_wherever_they_are(tmp_path):
    """Also within others, in columns of libraries, and in files."""
    rows = {"text": [f"a {n}" for n in range(20)], "inner": [{"rating": n} for n in [0.1, 2.0] * 10]}
    features = {"text": datasets.Value("string"), "inner": {"rating": datasets.Value("float32")}}
    hub = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    hub.to_parquet(tmp_path / "a.parquet")
    for data in (hub, f"parquet:{tmp_path / 'a.parquet'}"):
        assert opened(data, columns="label=inner.rating")[1].classes == ("0.1", "2.0")
    for column in (pd.Series([0.1, 2.0] * 10, dtype="float32"), pl.Series([0.1, 2.0] * 10, dtype=pl.Float32)):
        assert opened({"text": rows["text"], "rating": column}, columns="label=rating")[1].classes == ("0.1", "2.0")


def test_times_that_are_all_at_midnight_are_dates_as_in_pandas(tmp_path):
    days = pd.to_datetime(["2024-01-01", "2024-01-02"] * 10)
    texts = [f"a {n}" for n in range(20)]
    for first in (days[0], days[0] + pd.Timedelta("1h"), None):
        frame = pd.DataFrame({"text": [*texts, "more"], "label": pd.DatetimeIndex([*days, first])})
        frame = frame.dropna() if first is None else frame
        frame.to_csv(tmp_path / "a.csv", index=False)
        frame.to_parquet(tmp_path / "a.parquet")
        frame.to_excel(tmp_path / "a.xlsx", index=False)
        expected = opened(f"csv:{tmp_path / 'a.csv'}")[1].classes
        arrays = {name: frame[name].to_numpy() for name in frame}
        for data in (frame, arrays, f"parquet:{tmp_path / 'a.parquet'}", f"excel:{tmp_path / 'a.xlsx'}"):
            assert opened(data)[1].classes == expected


def test_masked_values_are_missing():
    texts = [f"a {n}" for n in range(20)]
    labels = np.ma.masked_array(np.arange(20) % 2, mask=np.arange(20) < 3)
    for data in ((texts, labels), {"text": texts, "label": labels}):
        with pytest.raises(DataError, match="the label is empty"):
            opened(data)
        assert sum(opened(data, skip_bad_rows=True)[1].recorded.rows.values()) == 17
    assert sum(opened((np.arange(60.0).reshape(20, 3), labels), skip_bad_rows=True)[1].recorded.rows.values()) == 17
    with pytest.raises(DataError, match="masked values within series are not supported"):
        opened((np.ma.masked_array(np.ones((20, 3)), mask=np.eye(20, 3)), labels))


BATCHED = {
    "series": (np.random.default_rng(0).random((20, 5), "float32"), np.arange(20) % 2),
    "series with features": (np.random.default_rng(0).random((20, 5, 2), "float32"), np.eye(2)[np.arange(20) % 2]),
    "gray images": (np.random.default_rng(0).integers(0, 255, (20, 8, 8)).astype("uint8"), np.arange(20) % 2),
    "texts": ([f"a {n}" for n in range(20)], np.arange(20) % 2),
    "texts with names of classes": ([f"a {n}" for n in range(20)], ["x", "y"] * 10),
    "a table": {"text": [f"a {n}" for n in range(20)], "label": np.arange(20) % 2},
}


@pytest.mark.parametrize("kind", BATCHED)
def test_batches_of_tensors_are_their_examples(kind):
    examples = tf.data.Dataset.from_tensor_slices(BATCHED[kind])
    expected = list(opened(examples)[1].split("test").as_numpy_iterator())
    for size in (8, 1):
        found = list(opened(examples.batch(size))[1].split("test").as_numpy_iterator())
        assert [(np.array(raw).tolist(), target) for raw, target in found] == [
            (np.array(raw).tolist(), target) for raw, target in expected
        ]


def test_tensors_that_may_be_batches_or_examples_are_refused():
    data = tf.data.Dataset.from_tensor_slices((np.ones((20, 5)), np.ones(20))).batch(5, drop_remainder=True)
    with pytest.raises(DataError, match=r"the shapes \(5, 5\), \(5,\) may be batches or examples"):
        opened(data)


def test_class_labels_of_hugging_face_have_names_and_minus_one_is_missing():
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    data = datasets.Dataset.from_dict({"text": ROWS["text"][:20], "label": [0, 1] * 9 + [0, -1]}, features=features)
    with pytest.raises(DataError, match=r"datasets\.Dataset, row 19, column 'label': the label is empty"):
        opened(data)
    assert opened(data, skip_bad_rows=True)[1].classes == ("neg", "pos")


def test_class_labels_have_names_within_dicts_and_lists(tmp_path):
    names = datasets.ClassLabel(names=["neg", "pos"])
    features = datasets.Features({"text": datasets.Value("string"), "more": {"label": names}})
    data = datasets.Dataset.from_dict(
        {"text": ROWS["text"][:20], "more": [{"label": n % 2} for n in range(20)]}, features=features
    )
    data.save_to_disk(tmp_path / "saved")
    for dataset in (data, f"hf:{tmp_path / 'saved'}"):
        assert opened(dataset, columns="text=text,label=more.label")[1].classes == ("neg", "pos")
