"""What every architecture keeps to, with each of its options, at small sizes. A new entry is covered by being there."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError

SMALL = {
    "units": 5,
    "embedding_dim": 4,
    "vocabulary_size": 20,
    "target_vocabulary_size": 15,
    "image_height": 32,
    "image_width": 32,
    "sample_rate": 1000,
}
NAMES = zoo.list_architectures()
LENGTHS = (9, 4, 1)


def small(name):
    return {key: value for key, value in SMALL.items() if key in registry.architectures.get(name).options}


def variants():
    """Yields each architecture with its defaults, and with each choice and truth value of each option."""
    for name in NAMES:
        entry = registry.architectures.get(name)
        yield pytest.param((name, {}), id=name)
        for option in entry.options.values():
            if option.inputs:
                pairs = [(kind, value) for kind in option.inputs for value in option.choices if value != option.default]
                for kind, value in pairs[::2]:
                    yield pytest.param((name, {"input": kind, option.name: value}), id=f"{name}-{kind}-{value}")
                continue
            # Weights that others trained are downloaded, which a test does not.
            values = (
                () if option.name == "pretrained" else option.choices or ((True, False) if option.type is bool else ())
            )
            for value in values:
                if value != build_defaults(entry).get(option.name, option.default):
                    yield pytest.param((name, {option.name: value}), id=f"{name}-{option.name}-{value}")
        for option, value in (("num_layers", 2), ("hidden_layers", 0), ("char_units", 3)):
            if option in entry.options:
                yield pytest.param((name, {option: value}), id=f"{name}-{option}-{value}")


def build_defaults(entry):
    return registry.default_dataset(entry).defaults


def build(name, **options):
    keras.utils.set_random_seed(0)
    return zoo.build(name, **{**small(name), **options})


def is_like_another(name, options):
    """Returns whether a variant differs from another one in what its architecture does not see.

    Architectures see no difference between cells, which `test_cell_contract.py` tests, and so are the encoders of
    `keras.applications` and factors of subsampling.
    """
    if "cell" in options:
        return options["cell"] not in (("simple_rnn", "minlstm", "gru", "mingru")[: 4 if name == "many_to_one" else 2])
    return options.get("encoder") in ("EfficientNetB0", "ResNet50V2") or options.get("subsampling") == 2


def on_variants(slow):
    """Returns a decorator that runs a test on each variant; those that `slow` picks are left to the slow tests."""
    given = [
        pytest.param(*variant.values, id=variant.id, marks=[pytest.mark.slow] if slow(*variant.values[0]) else [])
        for variant in variants()
    ]
    return pytest.mark.parametrize("variant", given, indirect=True, scope="module")


every_variant = on_variants(slow=is_like_another)
# The encoders of `keras.applications` are large.
small_variants = on_variants(slow=lambda name, options: "encoder" in options or is_like_another(name, options))


@pytest.fixture(scope="module")
def variant(request):
    """The name, the options and the model of a variant."""
    name, options = request.param
    return name, options, build(name, **options)


@pytest.fixture(scope="module")
def traced(variant):
    """The graph of a training step of a variant, and the paths of the weights that get no gradient in it."""
    *_, model = variant
    missing = []

    @tf.function
    def step(inputs):
        weights = model.trainable_variables
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            loss = tf.reduce_sum(tf.square(logits)) + tf.reduce_sum(logits[..., 0])
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        missing[:] = [weight.path for weight, found in zip(weights, gradients, strict=True) if found is None]
        return [gradient for gradient in gradients if gradient is not None]

    return step.get_concrete_function(batch(examples(model))).graph, missing


def examples(model, lengths=LENGTHS):
    """Returns one input of each length, as a model takes it but for the batch axis."""
    random = np.random.default_rng(1)

    def draw(tensor, length):
        steps = length * (100 if len(tensor.shape) == 2 and "float" in tensor.dtype else 1)  # Samples of a waveform.
        shape = [
            steps if axis == 1 and size is None else 6 if size is None else size
            for axis, size in enumerate(tensor.shape)
        ]
        if "int" in tensor.dtype:
            return random.integers(3, 15, shape[1:]).astype("int32")
        return random.uniform(0, 1, shape[1:]).astype("float32")

    return [keras.tree.map_structure(lambda tensor, steps=steps: draw(tensor, steps), model.input) for steps in lengths]


def batch(rows, extra=0):
    """Returns inputs as one batch, padded to the longest and `extra` steps more."""

    def join(*arrays):
        longest = max(len(array) for array in arrays) + (extra if len({len(array) for array in arrays}) > 1 else 0)
        filler = 0 if arrays[0].dtype == np.int32 else np.nan
        joined = np.full((len(arrays), longest, *arrays[0].shape[1:]), filler, arrays[0].dtype)
        for row, array in zip(joined, arrays, strict=True):
            row[: len(array)] = array
        return joined

    return keras.tree.map_structure(join, *rows)


def answers(model, inputs):
    return keras.ops.convert_to_numpy(model(inputs, training=False))


def assert_rows_equal(alone, together, **tolerance):
    """Holds that a row's answer alone is what it is in a batch, whose padding may add steps at the end."""
    steps = slice(0, alone.shape[1])
    np.testing.assert_allclose(alone[0], together[steps] if alone.ndim == 3 else together, **tolerance)


@small_variants
def test_build_gives_an_uncompiled_functional_model(variant):
    name, _, model = variant
    assert isinstance(model, keras.Model)
    assert type(model).__name__ == "Functional"  # A class that Keras does not make public.
    assert model.name == name
    assert not model.compiled
    assert model.output.dtype == "float32"
    assert model.output_shape[-1] is not None


@every_variant
def test_padding_other_inputs_and_order_change_no_prediction(variant):
    *_, model = variant
    rows = examples(model)
    together = answers(model, batch(rows, extra=30))
    assert np.isfinite(together).all()
    for row, expected in zip(rows, together, strict=True):
        assert_rows_equal(answers(model, batch([row])), expected, atol=1e-5)
    backwards = answers(model, batch(rows[::-1], extra=30))[::-1]
    np.testing.assert_allclose(backwards, together, atol=1e-5)


@small_variants
def test_no_matrix_product_has_rank_four(traced):
    # TensorFlow's op for it, by oneDNN, reads and writes beyond its arrays where one of them is broadcast.
    graph, _ = traced
    products = [op for op in graph.get_operations() if "MatMul" in op.type]
    assert products
    assert all(len(array.shape) <= 3 for op in products for array in op.inputs)


@small_variants
def test_rows_of_padding_alone_get_a_prediction(variant):
    *_, model = variant

    def emptied(tensor, array):
        padded = None in tensor.shape[1:]  # An image of one size has no padding.
        return np.full_like(array, np.nan if padded and array.dtype == np.float32 else 0)

    empty = keras.tree.map_structure(emptied, model.input, batch(examples(model, (5, 5))))
    assert np.isfinite(answers(model, empty)).all()


@small_variants
def test_a_model_is_loaded_from_its_file_in_safe_mode(variant, tmp_path):
    *_, model = variant
    inputs = batch(examples(model))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(answers(loaded, inputs), answers(model, inputs), atol=1e-6)


@small_variants
def test_every_weight_gets_a_gradient(variant, traced):
    _, options, _ = variant
    _, missing = traced
    assert all(path.endswith(("bridge/kernel", "bridge/bias")) and options.get("causal") for path in missing), missing


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_weights_does_not_depend_on_the_length(name):
    model = build(name)
    before = model.count_params()
    for length in (1, 7, 100):
        assert len(answers(model, batch(examples(model, (length, length))))) == 2
    assert model.count_params() == before


@pytest.mark.parametrize("name", NAMES)
def test_the_default_model_is_sized_for_the_embedded_dataset(name):
    entry = registry.architectures.get(name)
    model, dataset = zoo.build(name), registry.default_dataset(entry)
    assert dataset.embedded
    assert model.count_params() > 0
    for option, size in dataset.model_options.items():
        assert option in entry.options
        assert entry.options[option].check(size) == size


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [{"units": 0}, {"units": 2.5}, {"input": "smell"}, {"dropout": 1.5}, {"no_such_option": 1}],
    ids=lambda options: next(iter(options)),
)
def test_a_bad_option_raises(name, options):
    with pytest.raises(OptionError):
        zoo.build(name, **options)


JAX_PROGRAM = """
import numpy as np, keras, keras_rnn_zoo as zoo
assert keras.backend.backend() == "jax"
for name, options in BUILT.items():
    model = zoo.build(name.partition("-")[0], **options)
    model.load_weights(f"{name}.weights.h5")
    saved = dict(np.load(f"{name}.npz"))
    np.save(f"{name}.npy", model(saved["inputs"] if "inputs" in saved else saved))
"""


@pytest.mark.slow
def test_the_jax_backend_gives_the_same_predictions(tmp_path):
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    built = {name: small(name) for name in NAMES}
    built["ctc-thinned"] = {**small("ctc"), "input": "series", "subsampling": 4}
    expected = {}
    for name, options in built.items():
        model = build(name.partition("-")[0], **options)
        inputs = batch(examples(model))
        model.save_weights(tmp_path / f"{name}.weights.h5")
        np.savez(tmp_path / f"{name}.npz", **(inputs if isinstance(inputs, dict) else {"inputs": inputs}))
        expected[name] = answers(model, inputs)
    done = subprocess.run(
        [sys.executable, "-c", f"BUILT = {built}\n{JAX_PROGRAM}"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in built:
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), expected[name], atol=1e-4, err_msg=name)
