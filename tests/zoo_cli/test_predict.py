"""What `zoo predict` takes and prints."""

import csv
import json

import pytest
from click.testing import CliRunner

import keras_rnn_zoo
from zoo_cli.main import cli


def test_predict_prints_a_line_for_each_argument(zoo, copied):
    shown = zoo("predict", "many_to_one", "the cast is superb , not dull", "x" * 100).stdout.splitlines()
    assert len(shown) == 2
    assert shown[0].startswith("positive (")
    assert shown[1].endswith("x...")


def test_predict_accepts_prediction_options(zoo, small_run):
    folder = str(small_run("tiny_shakespeare").path.parent)

    def write(*pairs):
        settings = [word for pair in pairs for word in ("--set", pair)]
        return zoo("predict", "small_tiny_shakespeare", "To be", "--models-dir", folder, *settings)

    first = write("temperature=0.5", "max_new_tokens=5", "seed=1")
    assert first.exit_code == 0
    assert first.stdout.startswith("To be")
    assert first.stdout == write("seed=1", "max_new_tokens=5", "temperature=0.5").stdout
    assert (
        write("temperature=0", "max_new_tokens=5", "seed=1").stdout
        == write("temperature=0", "max_new_tokens=5", "seed=2").stdout
    )
    for pair, told in (
        ("temperatur=0.5", "a prediction of this run has no option 'temperatur'. Did you mean 'temperature'?"),
        ("temperature=hot", "Option 'temperature' expects a number from 0 to 100; received 'hot'."),
        ("max_new_tokens=0", "Option 'max_new_tokens' expects an integer from 1 to 100,000; received 0."),
    ):
        result = write(pair)
        assert result.exit_code == 1
        assert told in result.stderr


def test_predict_refuses_options_without_effect(zoo, copied):
    result = zoo("predict", "many_to_one", "fine", "--set", "temperature=0.5")
    assert result.exit_code == 1
    assert "a prediction of this run has no options; received 'temperature'" in result.stderr


def test_predict_reads_the_files_that_are_named(zoo, small_run, tmp_path):
    import numpy as np
    import tensorflow as tf

    folder = str(small_run("digits").path.parent)
    path = tmp_path / "a digit \N{LATIN SMALL LETTER E WITH ACUTE}.png"
    path.write_bytes(tf.io.encode_png(np.eye(8, dtype="uint8")[..., None] * 255).numpy())
    result = zoo("predict", "small_digits", str(path), str(path), "--models-dir", folder)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first == second
    assert first.split()[0] in "0123456789"
    piped = zoo("predict", "small_digits", "--models-dir", folder, "--json", input=f"{path}\n")
    assert len(json.loads(piped.stdout)) == 1
    result = zoo("predict", "small_digits", str(path), "nowhere.png", "--models-dir", folder)
    assert result.exit_code == 1
    assert result.stdout == ""
    told = "Error: The file 'nowhere.png' cannot be read: No such file or directory. Name a file that exists."
    assert result.stderr.strip() == told
    path.write_bytes(b"no image")
    assert (
        "supported formats are PNG, JPEG, GIF, BMP and WebP"
        in zoo("predict", "small_digits", str(path), "--models-dir", folder).stderr
    )


def test_predict_reads_series_as_json(zoo, small_run):
    folder = str(small_run("adding").path.parent)
    result = zoo("predict", "small_adding", "[[0.5, 1], [0.25, 1]]", "--models-dir", folder)
    assert result.exit_code == 0
    float(result.stdout.split()[0])
    assert result.stdout.rstrip().endswith("[[0.5, 1], [0.25, 1]]")
    result = zoo("predict", "small_adding", "0.5 0.25", "--models-dir", folder)
    assert result.exit_code == 1
    assert "A series is expected as JSON, such as [1, 2, 3], or [[0.1, 2], [0.3, 1]]" in result.stderr


def test_predict_reads_lines_of_standard_input(zoo, copied):
    assert len(zoo("predict", input="one\ntwo\r\n\nfour\n").stdout.splitlines()) == 4


def test_predict_accepts_the_path_of_an_export(zoo, copied, tmp_path):
    path = keras_rnn_zoo.export(copied, check=False)
    texts = ["not dull", "a film to forget"]
    of_run = json.loads(zoo("predict", "many_to_one", *texts, "--json").stdout)
    of_export = json.loads(zoo("predict", str(path), *texts, "--json").stdout)
    assert [row["label"] for row in of_export] == [row["label"] for row in of_run]
    (tmp_path / "new.csv").write_text("text,id\nnot dull,1\na film to forget,2\n")
    of_file = [zoo("predict", name, "--input", str(tmp_path / "new.csv")).stdout for name in (str(path), "many_to_one")]
    assert [row["predicted_label"] for row in csv.DictReader(of_file[0].splitlines())] == [
        row["label"] for row in of_run
    ]
    assert of_file[0].count(",") == of_file[1].count(",")


def test_an_input_that_begins_with_a_dash_goes_after_two_dashes(zoo, copied):
    assert zoo("predict", "many_to_one", "--", "-5 degrees").stdout.endswith("-5 degrees\n")
    assert zoo("predict", "many_to_one", "-").stdout.endswith("-\n")
    for text in ("-5 degrees", "--foo", "-0.5", "-x"):
        result = zoo("predict", "many_to_one", text)
        assert result.exit_code == 2
        assert "Put -- before INPUTs that begin with a dash: " in result.stderr
        assert result.stderr.endswith("predict RUN -- INPUT.\n")
    assert "Did you mean" in zoo("predict", "many_to_one", "--jsn").stderr
    assert zoo("train", "-x").stderr.endswith("train -- NAME.\n")
    assert zoo("list", "-x").stderr.endswith("No such option '-x'.\n")


def test_lines_of_standard_input_may_begin_with_a_byte_order_mark(zoo, copied):
    plain = zoo("predict", "--json", input="superb\n").stdout
    for encoding in ("utf-8-sig", "utf-16"):
        assert zoo("predict", "--json", input="superb\r\n".encode(encoding)).stdout == plain
    assert zoo("predict", "--json", input=b"").stdout == "[]\n"
    assert len(zoo("predict", input=b"\x00\xff\xfe").stdout.splitlines()) == 1


@pytest.mark.parametrize("charset", ["ascii", "latin-1"])
def test_standard_output_is_utf_8_whatever_the_locale(charset, copied, tmp_path):
    text = "\N{CJK UNIFIED IDEOGRAPH-65E5} \N{LATIN SMALL LETTER E WITH ACUTE}"
    (tmp_path / "in.csv").write_text(f"text\n{text}\n", encoding="utf-8")
    runner = CliRunner(charset=charset)
    for args in (["many_to_one", text], ["many_to_one", "--input", str(tmp_path / "in.csv")]):
        result = runner.invoke(cli, ["predict", *args], catch_exceptions=False)
        assert text in result.stdout_bytes.decode("utf-8")
    assert runner.invoke(cli, ["list"], catch_exceptions=False).exit_code == 0


def test_a_file_is_read_in_the_given_encoding(zoo, copied, tmp_path):
    path = tmp_path / "in.csv"
    text = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    path.write_bytes(f"text\n{text}\n".encode("cp1252"))
    command = ["predict", "many_to_one", "--input", str(path)]
    result = zoo(*command)
    assert result.exit_code == 1
    assert "byte 0xe9" in result.stderr
    for option in (["--encoding", "cp1252"], ["--set", "encoding=cp1252"]):
        assert text in zoo(*command, *option).stdout
    piped = zoo("predict", "many_to_one", "--encoding", "cp1252", input=f"{text}\n".encode("cp1252"))
    assert piped.stdout.endswith(f"  {text}\n")
    for option in (["--encoding", "cp1252"], ["--set", "encoding=cp1252"]):
        result = zoo("predict", "many_to_one", text, *option)
        assert result.exit_code == 2
        assert "--input FILE" in result.stderr


def test_a_file_is_read_with_the_given_separator(zoo, copied, tmp_path):
    (tmp_path / "in.csv").write_text("id~text\n1~fine\n")
    named = ["--set", "separator=~"]
    assert zoo("predict", "many_to_one", "--input", str(tmp_path / "in.csv")).exit_code == 1
    assert "1~fine~" in zoo("predict", "many_to_one", "--input", str(tmp_path / "in.csv"), *named).stdout
    assert "--input FILE" in zoo("predict", "many_to_one", "fine", *named).stderr


def test_an_input_that_is_a_file_is_explained_with_the_option_for_files(zoo, copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new reviews.csv").write_text("text\nfine\n")
    result = zoo("predict", "many_to_one", "fine", "new reviews.csv")
    assert result.exit_code == 2
    assert "'new reviews.csv' is a file here." in result.stderr
    assert "zoo predict many_to_one --input 'new reviews.csv'" in result.stderr
    assert zoo("predict", "many_to_one", input="new reviews.csv\n").exit_code == 0  # A line is always a text.
    (tmp_path / "superb").mkdir()
    assert zoo("predict", "many_to_one", "superb", "none.csv").exit_code == 0


def test_a_folder_of_images_is_explained_with_the_option_for_files(zoo, small_run, tmp_path):
    (tmp_path / "pics").mkdir()
    folder = str(small_run("digits").path.parent)
    result = zoo("predict", "small_digits", str(tmp_path / "pics"), "--models-dir", folder)
    assert result.exit_code == 2
    assert "pics' is a folder, not a single image. To predict what is in it: zoo predict small_digits" in result.stderr


def test_json_names_the_class_of_each_probability(zoo, copied):
    (answer,) = json.loads(zoo("predict", "many_to_one", "superb", "--json").stdout)
    assert list(answer["probabilities"]) == ["negative", "positive"]
    assert answer == keras_rnn_zoo.predict(copied, ["superb"])[0]


def test_a_dash_is_standard_output_and_the_extension_is_the_format(zoo, copied, tmp_path):
    (tmp_path / "in.csv").write_text("text\nfine\n")
    command = ["predict", "many_to_one", "--input", str(tmp_path / "in.csv")]
    shown = zoo(*command, "--output", "-", "--probabilities")
    assert shown.stdout.startswith("text,predicted_label,predicted_probability,predicted_probability_negative,")
    assert "Wrote" not in shown.stderr
    assert zoo(*command, "--output", str(tmp_path / "out.json")).exit_code == 0
    assert json.loads((tmp_path / "out.json").read_text())[0]["text"] == "fine"


def test_a_sheet_of_a_workbook_is_named_as_in_training(zoo, copied, tmp_path):
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.create_sheet("Reviews").append(["text"])
    workbook["Reviews"].append(["fine"])
    workbook.save(tmp_path / "in.xlsx")
    command = ["predict", "many_to_one", "--input", str(tmp_path / "in.xlsx")]
    assert "the sheet 'Sheet' is empty" in zoo(*command).stderr
    assert zoo(*command, "--set", "sheet=Reviews").stdout.splitlines()[1].startswith("fine,")
    assert "The option sheet requires --input FILE" in zoo("predict", "many_to_one", "x", "--set", "sheet=1").stderr
    (tmp_path / "in.csv").write_text("text\nfine\n")
    wrong = zoo("predict", "many_to_one", "--input", str(tmp_path / "in.csv"), "--set", "sheet=1")
    assert "Option 'sheet' applies only to excel files" in wrong.stderr
