"""Loading an export of a stranger runs no op that reads, writes or calls what lies outside of its graph."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from altered_exports import TEXT, prediction, saved, seal_again

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.exporting.formats.saved_model import SavedModel
from keras_rnn_zoo.tasks._predictions import fault_of_batch


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "saved_model.pb").write_bytes(b""),
        lambda folder: (folder / "saved_model.pb").write_bytes(b"\xff" * 99),
        lambda folder: (folder / "variables" / "variables.index").write_bytes(b"no"),
        lambda folder: next((folder / "variables").glob("*.data-*")).write_bytes(b""),
        lambda folder: (folder / "assets" / "vocabulary.txt").write_bytes(b"\xff"),
    ],
    ids=["no graph", "no message", "a broken index", "no variables", "a vocabulary that is no text"],
)
def test_files_that_tensorflow_cannot_read_are_reported_as_damage(copied_export, damage):
    damage(copied_export)
    seal_again(copied_export)
    with pytest.raises(RunError, match=r"^The export('s file)? .* (is damaged|cannot be loaded).*Export the run again"):
        zoo.load(copied_export)


@pytest.mark.parametrize("name", ["export.json", "saved_model.pb", "variables", "assets", "assets/vocabulary.txt"])
def test_a_symbolic_link_is_refused(copied_export, tmp_path, name):
    (copied_export / name).rename(tmp_path / "elsewhere")
    (copied_export / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a symbolic link"):
        zoo.load(copied_export)


def zeros(text, dtype=tf.float32):
    return tf.zeros_like(text, dtype)


def failing(text):
    with tf.control_dependencies([tf.debugging.Assert(tf.size(text) < 0, ["evil"])]):
        return prediction(tf.identity(text))


MORE = (*TEXT, tf.TensorSpec([], tf.float32, name="more"))
UNFIT = {
    "no default signature": ((prediction, TEXT, "other"), "it has no signature 'serving_default'"),
    "another input": ((lambda foo: prediction(foo), [tf.TensorSpec([None], tf.string, name="foo")]), "the inputs foo,"),
    "one more input": ((lambda text, more: prediction(text), MORE), "the inputs more, text, but its task has text"),
    "numbers for texts": (
        (lambda text: prediction(tf.strings.as_string(text)), [tf.TensorSpec([None], tf.float32, name="text")]),
        r"its input 'text' is float32 of shape \(None,\), but its task has string of shape \(None,\)",
    ),
    "one text at a time": (
        (lambda text: prediction(text[None]), [tf.TensorSpec([], tf.string, name="text")]),
        r"its input 'text' is string of shape \(\)",
    ),
    "two texts at a time": ((prediction, [tf.TensorSpec([2], tf.string, name="text")]), r"string of shape \(2,\), but"),
    "no text": ((lambda text: {"score": zeros(text)},), "it has the outputs score, but its task has score, text"),
    "one more output": ((lambda text: {**prediction(text), "more": text},), "the outputs more, score, text, but its"),
    "a scalar": ((lambda text: prediction(text, tf.constant(1.0)),), r"its output 'score' is float32 of shape \(\)"),
    "a matrix": ((lambda text: prediction(text, zeros(text)[:, None]),), r"float32 of shape \(None, 1\), but its"),
    "complex numbers": ((lambda text: prediction(text, zeros(text, tf.complex64)),), "'score' is complex64"),
    "whole numbers": ((lambda text: prediction(text, zeros(text, tf.int32)),), "'score' is int32"),
    "numbers for text": ((lambda text: prediction(zeros(text)),), "'text' is float32"),
}
UNFIT_ANSWERS = {
    "fewer": (lambda text: prediction(text[:1], zeros(text)[:1]), r"have the shape \(1,\) for 2 inputs"),
    "none": (lambda text: prediction(text[:0], zeros(text)[:0]), r"have the shape \(0,\) for 2 inputs"),
    "fewer of one": (lambda text: prediction(text[:1], zeros(text)), r"'text' have the shape \(1,\) for 2 inputs"),
    "more": (lambda text: prediction(tf.concat([text, text], 0)), r"have the shape \(4,\) for 2 inputs"),
    "NaN": (lambda text: prediction(text, zeros(text) + float("nan")), "its predictions 'score' are not finite"),
    "infinity": (lambda text: prediction(text, zeros(text) - float("inf")), "its predictions 'score' are not finite"),
    "a failure": (failing, "failed to predict: .*evil"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_export_whose_endpoint_does_not_match_its_task_is_not_loaded(copied_export, name):
    endpoint, told = UNFIT[name]
    saved(copied_export, *endpoint)
    with pytest.raises(RunError, match=f"cannot be used: .*{told}.*Export the run again"):
        zoo.load(copied_export)


@pytest.mark.parametrize("name", UNFIT_ANSWERS)
def test_predictions_that_do_not_match_the_task_are_refused(copied_export, name):
    function, told = UNFIT_ANSWERS[name]
    saved(copied_export, function)
    loaded = zoo.load(copied_export)
    with pytest.raises(RunError, match=f"^The export .*{told}.*Export the run again"):
        loaded.predict(["1+2", "3+4"])


def test_a_failing_export_is_reported_in_one_paragraph(copied_export):
    from click.testing import CliRunner

    from zoo_cli.main import cli

    saved(copied_export, failing)
    for words in (["1+2"], ["1+2", "--json"]):
        result = CliRunner().invoke(cli, ["predict", str(copied_export), *words, "-q"], catch_exceptions=False)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: The export ")
        assert len(result.stderr.splitlines()) == 1


def task_of(name, input, classes, **options):
    entry = registry.tasks.get(name)
    return entry.make(registry.reader_of(entry, input).make(), classes, **options)


def words(*rows):
    return np.array([[word.encode() for word in row] for row in rows], object)


TAGS = {"tokens": words("ab", "c"), "tags": words("XY", "X"), "lengths": np.array([2, 1], "int32")}
LABELS = {"label": np.array([b"X", b"Y"], object), "probabilities": np.full((2, 2), 0.5, "float32")}


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("tagging", {"tokens": words("ab", "cd"), "tags": words("XY", ["X", ""])}, ""),
        ("tagging", {"tokens": words("ab", "cd"), "tags": words("XY", "XZ")}, "it predicts 'Z', which is not one"),
        ("tagging", {"tokens": words("abc", "def"), "tags": words("XY", "XX")}, "have 2 and 3 steps"),
        ("classification", {}, ""),
        ("classification", {"label": np.array([b"X", b""], object)}, "it predicts '', which is not one of its classes"),
        ("classification", {"label": np.array([b"X", b"\xff"], object)}, "which is not one of its classes"),
        ("classification", {"probabilities": np.full((2, 3), 0.5, "float32")}, r"shape \(2, 3\), but its task has"),
        ("classification", {"probabilities": np.full((2, 2), np.nan, "float32")}, "are not finite"),
        ("classification", {"probabilities": np.full((2, 2), 0.5, "float64")}, "is float64"),
        ("regression", {"value": np.array([3e38, -1e-40], "float32")}, ""),
        ("regression", {"value": np.array([3e38, np.inf], "float32")}, "are not finite"),
    ],
)
def test_faults_of_predictions_are_described(name, changes, told):
    right = {"tagging": TAGS, "classification": LABELS, "regression": {}}[name]
    task = task_of(name, "text", () if name == "regression" else ("X", "Y"))
    fault = fault_of_batch(task, {**right, **changes}, 2)
    assert re.search(told, fault) if told else fault == ""


def test_the_outputs_of_each_task_match_its_entry():
    for entry in registry.tasks.entries():
        inputs = entry.readers or {"text": "text"}
        task = task_of(entry.name, next(iter(inputs)), ("X",))
        told = {name: re.search(r": (\w+) \(([^)]*)\)", text) for name, text in entry.outputs.items()}
        known = task.prediction_signature()
        assert {name: (found[1], len(found[2].strip(",").split(","))) for name, found in told.items()} == {
            name: (spec.dtype.name, spec.shape.rank) for name, spec in known.items()
        }


def test_a_missing_file_of_an_export_is_named(copied_export):
    (copied_export / "assets" / "vocabulary.txt").unlink()
    seal_again(copied_export)
    with pytest.raises(RunError, match=r"the file 'vocabulary\.txt' is missing"):
        zoo.load(copied_export)


@pytest.mark.parametrize("name", ["export.json", "saved_model.pb", "variables", "assets/vocabulary.txt"])
def test_a_pipe_is_not_waited_for(copied_export, name):
    path = copied_export / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunError, match=rf"{name} is damaged: it is a named pipe"):
        zoo.load(copied_export)


def test_an_export_is_loaded_by_its_format(copied_export):
    class Addition(SavedModel):
        """Loads its exports as they are."""

        def load(self, folder, facts):
            return facts.task.name, sorted(folder.names())[0]

    entry = registry.ExportFormat("addition", Addition)
    registry.export_formats.add(entry)
    try:
        seal_again(copied_export, format="addition")
        assert zoo.load(copied_export) == ("translation", "DATA_LICENSE.txt")
    finally:
        registry.export_formats.remove(entry)
    with pytest.raises(RunError, match="is in the format 'addition', which is not installed here"):
        zoo.load(copied_export)


def test_an_export_for_another_interpreter_cannot_be_loaded(copied_export):
    (copied_export / "saved_model.pb").rename(copied_export / "model.onnx")
    seal_again(copied_export, format="onnx")
    with pytest.raises(RunError, match="is in the format 'onnx', which zoo does not load"):
        zoo.predict(str(copied_export), ["1+2"])


CLIMBING = {"files": {"../../x": "0" * 64}}, {"files": {"/etc/passwd": "0" * 64}}, {"files": {"a": "x"}}
TASKS = (
    {"name": "../x"}, {"reader": {"evil": 1}}, {"classes": [1]}, {"options": {"beam_size": 10**9}}, {"input": None},
)  # fmt: skip


@pytest.mark.parametrize("changes", [*CLIMBING, {"versions": 3}, {"run": []}, {"task": None}], ids=str)
def test_a_hostile_description_is_refused(copied_export, changes):
    seal_again(copied_export, **changes)
    with pytest.raises(RunError, match=r"export\.json is damaged: it has no valid"):
        zoo.load(copied_export)


@pytest.mark.parametrize("changes", TASKS, ids=str)
def test_a_hostile_task_is_refused(copied_export, changes):
    task = json.loads((copied_export / "export.json").read_text())["task"]
    seal_again(copied_export, task={**task, **changes})
    with pytest.raises(zoo.ZooError, match=r"export\.json (is damaged|describes)"):
        zoo.load(copied_export)


def test_a_damaged_fingerprint_is_refused(copied_export):
    """TensorFlow would log a traceback and go on."""
    (copied_export / "fingerprint.pb").write_bytes(b"\xff" * 99)
    seal_again(copied_export)
    with pytest.raises(RunError, match=r"fingerprint\.pb is damaged: it is not a fingerprint"):
        zoo.load(copied_export)
