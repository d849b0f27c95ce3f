"""A user's files, opened once: to find their task and columns, and then to train on them."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.options import read_options
from keras_rnn_zoo.user_data.columns import JOINT, parse_columns, usual_columns
from keras_rnn_zoo.user_data.joined_files import JoinedFiles, is_pattern
from keras_rnn_zoo.user_data.rows import RowSource


class SourceFiles:
    """The files at a location; reads only enough of them to determine the columns and the task.

    Args:
        kind: the class that reads them.
        location: the address, without the format's name.
        tasks: the tasks that the files may be for.
        options: options set by the user.
        config: the description of a run that was trained on the files; `None` for a new training.
        more_options: a function whose options the format has in addition to those of all files.
        joins_files: whether a pattern may name several files.

    Attributes:
        task: the task that the files are for.
        input: the kind of input that they have.
        address: the absolute paths of the files, joined by commas.
        defaults: settings and options that suit the files; empty if a run was trained on them.
    """

    def __init__(
        self,
        kind: type[RowSource],
        location: str,
        tasks: tuple[str, ...],
        options: Mapping[str, Any],
        config: RunConfig | None,
        more_options: Callable[..., None] | None,
        joins_files: bool = False,
    ) -> None:
        is_joined = joins_files and is_pattern(location)
        self._kind = functools.partial(open_source, kind, joins_files)
        self._recorded = config.dataset.recorded if config else None
        self._named_in_training = str(config.dataset.options.get("columns", "")) if config else ""
        self._folders = {} if is_joined else kind.divided(location)
        self._main = self._folders.get("train", location)
        format_options = read_options(more_options) if more_options else {}
        self._defaults = {"encoding": "", **{name: option.default for name, option in format_options.items()}}
        texts = ["encoding", *(name for name, option in format_options.items() if option.type is str)]
        self._reading = {name: str(options.get(name, "")) for name in texts}
        self._columns = self._columns_of(str(options.get("columns", "")))
        source = self._kind(self._main, tasks, self._columns, **self._reading)
        self.task, self.input = source.task, source.input
        roots = kind.roots(location) if self._folders else None
        self.address = ",".join(map(str, roots)) if roots else source.address()
        if config and config.task.name == source.task == "regression":
            _check_number(source, str(config.task.options.get("target_names") or ""))
        names = {"target_names": JOINT.join(source.target_columns)} if source.target_columns else {}
        self.defaults = {} if config else {**source.defaults(), **names}
        self._unused = [source]

    def _columns_of(self, columns: str) -> Mapping[str, str]:
        if self._recorded and columns == self._named_in_training:
            return self._recorded.columns
        return parse_columns(columns, usual_columns())

    def open(self, columns: str, reading: Mapping[str, Any], held_out: Mapping[str, str]) -> dict[str, RowSource]:
        """Returns the files of each split that has its own.

        The files that were opened to find the task are returned the first time, if they would be opened in the same
        way again. So a table is opened once, and arrays are not held in memory twice.

        Args:
            columns: the option `columns`.
            reading: options of the format, by name.
            held_out: for `"validation"` and `"test"`, the files that the user named, or "".
        """
        chosen, reading = self._columns_of(columns), {**self._defaults, **reading}
        is_same = chosen == self._columns and reading == {**self._defaults, **self._reading}
        if is_same and self._unused:
            files = {"train": self._unused.pop()}
        else:
            files = {"train": self._kind(self._main, (self.task,), chosen, **reading)}
        for split, path in held_out.items():
            if location := path or self._folders.get(split):
                files[split] = self._kind(location, (self.task,), files["train"].columns, **reading)
        return files


def _check_number(source: RowSource, trained: str) -> None:
    """Raises `DataError` unless a row has as many targets as the run that was trained on `trained`, joined by `+`."""
    expected = trained.split(JOINT) if trained else ["one"]
    found = len(source.target_columns) or 1
    if found != len(expected):
        raise DataError(
            f"{source.named()[0]} has {quantity(found, 'target')} in a row, but the run predicts {len(expected)}"
            f"{f' ({trained})' if trained else ''}. Name as many columns: --columns value={JOINT.join(expected)}."
        )


def open_source(
    kind: type[RowSource],
    joins_files: bool,
    location: str,
    tasks: tuple[str, ...],
    given: Mapping[str, str],
    **reading: Any,
) -> RowSource:
    """Opens the file at a location, or the files if it is a pattern; arguments as for `JoinedFiles`."""
    if joins_files and is_pattern(location):
        return JoinedFiles(kind, location, tasks, given, **reading)
    make: Callable[..., RowSource] = kind
    return make(location, tasks, given, **reading)
