"""Trainings that are interrupted, and how they go on."""

import os
import shutil
import signal
import time
from dataclasses import replace

import keras
import pytest
from interruptions import history, interrupt, train
from processes import CLI, Program

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts import publish_run
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.errors import DataError, OptionError, RunError, TrainingInterrupted
from keras_rnn_zoo.training import prepare, write_run
from keras_rnn_zoo.training import train as training
from keras_rnn_zoo.training.callbacks import BestCheckpoint


@pytest.fixture(scope="module")
def interruption(tmp_path_factory, shrink):
    """The models folder of a training of three epochs that was interrupted in the second: to be copied."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        interrupt(patch)
        with pytest.raises(TrainingInterrupted, match="Interrupted after epoch 1 of 3"):
            train(epochs=3, models_dir=str(folder))
    return folder


@pytest.fixture
def interrupted(interruption, models_dir):
    """The path of the run of a training of three epochs, interrupted in the second."""
    shutil.copytree(interruption, models_dir)
    return models_dir / "many_to_one"


pytestmark = pytest.mark.usefixtures("few_examples")


def test_an_interrupted_training_leaves_the_best_weights_so_far(interrupted):
    run = runs.open_run("many_to_one")
    assert not run.config.finished
    assert run.config.epochs_trained == 1
    assert run.measured["split"] == "validation"
    assert "Training was interrupted" in (run.path / "README.md").read_text()
    assert zoo.predict(run, ["the film is dull"])[0]["label"] in ("negative", "positive")


def test_an_interrupted_training_resumes(interrupted):
    run = zoo.train("sentiment", resume=True, verbose=0)
    assert run.config.finished
    assert run.config.options["units"] == 4
    assert [row.partition(",")[0] for row in history(run)] == ["epoch", "1", "2", "3"]
    assert run.measured["split"] == "test"
    assert [path.name for path in run.path.parent.iterdir()] == ["many_to_one"]


def test_an_unfinished_training_is_overwritten_only_on_request(interrupted):
    with pytest.raises(RunError, match=r"Resume it with resume=True, discard it with overwrite=True"):
        train()
    assert train(overwrite=True).config.finished


@pytest.mark.parametrize(("arguments", "kept"), [({"resume": True}, True), ({"overwrite": True}, False)])
def test_only_what_is_resumed_can_be_resumed_when_interrupted_early(arguments, kept, interrupted, monkeypatch):
    """A training that was to overwrite an unfinished one has kept nothing of its own, and the other is still there."""

    def press_ctrl_c(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "open_examples", press_ctrl_c)
    with pytest.raises(
        TrainingInterrupted, match="A checkpoint was saved" if kept else "No checkpoint was saved"
    ) as told:
        zoo.train("many_to_one", verbose=0, **arguments)
    assert told.value.resumable == kept
    assert runs.is_resumable(interrupted)


def test_a_second_interruption_while_the_run_is_written_keeps_the_state(monkeypatch, models_dir):
    def press_ctrl_c(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "write_run", press_ctrl_c)
    with pytest.raises(TrainingInterrupted, match="A checkpoint was saved") as told:
        train()
    assert told.value.resumable
    assert runs.is_resumable(models_dir / "many_to_one")
    with pytest.raises(RunError, match=r'Resume it: zoo\.train\("NAME", run="many_to_one", resume=True\)$'):
        runs.open_run("many_to_one")


def test_resuming_with_other_settings_is_refused(interrupted):
    for changed in ({"epochs": 9}, {"units": 9}, {"seed": 9}, {"max_length": 9}, {"dataset": "imdb_reviews"}):
        with pytest.raises(OptionError, match=f"The unfinished training started with {next(iter(changed))}="):
            zoo.train("many_to_one", resume=True, verbose=0, **changed)


def test_resuming_on_other_data_is_refused(interrupted):
    unfinished = runs.Run(runs.unfinished_path(interrupted))
    config = unfinished.config
    config = replace(config, dataset=replace(config.dataset, checksum="0" * 64))
    publish_run.write_config(unfinished, config)
    with pytest.raises(DataError, match="differs from the one this training began with"):
        zoo.train("many_to_one", resume=True, verbose=0)


def test_there_is_nothing_to_resume():
    with pytest.raises(RunError, match="no unfinished training of 'many_to_one'"):
        train(resume=True)


def test_an_interruption_before_the_first_epoch_leaves_nothing(monkeypatch, models_dir):
    def press_ctrl_c(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", press_ctrl_c)
    with pytest.raises(TrainingInterrupted, match="Nothing was saved") as told:
        train()
    assert not told.value.resumable
    assert not models_dir.exists()


@pytest.mark.parametrize("phase", ["open_examples", "fitted_task", "split_batches", "write_config"])
def test_an_interruption_before_the_first_step_keeps_nothing_and_says_so(phase, monkeypatch, models_dir):
    def press_ctrl_c(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(training if phase == "split_batches" else prepare, phase, press_ctrl_c)
    with pytest.raises(TrainingInterrupted, match=r"Interrupted\. No checkpoint was saved") as told:
        train()
    assert not told.value.resumable
    assert not models_dir.exists()


def test_an_interruption_of_the_first_epoch_keeps_a_state_that_was_saved_in_it(monkeypatch, models_dir):
    with monkeypatch.context() as patch:
        interrupt(patch, 0, 1)
        with pytest.raises(
            TrainingInterrupted, match=r"before the end of the first epoch. A checkpoint was saved: resume"
        ) as told:
            train(save_every_steps=2)
        assert told.value.resumable
    assert [path.name for path in models_dir.iterdir()] == [".many_to_one.unfinished"]
    assert len(history(train(resume=True, save_every_steps=2))) == 2


def test_keep_best_remembers_by_its_rows_alone(tmp_path):
    keeper = BestCheckpoint(tmp_path, "val_accuracy", "max", patience=2)
    keeper.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    for epoch, (accuracy, loss) in enumerate([(0.5, 0.9), (0.8, 0.5), (0.8, 0.4), (0.7, 0.3), (0.7, 0.2)]):
        keeper.on_epoch_end(epoch, {"val_accuracy": accuracy, "val_loss": loss})
    assert keeper.best["epoch"] == 3
    assert keeper.exhausted
    assert [path.name for path in tmp_path.glob("best-*")] == ["best-3.state"]
    assert keeper.model.stop_training
    other = BestCheckpoint(tmp_path, "val_accuracy", "max", patience=2)
    other.resume(keeper.rows[:3])
    assert other.rows == keeper.rows[:3]
    assert other.best == keeper.best
    assert not other.exhausted


def test_a_lower_loss_is_an_improvement_while_accuracy_is_0(tmp_path):
    keeper = BestCheckpoint(tmp_path, "val_accuracy", "max", patience=2)
    keeper.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    for epoch, (loss, exhausted) in enumerate([(5, False), (4, False), (3, False), (3.5, False), (3.2, True)]):
        keeper.on_epoch_end(epoch, {"val_accuracy": 0.0, "val_loss": loss})
        assert keeper.exhausted == exhausted
    assert keeper.best["epoch"] == 3


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_signal_ends_the_command_with_its_status_and_a_usable_run(models_dir, number, status):
    """Sends the real signal to the real command, in the middle of training."""
    settings = ["--epochs", "500", "--set", "units=4", "--set", "embedding_dim=4", "--learning-rate", "0.0001"]
    process = Program(CLI, "train", "many_to_one", *settings)
    state = models_dir / ".many_to_one.unfinished" / "training.state"
    while not state.exists() and process.is_alive():
        time.sleep(0.1)
    os.kill(process.pid, number)
    done = process.wait()
    errors = done.stderr.decode()
    assert done.returncode == status, errors
    assert "Traceback" not in errors
    assert errors.rstrip().endswith("zoo train many_to_one --run many_to_one --resume")
    assert zoo.predict("many_to_one", ["fine"])[0]["probabilities"]


def test_an_interruption_of_the_final_test_keeps_the_run_and_resumes_to_the_same(monkeypatch):
    whole = train(epochs=1, run="whole")
    score = write_run.score
    calls = []

    def interrupted_once(*args):
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return score(*args)

    with monkeypatch.context() as patch:
        patch.setattr(write_run, "score", interrupted_once)
        with pytest.raises(TrainingInterrupted, match="Interrupted after epoch 1 of 1"):
            train(epochs=1, run="cut")
    assert not runs.open_run("cut").config.finished
    resumed = zoo.train("many_to_one", run="cut", resume=True, verbose=0)
    assert history(resumed) == history(whole)
    assert resumed.metrics == whole.metrics


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("best-1.state", b"PK"),
        ("best-1.state", b""),
        ("task/vocabulary.txt", b"\n[UNK]\n"),
        ("training.state", b""),
        ("training.state", b"PK"),
    ],
)
def test_resuming_from_a_damaged_state_names_the_file(interrupted, name, content):
    path = runs.unfinished_path(interrupted) / name
    assert path.is_file()
    path.write_bytes(content)
    with pytest.raises(RunError, match=path.name.replace(".", r"\.")):
        zoo.train("many_to_one", resume=True, verbose=0)
    assert runs.is_resumable(interrupted)


def test_data_that_moved_is_found_by_its_new_folder(interrupted):
    with pytest.raises(OptionError, match="'toy_reviews' is embedded"):
        zoo.train("many_to_one", resume=True, data_dir="anywhere", verbose=0)
    with pytest.raises(OptionError, match="'toy_reviews' is embedded"):
        train(run="new", data_dir="anywhere")
