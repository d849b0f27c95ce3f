"""What is said where an optional package is missing."""

import ast
import importlib.util
from pathlib import Path

import pytest

import keras_rnn_zoo
from keras_rnn_zoo.errors import ExportError
from keras_rnn_zoo.exporting.exporter import find_format

PACKAGE = Path(keras_rnn_zoo.__file__).parent


def test_a_format_names_its_packages_and_its_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExportError) as failure:
        find_format("onnx", "text", quantize=False)
    assert str(failure.value) == (
        "The format 'onnx' needs the packages onnxruntime, tf2onnx and onnx: pip install \"keras-rnn-zoo[onnx]\"."
    )


def test_one_module_words_these_messages():
    written = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documents)
        if any("keras-rnn-zoo[" in str(node.value) and "pip install" in str(node.value) for node in texts):
            written.add(path.name)
    assert written == {"packages.py"}
