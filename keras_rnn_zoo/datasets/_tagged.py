"""Default settings for tagged sentences, for all datasets and file formats."""

from collections.abc import Iterable, Mapping
from typing import Any

NAMES: Mapping[str, Any] = {"char_units": 50, "units": 128, "dropout": 0.4, "word_dropout": 0.2, "epochs": 10}
"""Defaults for spans, such as names, whose tags begin with B- and I-."""

PARTS_OF_SPEECH: Mapping[str, Any] = {**NAMES, "epochs": 5, "learning_rate": 0.005, "adversarial": 0.3}
"""Defaults for one tag per word."""


def tagging_defaults(tags: Iterable[str]) -> dict[str, Any]:
    """Returns the default settings and options for data with these tags."""
    return dict(NAMES if any(tag.startswith(("B-", "I-")) for tag in tags) else PARTS_OF_SPEECH)
