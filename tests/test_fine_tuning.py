"""Trainings that start from the weights of a run, and parts of a model that they leave alone."""

import dataclasses
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from descriptions import TRAINING, run_config
from interruptions import interrupt

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.errors import DataError, OptionError, RunError, TrainingInterrupted
from keras_rnn_zoo.training.fine_tuning import freeze, start_from, take_vocabularies
from zoo_cli.main import cli

pytestmark = pytest.mark.usefixtures("few_examples")

SMALL = {"units": 4, "embedding_dim": 4, "hidden_layers": 1, "max_length": 12, "num_layers": 2, "past_steps": 8}


QUICK = {
    "one_to_many-captioning-image",
    "many_to_one-classification-text",
    "many_to_many-forecasting-window",
    "sync_many_to_many-language_modeling-text",
    "ctc-transcription-image",
}
"""Kinds that differ most in how they are matched: the others are tested by the slow tests."""


def kinds():
    """Yields an architecture and a dataset that need no download for each task, kind of input and architecture."""
    seen = set()
    for architecture in registry.architectures.entries():
        for dataset in registry.datasets_of(architecture):
            kind = architecture.name, dataset.task, dataset.model_options["input"]
            if (dataset.embedded or dataset.name == "tiny_shakespeare") and kind not in seen:
                seen.add(kind)
                name = "-".join(kind)
                marks = [] if name in QUICK else [pytest.mark.slow]  # Each builds five models.
                yield pytest.param(architecture, dataset, id=name, marks=marks)


def described(architecture, options):
    return dataclasses.replace(run_config(architecture=architecture.name), options=options)


def in_memory(architecture, dataset, **more):
    """Returns a new model for a dataset, as a run that was loaded."""
    known = registry.options_of(architecture, dataset)
    options = {name: value for name, value in {**SMALL, **more}.items() if name in known and not known[name].from_data}
    _, task = zoo.make_dataset(architecture.name, dataset=dataset.name, **options)
    options = {name: value for name, value in {**dataset.defaults, **options}.items() if name in architecture.options}
    model = architecture.make(**{**options, **task.model_options()})
    return SimpleNamespace(
        model=model, task=task, run=SimpleNamespace(name="a", config=described(architecture, options))
    )


def filled(model):
    """Gives each weight of a model values of its own, also those that begin as zeros or ones."""
    random = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(random.normal(size=variable.shape).astype(variable.dtype))


@pytest.mark.parametrize(("architecture", "dataset"), list(kinds()))
def test_all_weights_are_taken_over_and_parts_can_be_frozen(architecture, dataset):
    source = in_memory(architecture, dataset)
    filled(source.model)
    config = source.run.config
    model = architecture.make(**{**config.options, **source.task.model_options()})
    start_from(model, source.task, config, source)
    for ours, theirs in zip(model.get_weights(), source.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    count = len(model.trainable_variables)
    try:
        freeze(model, "frontend")
        fewer = len(model.trainable_variables)
        assert 0 < fewer < count
    except OptionError as error:
        assert "'freeze' is 'frontend', but that part" in str(error)
        fewer = count
    freeze(model, "encoder")
    assert 0 < len(model.trainable_variables) <= fewer and len(model.trainable_variables) < count
    trained = {layer.name for layer in model.layers if layer.trainable_variables}
    assert trained <= {
        "logits",
        "values",
        "scores",
        "decoder",
        "bridge",
        "horizon_decoder",
        "quantiles",
        "autoregression",
    }


def tagged(vocabulary, classes):
    """Returns a task like a fitted one, and a model for it."""
    dataset, architecture = registry.datasets.get("slots"), registry.architectures.get("sync_many_to_many")
    run = in_memory(architecture, dataset, char_units=3)
    run.task.classes = classes
    run.task.reader.words.set_vocabulary(vocabulary)
    run.model = architecture.make(**{**run.run.config.options, **run.task.model_options()})
    filled(run.model)
    return run


def test_tokens_and_classes_keep_their_rows_in_another_order():
    old, new = tagged(["a", "b", "c"], ("x", "y", "z")), tagged(["c", "d", "a"], ("w", "z", "y", "x"))
    embedding, logits = (new.model.get_layer(name).get_weights() for name in ("embedding", "logits"))
    start_from(new.model, new.task, new.run.config, old)
    before, after = (run.model.get_layer("embedding").get_weights()[0] for run in (old, new))
    np.testing.assert_array_equal(after, np.stack([before[0], before[1], before[4], embedding[0][3], before[2]]))
    (kernel, bias), (old_kernel, old_bias) = (run.model.get_layer("logits").get_weights() for run in (new, old))
    np.testing.assert_array_equal(kernel[:, 1:], old_kernel[:, ::-1])
    np.testing.assert_array_equal(kernel[:, 0], logits[0][:, 0])
    np.testing.assert_array_equal(bias, [logits[1][0], *old_bias[::-1]])


def test_a_vocabulary_is_extended_unless_its_part_is_frozen():
    def taken(**settings):
        old, new = tagged(["a", "b"], ("x", "y")), tagged(["c", "b", "d"], ("x", "y"))
        take_vocabularies(new.task, old.task, dataclasses.replace(TRAINING, **settings))
        return new.task.reader.words.vocabulary[2:]

    assert taken() == ["a", "b", "c", "d"]
    assert taken(extend_vocabulary=False) == taken(freeze="frontend") == ["a", "b"]


def test_frozen_batch_normalization_does_not_change_with_the_data():
    dataset, architecture = registry.datasets.get("shapes"), registry.architectures.get("one_to_many")
    run = in_memory(architecture, dataset, image_height=16, image_width=16)
    batches, _ = zoo.make_dataset("one_to_many", dataset="shapes", task=run.task, batch_size=4, image_height=16)
    freeze(run.model, "frontend")
    before = {variable.path: variable.numpy() for variable in run.model.weights}
    run.model.compile("sgd", run.task.loss())
    run.model.fit(batches.take(1), verbose=0)
    changed = {one.path for one in run.model.weights if not np.array_equal(before[one.path], one.numpy())}
    assert changed and all(path.startswith("decoder/") for path in changed)


@pytest.fixture(scope="module")
def rows():
    """Reviews of another domain, with a class that the embedded ones do not have."""
    draw = np.random.default_rng(0)
    words = {"negative": ["tedious", "burnt"], "positive": ["gripping", "juicy"], "fine": ["plain", "warm"]}
    texts = [(f"the {draw.choice(['soup', 'film'])} {n} is {draw.choice(words[label])}", label)
             for n in range(30) for label in words]  # fmt: skip
    return [text for text, _ in texts], [label for _, label in texts]


@pytest.fixture(scope="module")
def tuned(small_run, rows, tmp_path_factory):
    """A run that was fine-tuned with a frozen encoder."""
    folder = tmp_path_factory.mktemp("tuned")
    return zoo.train(
        from_run=small_run("toy_reviews"), dataset=rows, run="tuned", epochs=2, freeze="encoder", verbose=0,
        models_dir=str(folder)
    )  # fmt: skip


def test_a_run_says_what_it_was_fine_tuned_from(tuned, small_run):
    source = small_run("toy_reviews")
    assert tuned.config.source.run == "small_toy_reviews" and tuned.config.source.digest == source.config.digest
    assert tuned.config.architecture == "many_to_one"
    assert tuned.config.options == source.config.options
    card = (tuned.path / "README.md").read_text()
    assert (
        f"from the run `small_toy_reviews`, trained on `toy_reviews`. Its digest is `{source.config.digest}`." in card
    )
    assert "small_toy_reviews, trained on toy_reviews" in [row["value"] for row in zoo.show(str(tuned.path))["run"]]


def test_frozen_weights_are_those_of_the_run(tuned, small_run):
    source = zoo.load(small_run("toy_reviews"))
    assert tuned.task.classes == ("fine", "negative", "positive")
    assert tuned.task.reader.ids.vocabulary == source.task.reader.ids.vocabulary
    ours, theirs = ({layer.name: layer.get_weights() for layer in run.model.layers} for run in (tuned, source))
    for name in ("embedding", "bidirectional_1"):
        for one, other in zip(ours[name], theirs[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert ours["logits"][0].shape == (8, 3) and (ours["logits"][0][:, 1:] != theirs["logits"][0]).all()
    assert keras.saving.load_model(tuned.model_path).trainable_variables  # Nothing stays frozen in the file.


@pytest.mark.slow
def test_an_interrupted_fine_tuning_resumes_to_the_same_weights(monkeypatch, small_run, rows):
    source = str(small_run("toy_reviews").path)
    options = {"from_run": source, "dataset": rows, "epochs": 2, "freeze": "frontend", "save_every_steps": 2}
    whole = zoo.train(run="whole", verbose=0, **options)
    with monkeypatch.context() as patch:
        interrupt(patch, 1, 3)
        with pytest.raises(TrainingInterrupted):
            zoo.train(run="cut", verbose=0, **options)
    with pytest.raises(
        OptionError,
        match=r"started from the run 'small_toy_reviews', as it was then; received from_run .*/small_digits",
    ):
        zoo.train("many_to_one", run="cut", resume=True, verbose=0, from_run=str(small_run("digits").path))
    del options["from_run"]
    cut = zoo.train("many_to_one", run="cut", resume=True, verbose=0, **options)
    assert not runs.is_resumable(cut.path)
    assert cut.config.source == whole.config.source
    for one, other in zip(cut.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_command_starts_from_a_run_in_an_archive(small_run, tmp_path):
    archive = zoo.pack(small_run("digits"), tmp_path / "numbers.zip")
    arguments = ["--from", str(archive), "--epochs", "1", "--run", "again", "-q", "--set", "extend_vocabulary=false"]
    result = CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    shown = json.loads(CliRunner().invoke(cli, ["show", "again", "--json"]).stdout)
    assert shown["config"]["source"]["digest"] == small_run("digits").config.digest
    assert shown["config"]["options"]["units"] == 16


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"units": 5}, OptionError, r"Option 'units' is 5, but the weights of the run 'small_toy_reviews' .* units=4"),
        ({"cell": "gru"}, OptionError, r"'cell' is 'gru', .* trained with cell='lstm' and do not fit it\. Omit it, or"),
        ({"freeze": "head"}, OptionError, r"'freeze' expects one of nothing, frontend, encoder; received 'head'"),
        ({"name": "many_to_one", "from_run": None, "freeze": "encoder"}, OptionError, "name the run with from_run"),
        ({"from_run": "none"}, RunError, "There is no run 'none'"),
        ({"dataset": "adding"}, DataError, "'small_toy_reviews' reads text, but .* 'adding' is series"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_run_is_named(small_run, arguments, kind, message):
    with pytest.raises(kind, match=message):
        zoo.train(**{"from_run": small_run("toy_reviews"), "dataset": "toy_reviews", "verbose": 0, **arguments})


def test_data_of_another_width_and_an_export_are_refused(small_run, small_export):
    series = np.random.default_rng(0).normal(size=(40, 9, 3)).astype("float32"), np.arange(40) / 40
    with pytest.raises(
        DataError, match="does not fit the weights of the run 'small_adding': it has features=3 instead of 2"
    ):
        zoo.train(from_run=small_run("adding"), dataset=series, verbose=0)
    with pytest.raises(RunError, match="is an export, which training cannot start from"):
        zoo.train(from_run=small_export("addition"), verbose=0)
    with pytest.raises(DataError, match="no weights in common"):
        zoo.train("many_to_one", from_run=small_run("tiny_shakespeare"), dataset="toy_reviews", verbose=0)
