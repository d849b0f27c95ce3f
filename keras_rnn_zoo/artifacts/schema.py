"""What a JSON document must look like: types, ranges and sizes. Imports no framework.

A kind is a function of a value that says whether it accepts it. `Keys` tells which of its keys are not as they must be.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Kind = Callable[[Any], bool]

MOST = 10_000_000
"""Items of a list or an object."""

MOST_CLASSES = 1_000_000
"""Classes or tags of a task."""


def text(longest: int = 4096, pattern: str = "") -> Kind:
    """Accepts texts up to a length, of a pattern if there is one."""
    form = re.compile(pattern)
    return lambda value: (
        isinstance(value, str) and len(value) <= longest and (not pattern or bool(form.fullmatch(value)))
    )


def whole(low: int = 0, high: int = 2**63 - 1) -> Kind:
    """Accepts whole numbers in a range."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def number(value: Any) -> bool:
    """Accepts finite numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -(2**1023) < value < 2**1023


def flag(value: Any) -> bool:
    """Accepts true and false."""
    return isinstance(value, bool)


def either(*kinds: Kind) -> Kind:
    """Accepts what one of some kinds does."""
    return lambda value: any(kind(value) for kind in kinds)


def none(value: Any) -> bool:
    """Accepts null."""
    return value is None


SCALAR = either(text(), number, flag, none)
"""A value of an option."""


def each(kind: Kind, most: int = MOST, least: int = 0) -> Kind:
    """Accepts lists of items of a kind."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(kind, value))


def mapped(kind: Kind, keys: Kind | None = None, most: int = MOST) -> Kind:
    """Accepts objects whose values are of a kind, and whose keys of another."""
    named = keys or text()
    return lambda value: (
        isinstance(value, dict) and len(value) <= most and all(named(key) and kind(one) for key, one in value.items())
    )


@dataclass(frozen=True)
class Keys:
    """An object with certain keys.

    Attributes:
        required: the kind of each key that it must have.
        optional: the kind of each key that it may have; those it knows nothing of may hold anything.
    """

    required: Mapping[str, "Kind | Keys"]
    optional: Mapping[str, "Kind | Keys"] = field(default_factory=dict)

    def __call__(self, value: Any) -> bool:
        return isinstance(value, dict) and not self.wrong(value)

    def wrong(self, document: Mapping[str, Any], prefix: str = "") -> list[str]:
        """Returns the keys of an object that lack or are not of their kind, with dots between those within others."""
        wrong = []
        for key, kind in {**self.required, **self.optional}.items():
            if key not in document:
                wrong += [prefix + key] if key in self.required else []
            elif isinstance(kind, Keys) and isinstance(document[key], dict):
                wrong += kind.wrong(document[key], f"{prefix}{key}.")
            elif not kind(document[key]):
                wrong.append(prefix + key)
        return wrong


NAME = text(200)
DIGEST = text(64, r"[0-9a-f]{64}")
FILES = mapped(DIGEST, text(500, r"(?!.*(^|/)\.\.?(/|$))[^/\\\x00-\x1f][^\\\x00-\x1f]*"), most=100_000)
"""Digests by paths that stay within a folder: none is absolute, and none climbs."""
TASK = Keys(
    {
        "name": NAME,
        "input": NAME,
        "classes": each(text(100_000), most=MOST_CLASSES),
        "options": mapped(SCALAR, NAME, most=1000),
        "reader": mapped(SCALAR, NAME, most=1000),
    }
)
"""What tells a task and its reader."""
_COUNTS = mapped(whole(), NAME, most=10)
RUN = Keys(
    {
        "run": text(100, r"[A-Za-z0-9][A-Za-z0-9._-]*"),
        "architecture": NAME,
        "dataset": Keys(
            {
                "name": text(100_000, r"[^\x00]+"),
                "version": NAME,
                "checksum": NAME,
                "options": mapped(either(SCALAR, text(100_000)), NAME, most=1000),
            },
            {
                "data_dir": either(none, text(4096, r"[^\x00]+")),
                "columns": mapped(text(100_000), NAME, most=100),
                "split": Keys(
                    {
                        "seed": whole(0, 2**64 - 1),
                        "bounds": mapped(each(whole(0, 2**53), 2, 2), text(100_000)),
                    }
                ),
                "rows": _COUNTS,
                "bad_rows": _COUNTS,
                "left_out": mapped(each(text(100_000)), NAME, most=10),
            },
        ),
        "task": TASK,
        "options": mapped(SCALAR, NAME, most=1000),
        "training": Keys(
            {"epochs": whole(1), "batch_size": whole(1), "learning_rate": number},
            {"patience": whole(), "save_every_steps": whole(), "deterministic": flag}
            | {"gradient_norm": number, "adam_epsilon": number},
        ),
        "seed": whole(0, 2**32 - 1),
        "versions": mapped(NAME, NAME, most=1000),
        "finished": flag,
        "epochs_trained": whole(),
        "files": FILES,
        "digest": DIGEST,
    },
    {"best_epoch": whole()},
)
"""A run's `config.json`."""
EXPORT = Keys(
    {
        "format": NAME,
        "run": NAME,
        "architecture": NAME,
        "dataset": Keys({"name": text(100_000), "version": NAME, "checksum": NAME}),
        "task": TASK,
        "versions": mapped(NAME, NAME, most=1000),
        "files": FILES,
        "digest": DIGEST,
    }
)
"""An export's `export.json`."""
