"""All private APIs of Keras, TensorFlow and JAX that the package uses. Imports no framework when imported.

A release of one of them may change any of them without notice. `tests/test_keras_internals.py` has a test for
each, which names the feature that breaks when it changes.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def flatten_layers(model: Any) -> list[Any]:
    """Returns a model's layers with all nested ones; Keras's public `model.layers` has those of the top level only."""
    return list(model._flatten_layers())


def run_graph(model: Any, inputs: Any, call: Callable[..., Any]) -> Any:
    """Runs a functional model with `call(operation, *arguments)` in place of each operation: a layer, or an op.

    The inputs and results may be any objects. Keras's public `clone_model` has such a function for symbolic tensors.
    """
    return model._run_through_graph(inputs, operation_fn=lambda operation: functools.partial(call, operation))


def carry_mask(source: Any, target: Any) -> Any:
    """Returns `target` with the mask that Keras has attached to `source`, if any."""
    from keras.src.backend.common.masking import get_keras_mask, set_keras_mask

    if target is not source and (mask := get_keras_mask(source)) is not None:
        set_keras_mask(target, mask)
    return target


def with_constants(function: Any) -> Any:
    """Returns a concrete function whose variables have become constants, also those that its loops read."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    return convert_variables_to_constants_v2(function)


def write_onnx(function: Any, signature: Sequence[Any], path: str) -> None:
    """Converts a `tf.function` to an ONNX file, with the corrections that Keras's exporter makes for NumPy 2."""
    import tf2onnx
    from keras.src.export.tf2onnx_lib import patch_tf2onnx

    patch_tf2onnx()
    tf2onnx.convert.from_function(function, list(signature), output_path=path)


def track_loss(model: Any, loss: Any, size: Any) -> None:
    """Adds the loss of a batch of `size` examples to the mean that `fit` reports; for training steps on TensorFlow."""
    model._loss_tracker.update_state(loss, sample_weight=size)


def updated_metrics(model: Any, variables: Any, loss: Any, x: Any, y: Any, outputs: Any, sample_weight: Any) -> Any:
    """Returns the logs of a batch, and the new values of the metrics' variables; for training steps on JAX."""
    return model._update_metrics_variables(variables, loss, x, y, outputs, sample_weight)


def accept_strings(layer: Any) -> None:
    """Lets a layer be called on TensorFlow strings under any backend, as Keras's own text layers do.

    By default, Keras converts the arguments of a call to tensors of its backend, and those have no strings.
    """
    layer._convert_input_args = False
    layer._allow_non_tensor_positional_args = True


def forget_uninitialized_variables() -> None:
    """Discards the variables that were created under `keras.StatelessScope(initialize_variables=False)`.

    Otherwise the end of the next stateless scope would initialize them, which takes their memory.
    """
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("uninitialized_variables", [])


class OptimizerHooks:
    """Base class, to precede `keras.optimizers.Optimizer`, that turns Keras's private methods into overridable ones."""

    def variable_index(self, variable: Any) -> int:
        """Returns the index of a variable in the optimizer's lists of slot variables."""
        return int(self._get_variable_index(variable))  # type: ignore[attr-defined]

    def clip_gradients(self, grads: Any) -> Any:
        """Returns the clipped gradients; by default as Keras does it."""
        return super()._clip_gradients(grads)  # type: ignore[misc]

    def apply_updates(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        """Updates all variables; by default as Keras does it."""
        super()._backend_update_step(grads, trainable_variables, learning_rate)  # type: ignore[misc]

    def _clip_gradients(self, grads: Any) -> Any:
        return self.clip_gradients(grads)

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        self.apply_updates(grads, trainable_variables, learning_rate)


def op_definition(name: str) -> Any:
    """Returns the `OpDef` message of a TensorFlow op, or `None` if this TensorFlow has no such op."""
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name)


def saved_model_proto() -> Any:
    """Returns an empty `SavedModel` message, the format of `saved_model.pb`."""
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel()


def fingerprint_proto() -> Any:
    """Returns an empty `FingerprintDef` message, the format of `fingerprint.pb`."""
    from tensorflow.core.protobuf import fingerprint_pb2

    return fingerprint_pb2.FingerprintDef()


def xla_launch(program: Any, args: Sequence[Any], dtypes: list[Any]) -> list[Any]:
    """Returns the results of a concrete function that XLA compiles when the op first runs; for use inside a graph.

    Args:
        program: the concrete function.
        args: its arguments, a flat sequence of tensors.
        dtypes: the dtypes of its results, flattened.
    """
    from tensorflow.compiler.jit.ops import xla_ops

    launched = xla_ops.xla_launch(constants=[], args=args, resources=[], Tresults=dtypes, function=program)
    return list(launched)


def dynamic_slice(values: Any, starts: Any, sizes: Any) -> Any:
    """Returns the slice of `values` of shape `sizes` at `starts`, which may be a tensor; XLA programs only."""
    from tensorflow.compiler.tf2xla.python import xla

    return xla.dynamic_slice(values, starts, sizes)


def dynamic_update_slice(values: Any, update: Any, starts: Any) -> Any:
    """Returns `values` with `update` written at `starts`; XLA programs only, which do it in place."""
    from tensorflow.compiler.tf2xla.python import xla

    return xla.dynamic_update_slice(values, update, starts)


@contextlib.contextmanager
def whole_batches_in_every_process() -> Iterator[None]:
    """Lets Keras's loops on JAX be given the whole batch in every process, which keeps its own rows of it.

    Keras would take what each process has for other rows. So every process would have to cut its rows out first, and a
    batch whose rows cannot be divided evenly could not be passed at all. Such a batch is kept whole by all processes,
    which compute the same with it.
    """
    import jax
    from keras.src.backend.jax import distribution_lib

    whole: Any = jax.sharding.PartitionSpec  # It is not typed.

    def distribute(batch: Any, layout: Any, batch_dim_name: str) -> Any:
        if batch is None:  # No weights of the examples, in `test_on_batch`.
            return None
        layout = getattr(layout, "backend_layout", layout)
        if len(batch) % layout.mesh.shape[batch_dim_name]:
            layout = jax.sharding.NamedSharding(layout.mesh, whole())
        return jax.make_array_from_callback(batch.shape, layout, lambda rows: batch[rows])

    original = distribution_lib.distribute_data_input
    distribution_lib.distribute_data_input = distribute
    try:
        yield
    finally:
        distribution_lib.distribute_data_input = original


def coordination_client() -> Any:
    """Returns the client of `jax.distributed`, with barriers and values that processes share."""
    from jax._src import distributed

    return distributed.global_state.client


def coordinator_address() -> str | None:
    """Returns the host and port of process 0 that JAX has found or was given; `None` before that."""
    from jax._src import distributed

    return distributed.global_state.coordinator_address
