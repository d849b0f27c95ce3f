"""The command for one machine and the program of docs/beam.md run as they stand, on few rows."""

import shutil
from pathlib import Path

import pytest
from pages import commands_of, programs_of, run_well, text_of

pytest.importorskip("apache_beam", reason="apache_beam is installed in its own environment: make test-beam")

import keras_rnn_zoo as zoo

PAGE = text_of("beam.md")


@pytest.fixture
def files(trained, tmp_path, monkeypatch):
    """A folder with what the page names: an export, and two files."""
    monkeypatch.chdir(tmp_path)
    run = zoo.Run(shutil.copytree(trained.path, tmp_path / trained.name))
    shutil.copytree(zoo.export(run, check=False), "saved_models/reviews/1")
    for number in range(2):
        Path(f"part-{number}.csv").write_text("text\n" + "a superb story\n" * (3 + number))
    return tmp_path


def test_the_command_for_one_machine_runs(files):
    command = commands_of(PAGE)[0]
    assert "multi_processing" in command
    run_well(command)
    assert len(Path("answers.csv").read_text().splitlines()) == 1 + 7


def test_the_command_that_evaluates_runs(files):
    """On few rows, which are one part."""
    (command,) = (line for line in commands_of(PAGE) if line.startswith("zoo evaluate") and "multi_processing" in line)
    shutil.copytree("many_to_one", "models/reviews")
    for number in range(2):
        Path(f"part-{number}.csv").write_text("text,label\n" + "a superb story,positive\nnot good,negative\n" * 3)
    assert "12 examples" in run_well(command).stdout


def test_the_program_runs(files):
    (program,) = programs_of(PAGE)
    exec(compile(program, "beam.md", "exec"), {})
    shards = sorted(files.glob("answers-*-of-00004.csv"))
    assert len(shards) == 4
    assert sum(len(path.read_text().splitlines()) - 1 for path in shards) == 7
