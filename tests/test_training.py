import keras
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.errors import DataError, OptionError, TrainingError
from keras_rnn_zoo.training.plan import Request, make_plan
from keras_rnn_zoo.training.settings import SETTINGS

pytestmark = pytest.mark.usefixtures("few_examples")

SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "verbose": 0}


def train(**arguments):
    return zoo.train("many_to_one", **{**SMALL, "epochs": 1, **arguments})


def history(run):
    return (run.path / "history.csv").read_text().splitlines()


def test_a_run_is_complete(trained):
    config = trained.config
    assert config.architecture == "many_to_one"
    assert config.dataset.name == "toy_reviews"
    assert config.dataset.options == {}
    assert len(config.dataset.checksum) == 64
    assert config.options["units"] == 64
    assert config.task.options == {}
    assert config.task.reader == {
        **{"tokens": "words", "vocabulary_size": 20_000, "max_length": 400},
        **{"vectors": "", "words_from_vectors": False},
    }
    settings = {name: option.default for name, option in SETTINGS.items() if name != "seed"}
    assert config.training.to_json() == settings
    assert config.seed == 0
    assert config.finished
    assert config.versions["keras"] == keras.__version__
    written = {path.relative_to(trained.path).as_posix() for path in trained.path.rglob("*") if path.is_file()}
    assert set(config.files) == written - {"config.json"}
    rows = history(trained)
    assert rows[0] == "epoch,accuracy,loss,val_accuracy,val_loss"
    assert len(rows) == 1 + config.epochs_trained
    assert sorted(path.name for path in (trained.path / "logs").iterdir()) == ["train", "validation"]
    assert not runs.unfinished_path(trained.path).exists()


def test_early_stopping_ends_training_before_all_epochs(trained):
    assert trained.config.epochs_trained < trained.config.training.epochs


def test_the_model_card_states_what_was_measured(trained):
    card = (trained.path / "README.md").read_text()
    assert f"| accuracy | {trained.metrics['accuracy']:.4f} |" in card
    assert trained.config.dataset.checksum in card
    for line in ("| max_length | 400 |", "| tokens | words |", "| pooling | max |", "| batch_size | 32 |"):
        assert line in card


def test_the_model_card_states_the_options_of_the_dataset(small_run):
    card = (small_run("adding").path / "README.md").read_text()
    assert "| sequence_length | 12 |" in card
    assert f"| mse | {small_run('adding').metrics['mse']:.4f} |" in card


def test_the_same_seed_gives_the_same_metrics_and_earlier_runs_are_kept(models_dir):
    for seed in (7, 7, 8):
        train(seed=seed)
    first, again, other = (
        (models_dir / name / "metrics.json").read_bytes() for name in ("many_to_one.1", "many_to_one.2", "many_to_one")
    )
    assert first == again
    assert first != other


def test_options_reach_model_task_reader_and_dataset(small_run):
    loaded = zoo.load(train(vocabulary_size=10, max_length=3, cell="gru", tokens="spaces"))
    assert loaded.model.get_layer("embedding").input_dim == 10
    assert len(loaded.task.reader.ids.vocabulary) == 10
    assert loaded.task.reader.ids.max_length == 3
    assert loaded.task.reader.ids.tokens == "spaces"
    assert isinstance(loaded.model.get_layer("gru_1"), keras.layers.GRU)
    assert loaded.run.config.task.reader == {
        **{"tokens": "spaces", "vocabulary_size": 10, "max_length": 3},
        **{"vectors": "", "words_from_vectors": False},
    }
    assert small_run("adding").config.dataset.options == {"sequence_length": 12}
    assert zoo.load(small_run("addition")).task.search_options["max_length"] == 10


def test_the_defaults_of_a_dataset_are_used_unless_options_are_set():
    request = Request("many_to_many", "addition", None, {"epochs": 3}, {"dropout": 0.1}, None, None)
    config = make_plan(request, resume=False, overwrite=False).config
    dataset = registry.datasets.get("addition")
    assert config.training.epochs == 3
    assert config.training.batch_size == dataset.defaults["batch_size"]
    assert config.options["dropout"] == 0.1
    assert config.task.options["target_tokens"] == config.task.reader["tokens"] == "characters"
    assert config.task.options["max_length"] == config.task.reader["max_length"] == 10
    assert "num_classes" not in config.options


def test_a_dataset_of_another_kind_of_input_is_refused(models_dir):
    with pytest.raises(DataError, match="'digits' has inputs of the kind image, which many_to_one does not support"):
        train(dataset="digits")
    assert not models_dir.exists()


def test_a_loss_that_is_not_finite_stops_and_names_the_step(models_dir, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.tasks.classification.Classification.loss", lambda self: PoisonedLoss())
    with pytest.raises(
        TrainingError, match=r"The loss is (nan|inf) at step 1 of epoch 1\. Train with a lower learning"
    ):
        train()
    assert not models_dir.exists()


class PoisonedLoss(keras.losses.Loss):
    """A loss that is not a number."""

    def call(self, y_true, y_pred):
        return keras.ops.sum(y_pred, axis=-1) * float("nan")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", -1),
        ("patience", -1),
        ("learning_rate", 0),
        ("seed", -1),
        ("num_classes", 3),
        ("input", "text"),
    ],
)
def test_an_invalid_setting_is_named(name, value):
    with pytest.raises(OptionError, match=f"'{name}'"):
        train(**{name: value})


def test_a_training_without_an_architecture_lists_them():
    with pytest.raises(OptionError, match=r'zoo\.train\("many_to_one", \.\.\.\)\. There are one_to_one, .*ctc\.'):
        zoo.train(dataset=([], []))
