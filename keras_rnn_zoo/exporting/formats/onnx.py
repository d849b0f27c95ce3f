"""The ONNX format, written by Keras's exporter and tf2onnx."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.model_file import ModelFile, input_specs
from keras_rnn_zoo.frameworks.keras_internals import write_onnx
from keras_rnn_zoo.lazy import tf

if TYPE_CHECKING:
    from keras_rnn_zoo.exporting.stream_file import Function
    from keras_rnn_zoo.tasks._endpoint import Endpoint

NEW = "new_"
"""Begins the names of new states: the input and output of a graph cannot have the same name in ONNX."""


@registry.export_format(
    "onnx",
    order=3,
    file="model.onnx",
    needs=("onnxruntime", "tf2onnx", "onnx"),
    install="keras-rnn-zoo[onnx]",
    streams=True,
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

    def write_stream_model(self, model: Any, endpoints: "Mapping[str, Endpoint]", folder: Path) -> None:
        import keras_rnn_zoo.exporting.onnx_operators  # noqa: F401
        from keras_rnn_zoo.layers.portable import onnx_operators, without_cudnn

        with without_cudnn(model), onnx_operators(model):
            for name, endpoint in endpoints.items():
                call = _with_new_names(endpoint).named()
                function = tf.function(call, autograph=False, input_signature=list(endpoint.signature))
                write_onnx(function, endpoint.signature, str(folder / f"{name}.onnx"))

    def open_stream(self, folder: Path) -> "Sequence[Function]":
        import onnxruntime

        def function(name: str) -> "Function":
            session = onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
            outputs = [output.name.removeprefix(NEW) for output in session.get_outputs()]
            return lambda **arrays: dict(zip(outputs, session.run(None, arrays), strict=True))

        return [function("start"), function("step")]

    def open(self, path: Path) -> Callable[[Mapping[str, Any]], Any]:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return lambda arrays: session.run(None, dict(arrays))[0]


def _with_new_names(endpoint: "Endpoint") -> "Endpoint":
    """Returns an endpoint whose outputs do not have the name of an input."""
    names = {spec.name for spec in endpoint.signature}

    def call(*arguments: Any) -> dict[str, Any]:
        outputs = endpoint.call(*arguments)
        return {f"{NEW}{name}" if name in names else name: value for name, value in outputs.items()}

    return replace(endpoint, call=call)
