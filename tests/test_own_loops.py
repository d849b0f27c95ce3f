"""The zoo's data and layers in a program's own models and loops, and the page about them."""

import inspect
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from pages import programs_of, text_of
from processes import run_command
from test_laziness import loaded_after

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.exporting import check as checking

pytestmark = pytest.mark.usefixtures("few_examples")

TINY = {"units": 4, "embedding_dim": 4, "max_length": 12, "chunk_length": 50}


def examples_of_each_task():
    """Yields an architecture and a dataset that need no download for each task."""
    for task in registry.tasks.entries():
        pairs = [
            (architecture, dataset)
            for architecture in registry.architectures.entries()
            for dataset in registry.datasets_of(architecture)
            if dataset.task == task.name and (dataset.embedded or dataset.name == "tiny_shakespeare")
        ]
        slow = task.name in ("captioning", "transcription", "translation")
        if pairs:  # No registered dataset is for step regression.
            yield pytest.param(*pairs[-1], id=task.name, marks=[pytest.mark.slow] if slow else [])


PAGE = text_of("python.md")
PROGRAMS = [program for program in programs_of(PAGE) if 'zoo.stream("sales")' not in program]
RUNS = {"python.md": PROGRAMS}


@pytest.mark.slow
def test_the_programs_of_the_page_run(monkeypatch, tmp_path):
    """In order, as a reader would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    monkeypatch.setattr(checking, "subprocess", SimpleNamespace(run=run_command))
    assert len(PROGRAMS) == 6
    known = {}
    for program in PROGRAMS:
        exec(compile(program, "python.md", "exec"), known)
    assert known["labels"].numpy()[0].decode() in ("negative", "positive")
    assert known["batches"].cardinality() == 3
    assert zoo.load("saved_models/reviews/1").predict(["a film to remember"])
    table = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert all(
        hasattr(zoo.Run, name) or name in inspect.signature(zoo.train).parameters for name in table if name != "path"
    )


@pytest.mark.parametrize(("architecture", "dataset"), list(examples_of_each_task()))
def test_the_batches_of_each_task_fit_the_model(architecture, dataset):
    known = registry.options_of(architecture, dataset)
    options = {name: value for name, value in TINY.items() if name in known}
    batches, task = zoo.make_dataset(architecture.name, dataset=dataset.name, batch_size=16, **options)
    chosen = {name: value for name, value in options.items() if name in architecture.options}
    model = zoo.build(architecture.name, **{**chosen, **task.model_options()})
    model.compile("adam", task.loss(), metrics=task.training_metrics(), run_eagerly=True)
    history = model.fit(batches.take(1), verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"][0])
    assert len(batches) == -(-sum(len(y) for _, y in batches) // 16)


def test_training_batches_come_in_a_new_order_each_time_and_the_same_with_the_same_seed():
    def epochs(split, **arguments):
        batches, _ = zoo.make_dataset("many_to_one", split=split, batch_size=8, **arguments)
        return [np.concatenate([y.numpy() for _, y in batches]).tolist() for _ in range(2)]

    first, second = epochs("train")
    assert first != second and sorted(first) == sorted(second)
    assert epochs("train") == [first, second]
    assert epochs("train", seed=1)[0] != first
    first, second = epochs("validation")
    assert first == second


def test_splits_share_a_task_and_a_run_has_its_own(small_run):
    _, task = zoo.make_dataset("many_to_one", vocabulary_size=20)
    validation, same = zoo.make_dataset("many_to_one", split="validation", task=task)
    assert same is task
    assert max(int(x.numpy().max()) for x, _ in validation) < 20 == task.model_options()["vocabulary_size"]
    run = zoo.Run(small_run("toy_reviews").path)
    batches, fitted = zoo.make_dataset(run, split="test", batch_size=128)
    run.model.compile(loss=fitted.loss(), metrics=fitted.training_metrics())
    loss, accuracy = run.model.evaluate(batches, verbose=0)
    assert (loss, accuracy) == pytest.approx((run.metrics["loss"], run.metrics["accuracy"]), abs=1e-4)


def test_invalid_arguments_are_named(small_run):
    with pytest.raises(OptionError, match="'batch_size' expects an integer from 1"):
        zoo.make_dataset("many_to_one", batch_size=0)
    with pytest.raises(OptionError, match=r"no option 'unit'\. Did you mean 'units'\?"):
        zoo.make_dataset("many_to_one", unit=3)
    with pytest.raises(DataError, match="no split 'dev'"):
        zoo.make_dataset("many_to_one", split="dev")
    with pytest.raises(OptionError, match="A run has its own dataset and options"):
        zoo.make_dataset(small_run("toy_reviews"), dataset="adding")


@pytest.mark.parametrize("name", zoo.layers.__all__)
def test_a_layer_in_a_model_of_ones_own_is_saved_and_loaded(name, tmp_path):
    layer = getattr(zoo.layers, name)
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 4, mask_zero=True)(ids)  # Its mask goes along.
    both = keras.layers.Bidirectional(layer(3, return_sequences=True))(vectors)
    last, *_ = layer(3, go_backwards=True, return_state=True)(both)
    model = keras.Model(ids, keras.layers.Dense(1)(last))
    x = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]])
    outputs = model(x)
    model.save(tmp_path / "own.keras")
    np.testing.assert_allclose(keras.saving.load_model(tmp_path / "own.keras")(x), outputs, atol=1e-6)
    np.testing.assert_allclose(model(x[:1, :3]), outputs[:1], atol=1e-5)


def test_the_layers_load_keras_only_when_one_is_used():
    assert loaded_after("import keras_rnn_zoo as zoo\nimport keras_rnn_zoo.layers\ndir(zoo.layers)") == set()
    with pytest.raises(AttributeError, match="has no attribute 'LTSM'"):
        _ = zoo.layers.LTSM


def test_batches_are_made_of_data_in_memory():
    texts = [f"{'good' if number % 2 else 'bad'} film {number}" for number in range(60)]
    labels = ["yes" if number % 2 else "no" for number in range(60)]
    batches, task = zoo.make_dataset("many_to_one", dataset=(texts, labels), batch_size=16)
    held_out, _ = zoo.make_dataset("many_to_one", dataset=(texts, labels), split="test", task=task)
    assert task.classes == ("no", "yes")
    assert [sum(len(y) for _, y in data) for data in (batches, held_out)] == [48, 6]
