import json
import logging

import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import ExportError
from keras_rnn_zoo.exporting import check as checking
from keras_rnn_zoo.exporting import model_file
from keras_rnn_zoo.exporting.exporter import find_format
from keras_rnn_zoo.layers.audio import LogMel

# Models of series are converted by other tests, too.
SETS = [
    pytest.param("adding", marks=pytest.mark.slow),
    pytest.param("addition", marks=pytest.mark.slow),
    "digits",
    "tiny_shakespeare",
]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Fewer examples to ask."""
    monkeypatch.setattr(checking, "EXAMPLES", 9)
    monkeypatch.setattr(model_file, "MAX_EXAMPLES", 20)


def exporter(format):
    entry = registry.export_formats.get(format)
    return entry.make(entry)


@pytest.fixture(scope="module", params=["tflite", "onnx"])
def format(request):
    """A format whose packages are installed."""
    for name in registry.export_formats.get(request.param).needs:
        pytest.importorskip(name, reason=f"the extra `{request.param}` is not installed")
    return request.param


@pytest.mark.parametrize("dataset", SETS)
def test_a_model_alone_gives_the_logits_of_its_run(small_run, few_examples, format, dataset):
    run = small_run(dataset)
    path = zoo.export(run, format=format)
    assert path.parent == run.path / format
    facts = json.loads((path / "export.json").read_text())
    assert facts["format"] == format
    assert facts["check"]["difference"] <= 1e-4
    loaded = zoo.load(run)
    assert facts["check"]["same_classes"] == (1 if loaded.task.output_form == "class" else None)
    assert sorted(file.name for file in (path / "assets").iterdir()) == sorted(
        file.name for file in run.task_path.iterdir()
    )
    file = registry.export_formats.get(format).file
    assert {"README.md", "DATA_LICENSE.txt", file} <= {file.name for file in path.iterdir()}
    # Run here by its interpreter alone, at another length than any that was checked.
    raw = loaded.task.to_batch([loaded.task.reader.dummy_input(99)], **loaded.task.export_check_options)
    arrays = model_file.named(loaded.model, loaded.task.model_inputs(*raw))
    assert {name: (str(array.dtype), array.ndim) for name, array in arrays.items()} == {
        name: (spec["dtype"], len(spec["shape"])) for name, spec in facts["inputs"].items()
    }
    logits = exporter(format).open(path / file)(arrays)
    np.testing.assert_allclose(logits, loaded.to_logits(loaded.task.model_inputs(*raw)), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("many_to_one", {"cell": "gru", "pooling": "last"}),
        ("many_to_one", {"cell": "minlstm", "input": "audio", "sample_rate": 4000}),
        ("sync_many_to_many", {"cell": "simple_rnn", "char_units": 3}),
        ("ctc", {"cell": "mingru", "image_height": 16}),
        ("ctc", {"cell": "lstm", "input": "series", "subsampling": 4}),
    ],
    ids=lambda value: value["cell"] if isinstance(value, dict) else value,
)
def test_any_cell_and_reader_is_converted_to_built_in_operators(tmp_path, name, options):
    """LiteRT's interpreter has no others: it would not load the file."""
    pytest.importorskip("ai_edge_litert", reason="the extra `tflite` is not installed")
    keras.utils.set_random_seed(0)
    model = zoo.build(name, units=4, **options)
    exporter("tflite").write_model(model, tmp_path / "model.tflite", quantize=False)
    predict = exporter("tflite").open(tmp_path / "model.tflite")
    random = np.random.default_rng(0)
    for length in (3, 8):
        steps = 900 * length if "audio" in options.values() else length
        shape = [1, *(size or (6 if axis else steps) for axis, size in enumerate(model.input.shape[1:]))]
        inputs = random.integers(0, 9, shape).astype(model.input.dtype)
        np.testing.assert_allclose(predict({model.input.name: inputs}), model(inputs, training=False), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ctc", {"input": "image", "image_height": 16}),
        ("ctc", {"input": "series"}),
        ("ctc", {"input": "series", "subsampling": 4}),
        ("many_to_one", {"input": "series"}),
    ],
    ids=["lines", "series_written_down", "thinned", "series"],
)
def test_an_onnx_model_skips_the_padding_of_a_batch(tmp_path, name, options):
    """Of numbers, padding is NaN, which a product with zero would leave as it is."""
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    keras.utils.set_random_seed(0)
    model = zoo.build(name, units=4, **options)
    exporter("onnx").write_model(model, tmp_path / "model.onnx", quantize=False)
    shape = [2, 12, *model.input.shape[2:]]
    inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
    inputs[1, 7:] = np.nan
    logits = exporter("onnx").open(tmp_path / "model.onnx")({model.input.name: inputs})
    np.testing.assert_allclose(logits, model(inputs, training=False), atol=1e-4)


@pytest.mark.parametrize("zero_masked", [False, True])
@pytest.mark.parametrize(("cell", "operator"), [("lstm", "LSTM"), ("gru", "GRU"), ("simple_rnn", "RNN")])
def test_a_recurrent_layer_is_one_operator_of_onnx(tmp_path, cell, operator, zero_masked):
    """Outputs and states of both directions, with gaps in a row and a row of padding alone."""
    onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    keras.utils.set_random_seed(0)
    x, mask, first = (
        keras.Input((None, 3), name="x"),
        keras.Input((None,), name="mask"),
        keras.Input((4,), name="first"),
    )
    settings = {"return_sequences": True, "zero_output_for_mask": zero_masked, "bias_initializer": "normal"}
    states = [first, first + 1][: 2 if cell == "lstm" else 1]
    outputs = []
    for backwards in (False, True):
        layer = registry.cells.get(cell).layer(4, return_state=True, go_backwards=backwards, **settings)
        outputs += layer(x, initial_state=states, mask=keras.ops.cast(mask, "bool"))
    plain = registry.cells.get(cell).layer(4, bias_initializer="normal")(x)
    # Some steps of the sequences, the states, and the last step of a layer without a mask.
    steps = [array[:, step] for array in outputs if array.ndim == 3 for step in (0, 1, 2, 4, 6)]
    logits = keras.ops.concatenate([*steps, *(array for array in outputs if array.ndim == 2), plain], axis=-1)
    model = keras.Model({"x": x, "mask": mask, "first": first}, logits)
    exporter("onnx").write_model(model, tmp_path / "model.onnx", quantize=False)
    operators = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
    assert operators.count(operator) == 3
    assert "Loop" not in operators
    random = np.random.default_rng(0)
    real = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 1, 0, 0], [0] * 7], "float32")
    arrays = {"x": random.normal(size=(4, 7, 3)), "mask": real, "first": random.normal(size=(4, 4))}
    arrays = {name: array.astype("float32") for name, array in arrays.items()}
    logits = exporter("onnx").open(tmp_path / "model.onnx")(arrays)
    np.testing.assert_allclose(logits, model(arrays, training=False), atol=1e-5)


def test_a_model_with_other_logits_is_not_published(small_run, few_examples, format, monkeypatch):
    run = small_run("digits")
    cls = registry.export_formats.get(format).make
    opened = cls.open
    monkeypatch.setattr(cls, "open", lambda *args: lambda arrays: opened(*args)(arrays) + 0.01)
    before = sorted(path.name for path in (run.path / format).glob("*"))
    with pytest.raises(ExportError, match=f"The {format} export gives different predictions from its run, and is"):
        zoo.export(run, format=format)
    assert sorted(path.name for path in (run.path / format).glob("*")) == before


def test_a_quantized_model_is_smaller_and_measured_before_and_after(small_run, few_examples, caplog):
    pytest.importorskip("ai_edge_litert", reason="the extra `tflite` is not installed")
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        path = zoo.export(small_run("digits"), format="tflite", quantize=True)
    facts = json.loads((path / "export.json").read_text())
    assert facts["quantized"]
    assert facts["bytes"]["after"] < facts["bytes"]["before"]
    assert facts["bytes"]["after"] == (path / "model.tflite").stat().st_size
    assert set(facts["metrics"]["before"]) == set(facts["metrics"]["after"]) >= {"loss", "accuracy"}
    assert facts["metrics"]["after"]["accuracy"] == pytest.approx(facts["metrics"]["before"]["accuracy"], abs=0.11)
    assert "Size of the file:" in caplog.text
    assert "before," in caplog.text


@pytest.mark.slow
def test_a_generating_model_is_evaluated_by_its_loss(small_run, few_examples):
    pytest.importorskip("ai_edge_litert", reason="the extra `tflite` is not installed")
    path = zoo.export(small_run("addition"), format="tflite", quantize=True)
    measured = json.loads((path / "export.json").read_text())["metrics"]
    assert measured["after"]["loss"] == pytest.approx(measured["before"]["loss"], rel=0.05)


def test_an_unsupported_pair_is_reported_with_the_reason_and_what_to_do():
    with pytest.raises(ExportError, match=r"exported in the format 'onnx': .*Fourier transform.*; use tflite or"):
        find_format("onnx", "audio", quantize=False)


def test_an_unknown_format_is_reported_with_the_nearest():
    with pytest.raises(ExportError, match=r"There is no format 'tflit'\. Did you mean 'tflite'\?"):
        find_format("tflit", "text", quantize=False)


def test_a_missing_package_is_reported_with_its_extra(monkeypatch):
    monkeypatch.setitem(vars(registry.export_formats.get("tflite")), "needs", ("no_such_package",))
    with pytest.raises(
        ExportError, match=r'tflite.* needs the package no_such_package: pip install "keras-rnn-zoo\[tflite\]"'
    ):
        find_format("tflite", "text", quantize=False)


def test_only_tflite_is_quantized(small_run):
    with pytest.raises(ExportError, match="Only the format 'tflite' supports `quantize`; received 'saved_model'"):
        zoo.export(small_run("digits"), quantize=True)


def test_quantized_models_hear_quiet_bands_beside_loud_ones(tmp_path):
    """The power in a band spans more orders of magnitude than 8 bits do."""
    pytest.importorskip("ai_edge_litert", reason="the extra `tflite` is not installed")
    inputs = keras.Input((None,))
    model = keras.Model(inputs, LogMel(8000)(inputs))
    time = np.arange(4000, dtype="float32") / 8000
    loud_and_quiet = (np.sin(2 * np.pi * 300 * time) + 1e-3 * np.sin(2 * np.pi * 3000 * time))[None]
    tflite = exporter("tflite")
    tflite.write_model(model, tmp_path / "model.tflite", quantize=True)
    bands = tflite.open(tmp_path / "model.tflite")({inputs.name: loud_and_quiet})
    np.testing.assert_allclose(bands, model(loud_and_quiet), atol=1e-2)
