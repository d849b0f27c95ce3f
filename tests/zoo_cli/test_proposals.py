"""Which architecture and which dataset `zoo train` takes where one of them is not named."""

import json
import shlex
from types import SimpleNamespace

import pytest
from descriptions import run_config

import keras_rnn_zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.training.plan import Request, make_plan


@pytest.fixture
def train(zoo, monkeypatch, tmp_path):
    """Runs `zoo train` without training; returns the result, and what would be trained."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").write_text("review,stars\nfine,5\ndull,1\n")
    (tmp_path / "pairs.csv").write_text("source,target\neins,one\nzwei,two\n")
    days = [f"2024-01-{day:02d},{day % 7}" for day in range(1, 32)]
    (tmp_path / "values.csv").write_text("\n".join(["date,value", *days]) + "\n")
    (tmp_path / "sales.csv").write_text("\n".join(["date,shop,sales", *(f"{day},{day[-1]}" for day in days)]) + "\n")
    (tmp_path / "words.conll").write_text("EU B-ORG\ncalls O\n")
    trained = []

    def take(name, **options):
        trained.append((name, options))
        run = SimpleNamespace(name="r", path=tmp_path, config=run_config())
        run.result = "Test split (3 examples): accuracy 0.5"
        return run

    monkeypatch.setattr("keras_rnn_zoo.train", take)
    return lambda *args: (zoo("train", *args), trained)


def test_without_an_architecture_those_for_the_dataset_are_proposed_as_commands(train, zoo):
    given = ["--dataset", "csv:reviews.csv", "--columns", "text=review,label=stars", "--epochs", "3", "--quiet"]
    result, trained = train(*given)
    assert result.exit_code == 2
    assert trained == []
    commands = [shlex.split(line) for line in result.stderr.splitlines() if line.startswith("  zoo train")]
    assert [command[2] for command in commands] == ["many_to_one", "one_to_one"]
    assert sorted(commands[0][3:]) == sorted(given)
    result, trained = train(*commands[0][2:])
    assert result.exit_code == 0
    ((name, options),) = trained
    assert name == "many_to_one"
    assert options["epochs"] == 3


@pytest.mark.parametrize(
    ("dataset", "architecture"),
    [
        ("conll:words.conll", "sync_many_to_many"),
        ("csv:pairs.csv", "many_to_many"),
        ("digits", "one_to_one"),
        ("shapes", "one_to_many"),
    ],
)
def test_the_only_architecture_for_a_dataset_is_taken(train, dataset, architecture):
    result, ((name, _),) = train("--dataset", dataset)
    assert result.exit_code == 0
    assert name == architecture
    assert f"Training {architecture}, the only architecture for " in result.stderr


def test_an_error_without_architecture_and_dataset_says_what_to_name(train):
    result, trained = train()
    assert result.exit_code == 2
    assert "--dataset DATASET" in result.stderr
    result, trained = train("--dataset", "csv:rewiews.csv")
    assert result.exit_code == 1
    assert "Did you mean 'reviews.csv'" in result.stderr
    assert trained == []


ALIASES = {"speech": ("ctc", "spoken_digit_strings"), "language_model": ("sync_many_to_many", "tiny_shakespeare")}


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_trains_on_its_own_dataset(zoo, alias, caplog):
    architecture, dataset = ALIASES[alias]
    with caplog.at_level("INFO", logger="keras_rnn_zoo"):
        plan = make_plan(Request(alias.upper(), None, None, {}, {}, None, None), resume=False, overwrite=False)
    assert (plan.config.architecture, plan.config.dataset.name) == (architecture, dataset)
    assert caplog.messages == [f"Training {architecture} on {dataset}: {registry.datasets.get(dataset).summary}"]
    assert f"Options for {dataset}" in zoo("show", alias).stdout
    shown = json.loads(zoo("show", alias, "--json").stdout)
    assert shown["alias_datasets"] == {alias: dataset}
    assert shown["default_dataset"] == registry.architectures.get(architecture).default_dataset
    assert f"{alias} (trains on {dataset})" in " ".join(zoo("list").stdout.split())


def test_a_model_built_by_an_alias_suits_its_dataset():
    model = keras_rnn_zoo.build("language_model", units=4, embedding_dim=4, vocabulary_size=50)
    assert model.output_shape == (None, None, 50)  # It predicts the next of 50 tokens: it is causal.
    assert keras_rnn_zoo.build("speech", units=4).input_shape == (None, None)


@pytest.mark.parametrize("alias", [("speech", ""), ("noise", "toy_reviews")])
def test_the_alias_of_a_dataset_must_exist(alias):
    name, dataset = alias
    entry = registry.architectures.get("ctc")
    changed = registry.Architecture(
        "ctc", entry.make, ("speech",), tasks=entry.tasks, alias_datasets={name: dataset or "digits"}
    )
    if dataset:
        with pytest.raises(TypeError, match="alias_datasets"):
            changed.check()
    else:
        changed.check()


def test_a_table_over_time_is_for_forecasting_without_naming_its_columns(train):
    result, trained = train("--dataset", "values.csv")
    assert (result.exit_code, trained) == (2, [])
    assert result.stderr.count("forecasting of window inputs") == 2
    _, ((name, options),) = train("many_to_one", "--dataset", "values.csv")
    assert (name, options["dataset"].task) == ("many_to_one", "forecasting")


def test_a_table_over_time_whose_target_is_unclear_names_the_columns_to_forecast_it(train):
    result, trained = train("--dataset", "sales.csv")
    assert (result.exit_code, trained) == (1, [])
    assert "To forecast this table over time: " in result.stderr
    assert "--columns time=NAME,target=NAME" in result.stderr
