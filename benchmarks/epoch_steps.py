"""Training steps on batches of a real pipeline: the pipeline itself, and the steps with our layers or Keras's."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contestant import held, used
from epoch_data import TASKS, load_batches, save_batches, written
from epoch_ops import largest_others, profiled, shares
from fitting import captured_fit
from networks import use_keras_layers

FILES = ("model.json", "model.weights.h5", "batches.npz")


def pipeline(task: str, folder: str, count: int, sample: int, seconds: float) -> Callable[[], dict[str, Any]]:
    """Returns a function that runs everything except the steps, and saves the network and batches in `folder`.

    Args:
        task: name of the task.
        folder: folder for data and results.
        count: number of examples.
        sample: number of batches to save.
        seconds: time limit for iterating the pipeline.
    """
    data_set, place = TASKS[task], Path(folder) / task
    address = written(task, Path(folder), count)

    def work() -> dict[str, Any]:
        start = used()
        model, data = captured_fit(data_set.architecture, dataset=address, **data_set.options)
        before, start = used(start), used()
        batches, iterated = [], 0
        for batch in data:
            iterated += 1
            if len(batches) < sample:
                batches.append(batch[:2])
            if used(start)["wall"] > seconds:
                break
        iterating = used(start)
        place.mkdir(exist_ok=True)
        (place / FILES[0]).write_text(json.dumps({"model": model.to_json(), "compile": model.get_compile_config()}))
        model.save_weights(place / FILES[1])
        save_batches(place / FILES[2], batches)
        facts = {
            "batches": int(data.cardinality()),
            "parameters": model.count_params(),
            "weights": {weight.path: list(weight.shape) for weight in model.weights},
        }
        (place / "facts.json").write_text(json.dumps(facts))
        main_thread, fitting = _fitted(model, data, max(sample, 4))
        peak = held("VmHWM")
        times = profiled(lambda: [model.train_on_batch(*batch) for batch in batches])
        return {
            **facts,
            "before": before,
            "batch": {name: value / iterated for name, value in iterating.items()},
            "python": main_thread,
            "fit": fitting,
            "peak_mib": peak,
            "shares": shares(times),
            "others": largest_others(times),
        }

    return work


def _fitted(model: Any, data: Any, steps: int) -> tuple[float, dict[str, float]]:
    """Fits a model as in training; returns the seconds per step of the Python thread, and the total resources used."""
    import keras

    from keras_rnn_zoo.training.callbacks import StopOnInvalidLoss

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.times: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.times.append(time.thread_time())

    clock = Clock()
    for _ in range(2):  # The first run compiles the programs.
        start = used()
        model.fit(data.take(steps), verbose=0, shuffle=False, callbacks=[StopOnInvalidLoss(), clock])
        fitting = used(start)
    return (clock.times[-1] - clock.times[0]) / max(len(clock.times) - 1, 1), fitting


def steps(task: str, folder: str, layers: str) -> Callable[[], dict[str, float]]:
    """Returns a function that runs a step on each batch that `pipeline` saved; `layers` is `"ours"` or `"keras"`."""
    import tensorflow as tf

    from keras_rnn_zoo.training.allocation import freed_memory_kept

    place = Path(folder) / task
    model = _keras_model(place) if layers == "keras" else _our_model(place)
    if layers == "ours":
        contextlib.ExitStack().enter_context(freed_memory_kept())  # Until the process ends.
    batches = [tf.nest.map_structure(tf.constant, batch) for batch in load_batches(place / FILES[2])]
    first_loss = float(model.test_on_batch(*batches[0], return_dict=True)["loss"])

    def work() -> dict[str, float]:
        start = used()
        for batch in batches:
            model.train_on_batch(*batch)
        return {**used(start), "loss": first_loss}

    return work


def _our_model(place: Path) -> Any:
    import keras

    from keras_rnn_zoo.layers import decoder, frontends, recurrent  # noqa: F401  Registers the layers.
    from keras_rnn_zoo.layers import steps as losses
    from keras_rnn_zoo.training.adam import Adam  # noqa: F401

    return _loaded(place, keras.saving.custom_object_scope(_classes(losses)))


def _keras_model(place: Path) -> Any:
    """Returns the same network with Keras's recurrent layers, losses and Adam."""
    import keras

    from keras_rnn_zoo.frameworks.keras_internals import flatten_layers
    from keras_rnn_zoo.layers import decoder, frontends, recurrent  # noqa: F401
    from keras_rnn_zoo.layers import steps as losses

    class StepCrossentropy(keras.losses.SparseCategoricalCrossentropy):
        @classmethod
        def from_config(cls, _: Any) -> Any:
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)

    class TranscriptLoss(keras.losses.CTC):
        @classmethod
        def from_config(cls, _: Any) -> Any:
            return keras.losses.CTC()

    use_keras_layers()  # For the sublayers that our layers create; those in the config are replaced below.
    replaced = {"keras_rnn_zoo>Adam": keras.optimizers.Adam}
    replaced |= {"StepCrossentropy": StepCrossentropy, "TranscriptLoss": TranscriptLoss}
    model = _loaded(place, keras.saving.custom_object_scope({**_classes(losses), **replaced}), _with_keras_cells)
    left = [layer for layer in flatten_layers(model) if type(layer) in (recurrent.LSTM, recurrent.GRU)]
    if left:
        raise ValueError(f"Keras's contestant has layers of ours: {left}")
    return model


def _with_keras_cells(config: Any) -> Any:
    """Returns a model's config with Keras's recurrent layers instead of ours."""
    if isinstance(config, list):
        return [_with_keras_cells(part) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("registered_name") in ("keras_rnn_zoo>LSTM", "keras_rnn_zoo>GRU", "keras_rnn_zoo>SimpleRNN"):
        config = {**config, "module": "keras.layers", "registered_name": None}
    return {name: _with_keras_cells(part) for name, part in config.items()}


def _classes(module: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if isinstance(value, type)}


def _loaded(place: Path, scope: Any, change: Callable[[Any], Any] = lambda config: config) -> Any:
    import keras

    saved = json.loads((place / FILES[0]).read_text())
    with scope:
        model = keras.models.model_from_json(json.dumps(change(json.loads(saved["model"]))))
        model.compile_from_config(saved["compile"])
    model.load_weights(place / FILES[1])
    return model
