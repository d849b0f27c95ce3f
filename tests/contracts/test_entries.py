"""What every data set keeps to, with its architecture and its default options: the whole way, from name to export.

Embedded data sets give some of their own examples; for the others there are made-up ones in the same form, since their
data may not be at hand. What they reach on the real data is measured, not tested.
"""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples, as_dataset

EXAMPLES = {"train": 48, "validation": 16, "test": 11}
SMALL = {"units": 12, "embedding_dim": 8, "char_units": 4, "dropout": 0.0, "word_dropout": 0.0, "num_layers": 1}
SMALL |= {
    "image_height": 32,
    "image_width": 32,
    "encoder": "cnn",
    "pretrained": False,
    "beam_size": 2,
    "max_length": 60,
}
# Each data set once: with the recurrent architecture where the plain network reads it, too.
ARCHITECTURES = {
    dataset.name: name
    for name in zoo.list_architectures()
    for dataset in registry.datasets_of(registry.architectures.get(name))
}
ENTRIES = [pytest.param(name, dataset, id=f"{name}-{dataset}") for dataset, name in ARCHITECTURES.items()]


def made_up(entry):
    """Returns examples in the form of the entry's task and kind of input, drawn at random with something to learn."""
    random = np.random.default_rng(0)

    def example():
        kind = int(random.integers(2))
        words = ["good bad".split()[kind], *random.choice("the a film day of in".split(), random.integers(1, 6))]
        text = " ".join(words)
        raw = {
            "text": text,
            "image": tf.io.encode_png(random.integers(0, 90, (20, 24, 3)).astype("uint8") + 120 * kind).numpy(),
            "audio": np.sin(np.arange(random.integers(4000, 8000)) * (0.1 + 0.5 * kind)).astype("float32"),
        }[entry.model_options["input"]]
        target = {
            "classification": kind,
            "tagging": " ".join("B-X" if word in ("good", "bad") else "O" for word in words),
            "captioning": [f"a {words[0]} image"],
            "translation": text.upper(),
            "transcription": "1 0" if kind else "0",
            "language_modeling": text,
        }[entry.task]
        return raw, target

    def split(name):
        rows = [example() for _ in range(EXAMPLES[name])]
        if entry.model_options["input"] != "audio":
            return as_dataset(rows)
        spec = (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.as_dtype(np.asarray(rows[0][1]).dtype.type)))
        return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec)

    data = {name: split(name) for name in EXAMPLES}
    classes = {"classification": ("no", "yes"), "tagging": ("O", "B-X")}.get(entry.task, ())
    splits = {name: lambda name=name: data[name] for name in data}
    return Examples(
        version="1.0.0", checksum="0" * 64, input=entry.model_options["input"], splits=splits, classes=classes
    )


def few(entry, options):
    """Returns a few examples of an embedded data set."""
    examples = entry.make(None, 0, **options)
    splits = {name: lambda name=name: examples.splits[name]().take(EXAMPLES[name]).cache() for name in EXAMPLES}
    return dataclasses.replace(examples, splits=splits)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Trained runs by architecture and data set, each made when it is first asked for."""
    made = {}
    folder = tmp_path_factory.mktemp("runs")

    def train(name, dataset):
        if (name, dataset) not in made:
            entry = registry.datasets.get(dataset)
            known = registry.options_of(registry.architectures.get(name), entry)
            options = {key: value for key, value in SMALL.items() if key in known}
            options = {
                key: value for key, value in options.items() if key != "char_units" or "char_units" in entry.defaults
            }
            options |= {"data_dir": str(folder)} if not entry.embedded else {}
            with pytest.MonkeyPatch.context() as patch:
                open_small(patch)
                made[name, dataset] = zoo.train(
                    name,
                    dataset=dataset,
                    run=dataset,
                    epochs=6,
                    batch_size=8,
                    learning_rate=0.01,
                    verbose=0,
                    models_dir=str(folder / name),
                    **options,
                )
        return made[name, dataset]

    return train


def open_small(patch):
    opened = {}

    def open_examples(config, data_dir=None):
        entry = registry.datasets.get(config["dataset"]["name"])
        if entry.name not in opened:
            opened[entry.name] = few(entry, config["dataset"]["options"]) if entry.embedded else made_up(entry)
        return opened[entry.name]

    patch.setattr("keras_rnn_zoo.training.train.open_examples", open_examples)
    patch.setattr("keras_rnn_zoo.inference.evaluate.open_examples", open_examples)


def raw_inputs(run):
    """Returns the raw test inputs of a run."""
    entry = registry.datasets.get(run.config["dataset"]["name"])
    examples = few(entry, run.config["dataset"]["options"]) if entry.embedded else made_up(entry)
    return [raw for raw, _ in examples.split("test").as_numpy_iterator()]


@pytest.mark.parametrize(("name", "dataset"), ENTRIES)
def test_the_loss_falls(runs, name, dataset):
    rows = (runs(name, dataset).path / "history.csv").read_text().splitlines()
    column = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert losses[-1] < 0.98 * losses[0]


@pytest.mark.parametrize(("name", "dataset"), ENTRIES)
def test_evaluation_repeats_what_training_measured(runs, name, dataset, monkeypatch):
    run = runs(name, dataset)
    open_small(monkeypatch)
    scorecard = zoo.evaluate(run)
    assert scorecard.examples == EXAMPLES["test"]
    assert scorecard.metrics == pytest.approx(run.metrics["metrics"], abs=1e-5)
    known = "loss accuracy macro_f1 f1 roc_auc mse mae bleu chrf cider exact_match perplexity bits_per_character"
    assert set(scorecard.metrics) <= {*known.split(), "cer", "wer", "sequence_accuracy"}
    assert len(scorecard.metrics) > 1


@pytest.mark.parametrize(("name", "dataset"), ENTRIES)
def test_answers_have_the_names_that_the_endpoint_tells_and_no_batch_changes_them(runs, name, dataset):
    run = runs(name, dataset)
    loaded = zoo.load(run)
    inputs = raw_inputs(run)
    together = zoo.predict(loaded, inputs)
    endpoint = registry.endpoint_of(registry.datasets.get(dataset))
    assert set(together[0]) == set(endpoint["outputs"])
    assert [spec.name for spec in loaded.task.input_signature()] == list(endpoint["inputs"])
    assert_same(together, [zoo.predict(loaded, [raw])[0] for raw in inputs])
    assert_same(together, zoo.predict(loaded, inputs[::-1])[::-1])
    assert all(isinstance(loaded.task.describe(answer), str) for answer in together)


def assert_same(answers, others):
    for answer, other in zip(answers, others, strict=True):
        assert set(answer) == set(other)
        for name, value in answer.items():
            if isinstance(value, float) or (isinstance(value, list) and isinstance(value[0], float)):
                assert value == pytest.approx(other[name], abs=1e-4)
            else:
                assert value == other[name]


# A process that has stock TensorFlow: it cannot import this project, and has no custom op.
STOCK = """
import functools, importlib.abc, json, pathlib, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("keras_rnn_zoo", "zoo_cli"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import numpy as np
import tensorflow as tf

def plain(value):
    return value.decode() if isinstance(value, bytes) else value

@functools.cache
def endpoint_of(export):
    return tf.saved_model.load(export).signatures["serving_default"]

answers = []
for export, arguments in json.loads(pathlib.Path("questions.json").read_text()):
    endpoint = endpoint_of(export)
    inputs = dict(np.load(arguments))
    for name, values in inputs.items():
        if values.dtype.kind == "S":  # Raw bytes travel in hexadecimal digits, as NumPy drops zero bytes at the end.
            inputs[name] = [bytes.fromhex(value.decode()) for value in values]
    result = endpoint(**{name: tf.constant(values) for name, values in inputs.items()})
    answers.append({name: np.vectorize(plain, otypes="O")(value.numpy()).tolist() for name, value in result.items()})
pathlib.Path("answers.json").write_text(json.dumps(answers))
"""


@pytest.mark.timeout(900)  # It writes an export of each entry.
def test_every_export_answers_as_predict_does_with_stock_tensorflow(runs, tmp_path):
    questions, expected = [], []
    for number, (name, dataset) in enumerate(parameter.values for parameter in ENTRIES):
        run = runs(name, dataset)
        loaded = zoo.load(run)
        export = zoo.export(loaded, check=False)
        for size in (1, 7):
            inputs = raw_inputs(run)[:size]
            tensors = loaded.task.to_batch(inputs)
            names = [spec.name for spec in loaded.task.input_signature()]
            path = tmp_path / f"{number}-{size}.npz"
            np.savez(path, **{key: encoded(value.numpy()) for key, value in zip(names, tensors, strict=True)})
            questions.append((str(export), str(path)))
            expected.append((loaded.task, zoo.predict(loaded, inputs)))
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    (tmp_path / "stock.py").write_text(STOCK)
    done = subprocess.run([sys.executable, "stock.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for (task, mine), theirs in zip(expected, json.loads((tmp_path / "answers.json").read_text()), strict=True):
        rows = [task.trim({name: values[row] for name, values in theirs.items()}) for row in range(len(mine))]
        assert_same(mine, rows)


def encoded(values):
    if values.dtype.kind != "O":
        return values
    return np.array([value.hex().encode() for value in values.ravel()]).reshape(values.shape)


def test_every_run_is_loaded_by_a_fresh_process(runs, tmp_path):
    """Nothing that training had imported is needed to find the layers of a saved model."""
    folders = [str(runs(*parameter.values).path) for parameter in ENTRIES]
    code = "import sys\nimport keras_rnn_zoo as zoo\nfor folder in sys.argv[1:]:\n    zoo.load(folder)"
    done = subprocess.run([sys.executable, "-c", code, *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
