"""Experiment trackers: MLflow, and Weights & Biases without a network."""

import csv

import pytest
from pages import commands_of, run_well, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import OptionError

(COMMAND,) = [line for line in commands_of(text_of("comparing.md")) if "--track" in line]
RUNS = {"comparing.md": [COMMAND]}


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """The training of the page of two epochs, which both trackers have recorded, and the folder that it ran in."""
    folder = tmp_path_factory.mktemp("tracked")
    with (folder / "rows.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        rows.writerows((f"word{number} {side}", side) for number in range(40) for side in ("good", "bad"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("WANDB_MODE", raising=False)
        patch.setenv("WANDB_SILENT", "true")
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'tracked.db'}")
        settings = ["--set=units=4", "--set=embedding_dim=4", "--batch-size=8", "--epochs=2", f"--models-dir={folder}"]
        run_well(COMMAND, f"--dataset=csv:{folder / 'rows.csv'}", *settings)
    return zoo.Run(folder / "tracked"), folder


@pytest.mark.slow  # Both packages take long to import.
def test_mlflow_records_settings_and_metrics(tracked):
    import mlflow

    run, folder = tracked
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'tracked.db'}")
    (found,) = client.search_runs(["0"])
    assert (found.info.run_name, found.info.status) == ("tracked", "FINISHED")
    assert {**found.data.params, "units": "4", "seed": "0"} == found.data.params
    # Chosen for these few rows, after the training was planned.
    assert found.data.params["patience"] == str(run.config.training.patience)
    assert found.data.metrics["test_accuracy"] == run.metrics["accuracy"]
    losses = client.get_metric_history(found.info.run_id, "val_loss")
    assert [one.step for one in losses] == [0, 1]
    assert [one.value for one in losses] == pytest.approx(list(run.history["val_loss"]))


@pytest.mark.slow
def test_wandb_records_offline(tracked):
    _, folder = tracked
    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    content = path.read_bytes()
    for part in (b"reviews", b"tracked", b"embedding_dim", b"epoch/val_loss", b"test_accuracy"):
        assert part in content


@pytest.mark.slow
def test_what_is_tracked_is_the_same_run(tracked):
    """Trackers are no setting of the run: a run is resumed, and repeated, without them."""
    run, _ = tracked
    assert run.config.training.objects is None


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mlfow:", r"received 'mlfow:'\. Did you mean 'mlflow:'\?"),
        ("wandb", r"expects mlflow: or mlflow:ADDRESS.* received 'wandb'\. Did you mean 'wandb:'\?"),
        ("tensorboard:logs", r"received 'tensorboard:logs'\.$"),
        ("", r"received ''\.$"),
    ],
)
def test_an_unknown_tracker_is_refused_before_the_training(models_dir, address, message):
    with pytest.raises(OptionError, match=message):
        zoo.train("many_to_one", track=address)
    assert not models_dir.exists()


def test_a_tracker_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r'mlflow needs the package mlflow: pip install "keras-rnn-zoo\[mlflow\]"'):
        zoo.train("many_to_one", track=["mlflow:"])
