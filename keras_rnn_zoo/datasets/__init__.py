"""The datasets of the zoo, one per file. The registry scans this folder.

The package can be called: `keras_rnn_zoo.datasets()` returns the datasets as a table.
"""

import os
import sys
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_rnn_zoo.display.text_tables import Table


class _CallablePackage(types.ModuleType):
    """The class of this package: a function `datasets` in `keras_rnn_zoo` would be hidden by the package's name."""

    def __call__(self, data_dir: str | os.PathLike[str] | None = None) -> "Table":
        """Returns the registered datasets; see `keras_rnn_zoo.datasets._listing.datasets`."""
        from keras_rnn_zoo.datasets._listing import datasets

        return datasets(data_dir)


sys.modules[__name__].__class__ = _CallablePackage
