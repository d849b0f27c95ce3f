"""The folder of an export: what it tells of itself, and how it is served. Imports no framework."""

import json
import shlex
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.files import file_digest
from keras_rnn_zoo.runs import read_json

FACTS = "export.json"
"""What an export is made of: run, task, data, endpoints, what was checked, and the digests of its files."""

CARD, LICENCE = "README.md", "DATA_LICENCE.txt"
EXTRA = "assets.extra"
"""The folder that TensorFlow Serving looks for warm-up requests in."""
WARMUP = "tf_serving_warmup_requests"
REQUEST = "request.json"
"""A request as TensorFlow Serving's REST interface takes it."""

_SHORT_REQUEST = 400
"""Characters of a request that is shown in full."""


def is_export(path: Path) -> bool:
    """Whether a folder holds a SavedModel."""
    return (path / "saved_model.pb").is_file()


def read_export(path: Path) -> dict[str, Any]:
    """Returns what an export tells of itself; raises `RunError` where a file is missing or not what was written."""
    if not (path / FACTS).is_file():
        raise RunError(
            f"The SavedModel {path} has no {FACTS}, so it is no export of `zoo export`. Load it by "
            "`tf.saved_model.load`, or export the run again."
        )
    facts = read_json(path / FACTS)
    if not isinstance(facts.get("task"), dict) or not isinstance(facts.get("files"), dict):
        raise RunError(f"The file {path / FACTS} does not describe an export. Export the run again.")
    found = digests(path)
    for name, digest in facts["files"].items():
        if found.get(name) != digest:
            fault = "its content is not what was exported (cut short or changed)" if name in found else "it is missing"
            raise RunError(f"The export's file {path / name} is damaged: {fault}. Export the run again.")
    return facts


def digests(path: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file that answers depend on, by its path within the export."""
    files = [*path.glob("saved_model.pb"), *path.glob("model.*")]
    files += [*sorted((path / "variables").glob("*")), *sorted((path / "assets").glob("*"))]
    return {file.relative_to(path).as_posix(): file_digest(file) for file in files if file.is_file()}


def serve_commands(path: Path) -> list[str]:
    """Returns the command lines that serve an export by TensorFlow Serving and ask it, one a line."""
    folder = path.resolve().parent
    name = folder.name
    mount = shlex.quote(f"{folder}:/models/{name}:ro")
    request = path / EXTRA / REQUEST
    text = json.dumps(json.loads(request.read_text(encoding="utf-8")), ensure_ascii=False)
    body = shlex.quote(text) if len(text) <= _SHORT_REQUEST else shlex.quote(f"@{request}")
    return [
        f"docker run --rm -p 8501:8501 -v {mount} -e MODEL_NAME={name} tensorflow/serving",
        f"curl -d {body} http://localhost:8501/v1/models/{name}:predict",
    ]
