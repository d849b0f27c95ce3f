"""Loading an export of a stranger runs no op that reads, writes or calls what lies outside of its graph."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import digests, with_digests
from keras_rnn_zoo.artifacts.export import EXPORT_MODEL_FILES
from keras_rnn_zoo.artifacts.graph_check import may_run
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.tasks._predictions import fault_of_batch


@pytest.fixture(scope="module")
def exported(small_export):
    """The export of a small run."""
    return small_export("addition")


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(exported, tmp_path / "strangers" / "1")


def seal_again(folder, **changes):
    """Writes `export.json` as who changes files on purpose would."""
    facts = {**json.loads((folder / "export.json").read_text()), **changes}
    facts = with_digests(facts, {**digests(folder, EXPORT_MODEL_FILES), **changes.get("files", {})})
    (folder / "export.json").write_text(json.dumps(facts) + "\n")


TEXT = (tf.TensorSpec([None], tf.string, name="text"),)


def saved(folder, function, inputs=TEXT, name="serving_default", **tracked):
    """Puts a SavedModel with a signature of some function into an export."""
    module = tf.Module()
    for name, value in tracked.items():
        setattr(module, name, value)
    module.serve = tf.function(function, input_signature=inputs)
    for part in ("saved_model.pb", "fingerprint.pb"):
        (folder / part).unlink(missing_ok=True)
    shutil.rmtree(folder / "variables")
    assets = shutil.copytree(folder / "assets", folder.parent / "kept")
    tf.saved_model.save(module, str(folder), signatures={name: module.serve})
    shutil.copytree(assets, folder / "assets", dirs_exist_ok=True)
    seal_again(folder)


@tf.custom_gradient
def _squared(x):
    return x, lambda dy: tf.py_function(lambda value: value, [dy], dy.dtype)


def _answer(text, score=None):
    return {"text": text, "score": tf.zeros_like(text, tf.float32) if score is None else score}


def writes(target):
    def serve(text):
        with tf.control_dependencies([tf.io.write_file(target, "evil")]):
            return _answer(tf.identity(text))

    return serve


def prints(target):
    def serve(text):
        tf.print("evil", output_stream=f"file://{target}")
        return _answer(text)

    return serve


def in_a_branch(target):
    def serve(text):
        return _answer(tf.cond(tf.size(text) > 0, lambda: tf.io.read_file(text[:1][0])[None], lambda: text))

    return serve


def in_a_loop(target):
    def serve(text):
        return _answer(tf.while_loop(lambda x: tf.size(x) < 1, lambda x: [tf.io.matching_files("/*")], [text])[0])

    return serve


def in_another_function(target):
    inner = tf.function(lambda text: tf.io.read_file(target + text[0])[None])
    return lambda text: _answer(inner(text))


def mapped(target):
    return lambda text: _answer(tf.map_fn(tf.io.read_file, text))


def calls(target):
    return lambda text: _answer(tf.ensure_shape(tf.py_function(lambda x: x, [text], tf.string), [None]))


def calls_numpy(target):
    return lambda text: _answer(tf.ensure_shape(tf.numpy_function(lambda x: x, [text], tf.string), [None]))


def data_set(target):
    def serve(text):
        return _answer(tf.data.TextLineDataset(text).reduce(tf.constant([""]), lambda one, other: other[None]))

    return serve


def saves(target):
    def serve(text):
        tf.raw_ops.SaveV2(prefix=target, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.zeros([1])])
        return _answer(text)

    return serve


def restores(target):
    def serve(text):
        (found,) = tf.raw_ops.RestoreV2(prefix=target, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32])
        return _answer(text, tf.zeros_like(text, tf.float32) + tf.reduce_sum(found))

    return serve


def constant_file(target):
    def serve(text):
        read = tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=target)
        return _answer(text, tf.zeros_like(text, tf.float32) + read)

    return serve


def described(target):
    def serve(text):
        decoded = tf.io.decode_proto(text, "x", ["a"], [tf.string], descriptor_source=target)
        return _answer(text, tf.cast(decoded.sizes[:, 0], tf.float32))

    return serve


def in_a_gradient(target):
    return lambda text: _answer(text, _squared(tf.zeros_like(text, tf.float32)))


def aborts(target):
    def serve(text):
        with tf.control_dependencies([tf.cond(tf.size(text) > 9, lambda: tf.raw_ops.Abort(), tf.no_op)]):
            return _answer(tf.identity(text))

    return serve


GRAPHS = {
    "writes a file": writes,
    "prints into a file": prints,
    "reads a file in a branch": in_a_branch,
    "lists files in a loop": in_a_loop,
    "reads a file in another function": in_another_function,
    "reads files, one a row": mapped,
    "calls Python": calls,
    "calls Python by NumPy": calls_numpy,
    "reads a data set": data_set,
    "saves a checkpoint": saves,
    "restores a checkpoint": restores,
    "takes a file for a constant": constant_file,
    "reads a descriptor": described,
    "calls Python in a gradient": in_a_gradient,
    "ends the process": aborts,
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_that_reaches_out_is_not_loaded(copy, tmp_path, name, monkeypatch):
    saved(copy, GRAPHS[name](str(tmp_path / "evil")))
    monkeypatch.setattr(tf.saved_model, "load", lambda path: pytest.fail("it was loaded"))
    with pytest.raises(RunError, match=r"saved_model\.pb is damaged: it has the op '\w+', unlike exports of the zoo"):
        zoo.load(copy)
    assert not (tmp_path / "evil").exists()


def test_a_table_that_is_read_from_a_file_is_refused(copy, tmp_path):
    (tmp_path / "words.txt").write_text("a\nb\n")
    whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    initializer = tf.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, whole, tf.int64, number)
    table = tf.lookup.StaticHashTable(initializer, 0)
    saved(copy, lambda text: _answer(text, tf.cast(table.lookup(text), tf.float32)), table=table)
    with pytest.raises(RunError, match=r"saved_model\.pb is damaged: it (reads the file|has the op)"):
        zoo.load(copy)


def test_the_functions_of_a_checkpoint_may_not_be_called_by_another(exported, copy):
    document = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    (graph,) = document.meta_graphs
    names = {function.signature.name: function for function in graph.graph_def.library.function}
    saving = next(name for name, body in names.items() if any(node.op == "SaveV2" for node in body.node_def))
    body = next(body for name, body in names.items() if "serve" in name or "call" in name)
    node = body.node_def.add(name="evil", op="StatefulPartitionedCall")
    node.attr["f"].func.name = saving
    (copy / "saved_model.pb").write_bytes(document.SerializeToString())
    seal_again(copy)
    with pytest.raises(RunError, match=r"it has the op '(SaveV2|ShardedFilename|MergeV2Checkpoints)'"):
        zoo.load(copy)


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
def test_what_tensorflow_cannot_read_is_an_error_of_the_export(copy, damage):
    damage(copy)
    seal_again(copy)
    with pytest.raises(RunError, match=r"damaged|cannot be loaded"):
        zoo.load(copy)


@pytest.mark.parametrize("name", ["export.json", "saved_model.pb", "variables", "assets", "assets/vocabulary.txt"])
def test_a_symbolic_link_is_refused(copy, tmp_path, name):
    (copy / name).rename(tmp_path / "elsewhere")
    (copy / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a symbolic link"):
        zoo.load(copy)


def zeros(text, dtype=tf.float32):
    return tf.zeros_like(text, dtype)


def failing(text):
    with tf.control_dependencies([tf.debugging.Assert(tf.size(text) < 0, ["evil"])]):
        return _answer(tf.identity(text))


MORE = (*TEXT, tf.TensorSpec([], tf.float32, name="more"))
UNFIT = {
    "no default signature": ((_answer, TEXT, "other"), "it has no signature 'serving_default'"),
    "another input": ((lambda foo: _answer(foo), [tf.TensorSpec([None], tf.string, name="foo")]), "the inputs foo,"),
    "one more input": ((lambda text, more: _answer(text), MORE), "the inputs more, text, but its task has text"),
    "numbers for texts": (
        (lambda text: _answer(tf.strings.as_string(text)), [tf.TensorSpec([None], tf.float32, name="text")]),
        r"its input 'text' is float32 of shape \(None,\), but its task has string of shape \(None,\)",
    ),
    "one text at a time": (
        (lambda text: _answer(text[None]), [tf.TensorSpec([], tf.string, name="text")]),
        r"its input 'text' is string of shape \(\)",
    ),
    "two texts at a time": ((_answer, [tf.TensorSpec([2], tf.string, name="text")]), r"string of shape \(2,\), but"),
    "no text": ((lambda text: {"score": zeros(text)},), "it has the outputs score, but its task has score, text"),
    "one more output": ((lambda text: {**_answer(text), "more": text},), "the outputs more, score, text, but its"),
    "a scalar": ((lambda text: _answer(text, tf.constant(1.0)),), r"its output 'score' is float32 of shape \(\)"),
    "a matrix": ((lambda text: _answer(text, zeros(text)[:, None]),), r"float32 of shape \(None, 1\), but its"),
    "complex numbers": ((lambda text: _answer(text, zeros(text, tf.complex64)),), "'score' is complex64"),
    "whole numbers": ((lambda text: _answer(text, zeros(text, tf.int32)),), "'score' is int32"),
    "numbers for text": ((lambda text: _answer(zeros(text)),), "'text' is float32"),
}
UNFIT_ANSWERS = {
    "fewer": (lambda text: _answer(text[:1], zeros(text)[:1]), r"have the shape \(1,\) for 2 inputs"),
    "none": (lambda text: _answer(text[:0], zeros(text)[:0]), r"have the shape \(0,\) for 2 inputs"),
    "fewer of one": (lambda text: _answer(text[:1], zeros(text)), r"'text' have the shape \(1,\) for 2 inputs"),
    "more": (lambda text: _answer(tf.concat([text, text], 0)), r"have the shape \(4,\) for 2 inputs"),
    "NaN": (lambda text: _answer(text, zeros(text) + float("nan")), "its predictions 'score' are not finite"),
    "infinity": (lambda text: _answer(text, zeros(text) - float("inf")), "its predictions 'score' are not finite"),
    "a failure": (failing, "failed to predict: .*evil"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_export_whose_endpoint_is_not_that_of_its_task_is_not_loaded(copy, name):
    endpoint, told = UNFIT[name]
    saved(copy, *endpoint)
    with pytest.raises(RunError, match=f"cannot be used: .*{told}.*Export the run again"):
        zoo.load(copy)


@pytest.mark.parametrize("name", UNFIT_ANSWERS)
def test_predictions_that_are_not_those_of_the_task_are_refused(copy, name):
    function, told = UNFIT_ANSWERS[name]
    saved(copy, function)
    loaded = zoo.load(copy)
    with pytest.raises(RunError, match=f"^The export .*{told}.*Export the run again"):
        loaded.predict(["1+2", "3+4"])


def test_a_failing_export_is_one_paragraph_of_the_command(copy):
    from click.testing import CliRunner

    from zoo_cli.main import cli

    saved(copy, failing)
    for words in (["1+2"], ["1+2", "--json"]):
        result = CliRunner().invoke(cli, ["predict", str(copy), *words, "-q"], catch_exceptions=False)
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
def test_what_is_wrong_with_predictions_is_told(name, changes, told):
    right = {"tagging": TAGS, "classification": LABELS, "regression": {}}[name]
    task = task_of(name, "text", () if name == "regression" else ("X", "Y"))
    fault = fault_of_batch(task, {**right, **changes}, 2)
    assert re.search(told, fault) if told else fault == ""


def test_each_task_knows_its_outputs_as_its_entry_tells_them():
    for entry in registry.tasks.entries():
        inputs = entry.readers or {"text": "text"}
        task = task_of(entry.name, next(iter(inputs)), ("X",))
        told = {name: re.search(r": (\w+) \(([^)]*)\)", text) for name, text in entry.outputs.items()}
        known = task.prediction_signature()
        assert {name: (found[1], len(found[2].strip(",").split(","))) for name, found in told.items()} == {
            name: (spec.dtype.name, spec.shape.rank) for name, spec in known.items()
        }


def test_a_file_that_an_export_lacks_is_named(copy):
    (copy / "assets" / "vocabulary.txt").unlink()
    seal_again(copy)
    with pytest.raises(RunError, match=r"the file 'vocabulary\.txt' is missing"):
        zoo.load(copy)


@pytest.mark.parametrize("name", ["export.json", "saved_model.pb", "variables", "assets/vocabulary.txt"])
def test_a_pipe_is_not_waited_for(copy, name):
    path = copy / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunError, match=rf"{name} is damaged: it is a named pipe"):
        zoo.load(copy)


def test_an_export_in_a_format_of_others_is_told_to_be_one(copy):
    (copy / "saved_model.pb").rename(copy / "model.onnx")
    seal_again(copy, format="onnx")
    with pytest.raises(RunError, match="is in the format 'onnx', which zoo does not load"):
        zoo.predict(str(copy), ["1+2"])


CLIMBING = {"files": {"../../x": "0" * 64}}, {"files": {"/etc/passwd": "0" * 64}}, {"files": {"a": "x"}}
TASKS = (
    {"name": "../x"}, {"reader": {"evil": 1}}, {"classes": [1]}, {"options": {"beam_size": 10**9}}, {"input": None},
)  # fmt: skip


@pytest.mark.parametrize("changes", [*CLIMBING, {"versions": 3}, {"run": []}, {"task": None}], ids=str)
def test_a_hostile_description_is_refused(copy, changes):
    seal_again(copy, **changes)
    with pytest.raises(RunError, match=r"export\.json is damaged: it has no valid"):
        zoo.load(copy)


@pytest.mark.parametrize("changes", TASKS, ids=str)
def test_a_hostile_task_is_refused(copy, changes):
    task = json.loads((copy / "export.json").read_text())["task"]
    seal_again(copy, task={**task, **changes})
    with pytest.raises(zoo.ZooError, match=r"export\.json (is damaged|describes)"):
        zoo.load(copy)


@pytest.mark.parametrize("name", ["saved_model.cpb", "saved_model.pbtxt"])
def test_a_graph_in_another_file_is_refused(copy, name):
    (copy / name).write_bytes(b"")
    with pytest.raises(RunError, match=rf"{name} is damaged: an export has its graph in saved_model\.pb only"):
        zoo.load(copy)


def test_ops_that_read_or_write_may_not_run():
    reaching = (
        "ReadFile WriteFile MatchingFiles PyFunc PyFuncStateless EagerPyFunc PrintV2 SaveV2 RestoreV2 "
        "TextLineDatasetV2 TFRecordDatasetV2 FixedLengthRecordDatasetV2 SaveDatasetV2 LoadDataset SnapshotDatasetV2 "
        "CacheDatasetV2 InitializeTableFromTextFileV2 DecodeProtoV2 EncodeProto ImmutableConst CreateSummaryFileWriter "
        "RpcCall WriteSummary DebugIdentityV2 DataServiceDatasetV4 RemoteCall CollectiveReduceV2 _Send Abort "
        "XlaCustomCallV2 WholeFileReaderV2 SqlDataset GenerateVocabRemapping LoadAndRemapMatrix "
        "LMDBReader FakeOfNoLibrary"
    )
    assert [op for op in reaching.split() if may_run(op)] == []
    assert all(
        map(may_run, "MatMul StringSplitV2 DecodeImage BlockLSTM StatelessWhile HashTableV2 RegexReplace".split())
    )


def test_a_function_with_the_name_of_an_op_is_refused(copy):
    document = saved_model_pb2.SavedModel()
    document.ParseFromString((copy / "saved_model.pb").read_bytes())
    document.meta_graphs[0].graph_def.library.function.add().signature.name = "ReadFile"
    (copy / "saved_model.pb").write_bytes(document.SerializeToString())
    seal_again(copy)
    with pytest.raises(RunError, match="it has a function with the name of the op 'ReadFile'"):
        zoo.load(copy)


def test_a_damaged_fingerprint_is_refused(copy):
    """TensorFlow would log a traceback and go on."""
    (copy / "fingerprint.pb").write_bytes(b"\xff" * 99)
    seal_again(copy)
    with pytest.raises(RunError, match=r"fingerprint\.pb is damaged: it is not a fingerprint"):
        zoo.load(copy)
