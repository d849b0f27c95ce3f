"""A resumed training ends with the weights of one that was never interrupted."""

import keras
import pytest
from interruptions import history, interrupt, train

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.errors import TrainingInterrupted
from keras_rnn_zoo.training.progress import Progress

pytestmark = pytest.mark.usefixtures("few_examples")


def weights(run):
    return [array.tobytes() for array in zoo.load(run).model.get_weights()]


ENTRIES = [
    (
        "many_to_one",
        "toy_reviews",
        {"units": 4, "embedding_dim": 4, "dropout": 0.3}
        | {"weight_averaging": 0.9, "label_smoothing": 0.1, "warmup": 0.3},
    ),
    pytest.param(
        "sync_many_to_many", "slots", {"units": 4, "embedding_dim": 4, "dropout": 0.3}, marks=pytest.mark.slow
    ),
    pytest.param("many_to_one", "adding", {"units": 4, "sequence_length": 12, "cell": "gru"}, marks=pytest.mark.slow),
    pytest.param("one_to_many", "shapes", {"units": 8, "embedding_dim": 8}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "dataset", "options"), ENTRIES, ids=lambda value: str(value) * isinstance(value, str))
def test_an_interrupted_training_ends_with_the_same_weights(monkeypatch, name, dataset, options):
    """Interrupted at the start of an epoch, then within one, to resume from a checkpoint within it."""
    options = {"dataset": dataset, "epochs": 3, "batch_size": 16, "save_every_steps": 2, "verbose": 0, **options}
    whole = zoo.train(name, run="whole", **options)
    for moment in ((1, 0), (2, 3)):
        with monkeypatch.context() as patch:
            interrupt(patch, *moment)
            with pytest.raises(TrainingInterrupted):
                zoo.train(name, run="cut", resume=runs.is_resumable(whole.path.with_name("cut")), **options)
    cut = zoo.train(name, run="cut", resume=True, **options)
    assert history(cut) == history(whole)
    assert cut.metrics == whole.metrics
    assert weights(cut) == weights(whole)


@pytest.mark.slow
def test_data_generated_in_each_epoch_resumes_to_the_same_weights(monkeypatch, tmp_path):
    rows = [f"w{number % 7} w{number % 5} w{number % 3},{'yes' if number % 3 else 'no'}" for number in range(300)]
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    monkeypatch.setattr("keras_rnn_zoo.batching.batches._MAX_CACHE_BYTES", 0)
    options = {"dataset": f"csv:{tmp_path / 'rows.csv'}", "epochs": 2, "save_every_steps": 3}
    whole = train(run="whole", **options)
    with monkeypatch.context() as patch:
        interrupt(patch, 1, 4)
        with pytest.raises(TrainingInterrupted):
            train(run="cut", **options)
    assert weights(train(run="cut", resume=True, **options)) == weights(whole)


@pytest.mark.slow
def test_a_run_that_was_written_just_before_a_kill_is_not_kept_twice(monkeypatch, models_dir):
    keras.utils.clear_session()  # As in a process of its own, for layers to have the same names.
    whole = train(run="whole")

    class Killed(BaseException):
        pass

    def killed(*_arguments, **_options):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "remove_unfinished", killed)
        keras.utils.clear_session()
        with pytest.raises(Killed):
            train(run="cut")
    assert runs.is_resumable(models_dir / "cut")
    keras.utils.clear_session()
    cut = train(run="cut", resume=True)
    assert sorted(path.name for path in models_dir.iterdir()) == ["cut", "whole"]
    assert weights(cut) == weights(whole)
    assert cut.model_path.read_bytes() == whole.model_path.read_bytes()
