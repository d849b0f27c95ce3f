"""Model cards: metadata that the Hugging Face Hub reads, and what a reader must know."""

import re

import pytest
import yaml

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.model_card import model_card
from keras_rnn_zoo.training.command import training_command

SECTIONS = ["Intended use", "Scores", "Limits", "Data", "Training", "Environment and cost"]


def parts(card):
    """Returns the metadata and the text of a card."""
    _, metadata, text = card.split("---\n", 2)
    return yaml.safe_load(metadata), text


@pytest.fixture
def card(small_run):
    """The card of a small run on reviews."""
    return (small_run("toy_reviews").path / "README.md").read_text()


def test_the_metadata_are_those_of_the_hub(card, small_run):
    run = small_run("toy_reviews")
    metadata, text = parts(card)
    (entry,) = metadata.pop("model-index")
    assert metadata == {
        "license": "apache-2.0",
        "library_name": "keras",
        "pipeline_tag": "text-classification",
        "tags": ["keras-rnn-zoo", "many_to_one", "classification"],
        "datasets": ["toy_reviews"],
        "metrics": ["accuracy", "macro_f1", "roc_auc"],
    }
    (result,) = entry["results"]
    assert result["dataset"] == {"type": "toy_reviews", "name": "toy_reviews", "split": "test"}
    scores = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert scores == {name: value for name, value in run.metrics.items() if name != "loss"}
    assert re.findall("^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert f"    {training_command(run.config)}\n" in text
    assert re.search(r"Training took \d+\.\d minutes of processor time, and up to \d+\.\d\d GB of memory\.", text)


@pytest.mark.parametrize("dataset", ["toy_reviews", "digits", "addition", "tiny_shakespeare", "adding"])
def test_the_hubs_own_parser_reads_the_cards(small_run, dataset):
    hub = pytest.importorskip(
        "huggingface_hub", reason="huggingface_hub, which the package `datasets` installs, parses"
    )
    run = small_run(dataset)
    data = hub.ModelCard((run.path / "README.md").read_text()).data
    assert (data.library_name, data.datasets, data.model_name) == ("keras", [dataset], run.name)
    assert {result.metric_type: result.metric_value for result in data.eval_results} == {
        name: value for name, value in run.metrics.items() if name != "loss"
    }
    tags = registry.tasks.get(run.config.task.name).pipeline_tags
    assert data.pipeline_tag == tags.get(run.config.task.input)


def test_a_license_without_an_identifier_has_a_name_and_a_link(small_run):
    metadata, _ = parts((small_run("tiny_shakespeare").path / "README.md").read_text())
    assert metadata["license"] == "other"
    assert metadata["license_name"] == "public domain"
    assert metadata["license_link"].startswith("https://")


def test_files_of_a_user_are_not_named_in_the_metadata(small_run):
    from dataclasses import replace

    run = small_run("toy_reviews")
    data = replace(run.config.dataset, name="csv:/home/me/secret: #1.csv", license="your own")
    metadata, text = parts(model_card(replace(run.config, dataset=data), run.measured, ""))
    assert "secret" not in str(metadata)
    assert "license" not in metadata
    assert metadata["model-index"][0]["results"][0]["dataset"]["name"] == "own data"
    assert "License: your own." in text


def test_other_seeds_and_plots_are_shown(small_run):
    run = small_run("toy_reviews")
    seeds = [{"seed": seed, "metrics": dict.fromkeys(run.metrics, 0.5 + seed / 10)} for seed in range(3)]
    text = model_card(run.config, {**run.measured, "seeds": seeds}, "", ["plots/learning_curves.svg"])
    assert "Over 3 seeds:" in text
    assert "| accuracy | 0.6000 ± 0.1000 |" in text
    assert "![learning curves](plots/learning_curves.svg)" in text


def test_the_command_repeats_the_training(small_run):
    run = small_run("adding")
    assert training_command(run.config) == (
        "zoo train many_to_one --dataset adding --seed 0 --set epochs=1 --set units=4 --set sequence_length=12"
    )


IDS = {"apache-2.0", "cc-by-2.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-nd-4.0", "other"}
"""Identifiers of licenses on the Hub: https://huggingface.co/docs/hub/repositories-licenses."""


def test_every_dataset_states_its_license_and_where_it_is_stated():
    for dataset in registry.datasets.entries():
        assert dataset.license, dataset.name
        assert dataset.license_id in IDS
        own = dataset.license.startswith("Apache-2.0, as this project")
        assert dataset.terms.startswith("https://") or own, dataset.name
        if re.search(r"-N[CD]|non-commercial|research use \(", dataset.license):
            assert dataset.not_shipped, f"networks trained on {dataset.name} would be passed on"
