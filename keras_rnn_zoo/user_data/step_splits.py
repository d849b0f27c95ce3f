"""Reads sequences with a target for each step, checks them, and splits them by sequence."""

import functools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RowsConfig, RunConfig, SplitConfig
from keras_rnn_zoo.artifacts.schema import MAX_CLASSES
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.user_data.dataset import OTHER_DATA
from keras_rnn_zoo.user_data.rows import joined_checksum
from keras_rnn_zoo.user_data.splitting import HELD_OUT, draw_split, hash_key, split_of
from keras_rnn_zoo.user_data.step_columns import NUMBERS
from keras_rnn_zoo.user_data.step_report import report_steps
from keras_rnn_zoo.user_data.step_sequences import Sequences, StepSequence, StepSource
from keras_rnn_zoo.user_data.step_targets import StepForm
from keras_rnn_zoo.user_data.validation_pass import refuse_bad_rows


def was_trained(config: RunConfig) -> bool:
    """Whether a run has learned its classes, from these files or from other data."""
    return config.dataset.recorded is not None or config.dataset.name == OTHER_DATA


def open_steps(
    sources: Mapping[str, StepSource], form: StepForm, seed: int, skip_bad_rows: bool, config: RunConfig | None
) -> Examples:
    """Reads sources and splits them.

    Args:
        sources: the source of each split that has one of its own, and that of the training split.
        form: the form of the targets.
        seed: seed of the splits that are drawn.
        skip_bad_rows: whether to leave out rows that cannot be used.
        config: the description of a run that was trained on the data; `None` for a new training.

    Raises:
        DataError: rows cannot be used, or there is too little to learn from.
    """
    recorded = config.dataset.recorded if config else None
    known = config.task.classes if config and was_trained(config) else ()
    main = sources["train"].read(form, known)
    classes = known or main.classes
    read = {"train": main} | {name: source.read(form, classes) for name, source in sources.items() if name != "train"}
    if not skip_bad_rows:
        refuse_bad_rows([one.report for one in read.values()])
    path = sources["train"].named()
    checksum = joined_checksum([source.checksum() for source in sources.values()])
    bad_rows = {name: one.report.bad_rows for name, one in read.items()}
    columns = dict(sources["train"].columns)
    if config and config.dataset.name == OTHER_DATA and config.dataset.checksum != checksum:
        everything = [one for part in read.values() for one in part.found]
        if not everything:
            raise DataError(f"{path} has no sequences to evaluate. Name data with sequences.")
        counted = RowsConfig({"all": len(everything)}, columns, None, bad_rows)
        return Examples(
            "1", checksum, sources["train"].input, {"all": functools.partial(_data, everything, form)}, classes, counted
        )
    _check_usable(path, form, main, columns)
    split, groups = _divided(read, recorded.split if recorded else None, seed)
    if empty := [name for name, found in groups.items() if not found]:
        raise DataError(
            f"{path} has too few sequences for the splits {' and '.join(empty)}: {len(main.found):,}. A split consists "
            "of whole sequences. Name the column that tells them apart (id=NAME), cut long recordings into several, or "
            "name files with --validation and --test."
        )
    rows = {name: len(found) for name, found in groups.items()}
    counted = RowsConfig(rows, columns, split, bad_rows)
    splits = {name: functools.partial(_data, found, form) for name, found in groups.items()}
    report = functools.partial(report_steps, path, form, read, groups, counted)
    return Examples("1", checksum, sources["train"].input, splits, classes, counted, None if recorded else report)


def _check_usable(path: Any, form: StepForm, main: Sequences, columns: Mapping[str, str]) -> None:
    """Raises `DataError` if there is nothing to learn."""
    if not main.found:
        first = f"{main.report.bad[0].describe(str(path))}. " if main.report.bad else ""
        raise DataError(f"{first}{path} has no sequence to learn from. Name data with a row for each step.")
    if columns.get("id") and len(main.found) > 1 and max(len(one.inputs) for one in main.found) == 1:
        raise DataError(
            f"{path}: each of its {len(main.found):,} sequences has a single step: the column {columns['id']!r} "
            "differs in every row. Name the column that is the same in all rows of a sequence: id=NAME."
        )
    if form.task == NUMBERS:
        return
    if len(main.classes) > MAX_CLASSES:
        raise DataError(
            f"{path} has {len(main.classes):,} classes; expected up to {MAX_CLASSES:,}. Name another column or, to "
            "predict a number, use --columns value=NAME."
        )
    if len(main.classes) == 1:
        raise DataError(
            f"{path} has only one class, {main.classes[0]!r}, in {columns['target']!r}: there is nothing to "
            "distinguish. Add steps of other classes, or name another column."
        )


def _divided(
    read: Mapping[str, Sequences], split: SplitConfig | None, seed: int
) -> tuple[SplitConfig, dict[str, list[StepSequence]]]:
    """Returns the split, drawn with the seed if it is not given, and the sequences of each split."""
    main = read["train"].found
    if split is None:
        numbers = np.array([hash_key(one.key(), seed) for one in main], "uint64")
        drawn = tuple(name for name in HELD_OUT if name not in read)
        split = draw_split({"": np.sort(numbers)}, seed, drawn)
    groups: dict[str, list[StepSequence]] = {"train": [], "validation": [], "test": []}
    for one in main:
        groups[split_of(one.key(), "", split)].append(one)
    random.Random(split.seed).shuffle(groups["train"])  # Files may be sorted by class.
    return split, groups | {name: part.found for name, part in read.items() if name != "train"}


def _data(sequences: Sequence[StepSequence], form: StepForm) -> Any:
    """Returns sequences as a `tf.data.Dataset` of `(series, targets)`."""
    shape = sequences[0].inputs.shape[1:] if sequences else (1,)  # Recordings have no features.
    data = tf.data.Dataset.from_generator(
        lambda: ((one.inputs, one.targets) for one in sequences),
        output_signature=(tf.TensorSpec([None, *shape], tf.float32), form.spec()),
    )
    return data.apply(tf.data.experimental.assert_cardinality(len(sequences)))
