"""What every architecture that reads tokens and classifies keeps to, with its options at small sizes."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError

SMALL = {"units": 5, "embedding_dim": 4, "vocabulary_size": 20}
IDS = np.array([[3, 4, 5, 6, 7, 8], [9, 10, 11, 0, 0, 0], [0, 0, 0, 0, 0, 0]], "int32")


def variants():
    """Yields each architecture with its defaults, and with each choice and truth value of each option."""
    for entry in registry.architectures.entries():
        yield pytest.param(entry.name, {}, id=entry.name)
        for option in entry.options.values():
            values = option.choices or ((True, False) if option.type is bool else ())
            for value in values:
                if value != option.default:
                    yield pytest.param(entry.name, {option.name: value}, id=f"{entry.name}-{option.name}-{value}")
        yield pytest.param(entry.name, {"layers": 2}, id=f"{entry.name}-layers-2")


every_variant = pytest.mark.parametrize(("name", "options"), list(variants()))
every_name = pytest.mark.parametrize("name", [entry.name for entry in registry.architectures.entries()])


def build(name, **options):
    keras.utils.set_random_seed(0)
    return zoo.build(name, **{**SMALL, **options})


def answers(model, ids):
    return keras.ops.convert_to_numpy(model(np.asarray(ids, "int32")))


@every_variant
def test_build_gives_an_uncompiled_functional_model(name, options):
    model = build(name, **options)
    assert isinstance(model, keras.Model)
    assert type(model).__name__ == "Functional"  # A class that Keras does not make public.
    assert model.name == name
    assert not model.compiled
    assert model.output_shape == (None, 2)
    assert model.output.dtype == "float32"


@every_variant
def test_padding_and_company_change_no_answer(name, options):
    model = build(name, **options)
    together = answers(model, np.pad(IDS, ((0, 0), (0, 40))))
    for row, ids in enumerate(IDS):
        alone = answers(model, [ids[ids != 0] if ids.any() else [0]])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
    np.testing.assert_allclose(answers(model, IDS[::-1])[::-1], together, atol=1e-5)
    assert np.isfinite(together).all()


@every_variant
def test_a_model_comes_back_from_its_file_in_safe_mode(name, options, tmp_path):
    model = build(name, **options)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(answers(loaded, IDS), answers(model, IDS), atol=1e-6)


@every_variant
def test_the_loss_falls(name, options):
    model = build(name, dropout=0.0, **options)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(IDS, np.array([0, 1, 0]), epochs=12, verbose=0).history["loss"]
    assert history[-1] < 0.7 * history[0]


@every_name
def test_the_default_model_is_sized_for_the_embedded_dataset(name, trained):
    loaded = zoo.load(trained)
    model = zoo.build(name)
    assert model.count_params() == loaded.model.count_params()
    assert model.output_shape == loaded.model.output_shape


@every_name
def test_the_number_of_weights_does_not_depend_on_the_length(name):
    model = build(name)
    before = model.count_params()
    for length in (1, 7, 300):
        assert answers(model, np.ones((2, length))).shape == (2, 2)
    assert model.count_params() == before


@every_name
def test_a_sequence_of_20_000_steps_runs(name):
    model = build(name)
    result = model.predict(np.random.default_rng(0).integers(1, 20, (1, 20_000)), verbose=0)
    assert np.isfinite(result).all()


@every_name
def test_another_number_of_classes_is_built(name):
    assert build(name, num_classes=7).output_shape == (None, 7)


@every_name
@pytest.mark.parametrize(
    "options",
    [{"units": 0}, {"units": 2.5}, {"cell": "lstn"}, {"dropout": 1.5}, {"layers": -1}, {"no_such_option": 1}],
    ids=lambda options: next(iter(options)),
)
def test_a_bad_option_raises(name, options):
    with pytest.raises(OptionError):
        zoo.build(name, **options)


@every_name
def test_the_jax_backend_gives_the_same_answers(name, tmp_path):
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    model = build(name)
    model.save_weights(tmp_path / "model.weights.h5")
    np.save(tmp_path / "ids.npy", IDS)
    code = f"""
import numpy as np, keras, keras_rnn_zoo as zoo
assert keras.backend.backend() == "jax"
model = zoo.build({name!r}, **{SMALL!r})
model.load_weights("model.weights.h5")
np.save("answers.npy", model(np.load("ids.npy")))
"""
    import os

    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), answers(model, IDS), atol=1e-4)
