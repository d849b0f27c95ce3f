"""`make networks`: the script trains, stores, measures and indexes networks, and continues where it stopped."""

import importlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from keras_rnn_zoo.networks import index

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch, tmp_path):
    """The script, which writes to a temporary folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("train_networks")
    (tmp_path / "index.json").write_text('{"url": "https://example.org", "networks": []}')
    for name, path in {"SHIPPED": "shipped", "WORK": "work", "INDEX": "index.json"}.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    return module


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_it_trains_stores_and_indexes_a_network_once(script, monkeypatch):
    result = CliRunner().invoke(script.main, ["digits", "--epochs", "1", "--seeds", "2"], catch_exceptions=False)
    assert "digits: accuracy" in result.stdout
    document = json.loads(script.INDEX.read_text())
    (row,) = document["networks"]
    assert document["url"] == "https://example.org"
    assert index.Network.invalid_keys(row) == []
    run = script.zoo.Run(script.SHIPPED / "digits")
    assert (row["name"], row["architecture"], row["metrics"]) == ("digits", "one_to_one", run.metrics)
    assert [seed["seed"] for seed in run.measured["seeds"]] == [0, 1]
    assert "Over 2 seeds:" in (run.path / "README.md").read_text()
    monkeypatch.setattr(script.zoo, "train", None)  # It is not called again.
    again = CliRunner().invoke(script.main, ["digits"], catch_exceptions=False)
    assert again.stdout.splitlines() == result.stdout.splitlines()[-1:]  # Without the lines of Keras.


def test_the_largest_networks_are_left_out_of_the_wheel(script, monkeypatch):
    network = next(iter(index.networks().values())).to_json()
    rows = [
        index.Network.from_json({**network, "name": name, "bytes": size})
        for name, size in (("a", 30), ("b", 9), ("c", 20))
    ]
    monkeypatch.setattr(script, "WHEEL_BYTES", 40)
    script.write_index(rows)
    written = json.loads(script.INDEX.read_text())["networks"]
    assert {row["name"]: row["in_wheel"] for row in written} == {"a": False, "b": True, "c": True}


def test_embedded_data_gives_a_network_for_each_architecture(script):
    assert {script.NETWORKS[name] for name in script.EMBEDDED} == set(script.registry.list_architectures())


def test_networks_that_may_not_be_passed_on_are_not_trained(script):
    for name in script.NETWORKS:
        assert not script.registry.datasets.get(name).not_shipped
    with pytest.raises(script.click.UsageError, match="are not passed on"):
        script.train_network("flickr8k", 1, None, {})
