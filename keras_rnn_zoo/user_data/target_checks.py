"""Checks of the targets in files, one for each type of target."""

import math
import re
from typing import Any

from keras_rnn_zoo.user_data.labels import MAX_LABEL_LENGTH, KnownClasses, not_finite

MAX_FLOAT32 = 3.4028234663852886e38
"""The largest finite float32 number."""
_TOO_LARGE = f"a number of up to {MAX_FLOAT32:.1e} is expected (float32)"


def check_label(target: Any, known: KnownClasses) -> tuple[Any, str]:
    """Returns the class that a label matches, and its fault, or ""."""
    if isinstance(target, float) and not math.isfinite(target):
        return target, "a finite number is expected"
    label = str(target).strip()
    if not label:
        return label, "the label is empty"
    if "\n" in label or "\r" in label:
        return label, "a label cannot contain a line break"
    if len(label) > MAX_LABEL_LENGTH:
        return label, f"the label has {len(label):,} characters; up to {MAX_LABEL_LENGTH:,} are expected"
    if not known.classes:
        return label, ""
    if (match := known.find(label)) is not None:
        return match, ""
    if known.numeric and (fault := not_finite(label)):
        return label, fault
    return label, f"the label is not one of the {len(known.classes)} seen in training ({known.hint(label)})"


def check_number(target: Any, known: KnownClasses) -> tuple[Any, str]:
    """Returns a target as a float, and its fault, or ""."""
    try:
        number = float(target)
    except OverflowError:  # JSON has integers of any size.
        return target, _TOO_LARGE
    except (TypeError, ValueError):
        return target, _number_fault(str(target).strip())
    if not math.isfinite(number):
        return number, "a finite number is expected"
    return number, "" if abs(number) <= MAX_FLOAT32 else _TOO_LARGE


def _number_fault(text: str) -> str:
    if not text:
        return "the value is empty"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return "a number is expected, with a decimal point instead of a comma"
    if re.fullmatch(r"[+-]?\d{1,3}([,.' \u00a0\u202f]\d{3})+([.,]\d+)?", text):
        return "a number is expected, without thousands separators and with a decimal point"
    return "a number is expected"


def check_tags(target: Any, known: KnownClasses) -> tuple[Any, str]:
    """Returns tags, separated by spaces, and their fault, or ""."""
    unseen = sorted(set(target.split(" ")) - known.classes) if known.classes else []
    return target, f"the tag {unseen[0]!r} was not seen in training ({known.hint(unseen[0])})" if unseen else ""


def check_text(target: Any, known: KnownClasses) -> tuple[Any, str]:
    """Returns a text, or a list of texts, and its fault, or ""."""
    return target, "" if target and (not isinstance(target, str) or target.strip()) else "the text is empty"
