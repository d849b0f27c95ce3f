"""Checks the graph of an export for unsafe ops before TensorFlow loads it.

A TensorFlow graph is a program, and some ops read and write files, open connections or call Python. Exports of the zoo
contain no such op, so an export with one is not loaded.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from keras_rnn_zoo.artifacts.digests import damaged_export
from keras_rnn_zoo.artifacts.export import FINGERPRINT, GRAPH
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.frameworks.keras_internals import fingerprint_proto, op_definition, saved_model_proto

_REACHING = re.compile(
    r"File|^_?Eager|Py|Dataset|Iterator|Reader|Writer|Summary|Rpc|Debug|Remote|Collective|Send|Recv|Tpu|TPU|Xla|Proto|"
    r"Checkpoint|Save|Restore|Print|Dump|Sql|LMDB|Big|Service|Snapshot|Cache|Vocab|Remap|Host|Custom|TRT|Record|Disk|"
    r"Mlir|Delegate|Nccl|Abort|Infeed|Outfeed|DTensor|Mesh"
)
"""Matches the names of ops that access anything beyond their tensors, such as files."""
_LOCATIONS = re.compile(r"file|path|address|region|uri|url|host|target|descriptor|library|program|module|executable")
"""Matches the names of arguments that refer to a file, an address or a program."""
_STATELESS = frozenset({"CTCBeamSearchDecoder", "Fingerprint", "InTopKV2"})
"""Stateless ops whose names match `_REACHING` by accident and are known to be safe."""
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
"""Ops whose state is in memory only."""
_CHECKPOINT = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"})
"""Ops of the two functions with which sessions save and restore variables; `tf.saved_model.load` calls neither."""


def check_graph(folder: Snapshot) -> None:
    """Raises `RunError` if the graph of a SavedModel has an op that accesses anything outside the graph.

    Args:
        folder: the folder of the SavedModel.
    """
    file = folder.path / GRAPH
    for other in folder.names():
        if other.startswith("saved_model.") and other != GRAPH:  # TensorFlow would read the graph from that file.
            raise damaged_export(folder.path / other, f"an export has its graph in {GRAPH} only")
    document = saved_model_proto()
    try:
        document.ParseFromString((folder / GRAPH).read_bytes())
    except Exception as error:  # The class of the parser's errors depends on its version.
        raise damaged_export(file, f"it is not a SavedModel ({error})") from None
    for graph in document.meta_graphs:
        if fault := _fault(graph):
            raise damaged_export(file, f"{fault}, unlike exports of the zoo; it is not loaded")
    if not document.meta_graphs:
        raise damaged_export(file, "it contains no graph")
    _check_fingerprint(folder)


def _check_fingerprint(folder: Snapshot) -> None:
    """Raises `RunError` if a SavedModel's fingerprint is invalid, for which TensorFlow would log a traceback."""
    if FINGERPRINT in folder.names():
        try:
            fingerprint_proto().ParseFromString((folder / FINGERPRINT).read_bytes())
        except Exception as error:  # The class of the parser's errors depends on its version.
            raise damaged_export(folder.path / FINGERPRINT, f"it is not a fingerprint ({error})") from None


def _fault(graph: Any) -> str:
    """Returns a description of something unsafe in a graph, or ""."""
    if not graph.object_graph_def.nodes:  # TensorFlow would run such a graph like a session.
        return "it has no object graph"
    if graph.asset_file_def:
        return f"it reads the file {graph.asset_file_def[0].filename!r}"
    functions = graph.graph_def.library.function
    called = {name for function in functions for name in _called(function.node_def)}
    called |= set(graph.object_graph_def.concrete_functions)
    called |= {gradient.gradient_func for gradient in graph.graph_def.library.gradient}
    names = {function.signature.name for function in functions}
    if clashes := sorted(filter(op_definition, names)):  # TensorFlow decides whether a node means function or op.
        return f"it has a function with the name of the op {clashes[0]!r}"
    bodies = [("", graph.graph_def.node), *((function.signature.name, function.node_def) for function in functions)]
    for name, nodes in bodies:
        uncalled = name not in called  # Only a session would call it, to save or restore; it never runs here.
        for node in nodes:
            harmless = may_run(node.op) or node.op in names or (uncalled and node.op in _CHECKPOINT)
            if not harmless:
                return f"it has the op {node.op!r}"
    return ""


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    """Yields the names of the functions that some nodes call."""
    for node in nodes:
        yield node.op  # An op's name may be that of a function.
        for value in node.attr.values():
            yield value.func.name
            yield from (function.name for function in value.list.func)


def may_run(op: str) -> bool:
    """Whether an op accesses only its tensors and variables."""
    if op in _STATEFUL or op in _STATELESS:
        return True
    definition = op_definition(op)
    if definition is None or definition.is_stateful or _REACHING.search(op):
        return False
    return not any(_LOCATIONS.search(argument.name) for argument in (*definition.attr, *definition.input_arg))
