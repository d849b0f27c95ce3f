"""`zoo predict --stream` answers while standard input is still coming in."""

import io
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

import keras_rnn_zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from zoo_cli.streams import answer_stream

LINES = b"although the plot is dull,\nthe cast is superb\n"


@pytest.fixture(scope="module")
def run(trained_once, shrink):
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return keras_rnn_zoo.Run.find(
            trained_once("one_way", "many_to_one", epochs=1, units=4, embedding_dim=4, bidirectional=False)
        )


def test_each_line_of_a_text_is_answered(zoo, run):
    done = zoo("predict", str(run.path), "--stream", "--json", "-q", input=LINES)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    seen = [LINES[: LINES.index(b"\n") + 1], LINES]
    for answer, expected in zip(answers, run.predict(seen), strict=True):
        assert answer["label"] == expected["label"]
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
    done = zoo("predict", str(run.path), "--stream", "-q", input=LINES.decode().encode("utf-16"), env={})
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [run.task.describe(answer) for answer in answers]


def test_an_answer_comes_before_the_next_line(run):
    command = [sys.executable, "-m", "keras_rnn_zoo", "predict", str(run.path), "--stream", "-q"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}) as program:
        for line in LINES.splitlines(keepends=True):
            program.stdin.write(line)
            program.stdin.flush()
            assert b"%" in program.stdout.readline()
        program.stdin.close()
        assert program.stdout.read() == b""
    assert program.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rate", "8000"),
        ("--stream", "a film"),
        ("--stream", "--input", "a.csv"),
        ("--stream", "--set", "separator=;"),
    ],
)
def test_options_that_do_not_go_with_a_stream_are_refused(zoo, run, arguments):
    done = zoo("predict", str(run.path), *arguments)
    assert done.exit_code == 2
    assert "--stream" in done.stderr


def test_a_run_that_needs_its_whole_input_is_refused(zoo, small_run):
    done = zoo("predict", str(small_run("toy_reviews").path), "--stream", "-q", input=LINES)
    assert done.exit_code == 1
    assert "bidirectional=false" in done.stderr


def test_an_invalid_line_is_named(monkeypatch):
    task = SimpleNamespace(answers="so_far", answer_end="\n", describe_answer=str)
    reader = registry.readers.get("series").make()
    reader.mean, reader.deviation = [0.0, 0.0], [1.0, 1.0]
    stream = SimpleNamespace(task=task, feed=lambda part: len(reader.to_part(part)))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"1,2\n\n3,x\n"))))
    printed = io.StringIO()
    with pytest.raises(DataError, match=r"^standard input, line 3: "):
        answer_stream(stream, "series", None, printed, SimpleNamespace(clear=lambda: None), as_json=False)
    assert len(printed.getvalue().splitlines()) == 1
