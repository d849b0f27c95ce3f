"""Loading an export of a stranger runs no op that reads, writes or calls what lies outside of its graph."""

import json
import shutil

import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.exports import ANSWERING
from keras_rnn_zoo.graphs import may_run
from keras_rnn_zoo.seals import digests, sealed


@pytest.fixture(scope="module")
def exported(small_run):
    """The export of a small run."""
    return zoo.export(small_run("addition"), check=False)


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(exported, tmp_path / "strangers" / "1")


def seal_again(folder, **changes):
    """Writes `export.json` as who changes files on purpose would."""
    facts = {**json.loads((folder / "export.json").read_text()), **changes}
    facts = sealed(facts, {**digests(folder, ANSWERING), **changes.get("files", {})})
    (folder / "export.json").write_text(json.dumps(facts) + "\n")


def saved(folder, function, **tracked):
    """Puts a SavedModel with a signature of some function into an export."""
    module = tf.Module()
    for name, value in tracked.items():
        setattr(module, name, value)
    module.serve = tf.function(function, input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    for part in ("saved_model.pb", "fingerprint.pb"):
        (folder / part).unlink(missing_ok=True)
    shutil.rmtree(folder / "variables")
    assets = shutil.copytree(folder / "assets", folder.parent / "kept")
    tf.saved_model.save(module, str(folder), signatures=module.serve)
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
    with pytest.raises(
        RunError, match=r"saved_model\.pb is damaged: it has the op '\w+', which no export of the zoo has"
    ):
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
    from tensorflow.core.protobuf import saved_model_pb2

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


CLIMBING = {"files": {"../../x": "0" * 64}}, {"files": {"/etc/passwd": "0" * 64}}, {"files": {"a": "x"}}
TASKS = (
    {"name": "../x"}, {"reader": {"evil": 1}}, {"classes": [1]}, {"options": {"beam_size": 10**9}}, {"input": None},
)  # fmt: skip


@pytest.mark.parametrize("changes", [*CLIMBING, {"versions": 3}, {"run": []}, {"task": None}], ids=str)
def test_a_hostile_description_is_refused(copy, changes):
    seal_again(copy, **changes)
    with pytest.raises(RunError, match=r"export\.json is damaged: it lacks a valid"):
        zoo.load(copy)


@pytest.mark.parametrize("changes", TASKS, ids=str)
def test_a_hostile_task_is_refused(copy, changes):
    task = json.loads((copy / "export.json").read_text())["task"]
    seal_again(copy, task={**task, **changes})
    with pytest.raises(zoo.ZooError, match=r"export\.json is damaged|There is no task named '\.\./x'"):
        zoo.load(copy)


@pytest.mark.parametrize("name", ["saved_model.cpb", "saved_model.pbtxt"])
def test_a_graph_in_another_file_is_refused(copy, name):
    (copy / name).write_bytes(b"")
    with pytest.raises(RunError, match=rf"{name} is damaged: an export has its graph in saved_model\.pb alone"):
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
