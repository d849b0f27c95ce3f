"""The folder of an export: its files, its description, and how it is served. Imports no framework."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import FACTS, check_files, damaged_export, digests, read_config, with_digests
from keras_rnn_zoo.artifacts.run_config import ExportConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.atomic_files import user_path, write_json
from keras_rnn_zoo.display.printing import command_line, json_printable
from keras_rnn_zoo.errors import RunError

GRAPH = "saved_model.pb"
"""The graph of a SavedModel."""
FINGERPRINT = "fingerprint.pb"
"""The digests by which TensorFlow identifies a SavedModel."""
STREAMING = "streaming"
"""The folder of a run's streaming exports."""
CARD, LICENSE = "README.md", "DATA_LICENSE.txt"
EXTRA = "assets.extra"
"""The folder where TensorFlow Serving looks for warm-up requests."""
WARMUP = "tf_serving_warmup_requests"
REQUEST = "request.json"
"""A sample request for TensorFlow Serving's REST API."""
EXPORT_MODEL_FILES = (GRAPH, FINGERPRINT, "variables", "assets")
"""The files and folders of a SavedModel that predictions depend on."""

_MAX_INLINE_REQUEST = 400
"""A request of up to this many characters is shown in full in the command line; a longer one by its file."""


def find_export(run: Any) -> Path | None:
    """Returns the folder of an export if `run` is the path of one, else `None`.

    Raises:
        RunError: it is a path within a run's folder, where there is nothing.
    """
    path = user_path(run) if isinstance(run, str | os.PathLike) else None
    if path and any(os.path.lexists(path / name) for name in (GRAPH, FACTS)):
        return path
    if path and not path.exists():
        for folder in path.parents[:3]:  # `streaming/onnx/1` within a run.
            if (folder / "config.json").is_file():
                raise _missing_export(path, folder)
    return None


def _missing_export(path: Path, run: Path) -> RunError:
    """Returns the error for an export that does not exist, given the folder of its run."""
    found = sorted(facts.parent for depth in ("*", "*/*", "*/*/*") for facts in run.glob(f"{depth}/{FACTS}"))
    if not found:
        return RunError(f"There is no export {path}: the run {run.name!r} has none. Write one: zoo export {run}.")
    return RunError(f"There is no export {path}. Exports of the run {run.name!r}: {', '.join(map(str, found))}.")


def read_facts(folder: Path | Snapshot) -> ExportConfig:
    """Returns the description of an export, without reading its other files.

    Raises:
        RunError: `export.json` is missing or damaged.
    """
    snapshot = folder if isinstance(folder, Snapshot) else Snapshot(folder)
    path = snapshot.path
    if FACTS not in snapshot.names():
        raise RunError(
            f"The SavedModel {path} has no {FACTS}, so `zoo export` did not write it. Load it with "
            "`tf.saved_model.load`, or export the run again."
        )
    return read_config(snapshot / FACTS, ExportConfig, damaged_export)


def check_export(folder: Snapshot, facts: ExportConfig) -> None:
    """Raises `RunError` if a file that predictions depend on is missing or not what was written."""
    check_files(folder, facts.files, (EXPORT_MODEL_FILES, (CARD, LICENSE, EXTRA)), "export", damaged_export)


def read_export(path: Path) -> ExportConfig:
    """Returns the description of an export; raises `RunError` if a file is missing or not what was written."""
    snapshot = Snapshot(path)
    facts = read_facts(snapshot)
    check_export(snapshot, facts)
    return facts


def write_facts(folder: Path, facts: ExportConfig) -> None:
    """Writes the description of an export, with the digests of its files and its own digest."""
    files = digests(folder, sorted(path.name for path in folder.iterdir()))
    write_json(folder / FACTS, with_digests(facts.to_json(), files))


def serve_commands(path: Path) -> list[str]:
    """Returns shell commands that serve an export with TensorFlow Serving and query it, ready to be pasted."""
    import urllib.parse

    folder = path.resolve().parent
    name = f"{folder.parent.name}_{STREAMING}" if folder.name == STREAMING else folder.name
    request = path / EXTRA / REQUEST
    text = json_printable(json.dumps(json.loads(request.read_text(encoding="utf-8")), ensure_ascii=False))
    serve = ["docker", "run", "--rm", "-p", "8501:8501", *_mount(folder, name), "-e", f"MODEL_NAME={name}"]
    url = f"http://localhost:8501/v1/models/{urllib.parse.quote(os.fsencode(name), safe='')}:predict"
    body = text if len(text) <= _MAX_INLINE_REQUEST else f"@{request}"
    return [command_line([*serve, "tensorflow/serving"]), command_line(["curl", "-d", body, url])]


def _mount(folder: Path, name: str) -> list[str]:
    """Returns the Docker arguments that mount a model's folder under a name."""
    target = f"/models/{name}"
    if ":" not in str(folder):
        return ["-v", f"{folder}:{target}:ro"]
    # `-v` splits its value at colons; `--mount` takes a line of CSV.
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={folder}", f"target={target}", "readonly"])
    return ["--mount", line.getvalue()]
