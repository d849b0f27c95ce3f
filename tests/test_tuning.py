"""Searches of options: what is tried, what is shared on disk, and what is kept."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from pages import commands_of, programs_of, run_well, text_of
from studies import space_of, studies_in

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError, RunError, TrainingError
from keras_rnn_zoo.tuning.space import parse_search, search_space
from keras_rnn_zoo.tuning.trials import storage_faults
from keras_rnn_zoo.tuning.tune import _log
from zoo_cli.main import cli

PAGE = text_of("tuning.md")
COMMANDS = commands_of(PAGE)
(PROGRAM,) = programs_of(PAGE)
RUNS = {"tuning.md": [*COMMANDS, PROGRAM]}
SMALL = {"epochs": 1, "embedding_dim": 4, "batch_size": 16}


def write_reviews(folder):
    rows = [
        f"the soup is {word} {number},{stars}" for number in range(20) for word, stars in (("superb", 5), ("bad", 1))
    ]
    (folder / "reviews.csv").write_text("\n".join(["review,stars", *rows]) + "\n")


@pytest.mark.parametrize("name", registry.list_architectures())
def test_each_architecture_has_options_to_search(name):
    architecture = registry.architectures.get(name)
    found = search_space(architecture, registry.default_dataset(architecture, name), (), None)
    assert {"learning_rate", "units", "dropout"} <= found.keys()
    for one in found.values():
        assert one.option.check(one.choices[0] if one.choices else one.low) is not None
        assert one.including(one.option.default).suggest(_First()) is not None


class _First:
    """A trial that suggests the first of the values."""

    def suggest_categorical(self, name, choices):
        return choices[0]

    def suggest_int(self, name, low, high, log):
        return low

    suggest_float = suggest_int


def test_only_options_with_an_effect_are_searched_by_default():
    assert "embedding_dim" in space_of("many_to_one", "toy_reviews")
    assert "embedding_dim" not in space_of("many_to_one", "adding")
    assert "label_smoothing" not in space_of("many_to_one", "adding")
    assert "adversarial" not in space_of("many_to_one", "adding")
    assert "units" not in space_of("many_to_one", "adding", fixed={"units"})
    assert space_of("many_to_one", "toy_reviews")["block"].choices == ("plain", "residual")


def test_a_declared_range_grows_to_include_the_default():
    units = space_of("many_to_one", "toy_reviews", wanted=["units"])["units"]
    wider = units.including(2000)
    assert (wider.low, wider.high, wider.nearest(2000)) == (units.low, 2000, 2000)
    block = space_of("many_to_one", "toy_reviews", wanted=["block"])["block"]
    assert block.including("other").choices == ("plain", "residual", "other")


def test_a_search_keeps_to_the_range_of_the_user():
    units = space_of("many_to_one", "toy_reviews", wanted={"units": (8, 16)})["units"].including(64)
    assert (units.low, units.high, units.nearest(64), units.nearest(9)) == (8, 16, 16, 9)
    cell = space_of("many_to_one", "toy_reviews", wanted={"cell": ["gru", "lru"]})["cell"].including("lstm")
    assert (cell.choices, cell.nearest("lstm"), cell.nearest("lru")) == (("gru", "lru"), "gru", "lru")


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"unitz": (1, 2)}, "'units'"),
        ({"units": (16, 8)}, "the lowest and the highest value"),
        ({"units": (0, 8)}, "an integer from 1 to 8,192"),
        ({"units": []}, "the lowest and the highest value"),
        ({"cell": ["lstn"]}, "lstm"),
        (["num_classes"], "set from the data"),
        (["max_length"], "max_length=LOW..HIGH"),
        (["dropout"], "both set and searched"),
        (["spectrogram_masks"], "no effect on toy_reviews"),
        ([], "expects names of options"),
    ],
)
def test_invalid_searches_are_refused(wanted, fault):
    with pytest.raises(OptionError, match=re.escape(fault)):
        space_of("many_to_one", "toy_reviews", {"dropout"}, wanted)


def test_searches_are_read_from_a_command_line():
    options = {one.option.name: one.option for one in space_of("many_to_one", "toy_reviews").values()}
    assert parse_search(options, ["units=8..32", "cell=lstm,gru", "dropout"], "many_to_one") == {
        "units": (8, 32),
        "cell": ["lstm", "gru"],
        "dropout": None,
    }
    assert parse_search(options, [], "many_to_one") is None
    with pytest.raises(OptionError, match="'units'"):
        parse_search(options, ["unit=1..2"], "many_to_one")


@pytest.fixture
def study(tmp_path):
    return studies_in(tmp_path)


def test_processes_share_trials_and_take_over_those_of_killed_ones(study):
    mine, other = study(), study()
    with mine.next_trial(3) as first, other.next_trial(3) as second:
        assert (first.number, second.number) == (0, 1)
        assert mine.space["units"].suggest(first) == 64  # The defaults.
        units = other.space["units"].suggest(second)
        assert other.in_progress()
        mine.finish(first, 0.5)
    # The second has ended without a result, as if it was killed.
    with mine.next_trial(3) as again:
        assert (again.number, mine.space["units"].suggest(again)) == (2, units)
        assert mine.run_of(again) == mine.runs / "trial-1"
        mine.finish(again, 0.9)
    with other.next_trial(3) as third:
        other.finish(third, None)
    with mine.next_trial(3) as none:
        assert none is None
    assert not mine.unfinished(3)
    assert mine.unfinished(4)
    assert [row["state"] for row in mine.rows()] == ["complete", "complete", "stopped early"]
    assert mine.best().number == 2


def test_runs_of_beaten_trials_are_deleted(study):
    mine = study()
    for value in (0.5, 0.9, 0.7):
        with mine.next_trial(3) as trial:
            mine.space["units"].suggest(trial)
            mine.run_of(trial).mkdir()
            mine.finish(trial, value)
    assert [path.name for path in mine.runs.glob("trial-*")] == ["trial-1"]


def test_another_request_and_a_damaged_study_are_refused(study, tmp_path):
    study()
    with pytest.raises(OptionError, match="began with architecture 'a'; received 'b'"):
        study(architecture="b")
    (tmp_path / "x.study" / "study.db").write_text("not a database" * 100)
    fault = r"study\.db cannot be used .*: file is not a database\. "
    with pytest.raises(RunError, match=fault), storage_faults(tmp_path / "x.study"):
        study()


def test_the_log_counts_trials_without_those_that_were_abandoned(caplog):
    row = {"state": "complete", "value": 0.5, "fault": "", "options": {"units": 8}}
    rows = [{**row, "trial": number} for number in (0, 2, 3)]  # The process of trial 1 was killed.
    caplog.set_level("INFO", "keras_rnn_zoo")
    _log(rows, 2, 3, "val_accuracy")
    assert caplog.messages == ["Trial 2 (2 of 3): val_accuracy 0.5000. units=8"]


def test_a_search_is_overwritten_once_nobody_works_on_it(study):
    mine, other = study(), study()
    with mine.next_trial(1) as trial:
        with pytest.raises(RunError, match="Another process works on the search"):
            study(overwrite=True)
        mine.space["units"].suggest(trial)
        mine.finish(trial, 0.5)
    again = study(overwrite=True, architecture="b")
    assert (again.rows()[0]["state"], len(again.rows())) == ("waiting", 1)
    reads = (other.rows, other.importance, lambda: other.unfinished(3), other.publishing().__enter__)
    for call in (other.in_progress, other.next_trial(3).__enter__, *reads):
        with pytest.raises(RunError, match=r"has begun the search in .* again"):
            call()


def test_defaults_that_fail_end_the_search_whenever_it_is_resumed(study, monkeypatch):
    """The first trial has another number once it is done again."""
    from keras_rnn_zoo.tuning import trial as trials

    def fail(*args, **kwargs):
        raise TrainingError("The loss is NaN.")

    monkeypatch.setattr(trials, "train_request", fail)
    request = SimpleNamespace(settings={}, options={}, objects=SimpleNamespace(callbacks=()))
    monkeypatch.setattr(trials, "replace", lambda one, **changes: one)
    task = registry.tasks.get("classification")
    for number in (0, 1):
        mine = study()
        with pytest.raises(TrainingError), mine.next_trial(2) as trial:
            assert trial.number == number
            trials.run_trial(mine, trial, request, task)


def test_a_study_that_breaks_during_a_search_is_a_paragraph(tmp_path, monkeypatch):
    pytest.importorskip("optuna", reason="the extra `tune` is not installed")

    def breaks(study, trial, request, task):
        (study.path / "study.db").write_text("not a database" * 100)
        study.finish(trial, 0.5)

    monkeypatch.setattr("keras_rnn_zoo.tuning.trial.run_trial", breaks)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["tune", "many_to_one", "--trials", "1"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "study.db cannot be used as a study of Optuna: file is not a database. Fix" in result.stderr


def test_a_search_without_a_completed_trial_says_why(study):
    mine = study()
    with mine.next_trial(1) as trial:
        mine.finish(trial, None, "The loss is NaN.")
    with pytest.raises(RunError, match=r"No trial .* was completed\. The loss is NaN\."):
        mine.best()


def _recording(make_batches, texts):
    def recorded(examples, *args, **kwargs):
        if kwargs.get("references"):
            texts.append(b" ".join(sorted(raw for raw, _ in examples.as_numpy_iterator())))
        return make_batches(examples, *args, **kwargs)

    return recorded


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """The texts that models are measured on, in order; the current folder has a file of reviews."""
    pytest.importorskip("optuna", reason="the extra `tune` is not installed")
    from keras_rnn_zoo.inference import evaluate
    from keras_rnn_zoo.training import write_run

    write_reviews(tmp_path)
    monkeypatch.chdir(tmp_path)
    texts = []
    for module in (evaluate, write_run):
        monkeypatch.setattr(module, "make_batches", _recording(module.make_batches, texts))
    return texts


def test_the_test_split_is_used_once_and_the_best_run_is_a_run(measured, caplog):
    search = {"units": (4, 8)}
    with caplog.at_level("INFO", "keras_rnn_zoo"):
        study = zoo.tune("many_to_one", dataset="csv:reviews.csv", trials=2, search=search, **SMALL)
    assert caplog.text.count(" training rows, ") == 1  # Both trials have the same data.
    *validated, test = measured
    assert validated and set(validated) == {validated[0]} != {test}
    run = zoo.Run.find("many_to_one_tuned")
    assert (run.config.finished, run.measured["split"], run.config.training.objects) == (True, "test", None)
    assert run.predict(["the soup is superb"])[0]["label"] in ("1", "5")
    assert [found["run"] for found in zoo.runs()] == ["many_to_one_tuned"]
    assert study.best["value"] == max(row["value"] for row in study.trials if row["value"] is not None)
    assert run.config.options["units"] == study.best["options"]["units"]
    assert study.as_json()["trials"] == list(study.trials)
    measured.clear()
    again = zoo.tune("many_to_one", dataset="csv:reviews.csv", trials=2, search=search, **SMALL)
    assert (len(again.trials), measured) == (2, [])  # Nothing was left to do.


@pytest.mark.slow
def test_the_commands_and_the_program_of_the_page_run(measured, monkeypatch):
    """In one folder and in order, as a reader would: ten trainings."""
    monkeypatch.delenv("ZOO_MODELS_DIR")
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        small = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
        result = run_well(command, *(small if command.startswith("zoo tune ") else ()))
    assert "many_to_one_tuned" in result.output
    exec(PROGRAM.replace("trials=5", "trials=2, epochs=1"), names := {})
    assert names["study"].best["options"].keys() == {"units", "cell"}
    assert sorted(path.name for path in Path("saved_models").iterdir() if path.is_dir()) == [
        *("again", "again.study", "many_to_one_tuned", "many_to_one_tuned.study", "narrow", "narrow.study")
    ]


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(zoo.ZooError, match=re.escape('pip install "keras-rnn-zoo[tune]"')):
        zoo.tune("many_to_one", trials=1)


@pytest.mark.parametrize("trials", [0, -1, 1.5, True, "many"])
def test_the_number_of_trials_is_checked(trials):
    with pytest.raises(OptionError, match="'trials' expects an integer of at least 1"):
        zoo.tune("many_to_one", trials=trials)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), True, "long"])
def test_the_time_of_a_search_is_checked(timeout, models_dir):
    with pytest.raises(OptionError, match="'timeout' expects a number of seconds above 0"):
        zoo.tune("many_to_one", timeout=timeout)
    assert not models_dir.exists()
