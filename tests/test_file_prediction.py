"""Answers to whole files, beside their inputs and in their form."""

import csv
import gzip
import io
import json
import os
import shutil
import threading

import numpy as np
import pytest
import tensorflow as tf
from prediction_files import ONE_LINE, TEXTS, as_csv

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference import predict as prediction
from keras_rnn_zoo.inference import predict_file as prediction_of_files


@pytest.fixture(scope="module")
def labels(loaded):
    return [answer["label"] for answer in zoo.predict(loaded, TEXTS)]


def test_a_table_gets_further_columns(loaded, labels, tmp_path):
    table = as_csv([("id", "text", "label"), *((n, text, "?") for n, text in enumerate(TEXTS))])
    (tmp_path / "in.csv").write_text(table)
    counts = zoo.predict_file(loaded, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    assert counts == {"predicted": 4, "skipped": 0}
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "text", "label", "predicted_label", "predicted_probability"]
    assert [row["text"] for row in rows] == TEXTS
    assert [row["predicted_label"] for row in rows] == labels
    assert all(0.5 <= float(row["predicted_probability"]) <= 1 for row in rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_the_output_may_be_the_input(loaded, labels, tmp_path):
    path, link = tmp_path / "in.csv", tmp_path / "link.csv"
    path.write_text(as_csv([("text",), *((text or "-",) for text in TEXTS)]))
    link.symlink_to(path.name)
    zoo.predict_file(loaded, str(path), str(link))
    with open(path, newline="") as file:
        assert len(list(csv.DictReader(file))) == len(TEXTS)
    assert link.is_symlink()


def test_a_pipe_gets_the_predictions(loaded, tmp_path):
    pipe, read = tmp_path / "pipe.gz", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(gzip.decompress(pipe.read_bytes())), daemon=True)
    reader.start()
    (tmp_path / "in.txt").write_text("good\nbad\n")
    zoo.predict_file(loaded, str(tmp_path / "in.txt"), str(pipe))
    reader.join(20)
    assert len(read[0].splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.csv", "id,text\n"),
        ("in.csv", "id,text\r\n\r\n"),
        ("in.tsv", "id\ttext\n"),
        ("in.jsonl", "\n"),
        ("in.txt", ""),
    ],
)
def test_a_file_without_inputs_is_refused(name, content, loaded, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=rf"{name} (contains nothing to predict|is empty)\. Name a file"):
        zoo.predict_file(loaded, str(tmp_path / name), str(tmp_path / "out"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_columns_by_number_need_no_header(loaded, labels, tmp_path):
    (tmp_path / "in.tsv").write_text("".join(f"{text}\tmore\n" for text in ["a", "b"]))
    zoo.predict_file(loaded, str(tmp_path / "in.tsv"), str(tmp_path / "out.tsv"), columns="text=1")
    assert [line.split("\t")[:2] for line in (tmp_path / "out.tsv").read_text().splitlines()] == [
        ["a", "more"],
        ["b", "more"],
    ]


def test_json_lines_keep_all_their_keys(loaded, labels, tmp_path):
    rows = [{"text": text, "more": [n]} if n else {"text": text} for n, text in enumerate(TEXTS)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    zoo.predict_file(loaded, str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl.gz"))
    with gzip.open(tmp_path / "out.jsonl.gz", "rt") as file:
        answered = [json.loads(line) for line in file]
    assert [row["predicted_label"] for row in answered] == labels
    assert all(list(row["predicted_probabilities"]) == ["negative", "positive"] for row in answered)
    assert answered[1]["more"] == [1]


def test_texts_get_a_line_each(loaded, tmp_path):
    (tmp_path / "in.txt").write_text("".join(f"{text}\r\n" for text in ONE_LINE))
    out = io.StringIO()
    zoo.predict_file(loaded, f"text:{tmp_path / 'in.txt'}", to=out)
    assert out.getvalue().splitlines() == [answer["label"] for answer in zoo.predict(loaded, ONE_LINE)]


def test_inputs_are_read_as_they_are_predicted(loaded, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.inference.predict_file.CHUNK_SIZE", 3)
    texts = [f"{'very ' * (n % 5)}good {n}" for n in range(10)]
    (tmp_path / "in.txt").write_text("".join(f"{text}\n" for text in texts))
    seen, out = [], io.StringIO()
    zoo.predict_file(loaded, str(tmp_path / "in.txt"), to=out, progress=seen.append)
    assert seen == [3, 6, 9, 10]
    assert out.getvalue().splitlines() == [answer["label"] for answer in zoo.predict(loaded, texts)]


def test_a_row_that_cannot_be_read_stops_or_is_left_out(loaded, tmp_path):
    (tmp_path / "in.csv").write_bytes(b"text,id\ngood,1\nbad\xff,2\nalone\nfine,3\n")
    out = tmp_path / "out.csv"
    with pytest.raises(DataError, match=r"in\.csv, line 3, column 'text': byte 0xff"):
        zoo.predict_file(loaded, str(tmp_path / "in.csv"), str(out))
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    counts = zoo.predict_file(loaded, str(tmp_path / "in.csv"), str(out), skip_bad_rows=True)
    assert counts == {"predicted": 2, "skipped": 2}
    assert len(out.read_text().splitlines()) == 3


def test_bytes_that_are_not_utf_8_are_copied_unchanged(loaded, tmp_path, monkeypatch):
    """The column that nothing reads is copied, to a file and to standard output, whatever the locale."""
    text = "\N{CJK UNIFIED IDEOGRAPH-65E5}"
    (tmp_path / "in.csv").write_bytes(f"text,note\n{text},caf".encode() + b"\xe9\n")
    zoo.predict_file(loaded, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    out = (tmp_path / "out.csv").read_bytes()
    assert out.splitlines()[1].startswith(text.encode() + b",caf\xe9,")
    for encoding in ("ascii", "latin-1"):
        stdout = io.TextIOWrapper(io.BytesIO(), encoding)
        monkeypatch.setattr("sys.stdout", stdout)
        zoo.predict_file(loaded, str(tmp_path / "in.csv"))
        print("later")
        stdout.flush()
        assert stdout.buffer.getvalue() == out + b"later\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.csv", "There is no"),
        ("in.xyz", "is unknown from its extension"),
        ("part-*.csv", r"No file matches .*part-\*\.csv"),
        ("images:.", "The run reads text"),
        ("conll:in.xyz", "does not hold"),
    ],
)
def test_inputs_that_cannot_be_predicted_are_named(name, message, loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.xyz").touch()
    with pytest.raises(DataError, match=message):
        zoo.predict_file(loaded, name)


def test_a_folder_of_images_gets_a_table(small_run, tmp_path):
    folder = tmp_path / "pics"
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(("b.png", "a.png", "deep/c.png")):
        pixels = np.full((8, 8, 1), 80 * number, "uint8")
        (folder / name).write_bytes(tf.io.encode_png(pixels).numpy())
    (folder / "broken.png").write_bytes(b"no")
    (folder / "labels.csv").write_text("of,no,use\n")
    out = tmp_path / "out.csv"
    with pytest.raises(DataError, match=r"broken\.png' of 2 bytes cannot be opened"):
        zoo.predict_file(small_run("digits"), str(folder), str(out))
    counts = zoo.predict_file(small_run("digits"), str(folder), str(out), skip_bad_rows=True)
    assert counts == {"predicted": 3, "skipped": 1}
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["a.png", "b.png", "deep/c.png"]
    paths = [str(folder / row["image"]) for row in rows]
    wanted = [answer["label"] for answer in prediction.predict(small_run("digits"), paths)]
    assert [row["predicted_label"] for row in rows] == wanted


def test_sentences_get_a_column_of_tags(tmp_path):
    pair = "Anna{n} B-PER\nsleeps O\n\nhe O\nsees{n} O\nOslo B-LOC\n\n"
    sentences = "".join(pair.format(n=n) for n in range(20))
    (tmp_path / "train.conll").write_text(sentences)
    run = zoo.train(
        "sync_many_to_many", dataset=f"conll:{tmp_path / 'train.conll'}", epochs=1, verbose=0, units=4,
        embedding_dim=4, char_units=0,
    )  # fmt: skip
    (tmp_path / "in.conll").write_text("# a comment\nAnna X\nsees X\n\nOslo X\n\n# the end\n")
    out = io.StringIO()
    counts = zoo.predict_file(run, str(tmp_path / "in.conll"), to=out)
    assert counts == {"predicted": 2, "skipped": 0}  # What holds no token is no input.
    first, second = out.getvalue().split("\n\n")[:2]
    assert [line.rpartition(" ")[0] for line in first.splitlines()] == ["# a", "Anna X", "sees X"]
    assert out.getvalue().endswith("\n\n# the end\n\n")
    assert all(line.split(" ")[2] in ("O", "B-PER", "B-LOC") for line in [*first.splitlines()[1:], second])


def test_the_command_writes_a_file_and_says_so(trained, tmp_path):
    from click.testing import CliRunner

    from zoo_cli.main import cli

    models = shutil.copytree(trained.path, tmp_path / "models" / trained.name).parent
    (tmp_path / "in.csv").write_text(as_csv([("text",), *((text or "-",) for text in TEXTS)]))
    command = ["predict", trained.name, "--models-dir", str(models), "--input", str(tmp_path / "in.csv")]
    done = CliRunner().invoke(cli, [*command, "--output", str(tmp_path / "out.csv")], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Predicted 4 inputs. Wrote" in done.stderr
    assert done.stdout == ""
    shown = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert shown.stdout == (tmp_path / "out.csv").read_text()
    wrong = CliRunner().invoke(cli, [*command, "an input"], catch_exceptions=False)
    assert wrong.exit_code == 2


def test_a_long_file_gets_one_warning_of_unknown_words(loaded, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(prediction_of_files, "CHUNK_SIZE", 4)
    (tmp_path / "in.txt").write_text("the cast is superb\n" + 9 * "blorp zig\n")
    zoo.predict_file(loaded, str(tmp_path / "in.txt"), to=io.StringIO())
    (warned,) = [record.getMessage() for record in caplog.records if "most words" in record.getMessage()]
    assert "know most words of 9 of 10 inputs, such as 'blorp zig', so" in warned
