"""What strangers' names do to a terminal and to a shell: nothing."""

import io
import json
import logging
import shlex
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from descriptions import run_config

from zoo_cli.frameworks import frameworks
from zoo_cli.tables import data_stream, print_json, print_table

EVIL = "a\x1b]0;title\x07\x9b1m\u202eb"
SPELLED = r"a\x1b]0;title\x07\x9b1m\u202eb"


def test_messages_by_logging_spell_out_control_characters(capsys):
    logger = logging.getLogger("keras_rnn_zoo.anything")
    with frameworks():
        logger.warning("The file %s is damaged: %s.", Path("logs") / EVIL, EVIL)
        logger.info("columns %s", "text\nError: your disk is full")
        logger.info("%(name)s", {"name": EVIL})
        logger.info("100%")
    assert capsys.readouterr().err.splitlines() == [
        f"Warning: The file logs/{SPELLED} is damaged: {SPELLED}.",
        r"columns text\nError: your disk is full",
        SPELLED,
        "100%",
    ]


def test_the_package_logs_names_as_they_are(caplog):
    """Only what prints them spells them out: a program may compare them."""
    with caplog.at_level("WARNING", logger="keras_rnn_zoo"):
        logging.getLogger("keras_rnn_zoo.anything").warning("%s", EVIL)
    assert caplog.messages == [EVIL]


def test_warnings_spell_out_control_characters(capsys):
    before = warnings.showwarning
    with frameworks(verbose=True):
        warnings.simplefilter("always")
        warnings.warn(EVIL, stacklevel=1)
    assert f"UserWarning: {SPELLED}\n" in capsys.readouterr().err
    assert warnings.showwarning is before


def test_json_is_the_same_document_without_control_characters(capsys):
    print_json({EVIL: [EVIL, "naïve 日本語"]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {EVIL: [EVIL, "naïve 日本語"]}
    assert printed.replace("\n", "").isprintable()
    assert "naïve 日本語" in printed


def test_tables_spell_out_control_characters_in_titles_heads_and_cells(capsys):
    print_table(EVIL, ("true", EVIL), [(EVIL, 1)])
    printed = capsys.readouterr().out
    assert printed.count(SPELLED) == 3
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize("terminal", [True, False])
def test_data_for_a_file_or_a_program_is_written_unchanged(terminal, monkeypatch):
    stdout = io.StringIO()
    stdout.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdout", stdout)
    print(EVIL, file=data_stream())
    assert stdout.getvalue() == (SPELLED if terminal else EVIL) + "\n"


@pytest.mark.parametrize(
    "args",
    [
        ["list", EVIL],
        ["show", "many_to_one", EVIL],
        [EVIL],
        [f"--{EVIL}"],
        ["train", f"--{EVIL}"],
        ["train", "--epochs", EVIL],
        ["evaluate", EVIL],
        ["evaluate", "--models-dir", EVIL],
        ["predict", f"./{EVIL}", "x"],
        ["export", EVIL],
        ["show", EVIL],
        ["init", "many_to_one", "--dataset", f"csv:{EVIL}"],
        ["train", "many_to_one", "--dataset", EVIL],
        ["train", "many_to_one", "--set", EVIL],
        ["train", "many_to_one", "--set", f"cell={EVIL}"],
        ["train", "many_to_one", "--config", EVIL],
    ],
    ids=lambda args: "_".join(args).replace(EVIL, "EVIL"),
)
def test_a_message_about_an_argument_spells_out_its_control_characters(zoo, args):
    result = zoo(*args)
    assert result.exit_code in (1, 2)
    assert SPELLED in result.stderr
    assert result.stderr.replace("\n", "").isprintable()


def test_strings_of_plugins_are_spelled_out(zoo, monkeypatch):
    from keras_rnn_zoo import registry

    entry = registry.architectures.get("many_to_one")
    monkeypatch.setattr(type(entry), "summary", EVIL)
    for args in (["list"], ["list", "--json"], ["show", "many_to_one"], ["show", "many_to_one", "--json"]):
        printed = zoo(*args).stdout
        assert printed.replace("\n", "").isprintable()


WEIRD = "ev;touch PWNED;\x1b]0;title\x07 it's"


def test_init_prints_a_command_to_paste(zoo, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = zoo("init", "many_to_one", "--output", "a; touch PWNED '.yaml")
    assert shlex.split(result.stdout.splitlines()[-1]) == ["zoo", "train", "--config", "a; touch PWNED '.yaml"]
    result = zoo("init", "many_to_one", "--output", WEIRD)
    assert result.stdout.replace("\n", "").isprintable()


@pytest.mark.parametrize("input", ["text", "image", "audio", "series"])
@pytest.mark.parametrize("name", ["models; touch PWNED", WEIRD])
def test_train_prints_commands_to_paste(zoo, monkeypatch, name, input):
    made = SimpleNamespace(name="sent", path=Path(name) / "sent", config=run_config(input=input))
    made.result = "Test split (3 examples): accuracy 0.5000"
    monkeypatch.setattr("keras_rnn_zoo.train", lambda *_, **__: made)
    result = zoo("train", "many_to_one", "--models-dir", name, "--run", "sent")
    assert result.stdout.replace("\n", "").isprintable()
    for line, command in zip(result.stdout.splitlines()[-3:], ("predict", "evaluate", "export"), strict=True):
        words = shlex.split(line)
        assert words[:4] == ["zoo", command, "sent", "--models-dir"]
        assert len(words) == (6 if command == "predict" else 5)
        assert words[4] == name or "\x1b" in name


@pytest.mark.parametrize("resumable", [True, False])
def test_resuming_is_advised_only_if_there_is_a_checkpoint(zoo, monkeypatch, resumable):
    from keras_rnn_zoo.errors import TrainingInterrupted

    def interrupted(*_args, **_options):
        raise TrainingInterrupted("Interrupted.", resumable=resumable)

    monkeypatch.setattr("keras_rnn_zoo.train", interrupted)
    result = zoo("train", "many_to_one", "--models-dir", "my models", "--run", "sent")
    assert result.exit_code == 130
    advice = ["", "Interrupted."]
    if resumable:
        advice += ["Next:", "  zoo train many_to_one --run sent --models-dir 'my models' --resume"]
    assert result.stderr.splitlines() == advice


def test_export_prints_its_path_on_a_line(zoo, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.export", lambda *_, **__: Path("models") / "a b" / "1")
    assert zoo("export", "x", "--quiet").stdout == "models/a b/1\n"
    monkeypatch.setattr("keras_rnn_zoo.export", lambda *_, **__: Path(EVIL) / "a\nb" / "1")
    assert zoo("export", "x", "--quiet").stdout == SPELLED + r"/a\nb/1" + "\n"


def test_names_in_a_table_are_not_changed(capsys):
    print_table("of :smile:", (":warning:",), [("[red]a:smile:b[/red]",)])
    out = capsys.readouterr().out
    assert "of :smile:" in out and ":warning:" in out and "[red]a:smile:b[/red]" in out
