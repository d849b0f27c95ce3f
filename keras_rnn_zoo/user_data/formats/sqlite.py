"""The format `sqlite`: a table of an SQLite database, or the rows of a query."""

import contextlib
import functools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.entries.addresses import exists
from keras_rnn_zoo.entries.files import file_in_folder
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS, field_paths
from keras_rnn_zoo.user_data.columnar_inputs import columnar_inputs
from keras_rnn_zoo.user_data.held_rows import HeldRows
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, TrainedOn
from keras_rnn_zoo.user_data.rows import existing_file
from keras_rnn_zoo.user_data.step_inputs import text_steps
from keras_rnn_zoo.user_data.tables import table_dataset

MAGIC = b"SQLite format 3\0"
MAX_VALUE = 2**26
"""Maximum size of a value in bytes, as for lines of text."""
MAX_ROW, MIN_VALUE = 2**30, 2**20
"""Maximum size of all values of a row, which a database may compute, and the maximum size that a value always has."""
FETCHED, FETCHED_BYTES, STEPS = 256, 2**24, 100_000
"""Number of rows that are fetched at once, or of their bytes, and of steps of SQLite between two checks for Ctrl-C."""
ALLOWED = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE))
"""The actions that a query may perform."""


class QueryRows(HeldRows):
    """The rows of a query on an SQLite database, which is opened read-only; see `HeldRows`.

    The query is one SELECT. It can neither attach another database nor load an extension, and functions that a
    database's own views and triggers define on the side are not trusted.
    """

    _names: Sequence[str] = ()

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        name, mark, query = (location, "", "") if exists(location) else location.partition("?")
        self.path, self.query = existing_file(name), query.strip()
        self._check_file()
        if mark and not self.query:
            raise DataError(f"{location}: a query is expected after the question mark, such as SELECT * FROM reviews.")
        with self._connected() as connection:
            self._select = self.query.removesuffix(";").rstrip() or self._only_table(connection)
            cursor = connection.execute(self._limited(0))
            if cursor.description is None:
                raise DataError(f"{self.path}: a query is expected, such as SELECT text, label FROM reviews.")
            names = [column[0] for column in cursor.description]
        self._names = names
        return field_paths([(name,) for name in names], f"{self.path}, the query")

    def _check_file(self) -> None:
        """Raises `DataError` if the file is not a database, or is shorter than its header says.

        SQLite itself reads the rows before the end of a truncated file without an error.
        """
        with open(self.path, "rb") as file:
            header = file.read(100)
        if not header.startswith(MAGIC):
            raise DataError(f"{self.path} is not an SQLite database: it does not begin with its signature.")
        # The size is in two bytes, in which 1 means 65,536; the number of pages may be outdated.
        page_size = int.from_bytes(header[16:18], "big")
        pages, is_valid = int.from_bytes(header[28:32], "big"), header[24:28] == header[92:96]
        expected = pages * (2**16 if page_size == 1 else page_size) if is_valid else 0
        size = self.path.stat().st_size
        if len(header) < 100 or size < expected:
            raise DataError(f"{self.path} is truncated: it has {size:,} of {expected:,} bytes. Copy it again.")

    def _limited(self, rows: int) -> str:
        # A line break ends a comment in the query.
        return f"SELECT * FROM ({self._select}\n) LIMIT {rows}"

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection that can only read; raises `DataError` within the block for SQLite's errors."""
        try:
            connection = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise DataError(f"{self.path} cannot be opened: {error}.") from None
        try:
            with contextlib.closing(connection):
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA query_only = ON")
                connection.execute("PRAGMA cell_size_check = ON")
                connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
                longest = MAX_ROW // max(1, len(self._names))
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(MAX_VALUE, max(MIN_VALUE, longest)))
                connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
                connection.set_authorizer(_authorize)
                connection.set_progress_handler(lambda: 0, STEPS)  # Python handles signals there.
                yield connection
        except MemoryError:
            raise DataError(f"{self.path}: its values do not fit in memory. Select shorter ones or fewer.") from None
        except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
            if isinstance(error, sqlite3.DatabaseError) and "not authorized" in str(error):
                reason = "only SELECT is allowed, which reads tables of this database and loads no extension"
            else:
                # SQLite may quote names with invalid bytes.
                reason = "its schema is damaged" if isinstance(error, UnicodeError) else str(error).rstrip(".")
            raise DataError(f"{self.path}: {reason}. Correct the query or the database.") from None

    def _only_table(self, connection: sqlite3.Connection) -> str:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite@_%' ESCAPE '@'"
        )
        names = [name for (name,) in found.fetchmany(1000)]
        if len(names) != 1:
            listed = ", ".join(map(repr, names[:10])) or "none"
            table = names[0] if names else "reviews"
            raise DataError(
                f"{self.path} has the tables {listed}; expected one. Add a query: "
                f"'sqlite:{self.path}?SELECT * FROM {table}'."
            )
        quoted = names[0].replace('"', '""')
        return f'SELECT * FROM "{quoted}"'

    def paths(self) -> list[Path]:
        # In the mode WAL, the latest rows are in a second file until SQLite moves them.
        log = self.path.with_name(f"{self.path.name}-wal")
        return [self.path, log] if log.is_file() and log.stat().st_size else [self.path]

    def named(self) -> list[Path]:
        return [self.path]

    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else str(self.path)

    @functools.cached_property
    def _number_of_rows(self) -> int:
        with self._connected() as connection:
            (number,) = connection.execute(f"SELECT count(*) FROM ({self._select}\n)").fetchone()
        return int(number)

    def group_sizes(self) -> Sequence[int]:
        return [self._number_of_rows]

    def read_group(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Sequence[Sequence[Any]]]:
        places = [self._names.index(name) for name in columns]
        with self._connected() as connection:
            cursor = connection.execute(self._limited(-1) + f" OFFSET {skip}")
            rows: list[Any] = []
            size = 0
            for row in cursor:
                rows.append(row)
                size += sum(len(value) for value in row if isinstance(value, str | bytes))
                if len(rows) == FETCHED or size > FETCHED_BYTES:
                    yield [[row[place] for row in rows] for place in places]
                    rows, size = [], 0
            if rows:
                yield [[row[place] for row in rows] for place in places]


def _moved(location: str, folder: str) -> str:
    name, mark, query = location.partition("?")
    return f"{file_in_folder(name, folder)}{mark}{query}"


def _authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
    is_loading = action == sqlite3.SQLITE_FUNCTION and (second or "").casefold() == "load_extension"
    return sqlite3.SQLITE_OK if action in ALLOWED and not is_loading else sqlite3.SQLITE_DENY


def query_inputs(location: str, trained: TrainedOn, *, columns: str = "", encoding: str = "") -> InputFile:
    """Opens the rows of a query to predict; arguments as in `columnar_inputs`."""
    # The question mark before a query makes no pattern.
    return columnar_inputs(QueryRows, location, trained, False, columns=columns, encoding=encoding)


@registry.file_format(
    "sqlite",
    order=3.5,
    tasks=COLUMNAR_TASKS,
    address="sqlite:FILE[?QUERY]",
    move=_moved,
    endings=("sqlite", "sqlite3", "db"),
    inputs=("text", "window"),
    column_names="table",
    predict=query_inputs,
    predict_steps=functools.partial(text_steps, QueryRows),
)
def sqlite(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """The only table of an SQLite database, or the rows of a query, such as `reviews.db?SELECT text, stars FROM r`."""
    return table_dataset("sqlite", QueryRows, location, tasks, options, config)
