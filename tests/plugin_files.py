"""Plugins that are written, and the command line with them."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def zoo(python, *args, path=(), **environment):
    """Runs the command line in a fresh process."""
    paths = os.pathsep.join([*map(str, path), str(ROOT)])
    command = [str(python), "-c", "from zoo_cli.main import cli; cli()", *args]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths, **environment}
    )
