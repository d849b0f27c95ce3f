import json
import os
from dataclasses import replace

import pytest

from keras_rnn_zoo import atomic_files as files
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts import publish_run
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.artifacts.digests import with_digests
from keras_rnn_zoo.artifacts.run_config import (
    DatasetConfig,
    RowsConfig,
    RunConfig,
    SplitConfig,
    TaskConfig,
    TrainingConfig,
)
from keras_rnn_zoo.errors import DataError, RunError, UnknownNameError

CONFIG = RunConfig(
    "a",
    "many_to_one",
    DatasetConfig("toy_reviews", {}, version="1", checksum="0"),
    TaskConfig("classification", "text", {}, {}),
    {},
    TrainingConfig(epochs=1, batch_size=1, patience=0, save_every_steps=0, deterministic=False),
    0,
    {},
    finished=True,
    epochs_trained=1,
)
PLAIN = CONFIG.to_json()


def make_run(folder, name, **changes):
    with publish_run.atomic_run(folder / name) as new:
        publish_run.write_config(runs.Run(new), replace(CONFIG, run=name, **changes))
    return runs.Run(folder / name)


def test_the_models_folder_is_the_argument_or_the_variable_or_the_default(monkeypatch, tmp_path):
    assert str(runs.models_dir("here")) == "here"
    monkeypatch.setenv("ZOO_MODELS_DIR", str(tmp_path))
    assert runs.models_dir() == tmp_path
    monkeypatch.delenv("ZOO_MODELS_DIR")
    assert str(runs.models_dir()) == "saved_models"


def test_a_run_is_found_by_name_alias_path_or_being_the_only_one(models_dir):
    run = make_run(models_dir, "many_to_one")
    for name in ("many_to_one", "Many-to-One", "sentiment", str(run.path), None, run):
        assert runs.open_run(name) == run


def test_a_config_that_could_not_be_read_again_is_refused_before_it_is_written(monkeypatch):
    named = replace(CONFIG, task=replace(CONFIG.task, classes=("good", "bad")))
    publish_run.check_config(named)
    with pytest.raises(DataError, match=r"too large .* more in task.classes .* 1 classes"):
        publish_run.check_config(replace(CONFIG, task=replace(CONFIG.task, classes=("x" * 100_001,))))
    monkeypatch.setattr(publish_run, "MAX_JSON_BYTES", publish_run._MARGIN + 500)
    with pytest.raises(DataError, match=r"too large to be read: \d+ bytes. It lists 2 classes"):
        publish_run.check_config(named)


def test_no_run_is_guessed_among_several(models_dir):
    make_run(models_dir, "a")
    make_run(models_dir, "b")
    with pytest.raises(RunError, match=r"Which run\? .*has 2 runs \(a, b\)"):
        runs.open_run()


def test_of_several_runs_the_one_named_after_its_architecture_is_used(models_dir):
    make_run(models_dir, "demo")
    run = make_run(models_dir, "many_to_one")
    assert runs.open_run() == run


def test_a_missing_run_raises_with_the_nearest(models_dir):
    make_run(models_dir, "reviews")
    with pytest.raises(RunError, match=r"no run 'review' in .*Did you mean 'reviews'"):
        runs.open_run("review")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_the_models_folder_is_not_taken_for_a_run(models_dir, name):
    make_run(models_dir, "first")
    with pytest.raises(RunError, match=f"A name of a run is expected; received {name!r}. Known names: first."):
        runs.open_run(name)


def test_an_error_without_any_run_says_how_to_train_one():
    with pytest.raises(RunError, match=r'zoo\.train\("NAME"\)'):
        runs.open_run("anything")


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "/etc", ".hidden", "-flag", "3", "a" * 101, "a b"])
def test_a_name_that_cannot_be_a_folder_name_is_refused(name):
    with pytest.raises(RunError, match="is not a valid name of a run"):
        runs.check_run_name(name)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"run": 1}',
        "\x00",
        json.dumps({**PLAIN, "seed": "x"}),
        json.dumps({**PLAIN, "task": {}}),
        json.dumps({**PLAIN, "task": {**PLAIN["task"], "reader": None}}),
        json.dumps({**PLAIN, "dataset": {**PLAIN["dataset"], "options": []}}),
    ],
)
def test_a_damaged_config_is_named(models_dir, content):
    run = make_run(models_dir, "a")
    (run.path / "config.json").write_text(content)
    with pytest.raises(RunError, match=r"config\.json is damaged: "):
        runs.open_run("a")


def test_missing_fields_of_a_damaged_config_are_named(models_dir):
    run = make_run(models_dir, "a")
    document = {**PLAIN, "dataset": {"name": "toy_reviews", "version": 1}, "seed": None}
    (run.path / "config.json").write_text(json.dumps(document))
    told = r"it has no valid 'dataset\.options', 'dataset\.version', .*'seed', .*'digest'\. Restore it"
    with pytest.raises(RunError, match=told):
        _ = run.config


def test_a_changed_or_missing_file_is_named(models_dir):
    run = make_run(models_dir, "a")
    run.task_path.mkdir()
    (run.task_path / "x.txt").write_text("as written")
    publish_run.write_config(run, CONFIG)
    runs.open_run("a").check()
    (run.task_path / "x.txt").write_text("as writte")
    with pytest.raises(RunError, match=r"x\.txt is damaged: its content is not what was written"):
        runs.open_run("a").check()
    (run.task_path / "x.txt").unlink()
    with pytest.raises(RunError, match=r"x\.txt is damaged: it is missing"):
        runs.open_run("a").check()


def test_a_folder_is_complete_or_absent(tmp_path):
    with pytest.raises(ZeroDivisionError), files.atomic_directory(tmp_path / "new") as folder:
        (folder / "half").touch()
        assert not (tmp_path / "new").exists()
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_finished_run_is_kept_and_an_interrupted_one_replaced(models_dir):
    make_run(models_dir, "a", seed=1)
    make_run(models_dir, "a", seed=2, finished=False)
    make_run(models_dir, "a", seed=3)
    make_run(models_dir, "a", seed=4)
    seeds = {name: runs.open_run(name).config.seed for name in runs.list_runs(models_dir)}
    assert seeds == {"a.1": 1, "a.2": 3, "a": 4}
    assert runs.open_run().config.seed == 4


def test_an_interrupted_run_is_kept_when_something_was_exported_from_it(models_dir):
    (make_run(models_dir, "a", seed=1, finished=False).path / "1").mkdir()
    make_run(models_dir, "a", seed=2)
    assert runs.open_run("a.1").versions() == [1]
    assert runs.open_run("a").config.seed == 2


def test_a_file_is_written_completely_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    files.write_text(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_versions_are_the_numbered_folders(models_dir):
    run = make_run(models_dir, "a")
    for name in ("1", "2", "10", "logs", "03"):
        (run.path / name).mkdir()
    assert run.versions() == [1, 2, 10]


def test_a_config_of_another_version_is_named_as_such(models_dir):
    run = make_run(models_dir, "a")
    document = json.loads((run.path / "config.json").read_text())
    for version in (None, 0, 99):
        changed = {key: value for key, value in {**document, "format_version": version}.items() if value is not None}
        (run.path / "config.json").write_text(json.dumps(with_digests(changed, {})) + "\n")
        with pytest.raises(RunError, match=rf"has format version {version}; this version of Keras RNN Zoo reads 1"):
            runs.open_run("a")


def test_a_config_is_written_and_read_without_a_change():
    split = SplitConfig(3, {"good": (1, 2), "bad": (0, 2**53)})
    recorded = RowsConfig({"train": 5}, {"text": "review"}, split, {"train": 1}, {"train": ["line 3"]})
    dataset = replace(CONFIG.dataset, name="csv:/a.csv", recorded=recorded, data_dir="/data")
    config = replace(CONFIG, dataset=dataset, task=replace(CONFIG.task, classes=("good", "bad")), best_epoch=1)
    document = with_digests(json.loads(json.dumps(config.to_json())), {})
    assert RunConfig.invalid_keys(document) == []
    assert replace(RunConfig.from_json(document), digest="") == config


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"architecture": "bag_of_words"}, "there is no architecture named 'bag_of_words'"),
        ({"task": replace(CONFIG.task, name="multi_label")}, "there is no task named 'multi_label'"),
        ({"task": replace(CONFIG.task, input="smell")}, "there is no reader named 'smell'"),
        ({"options": {"cell": "leaky"}}, "there is no cell named 'leaky'"),
    ],
    ids=["architecture", "task", "reader", "cell"],
)
def test_a_run_that_needs_an_absent_plugin_is_not_called_damaged(models_dir, changes, missing):
    make_run(models_dir, "a", **changes)
    with pytest.raises(
        RunError, match=rf"models/a cannot be used here: {missing}.* A plugin .* may be missing"
    ) as told:
        runs.open_run("a")
    assert "damaged" not in str(told.value)


def test_a_run_whose_dataset_is_of_an_absent_plugin_says_so():
    config = replace(CONFIG, dataset=replace(CONFIG.dataset, name="orders:/a.txt"))
    with pytest.raises(UnknownNameError, match=r"no file format named 'orders'.* a plugin .* may be missing"):
        registry.dataset_of(config)


@pytest.mark.parametrize(("version", "told"), [(None, "has no format version"), (7, "has the format version 7")])
def test_a_changed_config_of_another_version_names_the_version(models_dir, version, told):
    run = make_run(models_dir, "a")
    document = {**json.loads((run.path / "config.json").read_text()), "format_version": version}
    if version is None:
        del document["format_version"]
    (run.path / "config.json").write_text(json.dumps(document) + "\n")
    with pytest.raises(RunError, match=rf"is damaged: .*; it {told}, so another version of Keras RNN Zoo may have"):
        runs.open_run("a")


def test_the_advice_about_a_damaged_run_is_a_call_in_python(models_dir):
    run = make_run(models_dir, "b")
    (run.path / "config.json").write_text("{")
    with pytest.raises(RunError, match=r'train the run again: zoo\.train\("ARCHITECTURE", run="b"\)\.$'):
        runs.open_run("b")
    unfinished = run.path.rename(runs.unfinished_path(models_dir / "c"))
    with pytest.raises(RunError, match=r'again: zoo\.train\("ARCHITECTURE", run="c", overwrite=True\)\.$'):
        _ = runs.Run(unfinished).config


@pytest.mark.parametrize("step", ["0 us", "7 foo", "1 us counts", "-1 month", "9999999 month", "1 business days"])
def test_a_step_that_no_series_has_is_damage(step):
    document = RowsConfig({}, {}).to_json()
    assert RowsConfig.invalid_keys({**document, "frequency": step}) == ["frequency"]
    for valid in ("", "86400000000 us", "1 us count", "1 business day", "12 month"):
        assert RowsConfig.invalid_keys({**document, "frequency": valid}) == []
