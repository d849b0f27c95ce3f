"""Fine-tuning: a training that starts from the weights of a run.

Weights are matched by their paths in the two models, whatever the architecture. Some of their axes have an entry for
each token of a vocabulary or for each class. Which ones they are follows from building the model once more with other
sizes (`_labeled_axes`). Along these axes, the entries of the labels that both models know are copied.
"""

import itertools
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig, TrainingConfig
from keras_rnn_zoo.display.printing import quantity, short_repr
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.frameworks.keras_internals import forget_uninitialized_variables
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.layers.model_parts import has_weights, parts_of
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.tasks.task import Task

logger = logging.getLogger(__name__)

NOTHING = "nothing"
"""The value of the setting `freeze` that trains all weights."""
_STEP = 1009
"""By how much sizes are changed to find the axes that depend on them: more than any multiple that a layer makes."""


@dataclass(frozen=True)
class _Axis:
    """An axis of a weight that depends on one or more sizes of the data.

    Attributes:
        sizes: the names of these sizes.
        one_each: whether it has one entry for each label, in order.
    """

    sizes: frozenset[str]
    one_each: bool


def check_options(config: RunConfig, source: LoadedRun) -> None:
    """Raises `OptionError` if an option that the user set does not fit the shapes of the source's weights.

    Args:
        config: the description of the new run.
        source: the run to start from.
    """
    before = source.run.config
    if config.architecture != before.architecture:
        return
    architecture, sizes = registry.architectures.get(config.architecture), source.task.model_options()
    original = {**before.options, **sizes}
    changed = {name: value for name, value in config.options.items() if value != before.options.get(name, value)}
    shapes = _shapes(architecture, original) if changed else {}
    for name, value in changed.items():
        if name not in sizes and _shapes(architecture, {**original, name: value}) != shapes:
            raise OptionError(
                f"Option {name!r} is {short_repr(value)}, but the weights of the run {source.run.name!r} were trained "
                f"with {name}={short_repr(before.options[name])} and do not fit it. Omit it, or train without --from."
            )


def take_vocabularies(task: Task, source: Task, settings: TrainingConfig) -> str:
    """Gives a fitted task the vocabularies of another task, followed by the tokens that only its own data has.

    They are not added to the vocabulary of a frozen part, since their vectors would never be trained.

    Args:
        task: the task.
        source: the other task.
        settings: the settings `extend_vocabulary` and `freeze`.

    Returns:
        What was done, for the training log; "" if the tasks have no vocabulary in common.
    """
    from keras_rnn_zoo.layers.text import Tokenizer

    done, frozen = [], task.reader.resources() if settings.freeze != NOTHING else []
    known = {ids.name: ids for ids in source.resources() if isinstance(ids, Tokenizer)}
    for ids in task.resources():
        old = known.get(ids.name)
        if isinstance(ids, Tokenizer) and old is not None and ids.tokens == old.tokens:
            tokens, found = old.vocabulary[len(old.reserved) :], ids.vocabulary[len(ids.reserved) :]
            extended = settings.extend_vocabulary and not any(ids is one for one in frozen)
            before = set(tokens)
            added = [token for token in found if token not in before] if extended else []
            ids.set_vocabulary([*tokens, *added])
            done.append(f"{ids.name} of {len(ids.vocabulary):,}, of which {len(added):,} are new")
    return "; ".join(done)


def start_from(model: Any, task: Task, config: RunConfig, source: LoadedRun) -> None:
    """Gives a new model the weights of a run.

    Entries of labels that the run does not know, and layers that it lacks, keep their initial values.

    Args:
        model: the new model.
        task: its task.
        config: the description of the new run.
        source: the run to start from.

    Raises:
        DataError: a size of the data, such as the number of features, is not that of the run; or the models have no
            weight in common.
    """
    labels, known = task.size_labels(), source.task.size_labels()
    axes = _labeled_axes(config, task, labels)
    old = _by_path(source.model.weights)
    new, untouched = _by_path(model.weights), []
    for path, variable in new.items():
        values = keras.ops.convert_to_numpy(old[path].value) if path in old else None
        rows = None if values is None else _rows(variable.shape, values.shape, axes[path], labels, known)
        if values is None or rows is None:
            untouched.append(path)
            continue
        merged = keras.ops.convert_to_numpy(variable.value).copy()
        merged[np.ix_(*(target for target, _ in rows))] = values[np.ix_(*(origin for _, origin in rows))]
        variable.assign(merged)
    unlabeled = [path for path in untouched if path in old and not any(axis.sizes for axis in axes[path])]
    if unlabeled or len(untouched) == len(new):
        raise _misfit(task, source, unlabeled)
    _report(source, labels, known, untouched, len(new))


def _report(
    source: LoadedRun, labels: Mapping[str, Any], known: Mapping[str, Any], untouched: list[str], count: int
) -> None:
    shared = [
        f"{len(set(names) & set(known[size])):,} of {len(names):,} for {size}"
        for size, names in labels.items()
        if size in known
    ]
    layers = list(dict.fromkeys(path.partition("/")[0] for path in untouched))
    logger.info(
        "Starting from %s of the run %s%s%s.",
        quantity(count - len(untouched), "weight array"),
        source.run.name,
        f"; known: {', '.join(shared)}" if shared else "",
        f"; new layers: {', '.join(layers)}" if layers else "",
    )


def _misfit(task: Task, source: LoadedRun, paths: list[str]) -> DataError:
    """Returns the error for weights that do not fit, which names the sizes of the data that differ."""
    ours, theirs = task.model_options(), source.task.model_options()
    labels = task.size_labels()
    differing = [name for name in ours if name in theirs and name not in labels and ours[name] != theirs[name]]
    if not paths or not differing:
        return DataError(
            f"The model has no weights in common with those of the run {source.run.name!r}, whose architecture is "
            f"{source.run.config.architecture} and whose task is {source.run.config.task.name}. Name another run with "
            "--from, or train without it."
        )
    stated = ", ".join(f"{name}={ours[name]!r} instead of {theirs[name]!r}" for name in differing)
    return DataError(
        f"The data does not fit the weights of the run {source.run.name!r}: it has {stated}. Prepare it as the data of "
        "that run, or train without --from."
    )


def _rows(
    shape: Sequence[int],
    before: Sequence[int],
    axes: Sequence[_Axis],
    labels: Mapping[str, Sequence[str]],
    known: Mapping[str, Sequence[str]],
) -> list[tuple[list[int], list[int]]] | None:
    """Returns, for each axis of a weight, which entries get which entries of the weight of the run.

    Args:
        shape: the shape of the weight.
        before: the shape of that of the run.
        axes: what the axes stand for.
        labels: the labels of each size.
        known: those of the run.

    Returns:
        Indices of entries of the weight, and of the run's weight; `None` if it can take nothing over.
    """
    if len(shape) != len(before):
        return None
    rows = []
    for size, old_size, axis in zip(shape, before, axes, strict=True):
        same = all(list(labels[name]) == list(known.get(name, ())) for name in axis.sizes)
        if axis.one_each and not same:
            (name,) = axis.sizes
            place = {label: index for index, label in enumerate(known.get(name, ()))}
            pairs = [(index, place[label]) for index, label in enumerate(labels[name]) if label in place]
            if not pairs:
                return None
            rows.append(([index for index, _ in pairs], [origin for _, origin in pairs]))
        elif size == old_size and same:
            rows.append((list(range(size)), list(range(size))))
        else:
            return None
    return rows


def _labeled_axes(config: RunConfig, task: Task, labels: Mapping[str, Sequence[str]]) -> dict[str, list[_Axis]]:
    """Returns what each axis of each weight stands for, by the weight's path.

    Found by building the model, without values, once for each labeled size with a larger value of it.
    """
    architecture = registry.architectures.get(config.architecture)
    options = {**config.options, **task.model_options()}
    shapes = _shapes(architecture, options)
    sizes: dict[str, list[set[str]]] = {path: [set() for _ in shape] for path, shape in shapes.items()}
    one_each = {path: [True for _ in shape] for path, shape in shapes.items()}
    for name in labels:
        if name not in architecture.options:
            continue
        size = options.get(name, architecture.options[name].default)
        larger = _shapes(architecture, {**options, name: size + _STEP})
        for path, shape in shapes.items():
            for axis, (size, other) in enumerate(zip(shape, larger[path], strict=True)):
                if size != other:
                    sizes[path][axis].add(name)
                    one_each[path][axis] &= other == size + _STEP and size == len(labels[name])
    return {
        path: [
            _Axis(frozenset(names), each and len(names) == 1)
            for names, each in zip(sizes[path], one_each[path], strict=True)
        ]
        for path in shapes
    }


def _shapes(architecture: registry.Architecture, options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of a model's weights by path, without allocating them."""
    options = {name: value for name, value in options.items() if name in architecture.options}
    if "pretrained" in options:
        options["pretrained"] = False
    try:
        with keras.StatelessScope(initialize_variables=False):
            weights = architecture.make(**options).weights
    finally:
        forget_uninitialized_variables()
    return {path: tuple(variable.shape) for path, variable in _by_path(weights).items()}


def _by_path(weights: Sequence[Any]) -> dict[str, Any]:
    """Returns weights by their paths, in which names that Keras has numbered are numbered anew.

    The names that Keras makes up, such as `cell_7`, depend on how many layers a process has made before. Weights with
    the same path, such as those of the cells of a stack, are numbered in their order.
    """
    numbers: dict[tuple[str, str], dict[str, int]] = {}
    found: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for variable in weights:
        path = ""
        for name in variable.path.split("/"):
            base = re.sub(r"_\d+$", "", name)
            known = numbers.setdefault((path, base), {})
            path += f"/{base}_{known.setdefault(name, len(known) + 1)}"
        counts[path] += 1
        found[f"{path.removeprefix('/')}:{counts[path]}"] = variable
    return found


def freeze(model: Any, part: str) -> None:
    """Excludes a part of a model from training; see the setting `freeze`.

    Args:
        model: the model, before it is compiled.
        part: `"nothing"`, `"frontend"` or `"encoder"`.

    Raises:
        OptionError: the part has no weights, or nothing would be left to train.
    """
    if part == NOTHING:
        return
    parts = parts_of(model)
    frozen = parts["frontend"] if part == "frontend" else [*itertools.chain(parts["frontend"], parts["encoder"])]
    if not any(map(has_weights, frozen)):
        raise OptionError(
            f"Option 'freeze' is {part!r}, but that part of {model.name} has no weights here. Omit it, or use "
            + ("--set freeze=encoder." if part == "frontend" else "--set freeze=nothing.")
        )
    for layer in frozen:
        layer.trainable = False
    if not model.trainable_variables:
        raise OptionError(f"Option 'freeze' is {part!r}, which leaves no weights of {model.name} to train. Omit it.")
    logger.info("Frozen: %s.", ", ".join(layer.name for layer in frozen if has_weights(layer)))
