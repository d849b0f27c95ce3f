"""What every cell keeps to. A new entry is covered by being there."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies

import keras_rnn_zoo as zoo
from keras_rnn_zoo import layers, registry
from keras_rnn_zoo.layers.streams import Steps
from keras_rnn_zoo.streaming.operations import rule_of

BATCH, TIME, FEATURES, UNITS = 3, 7, 3, 4
CELLS = registry.cells.names()
HOLES = np.array([[1, 1, 0, 1, 1, 0, 0], [0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 1]], bool)
every_cell = pytest.mark.parametrize("cell", CELLS)
QUICK = {"lstm", "mingru", "mamba", "mlstm", "sru"}
"""A cell of each implementation: Keras's own, both kinds of scan, matrices as states, and a loop over steps."""
every_cell_in_time = pytest.mark.parametrize(
    "cell", [pytest.param(cell, marks=[] if cell in QUICK else [pytest.mark.slow]) for cell in CELLS]
)
"""As `every_cell`, for what takes seconds: the other cells are for the slow tests."""


def numbers(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def layer_of(cell, features=FEATURES, seed=0, **options):
    """Returns a built layer whose weights all differ from those at its start, and states for a batch."""
    keras.utils.set_random_seed(seed)
    layer = registry.cells.get(cell).layer(UNITS, **options)
    layer.build((None, None, features))
    random = np.random.default_rng(seed)
    layer.set_weights([weight + random.normal(0, 0.2, weight.shape) for weight in layer.get_weights()])
    states = keras.tree.flatten(layer.get_initial_state(batch_size=BATCH))
    return layer, [tf.constant(random.normal(size=state.shape), layer.compute_dtype) for state in states]


def answers(layer, x, mask, states, training=True):
    """Returns what a layer gives, and the gradients of a weighted sum of it: of inputs, states and weights."""
    x = tf.convert_to_tensor(x)
    watched = [x, *(states or [])]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = tf.nest.flatten(layer(x, mask=mask, initial_state=states, training=training))
        weights = [tf.cos(tf.cast(tf.reshape(tf.range(tf.size(o)), tf.shape(o)), o.dtype)) for o in outputs]
        total = sum(tf.reduce_sum(o * w) for o, w in zip(outputs, weights, strict=True))
    return outputs, tape.gradient(total, [*watched, *layer.trainable_variables], unconnected_gradients="zero")


def assert_equal(found, expected, **tolerance):
    for mine, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, right, **tolerance)


@every_cell
def test_its_layer_has_a_public_name_and_reads_zeros_before_the_first_step(cell):
    entry = registry.cells.get(cell)
    layer, states = layer_of(cell)
    name = type(layer).__name__
    assert getattr(layers, name) is type(layer) and name in zoo.layers.__all__
    assert len(entry.states) == len(states) and layer.cell.output_size == layer.units == UNITS
    for state in keras.tree.flatten(layer.get_initial_state(batch_size=2)):
        assert state.shape.rank == 2 and not np.any(state)


@every_cell
def test_it_is_in_the_table_of_cells(cell):
    page = (Path(__file__).parents[2] / "docs" / "cells.md").read_text()
    entry = registry.cells.get(cell)
    assert f"\n| `{cell}` | `{type(entry.layer(1)).__name__}` |" in page
    for name, option in entry.options.items():
        assert f"\n| `{cell}` | `{name}` | {option.help.removesuffix('.')} | " in page


@pytest.mark.parametrize("cell", [entry.name for entry in registry.cells.entries() if entry.options])
def test_its_options_are_arguments_of_its_layer_with_the_same_defaults(cell):
    entry = registry.cells.get(cell)
    parameters = inspect.signature(type(entry.layer(1)).__init__).parameters
    for name, option in entry.options.items():
        assert option.default == parameters[name].default
        value = {bool: not option.default, int: option.default + 1, float: option.default / 2 or 0.5}[option.type]
        assert registry.cells.find(f"{cell}:{name}={value}").layer(8).get_config()[name] == value


@every_cell
@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    seed=strategies.integers(0, 99),
    time=strategies.sampled_from([1, 21]),
    masking=strategies.sampled_from(["none", "right", "holes", "empty row"]),
    backwards=strategies.booleans(),
    zero=strategies.booleans(),
    given_states=strategies.booleans(),
    training=strategies.booleans(),
)
def test_a_sequence_is_its_steps_one_after_another(cell, seed, time, masking, backwards, zero, given_states, training):
    flags = {"return_sequences": True, "return_state": True, "go_backwards": backwards, "zero_output_for_mask": zero}
    layer, states = layer_of(cell, seed=seed, **flags)
    stepwise = keras.layers.RNN(layer.cell, **flags)
    random = np.random.default_rng(seed)
    mask = {
        "none": None,
        "right": np.arange(time) < random.integers(1, time + 1, BATCH)[:, None],
        "holes": random.random((BATCH, time)) < 0.6,
        "empty row": (np.arange(BATCH) > 0)[:, None] & np.ones((BATCH, time), bool),
    }[masking]
    x = numbers(BATCH, time, FEATURES, seed=seed)
    states = states if given_states else None
    mine, expected = (answers(one, x, mask, states, training) for one in (layer, stepwise))
    assert_equal(mine[0], expected[0], atol=1e-5, rtol=1e-5)
    assert_equal(mine[1], expected[1], atol=1e-4, rtol=1e-4)


@every_cell_in_time
@pytest.mark.parametrize("masked", [False, True])
def test_a_graph_of_fixed_sizes_gives_the_same(cell, masked):
    layer, states = layer_of(cell, return_sequences=True, return_state=True)
    x, mask = numbers(BATCH, TIME, FEATURES), HOLES if masked else None
    for mine, expected in zip(
        tf.function(answers, autograph=False)(layer, x, mask, states), answers(layer, x, mask, states), strict=True
    ):
        assert_equal(mine, expected, atol=1e-4, rtol=1e-4)


@every_cell_in_time
@pytest.mark.parametrize("training", [False, True])
def test_a_graph_for_one_sequence_of_any_length_gives_the_same(cell, training):
    layer, _ = layer_of(cell, return_sequences=True)
    x, mask = numbers(1, TIME, FEATURES), HOLES[:1]
    signature = [tf.TensorSpec([1, None, FEATURES]), tf.TensorSpec([1, None], tf.bool)]
    traced = tf.function(lambda x, mask: answers(layer, x, mask, None, training), signature, autograph=False)
    for mine, expected in zip(traced(x, mask), answers(layer, x, mask, None, training), strict=True):
        assert_equal(mine, expected, atol=1e-4, rtol=1e-4)


@every_cell
@pytest.mark.parametrize("training", [False, True])
def test_padding_never_changes_an_answer(cell, training):
    layer, states = layer_of(cell, return_sequences=True, return_state=True)
    x, mask = numbers(BATCH, TIME, FEATURES), HOLES.copy()
    expected = layer(x, mask=mask, initial_state=states, training=training)
    x = np.concatenate([np.where(mask[..., None], x, 50), np.full((BATCH, 9, FEATURES), -80, "float32")], axis=1)
    found = layer(x, mask=np.pad(mask, [(0, 0), (0, 9)]), initial_state=states, training=training)
    np.testing.assert_allclose(found[0][:, :TIME][mask], expected[0][mask], atol=1e-5)
    assert_equal(found[1:], expected[1:], atol=1e-5)


@every_cell
def test_it_reads_both_ways_and_survives_saving(cell, tmp_path):
    layer = keras.layers.Bidirectional(registry.cells.get(cell).layer(UNITS, return_sequences=True))
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.Masking(), layer])
    x = numbers(BATCH, TIME, FEATURES)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), again(x))
    assert again.layers[-1].forward_layer.get_config() == layer.forward_layer.get_config()


@every_cell
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_gives_about_the_same(cell, dtype):
    full, _ = layer_of(cell, return_sequences=True)
    mixed, _ = layer_of(cell, return_sequences=True, dtype=dtype)
    mixed.set_weights(full.get_weights())
    x = numbers(BATCH, TIME, FEATURES)
    for training in (False, True):
        outputs, gradients = answers(mixed, tf.cast(x, mixed.compute_dtype), HOLES, None, training)
        assert outputs[0].dtype == mixed.compute_dtype
        expected = answers(full, x, HOLES, None, training)[0][0]
        np.testing.assert_allclose(np.asarray(outputs[0], "float32"), expected, atol=0.1, rtol=0.1)
        assert all(np.isfinite(np.asarray(gradient, "float32")).all() for gradient in gradients)


@every_cell
@pytest.mark.parametrize("return_sequences", [False, True])
def test_a_stream_of_parts_gives_what_the_whole_gives(cell, return_sequences):
    layer, _ = layer_of(cell, return_sequences=return_sequences)
    x = numbers(BATCH, TIME, FEATURES)
    expected = layer(x)
    layer(keras.Input((None, FEATURES)))  # Operations of a model have an output.
    rule = rule_of(layer)
    states, counts = {name: state.at_start(BATCH) for name, state in rule.states.items()}, np.zeros(BATCH, int)
    for sizes in ((1, 0, 3), (0, 2, 4), (6, 5, 0)):  # Each row has its own number of new steps.
        part = np.stack([np.pad(row[at:], [(0, TIME), (0, 0)])[:TIME] for row, at in zip(x, counts, strict=True)])
        result, states = rule.run(states, False, Steps(tf.constant(part), tf.constant(sizes)))
        for row, (at, size) in enumerate(zip(counts, sizes, strict=True)):
            if return_sequences:
                np.testing.assert_allclose(result.values[row, :size], expected[row, at : at + size], atol=1e-5)
        counts += sizes
    assert (counts == TIME).all()
    if not return_sequences:
        np.testing.assert_allclose(result, expected, atol=1e-5)


@every_cell
@pytest.mark.slow
@pytest.mark.parametrize("format", ["saved_model", "tflite", "onnx"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_export_gives_what_the_model_gives(cell, format, bidirectional, tmp_path):
    options = {"input": "series", "features": FEATURES, "units": UNITS, "num_layers": 2, "bidirectional": bidirectional}
    keras.utils.set_random_seed(0)
    model = zoo.build("many_to_one", cell=cell, **options)
    x = numbers(1 if format == "tflite" else BATCH, TIME, FEATURES)
    if format != "tflite":
        x[1, 4:] = np.nan  # Padding.
    expected = model(x, training=False)
    if format == "saved_model":
        model.export(tmp_path / "1", verbose=False)
        loaded = tf.saved_model.load(tmp_path / "1")  # Its variables live as long as it does.
        found = loaded.serve(x)
    else:
        pytest.importorskip({"tflite": "ai_edge_litert", "onnx": "onnxruntime"}[format], reason="its extra is missing")
        entry, path = registry.export_formats.get(format), tmp_path / f"model.{format}"
        entry.make(entry).write_model(model, path, quantize=False)
        found = entry.make(entry).open(path)({model.input.name: x})
    np.testing.assert_allclose(found, expected, atol=1e-4)


ON_JAX = """
import sys
import numpy as np
import keras
from keras_rnn_zoo import registry
folder = sys.argv[1]
given = np.load(f"{folder}/given.npz")
for cell in registry.cells.names():
    for backwards in (False, True):
        layer = registry.cells.get(cell).layer(4, return_sequences=True, return_state=True, go_backwards=backwards)
        layer.build((None, None, 3))
        count = len(layer.weights)
        layer.set_weights([given[f"{cell}_weight_{number}"] for number in range(count)])
        states = [given[f"{cell}_state_{number}"] for number in range(len(layer.state_size))]
        outputs = layer(given["x"], mask=given["mask"], initial_state=states)
        np.savez(f"{folder}/{cell}_{backwards}.npz", *[np.asarray(output) for output in outputs])
"""


@pytest.mark.slow
def test_the_numbers_on_jax_are_the_same(tmp_path):
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    arrays = {"x": numbers(BATCH, TIME, FEATURES), "mask": HOLES}
    expected = {}
    for cell in CELLS:
        layer, states = layer_of(cell, return_sequences=True, return_state=True)
        arrays |= {f"{cell}_weight_{number}": weight for number, weight in enumerate(layer.get_weights())}
        arrays |= {f"{cell}_state_{number}": state for number, state in enumerate(states)}
        for backwards in (False, True):
            layer.go_backwards = backwards
            expected[f"{cell}_{backwards}"] = layer(arrays["x"], mask=HOLES, initial_state=states)
    np.savez(tmp_path / "given.npz", **arrays)
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", ON_JAX, tmp_path], check=True, env=environment)
    for name, outputs in expected.items():
        found = np.load(tmp_path / f"{name}.npz")
        found, real = [found[key] for key in found.files], HOLES[:, ::-1] if name.endswith("True") else HOLES
        # Before the first real step, Keras's own loop gives the first state on JAX, and zero on TensorFlow.
        assert_equal([found[0][real], *found[1:]], [outputs[0].numpy()[real], *outputs[1:]], atol=1e-5)
