"""Entries by name and alias, found by scanning a folder and by the plugins that are installed. Imports no framework."""

import contextlib
import importlib
import inspect
import logging
import pkgutil
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from keras_rnn_zoo.errors import DuplicateNameError, UnknownNameError, name_hint
from keras_rnn_zoo.options import Option, read_options
from keras_rnn_zoo.printing import short_repr

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

logger = logging.getLogger(__name__)

PLUGINS = "keras_rnn_zoo.plugins"
"""The entry-point group of third-party packages."""


@dataclass(frozen=True)
class Entry:
    """What is known of an entry without loading a framework."""

    name: str
    make: Callable[..., Any]
    aliases: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the entry's docstring."""
        return (inspect.getdoc(self.make) or "").partition("\n")[0]

    def check(self) -> None:
        """Raises `TypeError` for a programming error in the entry's signature, docstring or facts."""
        _ = self.options
        if not are_names(self.aliases):
            raise TypeError(f"The aliases of {self.name!r} must be a tuple of names; received {self.aliases!r}.")

    @cached_property
    def options(self) -> dict[str, Option]:
        """The entry's options by name, in the order of its signature."""
        return read_options(self.make)


def are_names(value: Any) -> bool:
    """Whether a value is a tuple or list of texts."""
    return isinstance(value, tuple | list) and all(isinstance(name, str) for name in value)


E = TypeVar("E", bound=Entry)


def normalize_name(name: str) -> str:
    """Returns `name` as names are compared: lower case, with `_` for hyphens and spaces."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


class Catalog(Generic[E]):
    """The entries of one kind.

    Args:
        kind: the word for one entry, used in messages.
        package: the package whose modules are imported to find entries; `None` for none.
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, E] = {}
        self._names: dict[str, str] = {}

    def add(self, entry: E) -> None:
        """Adds an entry; raises `DuplicateNameError` if its name or an alias is taken."""
        foreign = not entry.make.__module__.startswith(f"{__package__}.")
        if _plugins.loading and foreign:
            self._scan_package()  # The package's own entries come first, whatever a plugin adds.
        names = {normalize_name(name) for name in (entry.name, *entry.aliases)}
        for name in names:
            if name in self._names:
                other = self._entries[self._names[name]]
                raise DuplicateNameError(
                    f"Two entries want the {self.kind} name {name!r}: {_qualified_name(other)} has it, "
                    f"{_qualified_name(entry)} asked for it. Rename one of them."
                )
        self._entries[entry.name] = entry
        self._names.update(dict.fromkeys(names, entry.name))
        if _plugins.loading and foreign:
            _plugins.added.append((self, entry))

    def remove(self, entry: E) -> None:
        """Takes out an entry, with its aliases."""
        del self._entries[entry.name]
        self._names = {name: of for name, of in self._names.items() if of != entry.name}

    def get(self, name: str) -> E:
        """Returns the entry of that name or alias; raises `UnknownNameError` with the nearest names."""
        self._scan()
        folded = normalize_name(str(name))
        if folded not in self._names:
            raise UnknownNameError(
                f"There is no {self.kind} named {short_repr(name)}. {name_hint(folded, self._names)}"
            )
        return self._entries[self._names[folded]]

    def entries(self) -> list[E]:
        """Returns all entries, sorted by name."""
        self._scan()
        return [self._entries[name] for name in sorted(self._entries)]

    def _scan(self) -> None:
        self._scan_package()
        _plugins.load()

    def _scan_package(self) -> None:
        if self._package is None:
            return
        package = importlib.import_module(self._package)
        self._package = None  # Set first: what is imported may look up a name.
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.startswith("_"):  # What entries share is imported by those that need it.
                continue
            importlib.import_module(f"{package.__name__}.{module.name}")


class _Plugins:
    """The modules that installed packages name in the entry-point group `keras_rnn_zoo.plugins`."""

    def __init__(self) -> None:
        self.loading = False
        self.added: list[tuple[Catalog[Any], Entry]] = []
        self._done = False

    def load(self) -> None:
        """Imports each plugin once; one that fails, or takes a name that is taken, is left out with a warning."""
        if not self._done and not self.loading:
            self.loading = True
            try:
                if _some_package_may_be_a_plugin():
                    from importlib import metadata  # Which takes as long to load as all of the registry.

                    for point in sorted(metadata.entry_points(group=PLUGINS), key=lambda point: point.name):
                        self._load(point)
            finally:
                self.loading, self._done = False, True

    def _load(self, point: "EntryPoint") -> None:
        source = f"{point.name!r} ({point.value}" + (f", of {point.dist.name})" if point.dist else ")")
        self.added = []
        try:
            with contextlib.redirect_stdout(sys.stderr):  # Standard output is for what the command prints.
                point.load()
            for _, entry in self.added:
                entry.check()
        except (Exception, SystemExit) as error:  # Whatever a plugin does, the zoo must stay usable.
            package = point.value.partition(":")[0].partition(".")[0]
            for catalog, entry in self.added:  # Half of a plugin is of no use.
                if entry.make.__module__.partition(".")[0] == package:  # It may have imported another plugin.
                    catalog.remove(entry)
            logger.warning("The plugin %s cannot be used and is left out: %s: %s", source, type(error).__name__, error)


def _some_package_may_be_a_plugin() -> bool:
    """Whether an installed package names the entry-point group, or lies where a look at its files cannot tell."""
    for place in map(Path, sys.path):
        if place.is_file():  # An archive.
            return True
        for pattern in ("*.dist-info/entry_points.txt", "*.egg*/entry_points.txt", "*.egg/EGG-INFO/entry_points.txt"):
            if any(PLUGINS.encode() in path.read_bytes() for path in place.glob(pattern)):
                return True
    return False


_plugins = _Plugins()


def _qualified_name(entry: Entry) -> str:
    return f"{entry.make.__module__}.{entry.make.__qualname__}"
