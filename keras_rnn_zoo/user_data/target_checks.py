"""Checks of targets as they stand in files, one for each type of target."""

import math
import re
from typing import Any

from keras_rnn_zoo.user_data.labels import LONGEST, Known, not_finite

LARGEST = 3.4028234663852886e38
"""The largest number of single precision, in which models are trained."""


def check_label(target: Any, known: Known) -> tuple[Any, str]:
    """Returns the class that a label names, and what is wrong with it, or ""."""
    if isinstance(target, float) and not math.isfinite(target):
        return target, "a finite number is expected"
    label = str(target).strip()
    if not label:
        return label, "the label is empty"
    if "\n" in label or "\r" in label:
        return label, "a label holds no line break"
    if len(label) > LONGEST:
        return label, f"a label of {len(label):,} characters; {LONGEST:,} at most are expected of the name of a class"
    if not known.classes:
        return label, ""
    if (meant := known.find(label)) is not None:
        return meant, ""
    if known.numeric and (fault := not_finite(label)):
        return label, fault
    return label, f"the label is none of the {len(known.classes)} seen in training ({known.hint(label)})"


def check_number(target: Any, known: Known) -> tuple[Any, str]:
    """Returns a target as a float, and what is wrong with it, or ""."""
    try:
        number = float(target)
    except (TypeError, ValueError):
        return target, _no_number(str(target).strip())
    if not math.isfinite(number):
        return number, "a finite number is expected"
    return number, "" if abs(number) <= LARGEST else f"a number of single precision is expected, up to {LARGEST:.1e}"


def _no_number(text: str) -> str:
    if not text:
        return "the value is empty"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return "a number is expected, with a point for its fraction and no comma"
    if re.fullmatch(r"[+-]?\d{1,3}([,.' \u00a0\u202f]\d{3})+([.,]\d+)?", text):
        return "a number is expected, with nothing between its thousands and a point for its fraction"
    return "a number is expected"


def check_tags(target: Any, known: Known) -> tuple[Any, str]:
    """Returns tags with spaces between, and what is wrong with them, or ""."""
    unseen = sorted(set(target.split(" ")) - known.classes) if known.classes else []
    return target, f"the tag {unseen[0]!r} was not seen in training ({known.hint(unseen[0])})" if unseen else ""


def check_text(target: Any, known: Known) -> tuple[Any, str]:
    """Returns a text, or a list of texts, and what is wrong with it, or ""."""
    return target, "" if target and (not isinstance(target, str) or target.strip()) else "the text is empty"
