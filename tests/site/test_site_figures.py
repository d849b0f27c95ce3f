"""The picture of the README is what its code draws, and the networks give the answers that stand in it."""

import json
from pathlib import Path

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry

ROOT = Path(__file__).parents[2]
ANSWERS = json.loads((ROOT / "docs" / "_site" / "figures" / "architectures.json").read_text())


@pytest.fixture
def figure(site, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_site" / "figures"))
    return site("architectures")


def test_the_picture_is_up_to_date(figure):
    assert figure.FILE.read_text() == figure.draw()
    assert f"]({figure.FILE.relative_to(ROOT)})" in (ROOT / "README.md").read_text()


def test_it_shows_every_architecture():
    assert sorted(answer["architecture"] for answer in ANSWERS) == sorted(registry.list_architectures())


@pytest.mark.slow  # It loads six networks. tests/networks/ asks each of them another input.
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["network"])
def test_the_answers_are_those_of_the_networks(answer, figure):
    example = figure.SHIPPED / answer["network"] / "example" / "input.png"
    (given,) = zoo.predict(answer["network"], [str(example) if "picture" in answer else answer["given"]])
    shown = given.get("label") or given.get("text") or " ".join(given["tags"])
    assert shown == answer["answer"]
