"""The commands, in this process by Click's runner, and in a fresh one where standard streams matter."""

import json
import os
import subprocess
import sys

import click
import pytest
from processes import CLI, Program

from keras_rnn_zoo import registry
from keras_rnn_zoo.inference.evaluate import Scorecard
from zoo_cli import main
from zoo_cli.options import OMITTED, RUN

COMMANDS = list(main.own_commands())
ORDER = ["one_to_one", "one_to_many", "many_to_one", "many_to_many", "sync_many_to_many", "ctc"]


def run_fresh(*args, before="", **kwargs):
    """Runs a command line in a fresh process, with bytes in and out, and some Python before it."""
    command = [sys.executable, "-c", f"{before}\n{CLI}", *args]
    return subprocess.run(command, capture_output=True, check=False, **kwargs)


def run_forked(*args, **settings):
    """Does so in a process that has the frameworks imported."""
    return Program(CLI, *args, **settings).wait()


def test_the_help_lists_the_commands_with_an_example(zoo):
    result = zoo("--help")
    assert result.exit_code == 0
    assert "Example:" in result.stdout
    assert all(name in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_every_option_a_meaning(zoo, name):
    result = zoo(name, "--help")
    assert result.exit_code == 0
    assert f"Example:\n    zoo {name}" in result.stdout
    command = main.cli.get_command(click.Context(main.cli), name)
    line = " ".join(command.get_short_help_str(limit=999).split()).rstrip(".")
    assert line in " ".join(zoo("--help").stdout.split())
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name


@pytest.mark.parametrize("name", ["evaluate", "export", "inspect", "pack", "predict", "push"])
def test_every_command_says_the_same_of_its_run(zoo, name):
    text = " ".join(zoo(name, "--help").stdout.split())
    assert text.count(RUN) == 1
    assert (OMITTED in text) == (name not in ("inspect", "push"))


def test_list(zoo):
    result = zoo("list")
    assert result.exit_code == 0
    shown = [line.split()[0] for line in result.stdout.splitlines() if line.split()[:1]]
    assert [word for word in shown if word in ORDER] == ORDER


def test_list_as_json_is_in_the_same_order(zoo):
    rows = json.loads(zoo("list", "--json").stdout)
    assert [row["name"] for row in rows] == ORDER
    assert all(row["datasets"][0] == row["default_dataset"] for row in rows)


def test_list_as_json(zoo):
    (row,) = [row for row in json.loads(zoo("list", "--json").stdout) if row["name"] == "many_to_one"]
    assert row == {
        "name": "many_to_one",
        "aliases": ["seq2vec", "sentiment"],
        "summary": registry.architectures.get("many_to_one").summary,
        "datasets": [
            "toy_reviews",
            "adding",
            "mauna_loa_co2",
            "modular_arithmetic",
            "parity",
            "sunspots",
            "toy_sales",
            "imdb_reviews",
            "sequential_mnist",
            "spoken_digit",
        ],
        "default_dataset": "toy_reviews",
        "networks": [
            row["name"] for row in json.loads(zoo("models", "--json").stdout) if row["architecture"] == "many_to_one"
        ],
    }
    assert "toy_reviews (accuracy " in " ".join(zoo("list").stdout.split())


@pytest.mark.parametrize("name", ["many_to_one", "Sentiment"])
def test_show(zoo, name):
    shown = zoo("show", name).stdout
    for word in ("pooling", "one of last, mean", "vocabulary_size", "max_length", "imdb_reviews", "probabilities"):
        assert word in shown
    assert "Options for toy_reviews" in shown
    assert "Default endpoint of a model trained on toy_reviews" in shown


def test_show_as_json(zoo):
    shown = json.loads(zoo("show", "many_to_one", "--json").stdout)
    options = {option["name"]: option for option in shown["options"]}
    assert options["cell"]["choices"][:5] == ["simple_rnn", "gru", "lstm", "mingru", "minlstm"]
    assert all(option["help"] and option["default"] is not None for option in options.values())
    assert list(shown["endpoint"]["inputs"]) == ["text"]
    assert list(shown["endpoint"]["outputs"]) == ["label", "probabilities"]


@pytest.mark.parametrize("name", registry.list_architectures())
def test_every_architecture_is_shown_with_each_of_its_datasets(zoo, name):
    for dataset in registry.datasets_of(registry.architectures.get(name)):
        result = zoo("show", name, "--dataset", dataset.name)
        assert result.exit_code == 0
        assert f"Options for {dataset.name}" in result.stdout


def test_show_has_the_options_and_the_endpoint_of_the_given_dataset(zoo):
    shown = json.loads(zoo("show", "many_to_one", "--dataset", "Adding", "--json").stdout)
    options = {option["name"]: option for option in shown["options"]}
    assert options["sequence_length"]["default"] == 100
    assert options["cell"]["default"] == registry.datasets.get("adding").defaults["cell"] == "gru"
    assert "max_steps" in options
    assert "max_length" not in options
    assert list(shown["endpoint"]["inputs"]) == ["series", "lengths"]
    assert list(shown["endpoint"]["outputs"]) == ["value"]
    assert shown["formats"] == ["saved_model", "tflite", "onnx"]
    assert shown["default_dataset"] == "toy_reviews"
    lines = zoo("show", "sync_many_to_many", "--dataset", "tiny_shakespeare").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines if line.split()}
    assert rows["units"].split()[1] == str(registry.datasets.get("tiny_shakespeare").defaults["units"])
    assert "from data" in rows["causal"]
    assert "divides the logits" in rows["temperature"]


def test_show_says_which_formats_there_are_and_why_one_is_not(zoo):
    shown = json.loads(zoo("show", "many_to_one", "--dataset", "spoken_digit", "--json").stdout)
    assert shown["formats"] == ["saved_model", "tflite"]
    shown = zoo("show", "many_to_one", "--dataset", "spoken_digit").stdout
    assert "Export formats of a model trained on spoken_digit" in shown
    assert "not available: models of recordings compute a Fourier transform" in shown


def test_datasets(zoo, tmp_path):
    rows = {row["name"]: row for row in json.loads(zoo("datasets", "--json", "--data-dir", str(tmp_path)).stdout)}
    assert rows["toy_reviews"]["embedded"]
    assert not rows["imdb_reviews"]["on_disk"]
    assert all(row["license"] and row["size"] for row in rows.values())
    assert "to download" in zoo("datasets", "--data-dir", str(tmp_path)).stdout


def test_datasets_sees_what_is_on_disk(zoo, tfds_dir):
    rows = {row["name"]: row for row in json.loads(zoo("datasets", "--json", "--data-dir", str(tfds_dir)).stdout)}
    assert rows["imdb_reviews"]["on_disk"]


@pytest.mark.slow
def test_the_main_job(tmp_path):
    """Train, evaluate, predict, export, each in a process of its own, as a user would type them.

    Two of them import the frameworks themselves, to show what is printed and imported then.
    """
    environment = {**os.environ, "ZOO_MODELS_DIR": str(tmp_path)}
    trained = run_fresh("train", "many_to_one", "--epochs", "4", env=environment)
    assert trained.returncode == 0, trained.stderr.decode()
    output, log = trained.stdout.decode(), trained.stderr.decode()
    assert "Test split (500 examples): " in output
    assert f"Wrote the run to {tmp_path / 'many_to_one'}" in output
    assert "zoo predict many_to_one" in output
    assert log.count("val_accuracy") == 4
    assert "\r" not in log
    for chatter in ("oneDNN", "cuda", "absl", "WARNING", "Warning"):
        assert chatter not in log

    evaluated = run_forked("evaluate", "--json", env=environment)
    card = json.loads(evaluated.stdout)
    assert (
        card["metrics"]["accuracy"]
        == json.loads((tmp_path / "many_to_one/metrics.json").read_text())["metrics"]["accuracy"]
    )

    lines = b"although the plot is dull , the cast is superb\n\n\xff\xfe\nthe cast is superb , not dull"
    tell = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    predicted = run_fresh("predict", "many_to_one", "--json", before=tell, env=environment, input=lines)
    loaded = predicted.stderr.decode().splitlines()[-1].split()
    assert "keras" in loaded
    assert "sklearn" not in loaded  # It takes a second to import, and only measures.
    answers = json.loads(predicted.stdout)
    assert len(answers) == 4
    assert answers[0]["label"] == "positive"
    assert set(answers[0]) == {"label", "probabilities"}

    exported = run_forked("export", "many_to_one", env=environment)
    assert exported.stdout.decode().splitlines() == [str(tmp_path / "many_to_one" / "1")]
    log = exported.stderr.decode()
    assert "Compared with the run: 200 inputs from the test split of toy_reviews, in 466 batches of 1, 7, 64" in log
    assert f"docker run --rm -p 8501:8501 -v {tmp_path / 'many_to_one'}:/models/many_to_one:ro" in log
    assert 'curl -d \'{"inputs": {"text": [' in log


def test_evaluate_prints_the_metrics_and_the_confusion_matrix(zoo, copied):
    shown = zoo("evaluate").stdout
    assert "accuracy" in shown
    assert "confusion matrix" in shown


@pytest.mark.parametrize("classes", [26, 300])
def test_evaluate_lists_the_confusions_of_many_classes(zoo, monkeypatch, classes):
    labels = [f"class {number}" for number in range(classes)]
    rows = [[9 if row == column else 0 for column in range(classes)] for row in range(classes)]
    rows[3][1], rows[2][0] = 4, 7
    pairs = [("class 2", "class 0", 7), ("class 3", "class 1", 4)]
    report = {"confusion_matrix": {"labels": labels, "rows": rows}}
    if classes > 100:
        report = {"confusions": [dict(zip(("true", "predicted", "examples"), pair, strict=True)) for pair in pairs]}
    scorecard = Scorecard("run", "many_to_one", "set", "test", 9, {"accuracy": 0.5}, report)
    monkeypatch.setattr("keras_rnn_zoo.evaluate", lambda *_, **__: scorecard)
    lines = zoo("evaluate").stdout.splitlines()
    start = lines.index("most frequent confusions")
    told = [line.split() for line in lines[start + 3 :] if line.startswith(" class")]
    assert told == [["class", "2", "class", "0", "7"], ["class", "3", "class", "1", "4"]]
    assert len(lines) < 20


def test_evaluate_prints_the_signature_of_bleu(zoo, small_run, few_examples):
    run = small_run("addition")
    lines = zoo("evaluate", "small_addition", "--models-dir", str(run.path.parent)).stdout.splitlines()
    assert lines[0] == "small_addition on the test split of addition, 32 examples"
    assert f"bleu signature: {run.measured['bleu_signature']}" in lines
    assert any(line.startswith("chrf signature: nrefs:1|") for line in lines)
    shown = dict(line.split() for line in lines if len(line.split()) == 2)
    assert shown["chrf"] == f"{run.metrics['chrf']:.4f}"


def test_evaluate_rounds_the_figures_of_the_report(zoo, copied, monkeypatch):
    scored = {"accuracy": 0.5}, {"bleu_1": 12.3456789, "bleu_signature": "nrefs:var"}
    monkeypatch.setattr("keras_rnn_zoo.tasks.classification.Classification.score", lambda *_: scored)
    assert zoo("evaluate").stdout.splitlines()[-2:] == ["bleu 1: 12.3457", "bleu signature: nrefs:var"]


def test_quiet_prints_the_result_alone(zoo, few_examples):
    result = zoo("train", "many_to_one", "--quiet", "--epochs", "1", "--set", "units=4")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2
    assert "val_accuracy" not in result.stderr
