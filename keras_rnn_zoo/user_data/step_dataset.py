"""Turns sequences with a target for each step into a dataset: checks them, and splits them by sequence."""

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RowsConfig, RunConfig, SplitConfig
from keras_rnn_zoo.artifacts.schema import MAX_CLASSES
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import read_options, with_options
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import JOINT, parse_columns
from keras_rnn_zoo.user_data.dataset import OTHER_DATA
from keras_rnn_zoo.user_data.formats.npz import Arrays
from keras_rnn_zoo.user_data.joined_files import is_pattern
from keras_rnn_zoo.user_data.recordings import recording_options
from keras_rnn_zoo.user_data.rows import RowSource, joined_checksum
from keras_rnn_zoo.user_data.splitting import HELD_OUT, draw_split, hash_key, split_of
from keras_rnn_zoo.user_data.step_arrays import StepArrays
from keras_rnn_zoo.user_data.step_columns import CLASSES, NUMBERS, STEP_TASKS, WORDS
from keras_rnn_zoo.user_data.step_openers import Opener, rates_in, recordings_opener, table_opener
from keras_rnn_zoo.user_data.step_recordings import Recorded
from keras_rnn_zoo.user_data.step_report import report_steps
from keras_rnn_zoo.user_data.step_sequences import Sequences, StepSequence, StepSource
from keras_rnn_zoo.user_data.step_targets import StepForm
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.validation_pass import refuse_bad_rows


def table_steps(
    format: str,
    kind: type[Table] | type[Columnar],
    location: Any,
    tasks: Sequence[str],
    options: Mapping[str, Any],
    config: RunConfig | None,
    more_options: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the dataset of a table with a row for each step; arguments as for `step_dataset`.

    Args:
        kind: the class of the table.
    """
    joins_files = registry.file_formats.get(format).joins_files
    opened = table_opener(kind, joins_files=joins_files)
    found = recordings_opener(kind, joins_files, location, options, config)
    more = [*([more_options] if more_options else []), *([recording_options] if found else [])]
    return step_dataset(format, kind, found or opened, location, tasks, options, config, *more)


def array_steps(
    format: str,
    kind: type[Arrays],
    location: Any,
    tasks: Sequence[str],
    options: Mapping[str, Any],
    config: RunConfig | None,
) -> registry.Dataset:
    """Returns the dataset of series in arrays with a target for each step; arguments as for `step_dataset`.

    Args:
        kind: the class that reads the series.
    """
    recorded = issubclass(kind, Recorded)

    def opened(location: Any, given: Mapping[str, str], reading: Mapping[str, str]) -> StepArrays:
        return StepArrays(kind, location, given, rates=rates_in(reading) if recorded else {})

    return step_dataset(
        format, kind, opened, location, tasks, options, config, *([recording_options] if recorded else [])
    )


def step_dataset(
    format: str,
    kind: type[RowSource],
    opened: Opener,
    location: Any,
    tasks: Sequence[str],
    options: Mapping[str, Any],
    config: RunConfig | None,
    *more_options: Callable[..., None],
) -> registry.Dataset:
    """Returns the dataset of sequences with a target for each step; reads only enough to find the form of the targets.

    Args:
        format: name of the file format.
        kind: the class of the files, which knows whether they have splits of their own.
        opened: opens a source.
        location: the address, without the format's name.
        tasks: the tasks that it may be for.
        options: options set by the user.
        config: the description of a run that was trained on the data; `None` for a new training.
        *more_options: functions whose options the format has in addition to those of all files.
    """
    recorded = config.dataset.recorded if config else None
    trained = str(config.dataset.options.get("columns", "")) if config else ""
    is_joined = isinstance(location, str) and is_pattern(location)
    parts: Mapping[str, Any] = {} if is_joined else kind.divided(location)
    main = parts.get("train", location)
    extra = [option.name for one in more_options for option in read_options(one).values()]

    def columns_of(text: str) -> dict[str, str]:
        if recorded and text == trained:
            return dict(recorded.columns)
        return parse_columns(text, WORDS)

    reading = {name: str(options.get(name) or "") for name in ("encoding", *extra)}
    first = opened(main, columns_of(str(options.get("columns") or "")), reading)
    form = _form(first, tasks, options, config)
    unused = [first]

    def open_files(
        data_dir: str | None,
        seed: int,
        *,
        columns: str = "",
        validation: str = "",
        test: str = "",
        skip_bad_rows: bool = False,
        encoding: str = "",
        **more: Any,
    ) -> Examples:
        """Your own data, with a target for each step.

        Args:
            data_dir: not used.
            seed: seed of the splits for which no files are named.
            columns: which column holds what, such as id=recording,order=t,input=ax+ay,target=label; several inputs or
                targets are joined by +. label= or value= in place of target= says that it is a class or a number.
            validation: validation files; a tenth of the sequences if empty.
            test: test files; a tenth of the sequences if empty.
            skip_bad_rows: whether to leave out rows that cannot be used. A step without a valid target is read, but
                neither learned nor scored.
            encoding: encoding of texts; if empty, that of the byte order mark, or UTF-8.
        """
        named, now = columns_of(columns), {"encoding": encoding, **{name: str(more.get(name, "")) for name in extra}}
        reused = unused and now == reading and named == columns_of(str(options.get("columns") or ""))
        sources = {"train": unused.pop() if reused else opened(main, named, now)}
        if form.names:  # In the order of the run, whatever that of the columns.
            sources["train"].arranged(form, form.names)
        for name, place in {"validation": validation, "test": test}.items():
            if where := place or parts.get(name):
                sources[name] = opened(where, dict(sources["train"].columns), now)
        return _open(sources, form, seed, skip_bad_rows, config)

    make: Callable[..., Any] = open_files
    for further in more_options:
        make = with_options(make, further)
    return registry.Dataset(
        name=f"{format}:{','.join(map(str, kind.roots(location))) if parts else first.address()}",
        make=make,
        task=form.task,
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": first.input},
        defaults={} if config else {**form.defaults(), **first.defaults()},
    )


def _form(source: StepSource, tasks: Sequence[str], options: Mapping[str, Any], config: RunConfig | None) -> StepForm:
    possible = [task for task in STEP_TASKS if task in tasks]
    multilabel = config.task.options.get("multilabel") if config else options.get("multilabel")
    if isinstance(multilabel, str):  # As typed on a command line.
        multilabel = registry.tasks.get(CLASSES).options["multilabel"].parse(multilabel)
    form = source.form(possible[0] if len(possible) == 1 else "", multilabel)
    if not config or not _was_trained(config):
        return form
    named = str(config.task.options.get("target_names") or "")
    known = config.task.classes if form.task == CLASSES else tuple(named.split(JOINT) if named else ())
    several = form.names or (form.task == NUMBERS and known)
    return source.arranged(form, known) if several else form


def _was_trained(config: RunConfig) -> bool:
    """Whether a run has learned its classes, from these files or from other data."""
    return config.dataset.recorded is not None or config.dataset.name == OTHER_DATA


def _open(
    sources: Mapping[str, StepSource], form: StepForm, seed: int, skip_bad_rows: bool, config: RunConfig | None
) -> Examples:
    """Reads sources and splits them; arguments as for `keras_rnn_zoo.user_data.dataset.open_dataset`."""
    recorded = config.dataset.recorded if config else None
    known = config.task.classes if config and _was_trained(config) else ()
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
        split = draw_split(numbers, np.zeros(len(main), "int64"), [""], seed, drawn)
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
