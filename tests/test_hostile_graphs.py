"""The graph of an export may run no op that reads, writes or calls anything outside of it."""

import pytest
import tensorflow as tf
from altered_exports import prediction, saved, seal_again
from tensorflow.core.protobuf import saved_model_pb2

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.graph_check import may_run
from keras_rnn_zoo.errors import RunError


@tf.custom_gradient
def _squared(x):
    return x, lambda dy: tf.py_function(lambda value: value, [dy], dy.dtype)


def writes(target):
    def serve(text):
        with tf.control_dependencies([tf.io.write_file(target, "evil")]):
            return prediction(tf.identity(text))

    return serve


def prints(target):
    def serve(text):
        tf.print("evil", output_stream=f"file://{target}")
        return prediction(text)

    return serve


def in_a_branch(target):
    def serve(text):
        return prediction(tf.cond(tf.size(text) > 0, lambda: tf.io.read_file(text[:1][0])[None], lambda: text))

    return serve


def in_a_loop(target):
    def serve(text):
        return prediction(tf.while_loop(lambda x: tf.size(x) < 1, lambda x: [tf.io.matching_files("/*")], [text])[0])

    return serve


def in_another_function(target):
    inner = tf.function(lambda text: tf.io.read_file(target + text[0])[None])
    return lambda text: prediction(inner(text))


def mapped(target):
    return lambda text: prediction(tf.map_fn(tf.io.read_file, text))


def calls(target):
    return lambda text: prediction(tf.ensure_shape(tf.py_function(lambda x: x, [text], tf.string), [None]))


def calls_numpy(target):
    return lambda text: prediction(tf.ensure_shape(tf.numpy_function(lambda x: x, [text], tf.string), [None]))


def data_set(target):
    def serve(text):
        return prediction(tf.data.TextLineDataset(text).reduce(tf.constant([""]), lambda one, other: other[None]))

    return serve


def saves(target):
    def serve(text):
        tf.raw_ops.SaveV2(prefix=target, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.zeros([1])])
        return prediction(text)

    return serve


def restores(target):
    def serve(text):
        (found,) = tf.raw_ops.RestoreV2(prefix=target, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32])
        return prediction(text, tf.zeros_like(text, tf.float32) + tf.reduce_sum(found))

    return serve


def constant_file(target):
    def serve(text):
        read = tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=target)
        return prediction(text, tf.zeros_like(text, tf.float32) + read)

    return serve


def described(target):
    def serve(text):
        decoded = tf.io.decode_proto(text, "x", ["a"], [tf.string], descriptor_source=target)
        return prediction(text, tf.cast(decoded.sizes[:, 0], tf.float32))

    return serve


def in_a_gradient(target):
    return lambda text: prediction(text, _squared(tf.zeros_like(text, tf.float32)))


def aborts(target):
    def serve(text):
        with tf.control_dependencies([tf.cond(tf.size(text) > 9, lambda: tf.raw_ops.Abort(), tf.no_op)]):
            return prediction(tf.identity(text))

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
def test_a_graph_that_accesses_anything_outside_is_not_loaded(copied_export, tmp_path, name, monkeypatch):
    saved(copied_export, GRAPHS[name](str(tmp_path / "evil")))
    monkeypatch.setattr(tf.saved_model, "load", lambda path: pytest.fail("it was loaded"))
    with pytest.raises(RunError, match=r"saved_model\.pb is damaged: it has the op '\w+', unlike exports of the zoo"):
        zoo.load(copied_export)
    assert not (tmp_path / "evil").exists()


def test_a_table_that_is_read_from_a_file_is_refused(copied_export, tmp_path):
    (tmp_path / "words.txt").write_text("a\nb\n")
    whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    initializer = tf.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, whole, tf.int64, number)
    table = tf.lookup.StaticHashTable(initializer, 0)
    saved(copied_export, lambda text: prediction(text, tf.cast(table.lookup(text), tf.float32)), table=table)
    with pytest.raises(RunError, match=r"saved_model\.pb is damaged: it (reads the file|has the op)"):
        zoo.load(copied_export)


def test_the_functions_of_a_checkpoint_may_not_be_called_by_another(copied_export):
    document = saved_model_pb2.SavedModel.FromString((copied_export / "saved_model.pb").read_bytes())
    (graph,) = document.meta_graphs
    names = {function.signature.name: function for function in graph.graph_def.library.function}
    saving = next(name for name, body in names.items() if any(node.op == "SaveV2" for node in body.node_def))
    body = next(body for name, body in names.items() if "serve" in name or "call" in name)
    node = body.node_def.add(name="evil", op="StatefulPartitionedCall")
    node.attr["f"].func.name = saving
    (copied_export / "saved_model.pb").write_bytes(document.SerializeToString())
    seal_again(copied_export)
    with pytest.raises(RunError, match=r"it has the op '(SaveV2|ShardedFilename|MergeV2Checkpoints)'"):
        zoo.load(copied_export)


@pytest.mark.parametrize("name", ["saved_model.cpb", "saved_model.pbtxt"])
def test_a_graph_in_another_file_is_refused(copied_export, name):
    (copied_export / name).write_bytes(b"")
    with pytest.raises(RunError, match=rf"{name} is damaged: an export has its graph in saved_model\.pb only"):
        zoo.load(copied_export)


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


def test_a_function_with_the_name_of_an_op_is_refused(copied_export):
    document = saved_model_pb2.SavedModel()
    document.ParseFromString((copied_export / "saved_model.pb").read_bytes())
    document.meta_graphs[0].graph_def.library.function.add().signature.name = "ReadFile"
    (copied_export / "saved_model.pb").write_bytes(document.SerializeToString())
    seal_again(copied_export)
    with pytest.raises(RunError, match="it has a function with the name of the op 'ReadFile'"):
        zoo.load(copied_export)
