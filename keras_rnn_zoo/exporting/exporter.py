"""What every export format provides."""

import abc
import importlib.util
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import ExportError, name_hint
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.tasks._endpoint import Endpoint


class Exporter(abc.ABC):
    """Writes runs in one format, and checks what it wrote.

    Args:
        entry: the format's entry.
    """

    def __init__(self, entry: registry.ExportFormat) -> None:
        self.entry = entry

    @abc.abstractmethod
    def write(self, loaded: LoadedRun, folder: Path, *, quantize: bool) -> dict[str, Any]:
        """Writes a run to an empty folder.

        Args:
            loaded: the run.
            folder: the folder.
            quantize: whether weights are kept in 8 bits; only formats that can are asked to.

        Returns:
            What `export.json` says of the export, such as its inputs, as plain values.
        """

    @abc.abstractmethod
    def check(self, loaded: LoadedRun, folder: Path, *, quantize: bool, data_dir: str | None) -> dict[str, Any]:
        """Compares the predictions of an export with those of its run.

        Args:
            loaded: the run.
            folder: the folder that `write` wrote to.
            quantize: as it was written.
            data_dir: folder of prepared TFDS data sets; the one that training used by default.

        Returns:
            What `export.json` says of the comparison, as plain values.

        Raises:
            ExportError: the export cannot be run, or predicts something else than its run.
        """


def describe_inputs(endpoint: Endpoint) -> dict[str, Any]:
    """Returns the inputs of an endpoint as `export.json` lists them."""
    return {
        spec.name: {
            "dtype": spec.dtype.name,
            "shape": spec.shape.as_list(),
            "optional": spec.name in endpoint.defaults,
        }
        for spec in endpoint.signature
    }


def find_format(name: str, input: str, *, quantize: bool) -> registry.ExportFormat:
    """Returns the entry of an export format.

    Args:
        name: its name.
        input: the kind of input that the model reads.
        quantize: whether weights are to be kept in 8 bits.

    Raises:
        ExportError: there is no such format, it has no exports of models that read that kind of input, it cannot
            quantize, or a package that it needs is not installed.
    """
    found = {entry.name: entry for entry in registry.export_formats.entries()}
    if name not in found:
        raise ExportError(f"There is no format {name!r}. {name_hint(name, found)}")
    entry = found[name]
    if reason := entry.unsupported.get(input):
        raise ExportError(f"This run has no export in the format {name!r}: {reason}.")
    if quantize and not entry.quantizes:
        able = " and ".join(repr(other) for other, format in found.items() if format.quantizes)
        raise ExportError(f"Only the format {able} is quantized; received {name!r}. Leave out `quantize`.")
    missing = [package for package in entry.needs if importlib.util.find_spec(package) is None]
    if missing:
        raise ExportError(
            f"The format {name!r} needs {' and '.join(missing)}, which are not installed: pip install "
            f'"{entry.install or " ".join(entry.needs)}".'
        )
    return entry
