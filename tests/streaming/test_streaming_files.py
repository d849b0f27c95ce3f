"""LiteRT and ONNX files stream from tensors to logits as models read whole inputs."""

import numpy as np
import pytest
from streaming_models import reader, untrained

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.stream_file import compare_stream
from keras_rnn_zoo.streaming.program import StreamingProgram

RANDOM = np.random.default_rng(0)
SERIES = [RANDOM.normal(size=(steps, 2)).astype("float32") for steps in (23, 1, 9, 40)]
AUDIO = [RANDOM.normal(0, 0.2, samples).astype("float32") for samples in (900, 3000)]
TEXTS = [b"not dull but moving", b"", b"a film of few words"]


@pytest.mark.parametrize(
    ("format", "kind", "cell"),
    [
        ("tflite", "series", "lstm"),
        ("tflite", "audio", "mingru"),
        pytest.param("tflite", "next", "gru", marks=pytest.mark.slow),
        ("onnx", "series", "gru"),
        pytest.param("onnx", "series", "minlstm", marks=pytest.mark.slow),
        ("onnx", "text", "lstm"),
        pytest.param("onnx", "frames", "simple_rnn", marks=pytest.mark.slow),
    ],
)
def test_a_file_streams(format, kind, cell, tmp_path):
    entry = registry.export_formats.get(format)
    for name in entry.needs:
        pytest.importorskip(name, reason=f"the extra `{format}` is not installed")
    run, inputs = MODELS[kind](cell)
    exporter = entry.make(entry)
    exporter.write_stream_model(
        run.model, StreamingProgram(run.task, run.model).logits_endpoints(exporter.stream_rows), tmp_path
    )
    sizes = [size for size in exporter.batch_sizes if size < 10]
    found = compare_stream(run, *exporter.open_stream(tmp_path), inputs, "here", sizes)
    assert found.difference < 1e-5


def classifier(kind, inputs, **options):
    def make(cell):
        rate = {"sample_rate": 8000} if kind == "audio" else {}
        task = registry.tasks.get("classification").make(reader(kind, **rate), ("a", "b", "c"))
        return untrained("many_to_one", task, units=4, bidirectional=False, cell=cell, **rate, **options), inputs

    return make


def frames(cell):
    task = registry.tasks.get("transcription").make(reader("series"), ())
    task.target_ids.set_vocabulary(list("abc"))
    return untrained("ctc", task, units=4, bidirectional=False, subsampling=2, cell=cell), SERIES


def language(cell):
    task = registry.tasks.get("language_modeling").make(reader("text", tokens="characters"), ())
    return untrained("sync_many_to_many", task, units=4, embedding_dim=3, cell=cell, causal=True), TEXTS[:1]


MODELS = {
    "series": classifier("series", SERIES, subsampling=4),
    "audio": classifier("audio", AUDIO, subsampling=2),
    "text": classifier("text", TEXTS[::2]),
    "frames": frames,
    "next": language,
}
