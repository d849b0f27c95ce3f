"""Catalogs of entries by name and alias, found in a package folder and in installed plugins. Imports no framework."""

import contextlib
import functools
import importlib
import inspect
import logging
import math
import pkgutil
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.entries.plugins import PLUGINS, plugins_may_exist
from keras_rnn_zoo.errors import DuplicateNameError, UnknownNameError, name_hint
from keras_rnn_zoo.options import Option, parse_options, read_options, split_entry, split_pairs

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """The facts about an entry that are available without loading a framework.

    Attributes:
        name: its name.
        make: the function or class that it registers.
        aliases: further names.
        order: place among the entries of its kind; those without one follow by name.
        listed: whether messages list it among the known names.
    """

    name: str
    make: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    order: float = math.inf
    listed: bool = True

    @property
    def summary(self) -> str:
        """The first line of the entry's docstring."""
        return (inspect.getdoc(self.make) or "").partition("\n")[0]

    def check(self) -> None:
        """Raises `TypeError` for a programming error in the entry's signature, docstring or facts."""
        _ = self.options
        if not are_names(self.aliases):
            raise TypeError(f"The aliases of {self.name!r} must be a tuple of names; received {self.aliases!r}.")
        if not isinstance(self.order, int | float) or math.isnan(self.order):
            raise TypeError(f"The `order` of {self.name!r} must be a number; received {self.order!r}.")

    @cached_property
    def options(self) -> dict[str, Option]:
        """The entry's options by name, in the order of its signature."""
        return read_options(self.make)


def are_names(value: Any) -> bool:
    """Returns whether a value is a tuple or list of strings."""
    return isinstance(value, tuple | list) and all(isinstance(name, str) for name in value)


def import_modules(package: str) -> None:
    """Imports the modules in a package, so that the entries in them register themselves.

    Modules whose names begin with an underscore are left to those that need them. A plugin calls it with `__name__`.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")


E = TypeVar("E", bound=Entry)


def normalize_name(name: str) -> str:
    """Returns `name` in the form used for comparison: lower case, with `_` for hyphens and spaces."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


class Catalog(Generic[E]):
    """The entries of one kind.

    Args:
        kind: what an entry is called in messages, such as "architecture".
        package: the package whose modules are imported to find entries, or `None`.
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, E] = {}
        self._names: dict[str, str] = {}

    def add(self, entry: E) -> None:
        """Adds an entry; raises `DuplicateNameError` if its name or an alias is taken."""
        foreign = entry.make.__module__.partition(".")[0] != __name__.partition(".")[0]
        if _plugins.loading and foreign:
            self._scan_package()  # Built-in entries take precedence over a plugin's.
        names = {normalize_name(name) for name in (entry.name, *entry.aliases)}
        for name in names:
            if name in self._names:
                other = self._entries[self._names[name]]
                raise DuplicateNameError(
                    f"The {self.kind} name {name!r} is already taken: {_qualified_name(other)} has it, and "
                    f"{_qualified_name(entry)} uses it again. Rename one of them."
                )
        self._entries[entry.name] = entry
        self._names.update(dict.fromkeys(names, entry.name))
        if _plugins.loading and foreign:
            _plugins.added.append((self, entry))

    def remove(self, entry: E) -> None:
        """Removes an entry and its aliases."""
        del self._entries[entry.name]
        self._names = {name: target for name, target in self._names.items() if target != entry.name}

    def get(self, name: str) -> E:
        """Returns the entry of that name or alias; raises `UnknownNameError` with similar names if there is none."""
        self._scan()
        normalized = normalize_name(str(name))
        if normalized not in self._names:
            known = [known for known, entry in self._names.items() if self._entries[entry].listed]
            raise UnknownNameError(f"There is no {self.kind} named {short_repr(name)}. {name_hint(normalized, known)}")
        return self._entries[self._names[normalized]]

    def find(self, value: str) -> E:
        """Returns an entry by its name, which options may follow: `lru:r_min=0.9` is `lru` with this option.

        Raises:
            UnknownNameError: there is no entry of that name.
            OptionError: the entry has no such option, or the option does not accept its value.
        """
        name, text = split_entry(value)
        entry = self.get(name)
        if not text:
            return entry
        options = parse_options(entry.options, split_pairs(text, self.kind), entry.name)
        return replace(entry, make=functools.partial(entry.make, **options))

    def entries(self) -> list[E]:
        """Returns all entries by their `order`, those without one at the end by name."""
        self._scan()
        return sorted(self._entries.values(), key=lambda entry: (entry.order, entry.name))

    def names(self) -> list[str]:
        """Returns the names of all entries, in the order of `entries`."""
        return [entry.name for entry in self.entries()]

    def _scan(self) -> None:
        self._scan_package()
        _plugins.load()

    def _scan_package(self) -> None:
        if self._package is None:
            return
        package, self._package = self._package, None  # Set before importing: the imported modules may look up a name.
        import_modules(package)


class _Plugins:
    """The modules that installed packages declare in the entry-point group `keras_rnn_zoo.plugins`."""

    def __init__(self) -> None:
        self.loading = False
        self.added: list[tuple[Catalog[Any], Entry]] = []
        self._done = False

    def load(self) -> None:
        """Imports each plugin once; skips, with a warning, a plugin that fails or uses a name that is taken."""
        if not self._done and not self.loading:
            self.loading = True
            try:
                if plugins_may_exist():
                    from importlib import metadata  # Imported late: as slow as the whole registry.

                    for point in sorted(metadata.entry_points(group=PLUGINS), key=lambda point: point.name):
                        self._load(point)
            finally:
                self.loading, self._done = False, True

    def _load(self, point: "EntryPoint") -> None:
        source = f"{point.name!r} ({point.value}" + (f", of {point.dist.name})" if point.dist else ")")
        self.added = []
        try:
            with contextlib.redirect_stdout(sys.stderr):  # Standard output is reserved for the command's output.
                point.load()
            for _, entry in self.added:
                entry.check()
        except (Exception, SystemExit) as error:  # Whatever a plugin does, the zoo must stay usable.
            package = point.value.partition(":")[0].partition(".")[0]
            for catalog, entry in self.added:  # Leave no half-registered plugin behind.
                if entry.make.__module__.partition(".")[0] == package:  # Keep entries of another plugin it imported.
                    catalog.remove(entry)
            logger.warning("Skipped the plugin %s, which cannot be used: %s: %s", source, type(error).__name__, error)


_plugins = _Plugins()


def _qualified_name(entry: Entry) -> str:
    return f"{entry.make.__module__}.{entry.make.__qualname__}"
