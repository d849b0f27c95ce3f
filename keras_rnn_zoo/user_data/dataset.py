"""Turns the rows of files into a dataset: checks them in one pass and splits them."""

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RowsConfig, RunConfig, SplitConfig
from keras_rnn_zoo.artifacts.schema import MAX_CLASSES
from keras_rnn_zoo.datasets.examples import Examples, SplitPart, joined_splits
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import with_options
from keras_rnn_zoo.user_data.data_report import report_data
from keras_rnn_zoo.user_data.row_stream import Selection, stream
from keras_rnn_zoo.user_data.rows import RowSource, joined_checksum
from keras_rnn_zoo.user_data.source_files import SourceFiles
from keras_rnn_zoo.user_data.splitting import HELD_OUT, draw_split
from keras_rnn_zoo.user_data.validation_pass import RowReport, refuse_bad_rows, validate_rows

logger = logging.getLogger(__name__)

OTHER_DATA = "other data"
"""The name of the dataset in the description of a run that is evaluated on data other than its own."""


def dataset_from_files(
    format: str,
    kind: type[RowSource],
    location: str,
    tasks: tuple[str, ...],
    options: Mapping[str, Any],
    config: RunConfig | None,
    more_options: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the dataset of files in a format; reads only enough to determine the columns and the task.

    Args:
        format: name of the file format.
        kind: the class that reads it.
        location: the address, without the format's name.
        tasks: the tasks that the files may be for.
        options: options set by the user, as for `open_dataset`.
        config: the description of a run that was trained on the files; `None` for a new training.
        more_options: a function whose options the format has in addition to those of all files; they are passed to
            `kind` by name.
    """
    joins_files = registry.file_formats.get(format).joins_files
    source = SourceFiles(kind, location, tasks, options, config, more_options, joins_files)

    def open_files(
        data_dir: str | None,
        seed: int,
        fault_of: Callable[[Any, Any], str] | None = None,
        *,
        columns: str = "",
        validation: str = "",
        test: str = "",
        skip_bad_rows: bool = False,
        encoding: str = "",
        **reading: Any,
    ) -> Examples:
        """Your own data.

        Args:
            data_dir: not used.
            seed: seed of the splits for which no files are named.
            fault_of: given an example's raw input and target, returns why it cannot be learned from, or "".
            columns: which column holds what, such as text=review,label=stars; guessed from usual names if empty.
            validation: validation files; a tenth of the rows if empty.
            test: test files; a tenth of the rows if empty.
            skip_bad_rows: whether to skip rows that cannot be used.
            encoding: encoding of texts; if empty, that of the byte order mark, or UTF-8.
        """
        files = source.open(columns, {**reading, "encoding": encoding}, {"validation": validation, "test": test})
        return open_dataset(files, seed, skip_bad_rows, config, fault_of)

    return registry.Dataset(
        name=f"{format}:{source.address}",
        make=with_options(open_files, more_options) if more_options else open_files,
        task=source.task,
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": source.input},
        defaults=source.defaults,
        checks_examples=True,
    )


def open_dataset(
    files: Mapping[str, RowSource],
    seed: int,
    skip_bad_rows: bool,
    config: RunConfig | None,
    fault_of: Callable[[Any, Any], str] | None = None,
) -> Examples:
    """Returns the examples of files.

    A training first validates every row. When the same files are opened again, such as for evaluation, the split, the
    classes and the numbers of rows that the run recorded are used, and rows are validated only if the files changed.
    Other data, which is named `OTHER_DATA` in the description of the run, has the split "all" with all of its rows.

    Args:
        files: the training files, and the validation and test files if they were named.
        seed: seed of the split.
        skip_bad_rows: whether to skip rows that cannot be used.
        config: the description of a run that was trained on the files, or is evaluated on them; `None` for a new
            training.
        fault_of: given an example's raw input and target, returns why it cannot be learned from, or "".
    """
    # The validation pass finds that of data in memory, too.
    checksum = joined_checksum([source.checksum() for source in files.values()]) if config else ""
    recorded = config.dataset.recorded if config else None
    classes = config.task.classes if config and recorded else ()
    reports: dict[str, RowReport] = {}
    validate = functools.partial(validate_rows, seed=seed, fault_of=fault_of, compared=len(files) > 1)
    if config and config.dataset.name == OTHER_DATA and config.dataset.checksum != checksum:
        return _open_whole(files, checksum, skip_bad_rows, config.task.classes, validate)
    if config and recorded and config.dataset.checksum == checksum:
        counted = recorded
    else:
        reports["train"] = validate(files["train"], classes=classes)
        classes = classes or reports["train"].classes
        reports |= {name: validate(source, classes=classes) for name, source in files.items() if name != "train"}
        if not skip_bad_rows:
            refuse_bad_rows(list(reports.values()))
        counted = _counted(files, reports, seed, recorded.split if recorded else None, classes)
        checksum = checksum or joined_checksum([source.checksum() for source in files.values()])

    def report(task: Any) -> None:
        report_data(reports, counted, opened.split("train"), task)

    splits = _split_streams(files, counted, classes)
    opened = Examples(
        "1", checksum, files["train"].input, splits, classes, counted, None if recorded else report, _parts_of(splits)
    )
    return opened


def _parts_of(splits: Mapping[str, "functools.partial[Any]"]) -> dict[str, Callable[[SplitPart], Any]]:
    """Returns the functions that open parts of splits, given those that open the splits."""
    return {name: functools.partial(_part_of, opened) for name, opened in splits.items()}


def _part_of(opened: "functools.partial[Any]", part: SplitPart) -> Any:
    return opened(part=part)


def _counted(
    files: Mapping[str, RowSource],
    reports: Mapping[str, RowReport],
    seed: int,
    split: SplitConfig | None,
    classes: tuple[str, ...],
) -> RowsConfig:
    """Returns what a run records of files that were validated; without a `split`, it is drawn with the seed."""
    split, rows = _rows_of_splits(reports, seed, split)
    for report in reports.values():
        report.summarize(reports["train"])
    for report in reports.values():
        report.forget_numbers()
    _check_enough(rows, reports["train"], classes)
    bad_rows = {name: report.bad_rows for name, report in reports.items()}
    left_out = {name: report.left_out for name, report in reports.items()}
    return RowsConfig(rows, dict(files["train"].columns), split, bad_rows, left_out)


def _split_streams(
    files: Mapping[str, RowSource], counted: RowsConfig, classes: tuple[str, ...]
) -> dict[str, "functools.partial[Any]"]:
    """Returns the functions that open the splits."""
    assert counted.split is not None  # Only a single text has no split.
    splits: dict[str, functools.partial[Any]] = {}
    for name, count in counted.rows.items():
        has_files = name in files and name != "train"
        skipped = frozenset(counted.left_out[name if has_files else "train"])
        source = files[name if has_files else "train"]
        split = None if has_files else counted.split
        splits[name] = functools.partial(stream, source, Selection(name, split, classes, skipped), count)
    return splits


def _open_whole(
    files: Mapping[str, RowSource],
    checksum: str,
    skip_bad_rows: bool,
    classes: tuple[str, ...],
    validate: Callable[..., RowReport],
) -> Examples:
    """Returns labeled data that a run was not trained on: all rows are the split "all"; also those of each part.

    Args:
        files: the data of each part, as in `open_dataset`.
        checksum: its checksum.
        skip_bad_rows: whether to skip rows that cannot be used.
        classes: the classes of the run.
        validate: the validation pass.
    """
    reports = {name: validate(source, classes=classes) for name, source in files.items()}
    if not skip_bad_rows:
        refuse_bad_rows(list(reports.values()))
    rows = {name: report.rows for name, report in reports.items()}
    if not sum(rows.values()):
        raise DataError(f"{files['train'].named()[0]} has no rows to evaluate. Name data with rows.")
    splits = {
        name: functools.partial(
            stream, source, Selection("all", None, classes, frozenset(reports[name].left_out)), rows[name]
        )
        for name, source in files.items()
    }
    bad_rows = {name: report.bad_rows for name, report in reports.items()}
    if skipped := sum(bad_rows.values()):
        logger.warning("%s skipped.", quantity(skipped, "row cannot be used and is", "rows cannot be used and are"))
    counted = RowsConfig({"all": sum(rows.values())}, dict(files["train"].columns), None, bad_rows)
    divided, parts = (splits, _parts_of(splits)) if len(splits) > 1 else ({}, {})
    return Examples(
        "1",
        checksum,
        files["train"].input,
        {**divided, "all": lambda: joined_splits([split() for split in splits.values()])},
        classes,
        counted,
        parts={**parts, "all": lambda part: joined_splits([split(part=part) for split in splits.values()])},
    )


def _rows_of_splits(
    reports: Mapping[str, RowReport], seed: int, split: SplitConfig | None
) -> tuple[SplitConfig, dict[str, int]]:
    """Returns the split, which is drawn with the seed if there is none, and the number of rows of each split."""
    main = reports["train"]
    by_class = dict(main.sorted_numbers())
    split = split or draw_split(by_class, seed, tuple(name for name in HELD_OUT if name not in reports))
    below = np.zeros(2, "int64")
    for name, numbers in by_class.items():
        below += np.searchsorted(numbers, np.array(split.bounds.get(name, (0, 0)), "uint64"))
    counts = {"train": main.rows - int(below[1]), "validation": int(below[1] - below[0]), "test": int(below[0])}
    return split, counts | {name: report.rows for name, report in reports.items() if name != "train"}


def _check_enough(rows: Mapping[str, int], main: RowReport, classes: tuple[str, ...]) -> None:
    path = main.files.named()[0]
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{path} has {len(classes):,} classes; expected up to {MAX_CLASSES:,}. Name another column or, to predict "
            "a number, use --columns value=NAME."
        )
    if main.files.task_files.classes == "one" and len(classes) == 1:
        column = main.files.columns.get(main.files.task_files.target)
        where = f" in the column {column!r}" if column else ""
        raise DataError(
            f"{path} has only one class, {classes[0]!r}{where}: there is nothing to distinguish. "
            "Add rows of other classes, or name another column."
        )
    if empty := [name for name, count in rows.items() if not count]:
        different = main.rows - main.repeated
        raise DataError(
            f"{path} has too few rows for the splits {' and '.join(empty)}: {quantity(main.rows, 'row')} with "
            f"{quantity(different, 'different input')}. Add rows, or name files with --validation and --test."
        )
