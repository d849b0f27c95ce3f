"""An import hook that does something before and after a module is imported. Imports no framework."""

import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager


class ImportHook:
    """Runs the import of certain modules inside a `with` block.

    Args:
        names: the full names of the modules.
        around: function from the name of a module to the context manager of the block.
    """

    def __init__(self, names: Collection[str], around: Callable[[str], AbstractContextManager[None]]) -> None:
        self._names = names
        self._around = around
        self._searching = False

    def install(self) -> None:
        """Adds the hook in front of Python's finders."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Removes the hook if it is installed."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns how to import a module, as Python's import system asks for it; `None` for other modules."""
        if fullname not in self._names or self._searching:
            return None
        self._searching = True  # The search below asks this hook, too.
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching = False
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                with self._around(fullname):
                    execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
