"""What an `Annotated` type says about an option, besides its type. Imports no framework."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, overload


@dataclass(frozen=True)
class Range:
    """Inclusive bounds of a number; `None` means unbounded."""

    minimum: float | None = None
    maximum: float | None = None


ANY_NUMBER = Range()


@dataclass(frozen=True)
class Search:
    """Marks an option that a search of options tries values of (`zoo tune`).

    Attributes:
        low: the lowest value; `None` for an option with choices, all of which are tried.
        high: the highest value.
        log: whether values are drawn from the logarithm of the range.
        inputs: the kinds of input for which the option is searched; empty for all.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForInputs:
    """The kinds of input that an option applies to; for other kinds, only its default is accepted."""

    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForTasks:
    """The tasks that an option applies to; for other tasks, only its default is accepted."""

    names: tuple[str, ...] = ()


class _Catalog(Protocol):
    def names(self) -> list[str]: ...
    def get(self, name: str) -> Any: ...


@dataclass(frozen=True)
class NamesIn(Sequence[str]):
    """The names in a catalog as choices. They are looked up when they are needed, so that plugins can add to them.

    Attributes:
        catalog: the catalog.
        with_options: whether options of an entry may follow its name, as in `lru:r_min=0.9`.
    """

    catalog: _Catalog
    with_options: bool = False

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self.catalog.names()[place]

    def __len__(self) -> int:
        return len(self.catalog.names())


@dataclass(frozen=True)
class _FromData:
    """The class of `FROM_DATA`."""


FROM_DATA = _FromData()
"""Marks an option that training sets from the dataset, such as the number of classes."""
