"""Data in memory, whatever it is held by: the same rows are the same examples, in the same order, as those of files."""

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pytest
import tensorflow as tf
from PIL import Image
from python_data import COUNT, ROWS, all_rows, opened, write_csv

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data import textfile
from keras_rnn_zoo.user_data.python_data import bind_data

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


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return all_rows(opened(write_csv(tmp_path_factory.mktemp("data") / "rows.csv", ROWS))[1])


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


def test_splits_of_the_user_are_kept():
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
    with pytest.raises(DataError, match=r'needs the package narwhals: pip install "keras-rnn-zoo\[tables\]"'):
        opened(pd.DataFrame(ROWS))
    assert opened(ROWS)[1].classes == ("0", "1")
