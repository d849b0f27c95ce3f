"""Trainings written down as YAML."""

import dataclasses
import json
import re

import pytest
import yaml

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError, ZooError
from keras_rnn_zoo.training.config_file import read_config, split_config, template


def options(name="many_to_one"):
    architecture = registry.architectures.get(name)
    return registry.options_of(architecture, registry.default_dataset(architecture))


@pytest.mark.parametrize("name", registry.list_architectures())
def test_a_template_has_every_relevant_option_with_its_default(name):
    architecture = registry.architectures.get(name)
    for dataset in registry.datasets_of(architecture):
        text = template(architecture, dataset)
        assert yaml.safe_load(text) == {"architecture": name, "dataset": dataset.name}
        values = yaml.safe_load("\n".join(re.findall(r"^# (\w+: .*)$", text, re.MULTILINE)))
        for option in registry.relevant_options(architecture, dataset).values():
            if not option.from_data:
                assert values[option.name] == dataset.defaults.get(option.name, option.default)


@pytest.mark.parametrize(
    ("written", "value"),
    [("3e-3", 0.003), ("0.01", 0.01), ("1", 1.0), ("'0.5'", 0.5)],
)
def test_numbers_are_read_in_every_notation_of_yaml(written, value, tmp_path):
    (tmp_path / "a.yaml").write_text(f"learning_rate: {written}\n")
    values = split_config(read_config(str(tmp_path / "a.yaml")), options(), "a.yaml")
    assert values == {"learning_rate": value}


def test_columns_may_be_a_mapping_and_locations_are_left_out(tmp_path):
    (tmp_path / "a.yaml").write_text("architecture: many_to_one\ncolumns:\n  text: review\n  label: 2\nrun:\n")
    assert read_config(str(tmp_path / "a.yaml")) == {"architecture": "many_to_one", "columns": "text=review,label=2"}
    assert split_config({"architecture": "x", "units": 3}, options(), "a.yaml") == {"units": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("unts: 3\n", r"no option 'unts'. Did you mean 'units'"),
        ("units: many\n", "'units' expects an integer"),
        ("units: 0\n", "'units' expects an integer from 1"),
        ("bidirectional: 3\n", "'bidirectional' expects true or false"),
    ],
)
def test_an_invalid_value_is_named(content, message, tmp_path):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(OptionError, match=message):
        split_config(read_config(str(tmp_path / "a.yaml")), options(), "a.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [\n", r"a\.yaml, line 2: this is not valid YAML"),
        ("- a\n", "keys and values"),
        ("a: [1]\n", "one plain value"),
    ],
)
def test_a_file_that_is_not_a_configuration_is_named(content, message, tmp_path):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(ZooError, match=message):
        read_config(str(tmp_path / "a.yaml"))
    with pytest.raises(ZooError, match="cannot be read"):
        read_config(str(tmp_path / "b.yaml"))


BOMB = "units: [&a0 [x, x]" + "".join(f", &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)) + "]\n"
FOREIGN = [
    ("a: &x 1\n", r"line 1: the anchor '&x' is not supported"),
    ("a: 1\nb: *x\n", r"line 2: the alias '\*x' is not supported"),
    (BOMB, r"line 1: the anchor '&a0' is not supported"),
    ("a: &x {b: 1}\n<<: *x\n", r"the anchor '&x' is not supported"),
    ("<<: {units: 3}\n", r"the merge key '<<' is not supported"),
    ('units: !!bool "maybe"\n', r"the tag '!!bool' is not supported"),
    ('units: !!timestamp "foo"\n', r"the tag '!!timestamp' is not supported"),
    ('units: !!int ""\n', r"the tag '!!int' is not supported"),
    ('units: !!float ""\n', r"the tag '!!float' is not supported"),
    ("units: !!binary aGk=\n", r"the tag '!!binary' is not supported"),
    ("units: !!python/object/apply:os.system [id]\n", r"the tag '!!python/object/apply:os.system' is not supported"),
    ("units: !own 3\n", r"the tag '!own' is not supported"),
    ("units: 3\ncell: gru\nunits: 4\n", r"line 3: the key 'units' appears twice"),
    ("? [a, b]\n: 1\n", r"line 1: a key must be a plain word"),
    ("units: 3\n---\nunits: 4\n", r"line 2: a second document begins here"),
    ("units: " + "[" * 5000 + "]" * 5000, r"line 1: values are nested too deeply"),
    ("[" * 90_000, r"line 1: values are nested too deeply"),
    ("columns: {text: [a]}\n", r"'columns' expects one plain value"),
    ("units: {a: 1}\n", r"'units' expects one plain value"),
    ("a:\n\tb: 1\n", r"line 2: this is not valid YAML"),
    ('a: "\\UFFFFFFFF"\n', r"this is not valid YAML: an escape sequence or a number is out of range"),
    ("%YAML " + "9" * 5000 + ".1\n---\na: 1\n", r"this is not valid YAML: an escape sequence or a number"),
    (b"units: \0\n", r"special characters are not allowed"),
    (b"units: 3\ncell: \xff\n", r"line 2: this is not UTF-8 text"),
    ("a: 1\n" * 50_000, r"too large for a configuration, which may have up to 100,000 bytes"),
]


@pytest.mark.parametrize(("content", "message"), FOREIGN, ids=[message for _, message in FOREIGN])
def test_unsupported_yaml_is_refused_by_name(content, message, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ZooError, match=message) as told:
        read_config(str(path))
    assert len(str(told.value)) < 1000


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("units: 3", {"units": "3"}),
        ("run: 2024.10\nseed: 010\n", {"run": "2024.10", "seed": "010"}),
        ("columns: {text: no, label: 2}", {"columns": "text=no,label=2"}),
        ('columns: {text: "a, b", label: \'c"d\'}', {"columns": '"text=a, b","label=c""d"'}),
        ("units: ~\nrun:\ncell: null\ndataset: 'null'\n", {"dataset": "null"}),
        ("%YAML 1.2\n---\n{units: 3, cell: gru}\n...\n", {"units": "3", "cell": "gru"}),
        ("run: 2024-01-02\n", {"run": "2024-01-02"}),
        ("cell: >-\n  gru\n", {"cell": "gru"}),
        ("", {}),
        ("# only this\n", {}),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_values_are_the_texts_in_the_file(content, values, encoding, tmp_path):
    (tmp_path / "a.yaml").write_bytes(content.encode(encoding))
    assert read_config(str(tmp_path / "a.yaml")) == values


@pytest.mark.parametrize(
    "written",
    [
        *("units: " + "9" * 5000, "units: 0x" + "f" * 20_000, "learning_rate: 1e999", "learning_rate: nan"),
        *("learning_rate: .inf", "epochs: inf", "units: 2.0", "units: ''", 'cell: "\\0"'),
        "bidirectional: '" + "x" * 10_000 + "'",
    ],
    ids=lambda written: written[:30],
)
def test_a_value_beyond_all_sizes_is_refused_in_a_short_message(written, tmp_path):
    (tmp_path / "a.yaml").write_text(written + "\n")
    with pytest.raises(OptionError, match="expects") as told:
        split_config(read_config(str(tmp_path / "a.yaml")), options(), "a.yaml")
    assert len(str(told.value)) < 500


def test_a_configuration_may_come_from_a_pipe_but_none_is_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ZooError, match="is not a file, and nothing can be read from it"):
        read_config(str(tmp_path / "pipe"))
    with pytest.raises(ZooError, match="cannot be read: Is a directory"):
        read_config(str(tmp_path))
    reader, writer = os.pipe()
    os.write(writer, b"units: 3\n")
    os.close(writer)
    assert read_config(f"/dev/fd/{reader}") == {"units": "3"}
    os.close(reader)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a\0b", "contains a null character"),
        ("x" * 256, "is too long"),
        ("a/" * 3000, "is too long"),
        ("\udcff", "UTF-8"),
    ],
    ids=["null", "long_name", "long_path", "not_utf8"],
)
def test_a_path_that_no_file_can_have_is_refused(path, message, tmp_path):
    from keras_rnn_zoo.atomic_files import user_path

    for name in (path, f"{tmp_path}/{path}"):
        with pytest.raises(ZooError, match=message):
            user_path(name)
    for place in (f"csv:{path}", f"images:{path}", f"audio:{path}", f"npz:{path}", f"text:{path},b"):
        with pytest.raises(ZooError, match=message):
            registry.find_dataset(place, ("classification", "translation", "transcription"))


@pytest.mark.parametrize(
    "name", ['a"b', "a: b # c", "é\u202e\x1b[1m\x7f\x85\u2028", "a\\b", "a\nb: 1", "'"], ids=range(6)
)
def test_a_template_reads_back_whatever_the_names_are(name, tmp_path):
    architecture = registry.architectures.get("many_to_one")
    (tmp_path / "a.csv").write_text("text,label\n" + "a,b\nc,d\n" * 9)
    dataset = registry.find_dataset(f"csv:{tmp_path / 'a.csv'}", architecture.tasks)
    dataset = dataclasses.replace(dataset, name=f"csv:{name}")
    text = template(architecture, dataset, {"columns": f"text={name}", "data_dir": name})
    assert text.isascii() or "é" in text
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    expected = {"architecture": "many_to_one", "dataset": f"csv:{name}", "columns": f"text={name}", "data_dir": name}
    assert read_config(str(tmp_path / "a.yaml")) == expected


@pytest.fixture
def zoo(monkeypatch, tmp_path):
    """Runs a command line in a folder of its own, and returns its result."""
    from click.testing import CliRunner

    from zoo_cli.main import cli

    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(cli, list(args), catch_exceptions=False)


def test_the_template_of_init_trains_and_the_command_line_takes_precedence(zoo, tmp_path):
    rows = "".join(f"a {'fine' if n % 2 else 'poor'} text {n},{n % 2}\n" for n in range(60))
    (tmp_path / "reviews.csv").write_text("review,stars\n" + rows)
    result = zoo("init", "sentiment", "--dataset", "csv:reviews.csv", "--columns", "text=review,label=stars")
    assert result.exit_code == 0
    again = zoo("init", "sentiment")
    assert again.exit_code == 1
    assert "many_to_one.yaml already exists" in again.stderr
    path = tmp_path / "many_to_one.yaml"
    text = path.read_text().replace("# units: 64", "units: 4").replace("# epochs: 20", "epochs: 3")
    path.write_text(text.replace("# embedding_dim: 128", "embedding_dim: 5"))
    result = zoo("train", "--config", str(path), "--epochs", "1", "--set", "embedding_dim=6", "--models-dir", "models")
    assert result.exit_code == 0, result.stderr
    config = json.loads((tmp_path / "models" / "many_to_one" / "config.json").read_text())
    assert config["dataset"]["name"] == f"csv:{tmp_path / 'reviews.csv'}"
    assert config["dataset"]["recorded"]["columns"] == {"text": "review", "label": "stars"}
    assert (config["training"]["epochs"], config["options"]["units"], config["options"]["embedding_dim"]) == (1, 4, 6)


def test_the_usage_is_shown_if_there_is_no_name(zoo):
    result = zoo("train")
    assert result.exit_code == 2
    assert "--config FILE" in result.stderr
