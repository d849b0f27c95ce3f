"""Defaults that follow from the number of examples, equal epochs, and why a training ends."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from descriptions import TRAINING
from small_sets import draw_series, write_recordings, write_words

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import TrainingError
from keras_rnn_zoo.training.callbacks import BestCheckpoint
from keras_rnn_zoo.training.plan import Request, make_plan
from keras_rnn_zoo.training.small_data import (
    ADAPTED,
    MIN_PATIENCE_STEPS,
    MIN_STEPS,
    adapted_settings,
    enough_examples,
    tie,
)
from zoo_cli.main import cli

MUCH = TRAINING


@pytest.mark.parametrize("base", [MUCH, replace(MUCH, epochs=5, batch_size=64), replace(MUCH, batch_size=128)])
@pytest.mark.parametrize("examples", [1, 3, 24, 27, 243, 500, 1000, 2000])
def test_few_examples_get_enough_optimizer_steps(base, examples):
    adapted = adapted_settings(examples, base, ADAPTED)
    steps = -(-examples // adapted.batch_size)
    assert adapted.batch_size <= base.batch_size
    assert steps >= min(16, examples // 7)
    assert adapted.epochs * steps >= MIN_STEPS
    assert adapted.patience * steps >= MIN_PATIENCE_STEPS
    assert adapted.patience < adapted.epochs
    assert adapted.learning_rate == base.learning_rate


def test_the_defaults_of_thirty_recordings():
    recordings = replace(MUCH, epochs=60, batch_size=16)
    assert adapted_settings(27, recordings, ADAPTED) == replace(
        recordings, batch_size=4, epochs=-(-MIN_STEPS // 7), patience=-(-MIN_PATIENCE_STEPS // 7)
    )


@pytest.mark.parametrize("base", [MUCH, replace(MUCH, epochs=5, batch_size=64), replace(MUCH, epochs=1, patience=0)])
def test_from_enough_examples_on_nothing_changes(base):
    free = {name for name in ADAPTED if getattr(base, name)}
    enough = enough_examples(base)
    for examples in (enough, enough + 1, 10 * enough, 10**9):
        assert adapted_settings(examples, base, free) == base
    assert adapted_settings(enough // 2, base, free) != base


@pytest.mark.parametrize("name", ADAPTED)
def test_what_the_user_chose_stays_and_the_defaults_follow_it(name):
    chosen = replace(MUCH, **{name: 1})
    adapted = adapted_settings(27, chosen, set(ADAPTED) - {name})
    assert getattr(adapted, name) == 1
    assert all(getattr(adapted, other) != getattr(MUCH, other) for other in set(ADAPTED) - {name})
    assert adapted_settings(27, chosen, ()) == chosen


def plan(dataset, settings=None, **options):
    request = Request("many_to_one", dataset, None, settings or {}, options, None, None)
    return make_plan(request, resume=False, overwrite=False)


def test_registered_datasets_and_choices_are_left_alone(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,b\nc,d\n")
    assert plan("toy_reviews").free == frozenset()
    assert plan(f"csv:{tmp_path}/a.csv").free == set(ADAPTED)
    assert plan(f"csv:{tmp_path}/a.csv", {"patience": 0, "epochs": 20, "seed": 3}).free == {"batch_size"}


def keep_best(tmp_path, rows, patience, tie=0.0):
    keeper = BestCheckpoint(tmp_path, "val_accuracy", "max", patience, tie)
    keeper.rows = [{"epoch": n, "val_accuracy": value, "val_loss": loss} for n, (value, loss) in enumerate(rows, 1)]
    return keeper


@pytest.mark.parametrize(
    ("rows", "best", "exhausted"),
    [
        ([(0.9, 0.5), (0.9, 0.4), (0.9, 0.3)], 3, False),  # Equal, and the loss falls.
        ([(0.9, 0.5), (0.9, 0.6), (0.9, 0.7)], 1, True),
        ([(1.0, 0.005), (1.0, 0.004), (1.0, 0.003)], 3, True),  # It falls by nothing to speak of.
        ([(0.9, 0.5), (0.8, 0.4), (0.8, 0.3)], 1, True),  # A lower loss does not make up for less accuracy.
        ([(0.0, 9.0), (0.0, 8.0), (0.0, 7.0)], 3, False),
        ([(0.8, 0.5), (0.9, 0.9), (0.8, 0.1)], 2, False),
    ],
)
def test_of_equal_epochs_the_one_with_the_lower_loss_is_better(rows, best, exhausted, tmp_path):
    keeper = keep_best(tmp_path, rows, 2)
    assert keeper.best["epoch"] == best
    assert keeper.exhausted == exhausted


def test_patience_of_zero_never_stops(tmp_path):
    assert keep_best(tmp_path, [(0.9, 0.5)] * 2, 1).exhausted
    assert not keep_best(tmp_path, [(0.9, 0.5)] * 500, 0).exhausted


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([(0.96, 0.8), (0.93, 0.3), (0.89, 0.1)], 2),  # One of 27 right by chance, by a network that learned little.
        ([(0.90, 0.2), (0.93, 0.3), (0.96, 0.4)], 3),
        ([(0.90, 0.2), (0.93, 0.3), (0.90, 0.1)], 3),
    ],
)
def test_one_of_a_few_validation_examples_decides_nothing(rows, best, tmp_path):
    assert keep_best(tmp_path, rows, 9, tie(27)).best["epoch"] == best
    assert tie(500) == 0


def test_the_end_of_a_training_is_explained(tmp_path):
    stopped = keep_best(tmp_path, [(0.8, 0.5), (0.9, 0.4), (0.9, 0.5), (0.8, 0.4)], 2)
    assert stopped.ending(20) == (
        "Stopped after epoch 4 of 20: val_accuracy has not improved for 2 epochs (patience=2); the best was epoch 2."
    )
    tied = keep_best(tmp_path, [(0.8, 0.5), (0.9, 0.5), (0.9, 0.496), (0.8, 0.6)], 2)
    assert tied.ending(20).endswith("(patience=2); the best was epoch 3, whose loss is the lowest among equals.")
    assert stopped.ending(4) == "All 4 epochs done; the best was epoch 2."
    improving = keep_best(tmp_path, [(0.8, 0.5), (0.9, 0.4)], 2)
    assert improving.ending(1) == "The only epoch is done: more epochs may improve the model."
    assert improving.ending(2) == (
        "All 2 epochs done; the best was epoch 2. The last epoch was the best: more epochs may improve the model."
    )


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """The address of a table of 30 rows."""
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    path.write_text("text,label\n" + "".join(f"a {'fine' if n % 2 else 'poor'} text {n},{n % 2}\n" for n in range(30)))
    return f"csv:{path}"


SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "verbose": 0}


@pytest.mark.slow
def test_a_run_records_the_settings_that_it_was_trained_with(reviews, caplog):
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        run = zoo.train("many_to_one", dataset=reviews, epochs=2, **SMALL)
    settings = run.config.training
    assert settings.batch_size == 4
    assert (settings.epochs, settings.patience) == (2, -(-MIN_PATIENCE_STEPS // 6))
    assert f"With 24 training examples, the defaults are batch_size=4, patience={settings.patience}." in caplog.text
    assert caplog.text.count("All 2 epochs done; the best was epoch ") == 1


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["many_to_one", "--set", "patience=5"], 5),
        (["many_to_one", "--patience", "0"], 0),
        (["--config", "a.yaml"], 7),
        (["--config", "a.yaml", "--set", "patience=5"], 5),
        (["many_to_one", "--set", "patience=5", "--patience", "4"], 4),
    ],
)
def test_patience_is_set_by_command_line_and_yaml(words, wanted, monkeypatch, tmp_path):
    given = {}

    def train(name, **arguments):
        given.update(arguments)
        raise TrainingError("Enough is known.")

    monkeypatch.setattr(zoo, "train", train)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("architecture: many_to_one\npatience: 7\n")
    result = CliRunner().invoke(cli, ["train", *words])
    assert "Enough is known." in result.stderr
    assert given["patience"] == wanted


def test_an_invalid_patience_is_named():
    result = CliRunner().invoke(cli, ["train", "many_to_one", "--set", "patience=-1"])
    assert result.exit_code == 1
    assert "'patience' expects an integer from 0 to 100,000; received -1" in result.stderr


def test_show_and_init_accept_the_file_options_of_train(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{n};caf\xe9 {n};{n % 2}\n" for n in range(20))
    (tmp_path / "a.csv").write_bytes(f"nr;caf\xe9;m\xe4r\n{rows}".encode("cp1252"))
    opened = ["many_to_one", "--dataset", "csv:a.csv"]
    refused = CliRunner().invoke(cli, ["show", *opened, "--set", "encoding=cp1252"])
    assert refused.exit_code == 1
    assert "--columns" in refused.stderr
    named = [*opened, "--set", "encoding=cp1252", "--columns", "text=caf\xe9,label=m\xe4r"]
    assert CliRunner().invoke(cli, ["show", *named]).exit_code == 0
    assert CliRunner().invoke(cli, ["init", *named, "--set", "patience=4"]).exit_code == 0
    written = yaml.safe_load((tmp_path / "many_to_one.yaml").read_text())
    assert written == {
        "architecture": "many_to_one",
        "dataset": f"csv:{tmp_path / 'a.csv'}",
        "encoding": "cp1252",
        "columns": "text=caf\xe9,label=m\xe4r",
        "patience": 4,
    }
    for command in ("show", "init"):
        refused = CliRunner().invoke(cli, [command, *named, "--set", "num_classes=3"])
        assert "Option 'num_classes' is set from the data in training" in refused.stderr


def test_init_and_show_say_that_defaults_follow_from_few_examples(reviews):
    from keras_rnn_zoo.training.config_file import settings_of, template

    entry, data = registry.architectures.get("many_to_one"), registry.find_dataset(reviews, ("classification",))
    told = {option.name: words for option, _, words in settings_of(data)}
    assert (told["batch_size"], told["epochs"], told["patience"]) == ("32 or less", "20 or more", "3 or more")
    assert {option.name: words for option, _, words in settings_of(registry.default_dataset(entry))}["epochs"] == "20"
    text = template(entry, data, {"patience": 9})
    assert yaml.safe_load(text)["patience"] == 9
    assert (
        "# epochs: 20  # maximum number of passes over the training split. The default is more for files with few exa"
        in text
    )


@pytest.mark.slow
def test_default_options_learn_from_thirty_recordings(tmp_path):
    train, test = write_recordings(tmp_path / "train", 30, 1), write_recordings(tmp_path / "test", 30, 2)
    run = zoo.train("ctc", dataset=f"audio:{train}", test=str(test), verbose=0)
    assert run.metrics["wer"] <= 0.02
    words, others = write_words(tmp_path / "words", 30, 3), write_words(tmp_path / "others", 30, 4)
    run = zoo.train("many_to_one", dataset=f"audio:{words}", test=str(others), verbose=0)
    assert run.metrics["accuracy"] >= 0.96


@pytest.mark.slow
def test_default_options_learn_from_270_series(tmp_path):
    for name, count, seed in (("train", 270, 1), ("test", 370, 2)):
        series, speakers = draw_series(count, seed)
        np.savez(tmp_path / f"{name}.npz", x=series, y=speakers)
    run = zoo.train("many_to_one", dataset=f"npz:{tmp_path}/train.npz", test=f"{tmp_path}/test.npz", verbose=0)
    assert run.metrics["accuracy"] >= 0.94
