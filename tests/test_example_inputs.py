"""The input of the test split that a run keeps, for commands that can be tried."""

import json
import shlex

import numpy as np
import pytest
from click.testing import CliRunner

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.example_input import example_argument, write_example
from keras_rnn_zoo.listings.pages import show
from zoo_cli.main import cli


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("dataset", ["toy_reviews", "digits", "adding", "tiny_shakespeare"])
def test_the_example_of_a_run_is_of_its_test_split_and_can_be_predicted(small_run, dataset):
    run = small_run(dataset)
    split = registry.datasets.get(dataset).open(None, 0, run.config.dataset.options).split("test")
    inputs = [raw for raw, _ in split.as_numpy_iterator()]
    (path,) = (run.path / "example").iterdir()
    content = path.read_bytes()
    if dataset == "adding":
        assert any(np.array_equal(np.float32(json.loads(content)), raw) for raw in inputs)
    else:
        assert content in inputs
    assert f"example/{path.name}" in run.config.files
    run.check()
    facts = {row["fact"]: row["value"] for row in show(run.path)["run"]}
    command, _, source = facts["example"].partition(" < ")
    words = shlex.split(command)
    assert words[:3] == ["zoo", "predict", str(run.path)]
    given = open(shlex.split(source)[0], "rb").read() if source else b""  # noqa: SIM115
    result = CliRunner().invoke(cli, words[1:], input=given, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip()


def example(folder, extension, *contents):
    write_example(folder, lambda raw: (extension, raw), contents)
    return example_argument(folder)


def test_the_shortest_of_the_first_inputs_is_kept_and_quoted(tmp_path):
    assert example_argument(tmp_path) == ""
    assert example(tmp_path, "txt", b" ", b"a long text", b"it's") == """'it'"'"'s'"""
    assert example(tmp_path, "txt", b"-5  degrees\n") == "-- '-5 degrees'"
    assert example(tmp_path, "txt", b"word " * 40) == f"'{'word ' * 19}word'"
    assert len(example(tmp_path, "txt", "日".encode() * 400)) == 102
    assert "\x1b" not in example(tmp_path, "txt", b"\x1b]0;title\x07")


def test_a_series_is_an_argument_if_it_is_short_and_else_read_from_the_file(tmp_path):
    reader = registry.readers.get("series").make()
    write_example(tmp_path, reader.as_file, [np.float32([[1.5], [2], [3]])])
    assert example_argument(tmp_path) == "'[1.5, 2.0, 3.0]'"
    write_example(tmp_path, reader.as_file, [np.zeros((50, 2), "float32")])
    assert example_argument(tmp_path) == f"< {tmp_path}/example/input.json"


def test_a_recording_is_kept_as_a_wav_file(tmp_path):
    reader = registry.readers.get("audio").make(sample_rate=8000)
    samples = np.sin(np.arange(800) / 9).astype("float32")
    write_example(tmp_path, reader.as_file, [samples])
    path = tmp_path / "example" / "input.wav"
    assert example_argument(tmp_path) == str(path)
    np.testing.assert_allclose(reader.to_batch([path])[0][0], samples, atol=1e-4)


@pytest.mark.parametrize(("start", "extension"), [(b"\x89PNG", "png"), (b"\xff\xd8", "jpg"), (b"RIFF", "webp")])
def test_an_image_is_kept_unchanged(tmp_path, start, extension):
    reader = registry.readers.get("image").make()
    assert reader.as_file(start + b"...") == (extension, start + b"...")


def test_inputs_of_a_kind_without_a_file_format_are_not_kept(tmp_path):
    assert example(tmp_path, "", b"") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("series", ["[1, 2, 3]", [1, 2, 3], "[[1], [2], [3]]"])
def test_a_plain_list_of_numbers_is_a_series_of_one_feature(series):
    reader = registry.readers.get("series").make()
    reader.mean, reader.deviation = [0.0], [1.0]
    values, lengths = reader.to_batch([series, [4.0]])
    assert values.numpy().tolist() == [[[1], [2], [3]], [[4], [0], [0]]]
    assert lengths.numpy().tolist() == [3, 1]


def test_links_in_a_run_are_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "input.txt").write_text("secret")
    (tmp_path / "run" / "example").mkdir(parents=True)
    (tmp_path / "run" / "example" / "input.txt").symlink_to(tmp_path / "elsewhere" / "input.txt")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "example").symlink_to(tmp_path / "elsewhere")
    assert example_argument(tmp_path / "run") == example_argument(tmp_path / "linked") == ""
