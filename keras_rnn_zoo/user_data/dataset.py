"""From the rows of files to a data set: checked in one pass, split, and streamed."""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RowsConfig, RunConfig
from keras_rnn_zoo.artifacts.schema import MAX_CLASSES
from keras_rnn_zoo.datasets.examples import Examples, held_in_memory, one_target_each
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import read_options, with_options
from keras_rnn_zoo.user_data.columns import parse_columns, usual_columns
from keras_rnn_zoo.user_data.data_report import report_data
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, existing_folder
from keras_rnn_zoo.user_data.splitting import HELD_OUT, Split, draw_split
from keras_rnn_zoo.user_data.validation_pass import RowReport, checked_rows, refuse_bad_rows, validate_rows


def dataset_from_files(
    form: str,
    kind: type[RowSource],
    place: str,
    tasks: tuple[str, ...],
    options: Mapping[str, Any],
    config: RunConfig | None,
    further: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the data set of files in a form; reads what tells the columns and the task, and no more.

    Args:
        form: the form's name.
        kind: the class that reads it.
        place: the address, without the form's name.
        tasks: the tasks that it may be for.
        options: options given by the user, as `open_dataset` takes them.
        config: the description of a run that was trained on the files; `None` for a new training.
        further: a function whose options the form has besides those of all files; `kind` takes them by name.
    """
    own = read_options(further) if further else {}
    texts = ["encoding", *(name for name, option in own.items() if option.type is str)]
    recorded = config.dataset.recorded if config else None
    found_columns = recorded.columns if recorded else parse_columns(str(options.get("columns", "")), usual_columns())
    open_place: Callable[..., RowSource] = kind
    divided = kind.divided(place)
    main = divided.get("train", place)
    defaults = {"encoding": "", **{name: option.default for name, option in own.items()}}
    found_reading = {name: str(options.get(name, "")) for name in texts}
    found = open_place(main, tasks, found_columns, **found_reading)
    task = found.task
    first_use = [found]  # Opened once: `open_files` takes it from here, so arrays are not held in memory twice.

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
        """Files of your own.

        Args:
            data_dir: not used.
            seed: draws the splits for which no files are named.
            fault_of: given an example's raw input and target, returns why it cannot be learned from, or "".
            columns: which column holds what, such as text=review,label=stars; guessed from usual names if empty.
            validation: files to validate on; a tenth of the rows if empty.
            test: files to test on; a tenth of the rows if empty.
            skip_bad_rows: whether to leave out rows that cannot be used.
            encoding: encoding of texts; if empty, what a byte order mark tells, or UTF-8.
        """
        given = recorded.columns if recorded else parse_columns(columns, usual_columns())
        reading = {**defaults, **reading, "encoding": encoding}
        is_same = given == found_columns and reading == {**defaults, **found_reading}
        files = {"train": first_use.pop() if is_same and first_use else open_place(main, (task,), given, **reading)}
        for part, named in (("validation", validation), ("test", test)):
            if other := named or divided.get(part):
                files[part] = open_place(other, (task,), files["train"].columns, **reading)
        return open_dataset(files, seed, skip_bad_rows, config, fault_of)

    roots = [existing_folder(place)] if divided else found.named()
    address = f"{form}:{','.join(map(str, roots))}"
    return registry.Dataset(
        name=address,
        make=with_options(open_files, further) if further else open_files,
        task=found.task,
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": found.input},
        defaults=found.defaults() if not config else {},
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

    A training checks every row first; what opens the same files again for evaluation takes the split, the classes and
    the numbers of rows that the run noted, and checks the files only if they have changed.

    Args:
        files: the files to train on, and those to validate and test on where they were named.
        seed: of the split.
        skip_bad_rows: whether to leave out rows that cannot be used.
        config: the description of a run that was trained on the files; `None` for a new training.
        fault_of: given an example's raw input and target, returns why it cannot be learned from, or "".
    """
    main = files["train"]
    checksum = _checksum(files)
    recorded = config.dataset.recorded if config else None
    classes = config.task.classes if config and recorded else ()
    reports: dict[str, RowReport] = {}
    if not (config and recorded and config.dataset.checksum == checksum):
        first_pass = functools.partial(validate_rows, seed=seed, fault_of=fault_of, compared=len(files) > 1)
        reports["train"] = first_pass(main, classes=classes)
        classes = classes or reports["train"].classes
        reports |= {part: first_pass(other, classes=classes) for part, other in files.items() if part != "train"}
        if not skip_bad_rows:
            refuse_bad_rows(list(reports.values()))
        known_split = recorded.split if recorded else None
        new_split = Split.from_config(known_split) if known_split else _draw(reports["train"], seed, files)
        rows = _count(reports, new_split)
        _check_enough(rows, reports["train"], classes)
        bad_rows = {part: report.bad_rows for part, report in reports.items()}
        left_out = {part: report.left_out for part, report in reports.items()}
        counted = RowsConfig(rows, dict(main.columns), new_split.config, bad_rows, left_out)
    else:
        counted = recorded
    assert counted.split is not None  # Only a single text has none.
    split = Split.from_config(counted.split)
    splits = {}
    for part, count in counted.rows.items():
        own = part in files and part != "train"
        skipped = frozenset(counted.left_out[part if own else "train"])
        splits[part] = functools.partial(
            stream, files[part] if own else main, None if own else split, part, classes, count, skipped
        )

    def report(task: Any) -> None:
        report_data(reports, counted, opened.split("train"), task)

    opened = Examples("1", checksum, main.input, splits, classes, counted, None if recorded else report)
    return opened


def _checksum(files: Mapping[str, RowSource]) -> str:
    import hashlib

    sums = [one.checksum() for one in files.values()]
    return sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()


def _draw(found: RowReport, seed: int, files: Mapping[str, RowSource]) -> Split:
    strata = np.asarray(found.strata, "int64") if len(found.strata) else np.zeros(found.rows, "int64")
    names = list(found.labels) if len(found.strata) else [""]
    return draw_split(
        np.asarray(found.numbers, "uint64"), strata, names, seed, tuple(part for part in HELD_OUT if part not in files)
    )


def _count(reports: Mapping[str, RowReport], split: Split) -> dict[str, int]:
    """Returns the number of rows of each split."""
    main = reports["train"]
    numbers = np.asarray(main.numbers, "uint64")
    strata = np.asarray(main.strata, "int64") if len(main.strata) else np.zeros(main.rows, "int64")
    names = list(main.labels) if len(main.strata) else [""]
    bounds = np.array([split.bounds.get(name, (0, 0)) for name in names], "uint64").reshape(-1, 2)[strata]
    tested = numbers < bounds[:, 0]
    validated = (numbers < bounds[:, 1]) & ~tested
    held_out = {"validation": int(validated.sum()), "test": int(tested.sum())}
    counts = {"train": main.rows - sum(held_out.values()), **held_out}
    return counts | {part: one.rows for part, one in reports.items() if part != "train"}


def _check_enough(rows: Mapping[str, int], main: RowReport, classes: tuple[str, ...]) -> None:
    path = main.files.named()[0]
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{path} has {len(classes):,} classes; {MAX_CLASSES:,} at most are expected. Name another column, or to "
            "predict a number, --columns value=NAME."
        )
    if main.files.task_files.classes == "one" and len(classes) == 1:
        column = main.files.columns.get(main.files.task_files.target)
        where = f" in the column {column!r}" if column else ""
        raise DataError(
            f"{path} has one class only, {classes[0]!r}{where}: there is nothing to tell apart. "
            "Bring rows of two classes or more, or name another column."
        )
    if empty := [part for part, count in rows.items() if not count]:
        different = len(np.unique(np.asarray(main.numbers, "uint64")))
        raise DataError(
            f"{path} leaves no rows for {' and '.join(empty)}: it has {main.rows:,} rows, {different:,} of them with "
            "different inputs. Bring more rows, or name files with --validation and --test."
        )


def stream(
    files: RowSource, split: Split | None, part: str, classes: tuple[str, ...], count: int, left_out: frozenset[str]
) -> Any:
    """Returns the rows of a split as a `tf.data.Dataset` of `(raw, target)`, read as they are needed.

    The training split comes in an order drawn with the seed, so that files sorted by class do not teach one class after
    the other; it is the same order each time.

    Args:
        files: the files.
        split: tells the split of a row; `None` where all rows are of this one.
        part: the split wanted.
        classes: names of the classes, by number.
        count: number of rows of the split.
        left_out: where rows stand that the first pass found to be of no use.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    one_class = files.task_files.classes == "one"

    def chosen() -> Iterator[tuple[Row, Any]]:
        rows = files.mixed_rows(split.seed) if part == "train" and split else files.rows()
        for row in checked_rows(files, rows, classes):
            if isinstance(row, BadRow) or (split and split.part(files.key(row), _stratum(files, row)) != part):
                continue
            if row.where not in left_out:
                yield row, numbers[row.target] if one_class else row.target

    def examples() -> Iterator[tuple[Any, Any]]:
        return ((files.load(row), target) for row, target in chosen())

    data = _as_dataset(examples, files, count)
    if part != "train" or not files.task_files.references:
        return data
    captions = sum(len(texts) for _, texts in chosen())
    return one_target_each(data).apply(tf.data.experimental.assert_cardinality(captions))


def _stratum(files: RowSource, row: Row) -> str:
    return row.target if files.task_files.classes == "one" else ""


def _as_dataset(examples: Callable[[], Iterator[tuple[Any, Any]]], files: RowSource, count: int) -> Any:
    facts, raw = files.task_files, files.raw_spec()
    target = tf.TensorSpec([None] if facts.references else [], facts.dtype)
    if raw.dtype == tf.string and not facts.references:
        if (held := held_in_memory(examples(), target.dtype)) is not None:
            return held

        # Handing each row to TensorFlow by itself would take longer than reading it.
        def chunks() -> Iterator[tuple[list[Any], list[Any]]]:
            rows = examples()
            while chunk := list(itertools.islice(rows, files.chunk)):
                raws, targets = zip(*chunk, strict=True)
                yield list(raws), list(targets)

        spec = (tf.TensorSpec([None], tf.string), tf.TensorSpec([None], target.dtype))
        data = tf.data.Dataset.from_generator(chunks, output_signature=spec).unbatch()
    else:
        data = tf.data.Dataset.from_generator(examples, output_signature=(raw, target))
    return data.apply(tf.data.experimental.assert_cardinality(count))
