"""The LiteRT format (formerly TensorFlow Lite), written by Keras's exporter."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.model_file import ModelFile, input_specs
from keras_rnn_zoo.frameworks.keras_internals import with_constants
from keras_rnn_zoo.lazy import tf

if TYPE_CHECKING:
    from keras_rnn_zoo.exporting.stream_file import Function
    from keras_rnn_zoo.tasks._endpoint import Endpoint


@registry.export_format(
    "tflite",
    order=2,
    file="model.tflite",
    needs=("ai_edge_litert",),
    install="keras-rnn-zoo[tflite]",
    quantizes=True,
    streams=True,
)
class TfLite(ModelFile):
    """Only the model, from tensors to logits, for LiteRT (TensorFlow Lite), one input at a time."""

    batch_sizes = (1,)

    def write_model(self, model: Any, path: Path, *, quantize: bool) -> None:
        from keras_rnn_zoo.layers.portable import plain_loops, without_cudnn

        settings: dict[str, Any] = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}
        if quantize:
            settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
        with without_cudnn(model), plain_loops(model):
            model.export(
                str(path), format="litert", verbose=False, input_signature=input_specs(model, batch=1), **settings
            )

    stream_rows = 1

    def write_stream_model(self, model: Any, endpoints: "Mapping[str, Endpoint]", folder: Path) -> None:
        from keras_rnn_zoo.layers.portable import plain_loops, without_cudnn

        module = tf.Module()
        with without_cudnn(model), plain_loops(model):
            signatures = {name: _constant(endpoint) for name, endpoint in endpoints.items()}
        with tempfile.TemporaryDirectory() as name:
            tf.saved_model.save(module, name, signatures=signatures)
            converter = tf.lite.TFLiteConverter.from_saved_model(name, signature_keys=list(signatures))
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            (folder / self.entry.file).write_bytes(converter.convert())

    def open_stream(self, folder: Path) -> "Sequence[Function]":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(folder / self.entry.file))
        return [interpreter.get_signature_runner(name) for name in ("start", "step")]

    def open(self, path: Path) -> Callable[[Mapping[str, Any]], Any]:
        from ai_edge_litert.interpreter import Interpreter

        runner = Interpreter(str(path)).get_signature_runner()
        return lambda arrays: next(iter(runner(**arrays).values()))


def _constant(endpoint: "Endpoint") -> Any:
    """Returns an endpoint as a function whose weights are constants: LiteRT does not find variables in loops."""
    function = tf.function(endpoint.named(), autograph=False).get_concrete_function(*endpoint.signature)
    names, frozen = sorted(function.structured_outputs), with_constants(function)

    def call(**inputs: Any) -> dict[str, Any]:
        outputs = frozen(*(inputs[tensor.name.partition(":")[0]] for tensor in frozen.inputs))
        return dict(zip(names, outputs, strict=True))

    specs = {spec.name: spec for spec in endpoint.signature}
    return tf.function(call, autograph=False).get_concrete_function(**specs)
