"""What is shown on a terminal: a status line while nothing else is printed, and answers to what a user types."""

import io
import logging
import sys

import pytest

from keras_rnn_zoo.display.status import announce
from zoo_cli.frameworks import frameworks
from zoo_cli.main import cli
from zoo_cli.status import ERASE


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_status_is_erased_before_anything_else_is_printed(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("COLUMNS", "30")
    with frameworks():
        announce("Loading")
        announce("x\n" * 40)
        logging.getLogger("keras_rnn_zoo.anything").info("A message")
        announce("Compiling")
        print("progress")  # As Keras does.
        announce("Evaluating")
    first, long, message, compiling, progress, evaluating, end = stderr.getvalue().split(ERASE)[1:]
    assert first == "Loading ..."
    assert len(long) == 29
    assert "\n" not in long
    assert (message, compiling, progress) == ("A message\n", "Compiling ...", "progress\n")
    assert (evaluating, end) == ("Evaluating ...", "")


def test_no_status_is_shown_quietly(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    with frameworks(quiet=True):
        announce("Loading")
    assert stderr.getvalue() == ""


def test_no_status_is_shown_or_logged_elsewhere(capsys, caplog):
    with caplog.at_level("INFO", logger="keras_rnn_zoo"):
        with frameworks():
            announce("Loading")
            logging.getLogger("keras_rnn_zoo.anything").info("A message")
        assert capsys.readouterr().err == "A message\n"
        logging.getLogger("keras_rnn_zoo").setLevel("INFO")
        announce("Loading")
    assert caplog.messages == []


def test_on_a_terminal_predict_prints_a_prediction_after_each_line(copied, monkeypatch, capsys):
    from keras_rnn_zoo.tasks.classification import Classification

    monkeypatch.setattr(sys, "stdin", Terminal("the cast is superb , not dull\n\n  \nthe plot is dull\n"))
    cli(["predict", "many_to_one"], standalone_mode=False)
    printed = capsys.readouterr()
    answers = printed.out.splitlines()
    assert [answer.split()[0] for answer in answers] == ["positive", "negative"]
    assert "Ctrl-D" in printed.err
    assert printed.err.count("> ") == 5
    monkeypatch.setattr(sys, "stdin", Terminal("dull\n"))
    monkeypatch.setattr(Classification, "describe", lambda *_: "")
    cli(["predict", "many_to_one"], standalone_mode=False)
    assert capsys.readouterr().out == "(nothing)\n"


def test_an_invalid_line_does_not_end_the_session(small_run, monkeypatch, capsys):
    folder = str(small_run("adding").path.parent)
    monkeypatch.setattr(sys, "stdin", Terminal("none\n[[1, 0], [2, 1]]\n"))
    cli(["predict", "small_adding", "--models-dir", folder], standalone_mode=False)
    printed = capsys.readouterr()
    float(printed.out)
    assert "Error: A series is expected as JSON" in printed.err


def test_json_needs_inputs_on_a_terminal(copied, monkeypatch, zoo, capsys):
    monkeypatch.setattr(sys, "stdin", Terminal("fine\n"))
    with pytest.raises(SystemExit) as ended:
        cli(["predict", "many_to_one", "--json"])
    assert ended.value.code == 2
    assert "There is nothing to predict" in capsys.readouterr().err


def test_an_empty_prediction_is_shown_as_nothing(zoo, copied, monkeypatch):
    from keras_rnn_zoo.tasks.classification import Classification

    monkeypatch.setattr(Classification, "describe", lambda *_: "")
    assert zoo("predict", "many_to_one", "fine").stdout == "(nothing)  fine\n"


def test_the_logs_of_the_frameworks_are_silenced(monkeypatch):
    for name in ("absl", "tensorflow", "tf2onnx"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.INFO)
    with frameworks():
        # tf2onnx logs two lines for each export.
        assert not logging.getLogger("tf2onnx.tfonnx").isEnabledFor(logging.INFO)


def test_a_closed_standard_error_takes_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with frameworks() as status:
        announce("Loading")
        print("progress")
        logging.getLogger("keras_rnn_zoo.anything").info("A message")
    assert not status.isatty()
