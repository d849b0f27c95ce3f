"""The commands and the program of docs/inspecting.md run as they stand."""

import json
import re

import pages
import pytest
from pages import commands_of, programs_of, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import InspectionError

PAGE = text_of("inspecting.md")
COMMANDS, PROGRAMS = commands_of(PAGE), programs_of(PAGE)
RUNS = {"inspecting.md": [*COMMANDS, *PROGRAMS]}


def run(command):
    result = pages.run(command)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_the_commands_and_the_program_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    assert len(COMMANDS) == 4 and len(PROGRAMS) == 1
    train, plain, explained, as_json = COMMANDS
    assert run(f"{train} --epochs 1")[0] == 0
    loaded = zoo.load("reviews")
    monkeypatch.setattr(zoo, "load", lambda name, **_: loaded)  # One trace for all.
    code, text, _ = run(plain)
    assert code == 0
    assert "importance for the log-probability of" in text and re.search(r" 0 +not +[+-]\d", text)
    code, text, _ = run(explained)
    assert code == 0 and "log-probability of 'positive'" in text
    code, text, _ = run(as_json)
    document = json.loads(text)
    assert code == 0 and document["timelines"]["input"]["labels"] == ["a", "dull", "film"]
    assert all(not layer["gates"] for layer in document["layers"])
    keys = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE[PAGE.index("## JSON") :], re.MULTILINE)
    assert {name for row in keys for name in re.findall(r"\w+", row)} == document.keys()
    known = {}
    exec(compile(PROGRAMS[0], "inspecting.md", "exec"), known)
    assert known["layer"].states["c"].shape == known["layer"].gates["forget"].shape == (6, 16)
    code, _, error = run('zoo inspect reviews "a film" --layers bidirectonal_1')
    assert code == 1 and "Did you mean 'bidirectional_1'?" in error
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("a dull film\n")
    two.write_text("a dull film\nanother\n")
    code, text, _ = run("zoo inspect reviews one.txt --no-importance")
    assert code == 0 and "dull" in text
    code, _, error = run("zoo inspect reviews two.txt")
    assert code == 1 and "holds several inputs, but one is inspected" in error


def test_another_backend_is_refused(small_run, monkeypatch):
    loaded = zoo.load(small_run("toy_reviews"))
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(InspectionError, match="set KERAS_BACKEND=tensorflow"):
        zoo.inspect(loaded, "a film")


def test_an_export_is_refused(small_export):
    with pytest.raises(InspectionError, match=r"cannot be inspected.* Inspect the run"):
        zoo.inspect(zoo.load(small_export("toy_reviews")), "a film")
