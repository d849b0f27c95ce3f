"""Standard input and output in place of files: `-`."""

import csv
import io

import pytest
import yaml

import keras_rnn_zoo
from keras_rnn_zoo.errors import DataError


def test_the_lines_of_standard_input_are_predicted_as_a_file(zoo, trained):
    labels = [answer["label"] for answer in keras_rnn_zoo.predict(trained, ["a fine film", "", "dull"])]
    result = zoo("predict", str(trained.path), "--input", "-", input="a fine film\n\ndull\n")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == labels
    assert result.stderr.splitlines()[-1] == "Predicted 3 inputs."


def test_a_table_on_standard_input_is_predicted(zoo, trained):
    result = zoo("predict", str(trained.path), "--input", "csv:-", "--output", "-", input="id,text\n7,a fine film\n")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["id"], row["text"]) == ("7", "a fine film")
    assert row["predicted_label"] in ("negative", "positive")
    assert result.stderr.splitlines()[-1] == "Predicted 1 input."


def test_a_mistake_on_standard_input_is_told_by_that_name(zoo, trained):
    result = zoo("predict", str(trained.path), "--input", "jsonl:-", input='{"text": "fine"}\n{"text"\n')
    assert result.exit_code == 1
    assert "standard input, line 2" in result.stderr
    assert "/" not in result.stderr.partition("Correct")[0]


def test_an_empty_standard_input_is_a_mistake(zoo, trained):
    result = zoo("predict", str(trained.path), "--input", "-", input="")
    assert result.exit_code == 1
    assert "standard input contains nothing to predict" in result.stderr


def test_standard_output_is_a_dash_also_for_inputs_on_the_command_line(zoo, trained):
    assert zoo("predict", str(trained.path), "fine", "--output", "-").exit_code == 0
    assert "require --input FILE" in zoo("predict", str(trained.path), "fine", "--output", "a.csv").stderr


def test_a_configuration_goes_to_standard_output(zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = zoo("init", "many_to_one", "--output", "-", "--set", "units=8")
    assert yaml.safe_load(result.stdout)["units"] == 8
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("source", "output", "hint"),
    [
        ("in.csv", "s.cvs", "Did you mean .csv? "),
        ("in.csv", "s.dat", ""),
        ("in.txt", "s.prquet", "Did you mean .parquet? "),
    ],
)
def test_an_extension_of_no_format_is_refused(trained, tmp_path, source, output, hint):
    (tmp_path / source).write_text("text\nfine\n")
    with pytest.raises(DataError) as raised:
        keras_rnn_zoo.predict_file(trained, str(tmp_path / source), str(tmp_path / output))
    assert f"{output}' names no format. {hint}Known extensions: .csv, " in str(raised.value)
    assert not (tmp_path / output).exists()


@pytest.mark.parametrize(
    ("source", "output"), [("in.txt", "news.de"), ("in.csv", "predictions"), ("in.CSV", "out.CSV")]
)
def test_other_outputs_are_in_the_format_of_the_input(trained, tmp_path, source, output):
    (tmp_path / source).write_text("text\nfine\n")
    keras_rnn_zoo.predict_file(trained, str(tmp_path / source), str(tmp_path / output))
    assert len((tmp_path / output).read_text().splitlines()) == 2
