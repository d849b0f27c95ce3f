"""The formats that a run can be exported to. Imports no framework."""

import importlib.util
from pathlib import Path

from keras_rnn_zoo.errors import ExportError, name_hint

FORMATS = {
    "saved_model": "from raw input to answer, for TensorFlow and TensorFlow Serving",
    "tflite": "the model alone, from tensors to logits, for LiteRT (TensorFlow Lite), one input at a time",
    "onnx": "the model alone, from tensors to logits, for ONNX Runtime",
}
"""What each format holds and who reads it."""

FILES = {"tflite": "model.tflite", "onnx": "model.onnx"}
"""The file with the model, in the formats that have one."""

_NEEDED = {"tflite": "ai_edge_litert", "onnx": "onnxruntime tf2onnx onnx"}


def unsupported(format: str, input: str) -> str:
    """Returns why models that read a kind of input have no export in a format, or "" where they have one."""
    if format == "onnx" and input == "audio":
        return (
            "recordings are read by a Fourier transform, for which tf2onnx has no ONNX operator; use tflite or "
            "saved_model"
        )
    return ""


def check_format(format: str, input: str) -> None:
    """Raises `ExportError` unless models that read a kind of input have exports in a format that is installed.

    The packages that a format needs are the extra of its name.
    """
    if format not in FORMATS:
        raise ExportError(f"There is no format {format!r}. {name_hint(format, FORMATS)}")
    if reason := unsupported(format, input):
        raise ExportError(f"This run has no export in the format {format!r}: {reason}.")
    missing = [name for name in _NEEDED.get(format, "").split() if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportError(
            f"The format {format!r} needs {' and '.join(missing)}, which are not installed: pip install "
            f'"keras-rnn-zoo[{format}]".'
        )


def format_folder(run: Path, format: str) -> Path:
    """Returns the folder of the versions in a format: the run's own for SavedModels, as TensorFlow Serving reads it."""
    return run if format == "saved_model" else run / format
