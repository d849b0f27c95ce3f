"""`--deterministic`: the same command, the same bytes."""

import subprocess
import sys

import pytest

TRAIN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from kills import SIZES
from keras_rnn_zoo.datasets import toy_reviews
toy_reviews.SIZES = SIZES
from zoo_cli.main import cli
cli()
"""


@pytest.mark.slow
def test_the_same_command_gives_the_same_bytes(models_dir, request):
    for run in ("first", "second"):
        command = [sys.executable, "-c", TRAIN, str(request.path.parent), "train", "many_to_one", "--run", run]
        command += ["--deterministic", "--epochs", "2", "--set", "units=8", "--set", "dropout=0.2", "--quiet"]
        subprocess.run(command, check=True, capture_output=True)
    for name in ("model.keras", "history.csv", "metrics.json"):
        assert (models_dir / "first" / name).read_bytes() == (models_dir / "second" / name).read_bytes(), name
