"""Weights in files: no optimizer, and float16 where that is chosen."""

import io
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.artifacts.snapshot import open_regular
from keras_rnn_zoo.artifacts.weights import WEIGHTS, stored_bytes, write_model
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.training.store import store_run


def arrays(path):
    """Returns the arrays of a `.keras` file by name."""
    found = {}
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return found


@pytest.fixture
def model(small_run):
    """A small trained model: do not change it."""
    return zoo.Run(small_run("toy_reviews").path).model


def test_the_model_of_a_run_has_no_optimizer_state(small_run, model, tmp_path):
    path = small_run("toy_reviews").model_path
    assert not [name for name in arrays(path) if "optimizer" in name]
    compiled = keras.models.clone_model(model)
    compiled.compile("adam", "mse")
    compiled.optimizer.build(compiled.trainable_variables)
    write_model(compiled, tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 1.05 * path.stat().st_size


def test_weights_stored_as_float16_are_loaded_as_float32(model, tmp_path):
    path = tmp_path / "model.keras"
    write_model(model, path, "float16")
    stored = arrays(path)
    assert {array.dtype.name for name, array in stored.items() if "seed" not in name} == {"float16"}
    with open_regular(path) as file:  # What is allocated for them is what the model has.
        assert stored_bytes(file) >= 4 * model.count_params()
    loaded = keras.saving.load_model(path)
    for weight, wanted in zip(loaded.weights, model.weights, strict=True):
        assert weight.dtype == wanted.dtype
        np.testing.assert_array_equal(weight, np.asarray(wanted).astype("float16").astype("float32"))
    write_model(model, tmp_path / "again.keras", "float16")
    assert (tmp_path / "again.keras").read_bytes() == path.read_bytes()


def test_a_weight_beyond_float16_is_refused(model, tmp_path):
    other = keras.models.clone_model(model)
    other.get_layer("logits").bias.assign([1e5, 0])
    with pytest.raises(
        RunError, match=r"dense.* cannot be stored as float16 .* beyond ±65,504.* Store them as float32"
    ):
        write_model(other, tmp_path / "model.keras", "float16")
    assert list(tmp_path.iterdir()) == []


def test_a_stored_run_is_a_run_with_its_own_scores(small_run, tiny_folder):
    run, stored = small_run("toy_reviews"), Run(tiny_folder)
    stored.check()
    assert (stored.name, stored.config.run, stored.config.storage) == ("tiny", "tiny", "float16")
    assert stored.measured["before_storage"] == run.metrics
    assert stored.metrics == pytest.approx(run.metrics, abs=0.01)
    assert stored.config.dataset.data_dir is None
    assert not (stored.path / "logs").exists()
    sizes = [folder.model_path.stat().st_size for folder in (stored, run)]
    assert sizes[0] < sizes[1]
    card = (stored.path / "README.md").read_text()
    assert "The weights are stored as float16. Before, the scores were" in card
    texts = ["the film is not dull", ""]
    for mine, wanted in zip(zoo.predict(str(tiny_folder), texts), zoo.predict(run, texts), strict=True):
        assert mine["probabilities"] == pytest.approx(wanted["probabilities"], abs=0.01)


def test_an_example_can_be_replaced(small_run, tmp_path):
    stored = store_run(Run(small_run("toy_reviews").path), tmp_path / "passed_on", example="A fine film.")
    assert [path.read_text() for path in (stored.path / "example").iterdir()] == ["A fine film."]
    assert "'A fine film.'" in str(zoo.show(str(stored.path)))


def test_a_run_of_an_earlier_version_has_no_word_of_its_storage(small_run, tmp_path):
    import json

    from keras_rnn_zoo.artifacts.digests import with_digests

    old = Run(shutil.copytree(small_run("toy_reviews").path, tmp_path / "old"))
    document = json.loads((old.path / "config.json").read_text())
    for key in ("storage", "cost"):
        document.pop(key)
    (old.path / "config.json").write_text(json.dumps(with_digests(document, document["files"])) + "\n")
    assert Run(old.path).config.storage == "float32"
    assert zoo.predict(str(old.path), ["superb"])


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_file_with_too_few_weights_is_refused_before_they_are_allocated(small_run, tmp_path, dtype):
    """Half the weights as float16 are no more bytes in memory than half of them as float32."""
    from keras_rnn_zoo.artifacts.weights import load_weights_safely

    model = zoo.build("many_to_one", units=4, embedding_dim=4)
    write_model(model, tmp_path / "model.keras", dtype)
    with (
        open_regular(tmp_path / "model.keras") as file,
        pytest.raises(RunError, match=r"contains [\d,]+ bytes of weights"),
    ):
        load_weights_safely(lambda: zoo.build("many_to_one", units=64, embedding_dim=64), file)
