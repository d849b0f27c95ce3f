"""Turns sequences with a target for each step into a dataset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.options import read_options, with_options
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import JOINT, parse_columns
from keras_rnn_zoo.user_data.formats.npz import Arrays
from keras_rnn_zoo.user_data.joined_files import is_pattern
from keras_rnn_zoo.user_data.recordings import recording_options
from keras_rnn_zoo.user_data.rows import RowSource
from keras_rnn_zoo.user_data.step_arrays import StepArrays
from keras_rnn_zoo.user_data.step_columns import CLASSES, NUMBERS, STEP_TASKS, WORDS
from keras_rnn_zoo.user_data.step_openers import Opener, rates_in, recordings_opener, table_opener
from keras_rnn_zoo.user_data.step_recordings import Recorded
from keras_rnn_zoo.user_data.step_sequences import StepSource
from keras_rnn_zoo.user_data.step_splits import open_steps, was_trained
from keras_rnn_zoo.user_data.step_targets import StepForm
from keras_rnn_zoo.user_data.table import Table


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
    is_joined = isinstance(location, str) and is_pattern(location)
    extra = [option.name for one in more_options for option in read_options(one).values()]
    reading = {name: str(options.get(name) or "") for name in ("encoding", *extra)}
    parts: Mapping[str, Any] = {} if is_joined else kind.divided(location)
    data = _Data(opened, location, parts, str(options.get("columns") or ""), reading, config)
    first = opened(data.main, data.columns, reading)
    form = _form(first, tasks, options, config)
    make = _make(data, first, form)
    for further in more_options:
        make = with_options(make, further)
    return registry.Dataset(
        name=f"{format}:{','.join(map(str, kind.roots(location))) if data.parts else first.address()}",
        make=make,
        task=form.task,
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": first.input},
        defaults={} if config else {**form.defaults(), **first.defaults()},
    )


@dataclass(frozen=True)
class _Data:
    """Sequences before they are opened.

    Attributes:
        opened: opens a source.
        location: the address, without the format's name.
        parts: the place of each split, if the data is divided.
        text: the option `columns`.
        reading: the options with which sources are read.
        config: the description of a run that was trained on the data; `None` for a new training.
    """

    opened: Opener
    location: Any
    parts: Mapping[str, Any]
    text: str
    reading: Mapping[str, str]
    config: RunConfig | None

    @property
    def main(self) -> Any:
        """The place of the training split, or of everything."""
        return self.parts.get("train", self.location)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that the option names."""
        return self.columns_of(self.text)

    def columns_of(self, text: str) -> dict[str, str]:
        """Returns the columns that a text names: those of the run if it was trained with the same text."""
        trained = self.config.dataset if self.config else None
        if trained and trained.recorded and text == str(trained.options.get("columns", "")):
            return dict(trained.recorded.columns)
        return parse_columns(text, WORDS)


def _make(data: _Data, first: StepSource, form: StepForm) -> Callable[..., Examples]:
    """Returns the function that opens the data, whose parameters are the options of the dataset.

    Args:
        data: the data.
        first: its source, opened to find the form, which the function uses once if it can.
        form: the form of the targets.
    """
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
        now = {"encoding": encoding, **{name: str(more.get(name, "")) for name in data.reading if name != "encoding"}}
        named = data.columns_of(columns)
        reused = unused and now == data.reading and named == data.columns
        sources = {"train": unused.pop() if reused else data.opened(data.main, named, now)}
        if form.names:  # In the order of the run, whatever that of the columns.
            sources["train"].arranged(form, form.names)
        for name, place in {"validation": validation, "test": test}.items():
            if where := place or data.parts.get(name):
                sources[name] = data.opened(where, dict(sources["train"].columns), now)
        return open_steps(sources, form, seed, skip_bad_rows, data.config)

    return open_files


def _form(source: StepSource, tasks: Sequence[str], options: Mapping[str, Any], config: RunConfig | None) -> StepForm:
    possible = [task for task in STEP_TASKS if task in tasks]
    multilabel = config.task.options.get("multilabel") if config else options.get("multilabel")
    if isinstance(multilabel, str):  # As typed on a command line.
        multilabel = registry.tasks.get(CLASSES).options["multilabel"].parse(multilabel)
    form = source.form(possible[0] if len(possible) == 1 else "", multilabel)
    if not config or not was_trained(config):
        return form
    named = str(config.task.options.get("target_names") or "")
    known = config.task.classes if form.task == CLASSES else tuple(named.split(JOINT) if named else ())
    several = form.names or (form.task == NUMBERS and known)
    return source.arranged(form, known) if several else form
