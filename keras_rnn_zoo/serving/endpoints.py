"""The endpoints of a run or an export: functions of tensors by name. A run has those that its export would have."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.load import LoadedExport, LoadedRun
from keras_rnn_zoo.inference.predictor import Predictor
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.readers._image_header import size_fault
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.tasks._predictions import SIGNATURE, sides_of_signature

LENGTHS = "lengths"
"""The input with the number of steps of each row, which tells padding apart."""
_LIMITED = "max_new_tokens"
"""The input with the number of tokens to generate."""

Tensors = dict[str, Any]
"""Arrays by name; strings are arrays of `bytes`, of the dtype `object`."""


@dataclass(frozen=True, eq=False)
class ServedEndpoint:
    """An endpoint of a model.

    Attributes:
        name: its name.
        inputs: the `tf.TensorSpec` of each input by name.
        defaults: values of optional inputs by name.
        call: the function from tensors by name to outputs by name.
        trace: returns the `tf.TensorSpec` of each output by name; it may take seconds.
    """

    name: str
    inputs: Mapping[str, Any]
    defaults: Mapping[str, Any]
    call: Callable[..., Mapping[str, Any]]
    trace: Callable[[], Mapping[str, Any]]

    @functools.cached_property
    def outputs(self) -> Mapping[str, Any]:
        """The `tf.TensorSpec` of each output by name. Read it in the thread of the model."""
        return self.trace()

    @functools.cached_property
    def joins(self) -> bool:
        """Whether requests can be joined: each input and output has a row for each, of the same size."""
        by_row = [spec for spec in self.inputs.values() if spec.shape.rank]
        sizes = [spec.shape.as_list() for spec in self.outputs.values() if spec.shape.rank]
        return (
            bool(by_row)
            and all(spec.shape[0] is None for spec in by_row)
            and len(sizes) == len(self.outputs)
            and all(size[0] is None and None not in size[1:] for size in sizes)
        )

    def complete(self, given: Mapping[str, Any], max_new_tokens: int) -> Tensors:
        """Returns the inputs of a request with the values of those that it omits.

        Args:
            given: arrays by name.
            max_new_tokens: maximum number of tokens to generate.

        Raises:
            RequestError: an input is missing, unknown, or has another shape or dtype.
        """
        self.check_names(given)
        if missing := [name for name in self.inputs if name not in given and name not in self.defaults]:
            raise RequestError(
                f"The input {missing[0]!r} is missing. Inputs of {self.name!r}: {', '.join(self.inputs)}."
            )
        tensors = {name: given[name] if name in given else self.defaults[name] for name in self.inputs}
        for name, array in tensors.items():
            spec = self.inputs[name]
            if array.dtype != dtype_of(spec) or not spec.shape.is_compatible_with(array.shape):
                raise RequestError(
                    f"The input {name!r} has the shape {list(array.shape)} and the dtype {array.dtype}; expected "
                    f"{spec.shape.as_list()} and {spec.dtype.name}."
                )
        counts = {len(array) for name, array in tensors.items() if array.ndim and name in given}
        if len(counts - {0}) > 1:
            raise RequestError(f"The inputs have {' and '.join(map(str, sorted(counts)))} rows. Send as many of each.")
        if _LIMITED in tensors and int(tensors[_LIMITED]) > max_new_tokens:
            raise RequestError(f"The input {_LIMITED!r} may be up to {max_new_tokens:,}; received {tensors[_LIMITED]}.")
        for content in tensors["image"] if "image" in self.inputs and tensors["image"].dtype == object else ():
            if fault := size_fault(content):  # Exports check no sizes: TensorFlow would decode 500 MB.
                raise DataError(f"The image of {len(content):,} bytes cannot be read: {fault}.")
        return tensors

    def check_names(self, names: Iterable[str]) -> None:
        """Raises `RequestError` if a name is not that of an input."""
        if unknown := [name for name in names if name not in self.inputs]:
            raise RequestError(
                f"There is no input {short_repr(unknown[0])}. Inputs of {self.name!r}: {', '.join(self.inputs)}."
            )

    def rows(self, tensors: Tensors) -> int:
        """Returns the number of rows of a request."""
        return max((len(array) for array in tensors.values() if array.ndim), default=1)


@functools.lru_cache(maxsize=1024)
def dtype_of(spec: Any) -> Any:
    """Returns the NumPy dtype of a `tf.TensorSpec`; `object` for strings."""
    return np.dtype(object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype)


def group_of(endpoint: ServedEndpoint, tensors: Tensors) -> Any:
    """Returns what requests have in common that can be joined, or `None` for one that is answered alone.

    Inputs without rows, such as the temperature, are equal. Arrays that can be padded are at most twice as long as
    others, so no long request makes short ones slow; others have the same shape.
    """
    if not endpoint.joins:
        return None
    key: list[Any] = [endpoint.name]
    for name, array in tensors.items():
        if not array.ndim:
            key.append(array.item())
        elif name == LENGTHS:
            key.append(None)
        elif LENGTHS in tensors and array.ndim > 1:
            key.append((array.shape[1].bit_length(), *array.shape[2:]))
        else:
            key.append((array.size == 0, *array.shape[1:]))
    return tuple(key)


def joined(requests: Sequence[Tensors]) -> Tensors:
    """Returns the tensors of several requests with the same `group_of` as those of one.

    Recordings and series are padded with zeros, which their lengths tell apart.
    """
    if len(requests) == 1:
        return requests[0]
    if LENGTHS in requests[0]:
        requests = [_with_lengths(request) for request in requests]
    whole: Tensors = {}
    for name, first in requests[0].items():
        arrays = [request[name] for request in requests]
        if not first.ndim:
            whole[name] = first
        elif first.ndim > 1 and LENGTHS in requests[0]:
            longest = max(array.shape[1] for array in arrays)
            padding = [(0, 0)] * (first.ndim - 2)
            arrays = [np.pad(array, [(0, 0), (0, longest - array.shape[1]), *padding]) for array in arrays]
            whole[name] = np.concatenate(arrays)
        else:
            whole[name] = np.concatenate(arrays)
    return whole


def _with_lengths(request: Tensors) -> Tensors:
    if request[LENGTHS].size:
        return request
    array = next(array for name, array in request.items() if name != LENGTHS and array.ndim > 1)
    return {**request, LENGTHS: np.full(len(array), array.shape[1], request[LENGTHS].dtype)}


def endpoints_of(loaded: Predictor) -> dict[str, ServedEndpoint]:
    """Returns the endpoints of a loaded run or export by name, the default one, `serving_default`, first."""
    task = loaded.task
    defaults = {**task.reader.defaults(), **task.input_defaults(), "numbers": tf.zeros([0], tf.int32)}
    arrays = {name: np.asarray(value) for name, value in defaults.items()}
    found = {SIGNATURE: _default_endpoint(loaded, arrays)}
    if isinstance(loaded, LoadedRun):
        for name, function in _functions_of_run(loaded).items():
            found[name] = _of_function(name, function, arrays)
    elif isinstance(loaded, LoadedExport):
        for name, signature in sorted(loaded.saved_model.signatures.items()):
            if name != SIGNATURE and (sides := sides_of_signature(signature)):
                found[name] = _of_signature(name, signature, sides, arrays)
    return found


def _default_endpoint(loaded: Predictor, defaults: Mapping[str, Any]) -> ServedEndpoint:
    specs = {spec.name: spec for spec in loaded.task.input_signature()}

    def call(**tensors: Any) -> Mapping[str, Any]:
        return loaded.predict_batch(*(tf.constant(tensors[name], spec.dtype) for name, spec in specs.items()))

    return ServedEndpoint(SIGNATURE, specs, _some(defaults, specs), call, lambda: _outputs_of_default(loaded))


def _outputs_of_default(loaded: Predictor) -> Mapping[str, Any]:
    if isinstance(loaded, LoadedExport) and SIGNATURE in loaded.saved_model.signatures:
        sides = sides_of_signature(loaded.saved_model.signatures[SIGNATURE])
        return sides[1] if sides else {}
    if hasattr(loaded.predict_batch, "get_concrete_function"):
        outputs: Mapping[str, Any] = loaded.predict_batch.get_concrete_function().structured_outputs
        return outputs
    return loaded.task.prediction_signature()


def _functions_of_run(loaded: LoadedRun) -> dict[str, Any]:
    """Returns the endpoints of the export that the run would have, other than the default one, as `tf.function`s."""
    from keras_rnn_zoo.exporting.formats.saved_model import DEFAULT, all_endpoints

    if keras.backend.backend() != "tensorflow" or loaded.run is None:
        return {}
    return {
        name: tf.function(endpoint.named(), input_signature=list(endpoint.signature), autograph=False)
        for name, endpoint in all_endpoints(loaded).items()
        if name != DEFAULT
    }


def _of_function(name: str, function: Any, defaults: Mapping[str, Any]) -> ServedEndpoint:
    specs = {spec.name: spec for spec in function.input_signature}

    def call(**tensors: Any) -> Mapping[str, Any]:
        outputs: Mapping[str, Any] = function(*(tf.constant(tensors[key], spec.dtype) for key, spec in specs.items()))
        return outputs

    def trace() -> Mapping[str, Any]:
        outputs: Mapping[str, Any] = function.get_concrete_function().structured_outputs
        return outputs

    return ServedEndpoint(name, specs, _some(defaults, specs), call, trace)


def _of_signature(name: str, signature: Any, sides: Any, defaults: Mapping[str, Any]) -> ServedEndpoint:
    inputs, outputs = sides

    def call(**tensors: Any) -> Mapping[str, Any]:
        constants = {key: tf.constant(tensors[key], spec.dtype) for key, spec in inputs.items()}
        found: Mapping[str, Any] = signature(**constants)
        return found

    return ServedEndpoint(name, inputs, _some(defaults, inputs), call, lambda: outputs)


def _some(defaults: Mapping[str, Any], specs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in defaults.items()
        if name in specs and specs[name].dtype == value.dtype and specs[name].shape.rank == value.ndim
    }
