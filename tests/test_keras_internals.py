"""Each private API of Keras and TensorFlow that the package uses still exists and behaves as expected.

The message of each assertion names the feature that breaks when the API changes.
"""

import ast
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_rnn_zoo
from keras_rnn_zoo.frameworks import keras_internals as internals
from keras_rnn_zoo.layers.compiled import compiled

PACKAGE = Path(keras_rnn_zoo.__file__).parent
PRIVATE_NAMES = re.compile(
    r"\._(flatten_layers|convert_input_args|allow_non_tensor_positional_args|get_variable_index|clip_gradients"
    r"|backend_update_step|run_through_graph|loss_tracker|update_metrics_variables)\b"
)


def test_layers_nested_in_layers_are_listed():
    inner = keras.layers.LSTM(2)
    inputs = keras.Input((3, 1))
    model = keras.Model(inputs, keras.layers.Bidirectional(inner)(inputs))
    types = [type(layer) for layer in internals.flatten_layers(model)]
    assert types.count(keras.layers.LSTM) == 2, "exports: layers inside Bidirectional would keep cuDNN's ops"


def test_a_functional_model_runs_with_other_operations():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(3, name="dense")(inputs) + 1)
    names = []

    def call(operation, *arguments):
        names.append(operation.name)
        return ["result", *arguments]

    found = internals.run_graph(model, object(), call)
    assert names[0] == "dense", "streams: a model could not be run layer by layer"
    assert found == "result"


def test_a_mask_is_carried_over():
    source, target = keras.ops.ones((1, 2)), keras.ops.zeros((1, 2))
    assert internals.carry_mask(source, target) is target
    masked = keras.layers.Masking(1.0)(keras.ops.ones((1, 2, 3)))
    carried = internals.carry_mask(masked, target)
    assert carried._keras_mask.shape == (1, 2), "inspection: importance would be computed without the mask"


def test_variables_become_constants_in_loops_too():
    variable = tf.Variable(2.0)
    count = tf.function(lambda x: tf.while_loop(lambda x: x < 10, lambda x: [x * variable], [x]))
    function = internals.with_constants(count.get_concrete_function(tf.TensorSpec([])))
    assert [float(value) for value in function(tf.constant(3.0))] == [12.0]
    assert not function.graph.variables, "LiteRT streams: variables in loops would not be found"


def test_the_loss_of_a_batch_is_tracked():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.evaluate(np.zeros((1, 2)), np.zeros((1, 1)), verbose=0)
    model.reset_metrics()
    internals.track_loss(model, 1.0, 3)
    internals.track_loss(model, 5.0, 1)
    assert model.get_metrics_result()["loss"] == 2, "adversarial training: the loss was not reported"


def test_metrics_are_updated_on_jax():
    from keras.src.backend.jax import distribution_lib

    # Keras's trainer for JAX cannot be imported on another backend.
    trainer = Path(distribution_lib.__file__).with_name("trainer.py").read_text(encoding="utf-8")
    found = next(
        node
        for node in ast.walk(ast.parse(trainer))
        if isinstance(node, ast.FunctionDef) and node.name == "_update_metrics_variables"
    )
    names = ["self", "metrics_variables", "unscaled_loss", "x", "y", "y_pred", "sample_weight"]
    assert [argument.arg for argument in found.args.args] == names, "adversarial training on JAX: no metrics"


def test_a_layer_accepts_strings():
    class Upper(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            internals.accept_strings(self)

        def call(self, texts):
            return tf.strings.upper(texts)

    layer = Upper()
    assert layer(tf.constant(["a"])).numpy().tolist() == [b"A"]
    assert {"_convert_input_args", "_allow_non_tensor_positional_args"} <= vars(keras.layers.Hashing(2)).keys(), (
        "Tokenizer: under the JAX backend, Keras would try to convert strings to JAX arrays"
    )


def test_uninitialized_variables_are_forgotten():
    with keras.StatelessScope(initialize_variables=False):
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
    internals.forget_uninitialized_variables()
    with keras.StatelessScope():
        pass
    assert layer.kernel._value is None, "loading: weights of a refused model would still be initialized in memory"


class RecordingSGD(internals.OptimizerHooks, keras.optimizers.SGD):
    calls: list[str]

    def clip_gradients(self, grads):
        self.calls.append("clip")
        return super().clip_gradients(grads)

    def apply_updates(self, grads, trainable_variables, learning_rate):
        self.calls.append("update")
        super().apply_updates(grads, trainable_variables, learning_rate)


def test_an_optimizer_calls_its_hooks():
    optimizer = RecordingSGD(learning_rate=1.0, momentum=0.5)
    optimizer.calls = []
    variables = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    optimizer.build(variables)
    optimizer.apply([tf.constant([0.5, 0.5]), tf.constant([1.0])])
    assert optimizer.calls == ["clip", "update"], "training: Adam would lose its faster clipping and update"
    assert np.allclose(variables[0].numpy(), [0.5, 1.5])
    assert [optimizer.variable_index(variable) for variable in variables] == [0, 1], (
        "training: Adam could not find the moments of a variable"
    )


def test_an_op_has_a_definition():
    definition = internals.op_definition("ReadFile")
    assert definition is not None
    assert [argument.name for argument in definition.input_arg] == ["filename"], (
        "security: the check of an export's graph could not tell which ops read files"
    )
    assert internals.op_definition("Assert").is_stateful, "security: stateful ops could not be recognized"
    assert internals.op_definition("NoSuchOp") is None


def test_messages_of_a_saved_model_are_parsed(tmp_path):
    module = tf.Module()
    module.run = tf.function(lambda x: x + 1, input_signature=[tf.TensorSpec([], tf.float32)])
    tf.saved_model.save(module, tmp_path)
    document = internals.saved_model_proto()
    document.ParseFromString((tmp_path / "saved_model.pb").read_bytes())
    assert document.meta_graphs[0].graph_def.library.function, "security: the graph of an export could not be checked"
    fingerprint = internals.fingerprint_proto()
    fingerprint.ParseFromString((tmp_path / "fingerprint.pb").read_bytes())
    assert fingerprint.saved_model_checksum, "security: a damaged fingerprint could not be recognized"


def test_a_program_is_launched_and_slices_are_read_and_written():
    def program(values, start):
        piece = internals.dynamic_slice(values, tf.stack([start]), [2])
        return internals.dynamic_update_slice(values, -piece, tf.stack([start]))

    run = tf.function(lambda values, start: compiled(program)(values, start), autograph=False)
    result = run(tf.constant([1.0, 2.0, 3.0, 4.0]), tf.constant(1))
    assert result.numpy().tolist() == [1, -2, -3, 4], "training: the compiled loops of recurrent layers could not run"
    ops = {
        node.op
        for function in run.get_concrete_function(tf.constant([1.0, 2.0, 3.0, 4.0]), tf.constant(1))
        .graph.as_graph_def()
        .library.function
        for node in function.node_def
    }
    assert "XlaLaunch" in ops


def test_whole_batches_are_given_to_keras_on_jax():
    jax = pytest.importorskip("jax", reason="the extra `jax` is not installed")
    from keras.src.backend.jax import distribution_lib

    # Keras's trainer for JAX cannot be imported on another backend.
    trainer = Path(distribution_lib.__file__).with_name("trainer.py").read_text(encoding="utf-8")
    fault = "training by several processes: each would take the batch for its part of a larger one"
    assert "jax_distribution_lib.distribute_data_input" in trainer, fault
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("batch",))
    layout = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    original, batch = distribution_lib.distribute_data_input, np.arange(6).reshape(3, 2)
    with internals.whole_batches_in_every_process():
        assert distribution_lib.distribute_data_input is not original, fault
        given = distribution_lib.distribute_data_input(batch, layout, batch_dim_name="batch")
    assert np.array(given).tolist() == batch.tolist()
    assert distribution_lib.distribute_data_input is original


def test_processes_on_jax_share_values():
    jax = pytest.importorskip("jax", reason="the extra `jax` is not installed")
    fault = "training by several processes: they could not wait for one another"
    client = jax._src.lib._jax.DistributedRuntimeClient
    for name in ("blocking_key_value_get", "key_value_dir_get", "key_value_set", "wait_at_barrier"):
        assert hasattr(client, name), fault
    assert internals.coordination_client() is None, fault  # Until they are joined.
    assert internals.coordinator_address() is None, fault


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_private_apis_are_used_in_one_module_only(path):
    if path.name == "keras_internals.py":
        return
    source = path.read_text(encoding="utf-8")
    assert not PRIVATE_NAMES.search(source)
    modules = [
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    private = ("jax._src", "keras.src", "tensorflow.python", "tensorflow.compiler", "tensorflow.core")
    assert not [module for module in modules if module and module.startswith(private)]
