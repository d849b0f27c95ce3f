"""Whether plugins are installed. Imports so little that `zoo --help` can ask. Imports no framework."""

import contextlib
import os
import sys

PLUGINS = "keras_rnn_zoo.plugins"
"""The entry-point group of third-party packages."""


def plugins_may_exist() -> bool:
    """Returns whether an installed package declares the entry-point group, or might: archives are not searched."""
    for location in sys.path:
        try:
            with os.scandir(location or ".") as found:
                names = [entry.name for entry in found if entry.name.endswith((".dist-info", ".egg-info", ".egg"))]
        except NotADirectoryError:  # An archive.
            return True
        except OSError:
            continue
        if any(_declares_plugins(f"{location or '.'}/{name}") for name in names):
            return True
    return False


def _declares_plugins(folder: str) -> bool:
    """Returns whether the metadata of an installed package declare the entry-point group."""
    for name in ("entry_points.txt", *["EGG-INFO/entry_points.txt"] * folder.endswith(".egg")):
        with contextlib.suppress(OSError), open(f"{folder}/{name}", "rb") as file:
            return PLUGINS.encode() in file.read()
    return False
