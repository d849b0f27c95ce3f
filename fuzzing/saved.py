"""Fuzzes runs and exports, with valid digests after each change: `saved.py NAME SECONDS`; prints `EXECUTIONS n`.

A folder must be refused by a `ZooError`, or load and return a prediction of the task's form for each input.
"""

import json
import math
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import endpoints
import findings
import mutations
import watch

INPUTS = ["a fine film", "dull", ""]
SHARED = "ZOO_FUZZING_FOLDER"
"""Environment variable with a folder for seeds shared by several targets."""
LONGEST = 120
"""Maximum seconds for one input."""


def graph_of_export(folder: Path, draw: random.Random) -> None:
    """Changes signatures and functions in the graph of an export."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    document = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = document.meta_graphs[0]
    objects = graph.object_graph_def
    parts = [
        list(graph.signature_def.values()),
        list(objects.concrete_functions.values()),
        [node for node in objects.nodes if node.WhichOneof("kind") in ("function", "bare_concrete_function")],
        [node for node in objects.nodes if node.WhichOneof("kind") == "user_object"],
    ]
    mutations.of_message(draw.choice([part for part in parts if part]), draw)
    path.write_bytes(document.SerializeToString())


def files_of_export(folder: Path, draw: random.Random) -> None:
    """Changes the description of an export, or a file that its task is loaded from."""
    _change_document(folder / "export.json", draw) if draw.random() < 0.6 else _change_text(folder / "assets", draw)


def files_of_run(folder: Path, draw: random.Random) -> None:
    """Changes the configuration of a run, a file that its task is loaded from, or its weights."""
    choice = draw.random()
    if choice < 0.5:
        _change_document(folder / "config.json", draw)
    elif choice < 0.8:
        _change_text(folder / "task", draw)
    else:
        path = folder / "model.keras"
        path.write_bytes(mutations.of_bytes(path.read_bytes(), draw))


def _change_document(path: Path, draw: random.Random) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    files = document.pop("files")
    path.write_text(json.dumps({**mutations.of_json(document, draw), "files": files}), encoding="utf-8")


def _change_text(folder: Path, draw: random.Random) -> None:
    path = draw.choice(sorted(folder.iterdir()))
    text = mutations.of_lines(path.read_text(encoding="utf-8"), draw)
    path.write_bytes(text.encode("utf-8", "surrogatepass") if draw.random() < 0.8 else draw.randbytes(60))


TARGETS: dict[str, tuple[str, Callable[[Path, random.Random], None]]] = {
    "export_graph": ("export.json", graph_of_export),
    "export_files": ("export.json", files_of_export),
    "run_files": ("config.json", files_of_run),
}
"""Each target: the document with the digests, and the function that changes a copy of the folder."""


def update_digests(folder: Path, name: str) -> None:
    """Updates the digests, as someone who tampers with a file would."""
    from keras_rnn_zoo.artifacts.digests import digests, with_digests
    from keras_rnn_zoo.artifacts.export import CARD, EXPORT_MODEL_FILES, EXTRA, LICENSE
    from keras_rnn_zoo.artifacts.run import MODEL_FILES, REPORT_FILES

    roots = (*EXPORT_MODEL_FILES, CARD, LICENSE, EXTRA) if name == "export.json" else (*MODEL_FILES, *REPORT_FILES)
    document = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(with_digests(document, digests(folder, roots))) + "\n", encoding="utf-8")


def check(predictions: list[dict[str, Any]], classes: tuple[str, ...]) -> None:
    """Raises `AssertionError` unless there is a valid classification for each input."""
    assert len(predictions) == len(INPUTS), f"{len(predictions)} predictions for {len(INPUTS)} inputs"
    for prediction in predictions:
        assert set(prediction) == {"label", "probabilities"}, f"a prediction has the names {sorted(prediction)}"
        assert isinstance(prediction["label"], str)
        named = prediction["probabilities"]
        assert isinstance(named, dict), f"the probabilities are {named!r}"
        assert tuple(named) == classes, f"probabilities of {list(named)} for the classes {classes}"
        values = named.values()
        assert all(isinstance(value, float) and math.isfinite(value) for value in values), f"not finite: {named}"


def _export(folder: Path) -> Path:
    """Returns an export of a tiny run in `folder`, copied from a folder shared by all targets of `run.py`."""
    if SHARED not in os.environ:
        return endpoints.made("text", folder)
    kept = Path(os.environ[SHARED]) / "runs"
    if not kept.exists():
        endpoints.made("text", folder)
        shutil.move(folder / "runs", kept)
    (run,) = shutil.copytree(kept, folder / "copied").iterdir()
    return run / "1"


def main(name: str, seconds: int) -> None:
    """Loads and predicts until the time is over."""
    import keras_rnn_zoo as zoo

    document_name, change = TARGETS[name]
    count = 0
    watch.install()
    with tempfile.TemporaryDirectory() as place:
        export = _export(Path(place))
        original = export if document_name == "export.json" else export.parent
        check(zoo.load(str(original)).predict(INPUTS), zoo.load(str(original)).task.classes)
        end = time.monotonic() + seconds
        seed = time.time_ns()
        while time.monotonic() < end:
            seed += 1
            count += 1
            folder = Path(place) / "changed" / "1"
            shutil.rmtree(folder.parent, ignore_errors=True)
            shutil.copytree(original, folder, ignore=shutil.ignore_patterns("[1-9]*"))
            began = time.monotonic()
            try:
                change(folder, random.Random(seed))
                update_digests(folder, document_name)
                with watch.watching():
                    try:
                        loaded = zoo.load(str(folder))
                        check(loaded.predict(INPUTS), loaded.task.classes)
                    except zoo.ZooError:
                        pass
                assert time.monotonic() - began < LONGEST, f"it took {time.monotonic() - began:.0f} s"
            except Exception as error:  # The finding is saved, and the search continues.
                findings.keep(name, f"seed {seed}".encode(), error, folder)
    print(f"EXECUTIONS {count}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
