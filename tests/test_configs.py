"""Trainings written down as YAML."""

import json
import re

import pytest
import yaml

from keras_rnn_zoo import registry
from keras_rnn_zoo.configs import read_config, split_config, template
from keras_rnn_zoo.errors import OptionError, ZooError


def options(name="many_to_one"):
    architecture = registry.architectures.get(name)
    return registry.options_of(architecture, registry.default_dataset(architecture))


@pytest.mark.parametrize("name", registry.list_architectures())
def test_a_template_has_every_option_with_its_default(name):
    architecture = registry.architectures.get(name)
    for dataset in registry.datasets_of(architecture):
        text = template(architecture, dataset)
        assert yaml.safe_load(text) == {"architecture": name, "dataset": dataset.name}
        values = yaml.safe_load("\n".join(re.findall(r"^# (\w+: .*)$", text, re.MULTILINE)))
        for option in registry.options_of(architecture, dataset).values():
            if not option.from_data:
                assert values[option.name] == dataset.defaults.get(option.name, option.default)


@pytest.mark.parametrize(
    ("written", "value"),
    [("3e-3", 0.003), ("0.01", 0.01), ("1", 1.0), ("'0.5'", 0.5)],
)
def test_numbers_are_read_however_yaml_takes_them(written, value, tmp_path):
    (tmp_path / "a.yaml").write_text(f"learning_rate: {written}\n")
    values = split_config(read_config(str(tmp_path / "a.yaml")), options(), "a.yaml")
    assert values == {"learning_rate": value}


def test_columns_may_be_a_mapping_and_places_are_left_out(tmp_path):
    (tmp_path / "a.yaml").write_text("architecture: many_to_one\ncolumns:\n  text: review\n  label: 2\nrun:\n")
    assert read_config(str(tmp_path / "a.yaml")) == {"architecture": "many_to_one", "columns": "text=review,label=2"}
    assert split_config({"architecture": "x", "units": 3}, options(), "a.yaml") == {"units": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("unts: 3\n", r"no option 'unts'. Did you mean 'units'"),
        ("units: many\n", "'units' expects a whole number"),
        ("units: 0\n", "'units' expects a whole number from 1"),
        ("bidirectional: 3\n", "'bidirectional' expects true or false"),
    ],
)
def test_a_wrong_value_is_named(content, message, tmp_path):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(OptionError, match=message):
        split_config(read_config(str(tmp_path / "a.yaml")), options(), "a.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [\n", r"a\.yaml, line 2: this is not YAML"), ("- a\n", "keys and values"), ("a: [1]\n", "one plain value")],
)
def test_what_is_no_configuration_is_named(content, message, tmp_path):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(ZooError, match=message):
        read_config(str(tmp_path / "a.yaml"))
    with pytest.raises(ZooError, match="cannot be read"):
        read_config(str(tmp_path / "b.yaml"))


@pytest.fixture
def zoo(monkeypatch, tmp_path):
    """Runs a command line in a folder of its own, and returns its result."""
    from click.testing import CliRunner

    from zoo_cli.main import cli

    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(cli, list(args), catch_exceptions=False)


def test_what_init_writes_trains_and_the_command_line_wins(zoo, tmp_path):
    rows = "".join(f"a {'fine' if n % 2 else 'poor'} text {n},{n % 2}\n" for n in range(60))
    (tmp_path / "reviews.csv").write_text("review,stars\n" + rows)
    result = zoo("init", "sentiment", "--dataset", "csv:reviews.csv", "--columns", "text=review,label=stars")
    assert result.exit_code == 0
    again = zoo("init", "sentiment")
    assert again.exit_code == 1
    assert "many_to_one.yaml is there already" in again.stderr
    path = tmp_path / "many_to_one.yaml"
    text = path.read_text().replace("# units: 64", "units: 4").replace("# epochs: 20", "epochs: 3")
    path.write_text(text.replace("# embedding_dim: 128", "embedding_dim: 5"))
    result = zoo("train", "--config", str(path), "--epochs", "1", "--set", "embedding_dim=6", "--models-dir", "models")
    assert result.exit_code == 0, result.stderr
    config = json.loads((tmp_path / "models" / "many_to_one" / "config.json").read_text())
    assert config["dataset"]["name"] == f"csv:{tmp_path / 'reviews.csv'}"
    assert config["dataset"]["columns"] == {"text": "review", "label": "stars"}
    assert (config["training"]["epochs"], config["options"]["units"], config["options"]["embedding_dim"]) == (1, 4, 6)


def test_without_a_name_anywhere_the_usage_is_told(zoo):
    result = zoo("train")
    assert result.exit_code == 2
    assert "--config FILE" in result.stderr
