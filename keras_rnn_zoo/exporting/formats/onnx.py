"""The ONNX format, written by Keras's exporter and tf2onnx."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.model_file import ModelFile, input_specs


@registry.export_format(
    "onnx",
    order=3,
    file="model.onnx",
    needs=("onnxruntime", "tf2onnx", "onnx"),
    install="keras-rnn-zoo[onnx]",
    unsupported={
        "audio": "models of recordings compute a Fourier transform, which tf2onnx cannot convert; use tflite or "
        "saved_model"
    },
)
class Onnx(ModelFile):
    """Only the model, from tensors to logits, for ONNX Runtime."""

    def write_model(self, model: Any, path: Path, *, quantize: bool) -> None:
        import keras_rnn_zoo.exporting.onnx_operators  # noqa: F401  Registers them with tf2onnx.
        from keras_rnn_zoo.layers.portable import onnx_operators, without_cudnn

        with without_cudnn(model), onnx_operators(model):
            model.export(str(path), format="onnx", verbose=False, input_signature=input_specs(model, batch=None))

    def open(self, path: Path) -> Callable[[Mapping[str, Any]], Any]:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return lambda arrays: session.run(None, dict(arrays))[0]
