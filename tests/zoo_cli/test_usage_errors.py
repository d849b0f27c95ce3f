"""Mistakes on the command line: one paragraph, the status, and what may be meant."""

import logging
import subprocess
import sys

import pytest

from keras_rnn_zoo.errors import OptionError

BAD = [
    (["train", "many_to_won"], r"no architecture named 'many_to_won'. Did you mean 'many_to_one'"),
    (["train", "many_to_one", "--dataset", "imdb"], "no dataset named 'imdb'. Did you mean 'imdb_reviews'"),
    (["train", "many_to_one", "--set", "unit=3"], "no option 'unit'. Did you mean 'units'"),
    (["train", "many_to_one", "--set", "units=0"], "expects an integer from 1 to 8,192; received 0"),
    (["train", "many_to_one", "--set", "units=many"], "received 'many'"),
    (["train", "many_to_one", "--set", "units"], "--set expects KEY=VALUE"),
    (["train", "many_to_one", "--set", "num_classes=3"], "is set from the data"),
    (["train", "many_to_one", "--set", "length=3"], "many_to_one has no option 'length'"),
    (["train", "many_to_one", "--columns", "text=a"], "no option 'columns'. It exists for your own files"),
    (["show", "many_to_one", "--set", "separator=;"], "no option 'separator'. It exists for your own files"),
    (["train", "many_to_one", "--dataset", "new.csv"], "new.csv. Check the path."),
    (
        ["train", "one_to_one", "--dataset", "/tmp"],
        "Put the format before the path: hf:/tmp, images:/tmp or audio:/tmp.",
    ),
    (["show", "many_to_one", "--dataset", "digits"], "does not support. Architectures for it: one_to_one. Datasets of"),
    (
        ["train", "many_to_one", "--dataset", "adding", "--set", "sequence_length=1"],
        "'sequence_length' expects an integer from 2 to",
    ),
    (["train", "many_to_one", "--dataset", "digits"], "has inputs of the kind image, which many_to_one"),
    (["train", "ctc", "--dataset", "toy_reviews"], "is for classification, which ctc does not support"),
    (["show", "many_to_one", "--dataset", "digits"], "Datasets of many_to_one: toy_reviews, "),
    (["show", "many_to_one", "--dataset", "reviews"], "no dataset named 'reviews'. Did you mean "),
    (["train", "many_to_one", "--epochs", "0"], "'epochs' expects an integer from 1"),
    (["train", "many_to_one", "--learning-rate", "nan"], "'learning_rate' expects a number"),
    (["train", "many_to_one", "--epochs", "9" * 400], "'epochs' expects an integer from 1"),
    (["train", "many_to_one", "--run", "../outside"], "is not a valid name of a run"),
    (["train", "many_to_one", "--models-dir", "nu\udcff"], "is not valid UTF-8"),
    (["train", "many_to_one", "--data-dir", "anywhere"], "'toy_reviews' is embedded"),
    (["train", "many_to_one", "--resume"], "no unfinished training"),
    (["train", "many_to_one", "--dataset", "imdb_reviews", "--data-dir", "/nowhere"], "/nowhere does not exist"),
    (["train", "many_to_one", "--dataset", "imdb_reviews", "--data-dir", __file__], "is a file"),
    (["show", "seq2vecs"], "Did you mean 'seq2vec'"),
    (["evaluate", "nothing"], "no run 'nothing'"),
    (["evaluate"], "has no run yet"),
    (["predict", "nothing", "text"], "zoo train NAME"),
    (["export", "nothing"], "no run 'nothing'"),
]


EARLY = [
    (["many_to_one", "--set", "vectors=nowhere.txt"], "There is no "),
    (
        ["many_to_one", "--dataset", "sunspots", "--set", "adversarial=0.3"],
        "applies only to text input, but the input is window; received 0.3",
    ),
    (["many_to_one", "--from", "nothing"], "There is no run 'nothing'"),
    (["many_to_one", "--set", "freeze=encoder"], "applies to a training that starts from a run"),
    (["ctc", "--set", "label_smoothing=0.1"], "applies to tasks that predict classes or tokens"),
]


@pytest.mark.parametrize(("args", "message"), EARLY, ids=lambda value: value[-1] if isinstance(value, list) else "")
def test_options_are_checked_before_a_framework_is_loaded(zoo, args, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_rnn_zoo.training.train", None)
    result = zoo("train", *args)
    assert (result.exit_code, message in result.stderr) == (1, True), result.stderr


def test_a_hidden_network_is_a_marked_warning_in_early_checks(zoo, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_rnn_zoo.training.train", None)

    def warn(name, arguments):
        logging.getLogger("keras_rnn_zoo.networks.index").warning("The run %s hides it.", "a\x1bb")
        raise OptionError("An option is wrong.")

    monkeypatch.setattr("zoo_cli.commands.train.check_arguments", warn)
    result = zoo("train", "many_to_one")
    assert result.stderr.splitlines() == [r"Warning: The run a\x1bb hides it.", "Error: An option is wrong."]


@pytest.mark.parametrize(("args", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_an_error_is_one_paragraph_and_status_1(zoo, args, message):
    result = zoo(*args)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["trian"],
        ["train"],
        ["train", "many_to_one", "--epochs", "two"],
        ["export", "--format", "pickle"],
        ["list", "x"],
    ],
)
def test_wrong_usage_is_status_2(zoo, args):
    result = zoo(*args)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_closed_standard_streams_give_no_traceback(copied):
    command = f"{sys.executable} -c 'from zoo_cli.main import cli; cli()' predict many_to_one"
    done = subprocess.run(f"{command} <&-", shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    done = subprocess.run(f"{command} fine 2>&-", shell=True, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.strip().endswith("fine")


def test_a_folder_that_cannot_be_written_is_one_paragraph(zoo, tmp_path):
    (tmp_path / "file").touch()
    result = zoo("train", "many_to_one", "--models-dir", str(tmp_path / "file" / "models"))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: the system reported: ")


def test_a_truncated_run_is_one_paragraph(zoo, copied):
    (copied.path / "config.json").write_text("{")
    result = zoo("predict", "many_to_one", "fine")
    assert result.exit_code == 1
    assert "config.json is damaged" in result.stderr


USAGE = [
    (["trian"], "There is no command 'trian'. Did you mean 'train'? Known names: compare, datasets, "),
    (["train", "many_to_one", "--units", "3"], "No such option '--units'. Did you mean --set units=3?"),
    (["train", "many_to_one", "--layers", "2"], "Did you mean --set num_layers=2?"),
    (["train", "one_to_one", "--layers=2"], "Did you mean --set hidden_layers=2?"),
    (["train", "many_to_one", "--lr", "0.1"], "Did you mean --set learning_rate=0.1?"),
    (["train", "many_to_one", "--units"], "Did you mean --set units=VALUE?"),
    (["predict", "--probabilites"], "No such option '--probabilites'. Did you mean '--probabilities'?"),
    (["show", "ctc", "--cell", "a b"], "Did you mean --set 'cell=a b'?"),
    (["runs", "--units", "3"], "No such option '--units'."),
]


@pytest.mark.parametrize(
    ("args", "message"), USAGE, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_an_unknown_command_or_option_gets_a_suggestion(zoo, args, message):
    result = zoo(*args)
    assert result.exit_code == 2
    assert message in result.stderr
