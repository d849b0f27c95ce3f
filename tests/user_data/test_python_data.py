"""Data in memory, whatever it is held by: the same rows are the same examples, in the same order, as those of files."""

import csv
import json
import random
import re
import shlex
from pathlib import Path

import datasets
import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError, TrainingInterrupted
from keras_rnn_zoo.user_data import python_tables, textfile
from keras_rnn_zoo.user_data.columns import ColumnError
from keras_rnn_zoo.user_data.python_data import bind_data
from keras_rnn_zoo.user_data.typed_values import is_missing, text_of, texts_of
from zoo_cli.main import cli

SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "batch_size": 64, "verbose": 0}
COUNT = 600  # More than two blocks of rows.


def reviews(count=COUNT):
    words = random.Random(0).choices("good bad fine awful film movie plot actor story".split(), k=4 * count)
    texts = [f"{' '.join(words[4 * n : 4 * n + 4])} {n}" for n in range(count)]
    return {"text": texts, "label": [n % 3 % 2 for n in range(count)]}


ROWS = reviews()
HELD_BY = {
    "pandas": lambda: pd.DataFrame(ROWS),
    "pandas with objects": lambda: pd.DataFrame({name: pd.Series(ROWS[name], dtype=object) for name in ROWS}),
    "pandas with categories": lambda: pd.DataFrame(ROWS).astype({"label": "category"}),
    "pandas with an index and other columns": lambda: pd.DataFrame(ROWS, range(COUNT, 0, -1)).assign(other=1.5),
    "polars": lambda: pl.DataFrame(ROWS),
    "pyarrow": lambda: pl.DataFrame(ROWS).to_arrow(),
    "a dict of lists": lambda: ROWS,
    "a dict of arrays": lambda: {name: np.array(values) for name, values in ROWS.items()},
    "a dict of series": lambda: {"text": pd.Series(ROWS["text"]), "label": pl.Series(ROWS["label"])},
    "a list of dicts": lambda: pd.DataFrame(ROWS).to_dict("records"),
    "lists": lambda: (ROWS["text"], ROWS["label"]),
    "arrays": lambda: (np.array(ROWS["text"]), np.array(ROWS["label"])[:, None]),
    "one-hot targets": lambda: (np.array(ROWS["text"], object), np.eye(2)[ROWS["label"]]),
    "bytes": lambda: ([text.encode() for text in ROWS["text"]], ROWS["label"]),
    "a list of pairs": lambda: list(zip(ROWS["text"], ROWS["label"], strict=True)),
    "tf.data": lambda: tf.data.Dataset.from_tensor_slices((ROWS["text"], ROWS["label"])),
    "tf.data in batches": lambda: tf.data.Dataset.from_tensor_slices((ROWS["text"], ROWS["label"])).batch(50),
    "tf.data of dicts": lambda: tf.data.Dataset.from_tensor_slices(ROWS),
    "hugging face": lambda: datasets.Dataset.from_dict(ROWS),
    "hugging face, one split": lambda: datasets.DatasetDict(train=datasets.Dataset.from_dict(ROWS)),
}  # fmt: skip


def opened(data, architecture="many_to_one", seed=0, **options):
    """Returns the examples of data, which is an address or in memory."""
    data, options = bind_data(data, options)
    entry = registry.find_dataset(data, registry.architectures.get(architecture).tasks, options)
    return entry, entry.open(None, seed, options)


def all_rows(examples):
    return {
        split: [
            (raw if isinstance(raw, bytes) else raw.tolist(), target if isinstance(target, bytes) else target.tolist())
            for raw, target in examples.split(split).as_numpy_iterator()
        ]
        for split in ("train", "validation", "test")
    }


def write_csv(path, columns):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])
    return f"csv:{path}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("data") / "rows.csv", ROWS)


@pytest.fixture(scope="module")
def expected(address):
    return all_rows(opened(address)[1])


@pytest.mark.parametrize("held", HELD_BY)
def test_the_same_rows_are_the_same_examples_in_the_same_order_as_those_of_a_csv_file(held, expected):
    entry, examples = opened(HELD_BY[held]())
    assert entry.name.startswith("memory:")
    assert examples.classes == ("0", "1")
    assert all_rows(examples) == expected
    _, same = opened(ROWS)
    assert examples.checksum == same.checksum


@pytest.mark.parametrize("held", [2**22, 100])
def test_the_order_is_the_same_whatever_the_size_of_the_file(held, tmp_path, monkeypatch):
    """Of files that are held in memory, and of those that are read block by block."""
    monkeypatch.setattr(textfile, "MAX_HELD_BYTES", held)
    for count in (255, 256, 257, 600):
        columns = {name: values[:count] for name, values in ROWS.items()}
        address = write_csv(tmp_path / f"{count}.csv", columns)
        assert all_rows(opened(columns, seed=3)[1]) == all_rows(opened(address, seed=3)[1])


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


def test_columns_are_named_by_a_dict_or_a_text_also_within_others():
    rows = {"what, then": [{"en": f"one {n}", "ja": f"いち {n}"} for n in range(20)], "stars": [1, 2] * 10}
    columns = {"text": "what, then.ja", "label": "stars"}
    for data in (rows, pl.DataFrame(rows), datasets.Dataset.from_dict(rows), pd.DataFrame(rows)):
        examples = opened(data, columns=columns)[1]
        assert examples.recorded.columns == columns
        assert all_rows(examples)["test"][0][0].decode().startswith("いち")
    assert opened(rows, columns='"text=what, then.ja",label=stars')[1].recorded.columns == columns


def test_floats_with_fractions_are_values_and_whole_ones_are_classes():
    texts = [f"a {n}" for n in range(20)]
    assert opened((texts, [n + 0.5 for n in range(20)]))[0].task == "regression"
    assert opened((texts, [n % 2 for n in range(20)]))[0].task == "classification"
    assert opened({"text": texts, "price": [1, 2] * 10})[0].task == "regression"


def test_splits_are_those_that_the_user_divided():
    part = {name: values[:30] for name, values in ROWS.items()}
    train, other = pd.DataFrame(ROWS), pd.DataFrame(part)
    dataset = {"train": datasets.Dataset.from_dict(ROWS), "unsupervised": datasets.Dataset.from_dict(part)}
    dataset |= {"dev": datasets.Dataset.from_dict(part), "test": datasets.Dataset.from_dict(part)}
    arrays = (np.array(ROWS["text"]), np.array(ROWS["label"]))
    divided = [
        opened(train, validation=other, test=other)[1],
        opened({"train": train, "validation": part, "test": part})[1],
        opened(datasets.DatasetDict(dataset))[1],
        opened((arrays, (arrays[0][:30], arrays[1][:30])), validation=(part["text"], part["label"]))[1],
    ]
    rows = [all_rows(examples) for examples in divided]
    assert rows[0] == rows[1] == rows[2] == rows[3]
    assert [len(rows[0][split]) for split in ("train", "validation", "test")] == [COUNT, 30, 30]


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


def test_lists_of_tokens_and_tags_are_sentences_as_in_a_conll_file(tmp_path):
    tokens = [["Ada", "is", "in", "New York", str(n)] for n in range(20)]
    tags = [["PER", "O", "O", "LOC", "O"]] * 20
    lines = [
        "".join(f"{token}\t{tag}\n" for token, tag in zip(*sentence, strict=True))
        for sentence in zip(tokens, tags, strict=True)
    ]
    (tmp_path / "a.conll").write_text("\n".join(lines))
    from_file = all_rows(opened(f"conll:{tmp_path / 'a.conll'}", "tagger")[1])
    names = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "PER", "LOC"])),
        }
    )
    numbers = [["O", "PER", "LOC"].index(tag) for tag in tags[0]]
    for data in (
        (tokens, tags),
        pd.DataFrame({"tokens": tokens, "tags": tags}),
        pl.DataFrame({"tokens": tokens, "ner_tags": tags}),
        datasets.Dataset.from_dict({"tokens": tokens, "ner_tags": [numbers] * 20}, features=names),
    ):
        entry, examples = opened(data, "tagger")
        assert entry.task == "tagging"
        # A file of one block is read in order, a table in memory is shuffled.
        assert {split: sorted(rows) for split, rows in all_rows(examples).items()} == {
            split: sorted(rows) for split, rows in from_file.items()
        }


def test_texts_without_targets_are_a_text_with_a_line_each(tmp_path):
    lines = [f"line {n} of a book" for n in range(60)]
    (tmp_path / "a.txt").write_text("".join(f"{line}\n" for line in lines))
    from_file = all_rows(opened(f"text:{tmp_path / 'a.txt'}", "language_model")[1])
    for data, options in (
        (lines, {}),
        ({"text": lines}, {}),
        (pd.DataFrame({"it": lines, "n": 1}), {"columns": "text=it"}),
    ):
        entry, examples = opened(data, "language_model", **options)
        assert entry.task == "language_modeling"
        assert all_rows(examples) == from_file


def test_series_are_those_of_an_npz_file(tmp_path):
    draw = np.random.default_rng(0)
    ragged = [draw.normal(size=(3 + n % 4, 2)).astype("float32") for n in range(30)]
    objects = np.empty(30, object)
    objects[:] = ragged
    labels = np.arange(30) % 2
    np.savez(tmp_path / "a.npz", x=objects, y=labels)
    from_file = all_rows(opened(f"npz:{tmp_path / 'a.npz'}")[1])
    lists = [series.tolist() for series in ragged]
    padded = np.zeros((30, 6, 2), "float32")
    for row, series in zip(padded, ragged, strict=True):
        row[: len(series)] = series
    for data in (
        (ragged, labels),
        (objects, list(labels)),
        {"x": padded, "y": labels, "lengths": [len(series) for series in ragged]},
        pd.DataFrame({"signal": ragged, "label": labels, "length": -1.5}),
        datasets.Dataset.from_dict({"signal": lists, "label": labels}),
    ):
        entry, examples = opened(data)
        assert entry.model_options["input"] == "series"
        assert all_rows(examples) == from_file
    assert opened((ragged, ["ab"] * 30), "ctc")[0].task == "transcription"


def test_images_keep_their_pixels():
    draw = np.random.default_rng(0)
    labels = np.arange(20) % 2
    for shape in ((8, 6), (8, 6, 1), (8, 6, 3)):
        pixels = draw.integers(0, 256, (20, *shape), "uint8")
        entry, examples = opened((pixels, labels), "one_to_one")
        assert entry.defaults == {"image_height": 8, "image_width": 6, "channels": shape[-1] if shape[2:] else 1}
        decoded = [tf.io.decode_image(raw).numpy() for raw, _ in examples.split("train")]
        assert all(any((image == other.reshape(image.shape)).all() for other in pixels) for image in decoded)
    pictures = datasets.Dataset.from_dict({"image": [Image.fromarray(image) for image in pixels], "label": labels})
    assert all_rows(opened(pictures, "one_to_one")[1]) == all_rows(examples)
    files = [raw for raw, _ in examples.split("train").as_numpy_iterator()]
    assert opened((files, [0, 1] * (len(files) // 2)), "one_to_one")[0].model_options["input"] == "image"
    captioned = opened((pixels, [["a", "b"]] * 20), "one_to_many")[1]
    assert [target.tolist() for _, target in captioned.split("test").as_numpy_iterator()] == [[b"a", b"b"]] * 2


def test_a_path_is_an_address(tmp_path):
    write_csv(tmp_path / "a.csv", ROWS)
    data, options = bind_data(tmp_path, {"validation": tmp_path / "b", "test": None, "columns": {}})
    assert (data, options) == (str(tmp_path), {"validation": str(tmp_path / "b"), "columns": ""})


def test_the_package_that_reads_tables_is_named_if_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "narwhals", None)
    with pytest.raises(DataError, match=r'needs the package narwhals, .*: pip install "keras-rnn-zoo\[tables\]"'):
        opened(pd.DataFrame(ROWS))
    assert opened(ROWS)[1].classes == ("0", "1")
    assert python_tables.INSTALL in 'pip install "keras-rnn-zoo[tables]"'


@pytest.fixture(scope="module")
def runs(tmp_path_factory, address):
    """Runs on the same rows in a CSV file and in a DataFrame."""
    folder = str(tmp_path_factory.mktemp("runs"))
    kinds = {"file": address, "frame": pd.DataFrame(ROWS)}
    return {
        name: zoo.train("many_to_one", dataset=data, run=name, epochs=1, models_dir=folder, **SMALL)
        for name, data in kinds.items()
    }


def test_a_training_on_a_table_measures_what_one_on_its_csv_file_does(runs):
    assert runs["frame"].metrics == runs["file"].metrics
    assert (runs["frame"].path / "history.csv").read_text() == (runs["file"].path / "history.csv").read_text()


def test_a_run_names_the_data_in_memory_that_it_was_trained_on(runs):
    dataset = runs["frame"].config.dataset
    assert dataset.name == "memory:pandas.DataFrame"
    assert dataset.checksum == opened(ROWS)[1].checksum
    assert dataset.recorded.columns == {"text": "text", "label": "label"}
    assert sum(dataset.recorded.rows.values()) == COUNT
    assert "memory:pandas.DataFrame" in (runs["frame"].path / "README.md").read_text()


def test_data_in_memory_must_be_passed_again(runs):
    with pytest.raises(DataError, match=r"a pandas\.DataFrame with 600 rows, .*evaluate\('frame', dataset=data\)"):
        zoo.evaluate(runs["frame"])
    measured = zoo.evaluate(runs["frame"], dataset=datasets.Dataset.from_dict(ROWS))
    assert (measured.split, measured.examples) == ("test", 60)
    assert measured.metrics == json.loads((runs["frame"].path / "metrics.json").read_text())["metrics"]
    assert zoo.evaluate(runs["frame"], dataset=ROWS, split="validation").examples == 60
    with pytest.raises(DataError, match=r"cannot be named by an address, 'memory:x'"):
        zoo.train("many_to_one", dataset="memory:x")


def test_other_labeled_data_is_evaluated_with_all_of_its_rows(runs, address):
    part = {"text": ROWS["text"][:50], "label": ROWS["label"][:50]}
    measured = zoo.evaluate(runs["file"], dataset=pd.DataFrame(part))
    assert (measured.dataset, measured.split, measured.examples) == ("memory:pandas.DataFrame", "all", 50)
    renamed = {"rev": part["text"], "mark": part["label"]}
    again = zoo.evaluate(runs["file"], dataset=renamed, columns={"text": "rev", "label": "mark"})
    assert again.metrics == measured.metrics
    assert zoo.evaluate(runs["file"], dataset={"review": part["text"], "stars": part["label"]}).metrics == again.metrics
    predicted = [answer["label"] for answer in zoo.predict(runs["file"], part["text"])]
    counts = json.loads(json.dumps(measured.as_json()))["confusion"]["counts"]
    true = [str(label) for label in part["label"]]
    assert counts == [[sum(pair == (a, b) for pair in zip(true, predicted, strict=True)) for b in "01"] for a in "01"]
    assert zoo.evaluate(runs["file"], dataset=address).split == "test"
    divided = {"train": part, "test": {"text": ["a"], "label": [1]}}
    assert zoo.evaluate(runs["file"], dataset=divided).examples == 51
    assert zoo.evaluate(runs["file"], dataset=divided, split="test").examples == 1


def test_data_that_does_not_fit_a_run_is_not_evaluated(runs):
    unknown = {"text": ["a", "b"], "label": [1, 2]}
    with pytest.raises(DataError, match=r"row 1, column 'label': the label is not one of the 2 seen in training"):
        zoo.evaluate(runs["file"], dataset=unknown)
    assert zoo.evaluate(runs["file"], dataset=unknown, skip_bad_rows=True).examples == 1
    with pytest.raises(DataError, match=r"'toy_reviews' has classes that the run 'file' was not trained on"):
        zoo.evaluate(runs["file"], dataset="toy_reviews")
    with pytest.raises(DataError, match=r"'digits' is for classification of image; the run 'file' is for"):
        zoo.evaluate(runs["file"], dataset="digits")
    with pytest.raises(ColumnError, match=r"none of its columns .* columns=\"text=NAME,label=NAME\"\.$"):
        zoo.evaluate(runs["file"], dataset={"a": ["b"], "c": [1]})
    with pytest.raises(DataError, match="has no split 'test'"):
        zoo.evaluate(runs["file"], dataset=unknown, split="test", skip_bad_rows=True)
    with pytest.raises(DataError, match="has no rows to evaluate"):
        zoo.evaluate(runs["file"], dataset={"text": ["a"], "label": [7]}, skip_bad_rows=True)


def test_a_resumed_training_takes_its_data_again(monkeypatch):
    """It needs the same data, which may be held by another library."""
    settings = {**SMALL, "epochs": 2}

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch:
                raise KeyboardInterrupt

    fit = keras.Model.fit
    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", lambda *a, callbacks, **k: fit(*a, callbacks=[*callbacks, Interrupt()], **k))
        with pytest.raises(TrainingInterrupted):
            zoo.train("many_to_one", dataset=ROWS, **settings)
    with pytest.raises(DataError, match="Pass the same data again"):
        zoo.train("many_to_one", resume=True, verbose=0)
    with pytest.raises(DataError, match="differs from the one this training began with"):
        zoo.train("many_to_one", dataset={**ROWS, "text": ROWS["text"][::-1]}, resume=True, verbose=0)
    with pytest.raises(OptionError, match="started with dataset='memory:dict'"):
        zoo.train("many_to_one", dataset="toy_reviews", resume=True, verbose=0)
    assert zoo.train("many_to_one", dataset=ROWS, resume=True, verbose=0).config.epochs_trained == 2


def test_the_program_and_the_command_in_the_documentation_run(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    (program,) = re.findall(r"## Data in Python\n.*?```python\n(.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"^    zoo (evaluate .* --json)$", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    columns = {"review": ROWS["text"], "stars": ROWS["label"]}
    write_csv(tmp_path / "reviews.csv", columns)
    for name in ("more.csv", "new.csv"):
        write_csv(tmp_path / name, {column: values[:40] for column, values in columns.items()})
    train = zoo.train
    monkeypatch.setattr(zoo, "train", lambda name, *, epochs, **given: train(name, epochs=1, **SMALL, **given))
    exec(compile(program, "data.md", "exec"), {})
    shown = capsys.readouterr().out.split()
    result = CliRunner().invoke(cli, shlex.split(command), catch_exceptions=False)
    measured = json.loads(result.stdout)
    assert (measured["dataset"], measured["split"], measured["examples"]) == (f"csv:{tmp_path / 'new.csv'}", "all", 40)
    assert f"{measured['metrics']['accuracy']}" == shown[-1]
    assert sum(map(sum, measured["confusion"]["counts"])) == 40
    result = CliRunner().invoke(cli, ["evaluate", "many_to_one"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "was trained on data in memory" in result.stderr
