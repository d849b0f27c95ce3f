"""What an export's graph may do, read from its file before TensorFlow loads it.

A graph of TensorFlow is a program, and some of its ops read and write files, open connections or call Python. The zoo
exports none of them, so an export that has one is not loaded.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from keras_rnn_zoo.artifacts.export import FINGERPRINT, GRAPH, damaged_export
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.frameworks.keras_internals import fingerprint_proto, op_definition, saved_model_proto

_REACHING = re.compile(
    r"File|^_?Eager|Py|Dataset|Iterator|Reader|Writer|Summary|Rpc|Debug|Remote|Collective|Send|Recv|Tpu|TPU|Xla|Proto|"
    r"Checkpoint|Save|Restore|Print|Dump|Sql|LMDB|Big|Service|Snapshot|Cache|Vocab|Remap|Host|Custom|TRT|Record|Disk|"
    r"Mlir|Delegate|Nccl|Abort|Infeed|Outfeed|DTensor|Mesh"
)
"""In the names of ops that reach beyond their tensors."""
_PLACES = re.compile(r"file|path|address|region|uri|url|host|target|descriptor|library|program|module|executable")
"""In the names of arguments that name a place."""
_STATELESS = frozenset({"CTCBeamSearchDecoder", "Fingerprint", "InTopKV2"})
"""Ops that sound as if they did."""
_STATEFUL = frozenset(
    "AnonymousHashTable Assert AssignAddVariableOp AssignSubVariableOp AssignVariableOp Case CudnnRNN CudnnRNNV2 "
    "CudnnRNNV3 DestroyResourceOp DisableCopyOnRead GuaranteeConst HashTableV2 If InitializeTableV2 "
    "LookupTableExportV2 LookupTableFindV2 LookupTableImportV2 LookupTableInsertV2 LookupTableSizeV2 Multinomial "
    "MutableDenseHashTableV2 MutableHashTableV2 RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt "
    "ReadVariableOp ResourceGather ResourceGatherNd ResourceScatterAdd RngReadAndSkip StackPopV2 StackPushV2 "
    "StackV2 StatefulPartitionedCall TensorArrayCloseV3 TensorArrayGatherV3 TensorArrayReadV3 "
    "TensorArrayScatterV3 TensorArraySizeV3 TensorArrayV3 TensorArrayWriteV3 TensorListReserve TruncatedNormal "
    "VarHandleOp VarIsInitializedOp While".split()
)
"""Ops with a state of their own that lies in memory."""
_CHECKPOINT = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"})
"""Ops of the two functions by which sessions save and restore variables; `tf.saved_model.load` calls neither."""


def check_graph(folder: Snapshot) -> None:
    """Raises `RunError` if the graph of a SavedModel has an op that reads, writes or calls what lies outside of it.

    Args:
        folder: the folder of the SavedModel.
    """
    file = folder.path / GRAPH
    for other in folder.names():
        if other.startswith("saved_model.") and other != GRAPH:  # TensorFlow would read the graph from there.
            raise damaged_export(folder.path / other, f"an export has its graph in {GRAPH} alone")
    document = saved_model_proto()
    try:
        document.ParseFromString((folder / GRAPH).read_bytes())
    except Exception as error:  # Of Google's parser, by version.
        raise damaged_export(file, f"it is no SavedModel ({error})") from None
    for graph in document.meta_graphs:
        if fault := _fault(graph):
            raise damaged_export(file, f"{fault}, which no export of the zoo has; it is not loaded")
    if not document.meta_graphs:
        raise damaged_export(file, "it holds no graph")
    _check_fingerprint(folder)


def _check_fingerprint(folder: Snapshot) -> None:
    """Raises `RunError` where TensorFlow would log a traceback, since it cannot read a SavedModel's fingerprint."""
    if FINGERPRINT in folder.names():
        try:
            fingerprint_proto().ParseFromString((folder / FINGERPRINT).read_bytes())
        except Exception as error:  # Of Google's parser, by version.
            raise damaged_export(folder.path / FINGERPRINT, f"it is no fingerprint ({error})") from None


def _fault(graph: Any) -> str:
    """Returns what a graph has that it must not, or ""."""
    if not graph.object_graph_def.nodes:  # Then TensorFlow would run it as a session does.
        return "it has no object graph"
    if graph.asset_file_def:
        return f"it reads the file {graph.asset_file_def[0].filename!r}"
    functions = graph.graph_def.library.function
    called = {name for function in functions for name in _called(function.node_def)}
    called |= set(graph.object_graph_def.concrete_functions)
    called |= {gradient.gradient_func for gradient in graph.graph_def.library.gradient}
    names = {function.signature.name for function in functions}
    if taken := sorted(filter(op_definition, names)):  # Which of the two a node means is up to TensorFlow.
        return f"it has a function with the name of the op {taken[0]!r}"
    bodies = [("", graph.graph_def.node), *((function.signature.name, function.node_def) for function in functions)]
    for name, nodes in bodies:
        uncalled = name not in called  # What a session alone calls, to save and restore, never runs here.
        for node in nodes:
            harmless = may_run(node.op) or node.op in names or (uncalled and node.op in _CHECKPOINT)
            if not harmless:
                return f"it has the op {node.op!r}"
    return ""


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    """Gives the names of the functions that some nodes call."""
    for node in nodes:
        yield node.op  # A function may be an op by its own name.
        for value in node.attr.values():
            yield value.func.name
            yield from (one.name for one in value.list.func)


def may_run(op: str) -> bool:
    """Whether an op computes from its tensors and variables alone."""
    if op in _STATEFUL or op in _STATELESS:
        return True
    known = op_definition(op)
    if known is None or known.is_stateful or _REACHING.search(op):
        return False
    return not any(_PLACES.search(argument.name) for argument in (*known.attr, *known.input_arg))
