"""The base class of export formats.

`zoo show` lists the formats, so their modules import what writes and checks an export only inside functions.
"""

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import ExportConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.errors import ExportError, RunError, name_hint
from keras_rnn_zoo.packages import install_command, is_installed, lack_of

if TYPE_CHECKING:
    from keras_rnn_zoo.inference.load import LoadedRun
    from keras_rnn_zoo.inference.predictor import Predictor
    from keras_rnn_zoo.tasks._endpoint import Endpoint

BATCH_SIZES = (1, 7, 64)
"""The sizes of the batches that exports are compared in."""


class Exporter(abc.ABC):
    """Exports runs in one format, and checks the exports.

    Args:
        entry: the format's entry.
    """

    def __init__(self, entry: registry.ExportFormat) -> None:
        self.entry = entry

    @abc.abstractmethod
    def write(self, loaded: "LoadedRun", folder: Path, *, quantize: bool) -> dict[str, Any]:
        """Writes a run to an empty folder.

        Args:
            loaded: the run.
            folder: the folder.
            quantize: whether to quantize weights to 8 bits; only true if the format supports it.

        Returns:
            Fields of `export.json`, such as the inputs of the export, as plain values.
        """

    def load(self, folder: Snapshot, facts: ExportConfig) -> "Predictor":
        """Loads an export for `zoo.load` and `zoo predict`. By default, exports in the format cannot be loaded.

        Anyone may have written the export, so a format that overrides this method must check the files before it uses
        them, and execute no code from them.

        Args:
            folder: the folder of the export.
            facts: its description.

        Raises:
            RunError: exports in the format cannot be loaded, or a file is missing or damaged.
        """
        raise RunError(
            f"The export {folder.path} is in the format {self.entry.name!r}, which zoo does not load. Run it with the "
            "interpreter of that format, or export the run as 'saved_model'."
        )

    @abc.abstractmethod
    def check(self, loaded: "LoadedRun", folder: Path, *, quantize: bool, data_dir: str | None) -> dict[str, Any]:
        """Compares the predictions of an export with those of its run.

        Args:
            loaded: the run.
            folder: the folder that `write` wrote to.
            quantize: the value that was passed to `write`.
            data_dir: folder of prepared TFDS datasets; by default, the one that training used.

        Returns:
            Fields of `export.json` about the comparison, as plain values.

        Raises:
            ExportError: the export cannot be run, or its predictions differ from those of its run.
        """

    def write_stream(self, loaded: "LoadedRun", folder: Path) -> dict[str, Any]:
        """Writes the endpoints `start` and `step` of a run's stream to an empty folder; results as of `write`.

        Raises:
            StreamingError: the run needs its whole input.
        """
        raise NotImplementedError  # Formats whose entry `streams` define it, and the next one.

    def check_stream(self, loaded: "LoadedRun", folder: Path, *, data_dir: str | None) -> dict[str, Any]:
        """Compares a stream with the predictions for whole inputs; arguments, results and errors as of `check`."""
        raise NotImplementedError


def describe_inputs(endpoint: "Endpoint") -> dict[str, Any]:
    """Returns the inputs of an endpoint as `export.json` lists them."""
    return {
        spec.name: {
            "dtype": spec.dtype.name,
            "shape": spec.shape.as_list(),
            "optional": spec.name in endpoint.defaults,
        }
        for spec in endpoint.signature
    }


def describe_endpoints(endpoints: Mapping[str, "Endpoint"]) -> dict[str, Any]:
    """Returns the endpoints of an export, as fields of `export.json`."""
    return {"endpoints": {name: describe_inputs(endpoint) for name, endpoint in endpoints.items()}}


def find_format(name: str, input: str, *, quantize: bool, streaming: bool = False) -> registry.ExportFormat:
    """Returns the entry of an export format.

    Args:
        name: its name.
        input: the kind of input that the model reads.
        quantize: whether weights should be quantized to 8 bits.
        streaming: whether inputs should be read in parts.

    Raises:
        ExportError: the format does not exist, does not support models with this kind of input, does not support
            quantization, or needs a package that is not installed.
    """
    formats = {entry.name: entry for entry in registry.export_formats.entries()}
    if name not in formats:
        raise ExportError(f"There is no format {name!r}. {name_hint(name, formats)}")
    entry = formats[name]
    if reason := entry.unsupported.get(input):
        raise ExportError(f"This run cannot be exported in the format {name!r}: {reason}.")
    if quantize and not entry.quantizes:
        supported = " and ".join(repr(other) for other, format in formats.items() if format.quantizes)
        raise ExportError(f"Only the format {supported} supports `quantize`; received {name!r}. Omit `quantize`.")
    if streaming and (quantize or not entry.streams):
        supported = " and ".join(repr(other) for other, format in formats.items() if format.streams)
        raise ExportError(f"Streaming exports have the format {supported}, without `quantize`; received {name!r}.")
    if missing := [package for package in entry.needs if not is_installed(package)]:
        command = f'pip install "{entry.install}"' if entry.install else install_command("", *missing)
        raise ExportError(f"{lack_of(missing, f'The format {name!r}', command)}.")
    return entry
