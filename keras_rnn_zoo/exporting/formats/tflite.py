"""The LiteRT format (formerly TensorFlow Lite), written by Keras's exporter."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.model_file import ModelFile, input_specs
from keras_rnn_zoo.lazy import tf


@registry.export_format(
    "tflite",
    order=2,
    file="model.tflite",
    needs=("ai_edge_litert",),
    install="keras-rnn-zoo[tflite]",
    quantizes=True,
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

    def open(self, path: Path) -> Callable[[Mapping[str, Any]], Any]:
        from ai_edge_litert.interpreter import Interpreter

        runner = Interpreter(str(path)).get_signature_runner()
        return lambda arrays: next(iter(runner(**arrays).values()))
