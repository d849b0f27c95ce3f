"""The commands of docs/sharing.md run as they stand."""

from pathlib import Path

import numpy as np
import pytest
from hub_server import TOKEN, running
from pages import commands_of, run_well, text_of

import keras_rnn_zoo as zoo

COMMANDS = commands_of(text_of("sharing.md"))
RUNS = {"sharing.md": COMMANDS}


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_its_commands_run(tmp_path, monkeypatch):
    """In one folder and in order, as a reader would."""
    hub_http = pytest.importorskip("huggingface_hub.utils._http", reason="the extra `hub` is not installed")
    assert len(COMMANDS) == 11
    draw = np.random.default_rng(0)
    reviews = [f"the {draw.choice(['soup', 'steak'])} is {word} {number},{stars}" for number in range(30)
               for word, stars in (("superb", "5"), ("burnt", "1"))]  # fmt: skip
    (tmp_path / "reviews.csv").write_text("\n".join(["review,stars", *reviews]) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.tags["v2"] = "main"
        for command in COMMANDS:
            run_well(command, *(("--set", "epochs=1") if command.startswith("zoo train ") else ()))
        hub_http.close_session()
    assert sorted(path.name for path in Path("saved_models").iterdir()) == [
        "films",
        "from_an_archive",
        "janes_films",
        "newer_films",
        "restaurants",
    ]
    assert zoo.load("served/films/1").predict(["the film is dull"])[0]["label"]
    assert zoo.Run.find("restaurants").config.source.run == "films"
