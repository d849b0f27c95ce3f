"""The history of a training: its table `history.csv`. Imports no framework."""

import csv
import html
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from keras_rnn_zoo.artifacts.snapshot import Member, NotRegularError
from keras_rnn_zoo.display.printing import printable, short_repr
from keras_rnn_zoo.errors import RunError, UnknownNameError, ZooError, name_hint
from keras_rnn_zoo.packages import optional_package

Row = dict[str, float]


class History(Sequence[Row]):
    """Loss and metrics of each epoch, as a sequence of rows: `history[-1]["val_loss"]`.

    A name gives a column, as in the `history` of Keras: `history["val_loss"]` is the list of its values.

    Args:
        rows: for each epoch, its number (`"epoch"`, from 1), loss and metrics by name.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = [dict(row) for row in rows]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._rows[0]) if self._rows else []

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> "History": ...
    @overload
    def __getitem__(self, place: str) -> list[float]: ...
    def __getitem__(self, place: int | slice | str) -> "Row | History | list[float]":
        if isinstance(place, slice):
            return History(self._rows[place])
        if not isinstance(place, str):
            return self._rows[place]
        if place not in self.columns:
            raise UnknownNameError(f"The history has no column {short_repr(place)}. {name_hint(place, self.columns)}")
        return [row[place] for row in self._rows]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]  # Like a list.

    def to_pandas(self) -> Any:
        """Returns the history as a `pandas.DataFrame`, with the epochs as index.

        Raises:
            ZooError: pandas is not installed.
        """
        pandas = optional_package("pandas", "", "`to_pandas`", ZooError)
        return pandas.DataFrame(self._rows, columns=self.columns).set_index("epoch")

    def _cells(self) -> list[list[str]]:
        return [[_shown(value) for value in row.values()] for row in self._rows]

    def __repr__(self) -> str:
        table = [self.columns, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        rows = ("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
        return printable("\n".join(rows))

    def _repr_html_(self) -> str:
        def line(kind: str, cells: Sequence[str]) -> str:
            return f"<tr>{''.join(f'<{kind}>{html.escape(printable(cell))}</{kind}>' for cell in cells)}</tr>"

        return f"<table>{line('th', self.columns)}{''.join(line('td', row) for row in self._cells())}</table>"


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"


def read_history(file: Path | Member, fault: Callable[[Path, str], RunError]) -> History:
    """Reads `history.csv`.

    Args:
        file: the file.
        fault: makes the error for a damaged file, given its path and a description of the fault.

    Raises:
        RunError: what `fault` returns if the file is missing or is not a table of numbers with a column `epoch`.
    """
    where = Path(file)
    try:
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), strict=True)
        rows: list[Row] = [{name: float(value) for name, value in row.items()} for row in reader]
        return History([{**row, "epoch": int(row["epoch"])} for row in rows])
    except FileNotFoundError:
        raise fault(where, "it is missing") from None
    except NotRegularError as error:
        raise fault(where, error.fault) from None
    except (ValueError, TypeError, KeyError, OverflowError, csv.Error):
        raise fault(where, "it is not a table with a number in each field and a column `epoch`") from None
