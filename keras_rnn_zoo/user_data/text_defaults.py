"""Defaults that follow from the texts themselves."""

import re
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.text_patterns import UNSPACED

_UNSPACED = re.compile(f"[{UNSPACED}]")

LONG = 300
"""Characters from which on texts, on average, are long ones."""


def unspaced(texts: Sequence[str]) -> bool:
    """Whether texts are of a script without spaces between words, and stand as they are written."""
    joined = "".join(texts)
    letters, spaces = len(_UNSPACED.findall(joined)), sum(joined.count(space) for space in " \u3000")
    # A text that was split into words already has a space every other letter or so.
    return letters > 0.3 * len(joined) and spaces < 0.15 * letters


def text_defaults(task: str, sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts: characters where a script has no spaces between words.

    Args:
        task: what they are for.
        sources: some of the texts that are read.
        targets: some of the targets; texts in translation.
    """
    defaults: dict[str, Any] = {}
    if task == "classification" and sum(map(len, sources)) > LONG * len(sources):
        # As the zoo's own reviews: long texts are learnt by heart unless much of them is hidden.
        defaults |= {"dropout": 0.5, "word_dropout": 0.3, "batch_size": 64, "epochs": 5}
        defaults |= {"learning_rate": 5e-3, "adam_epsilon": 3e-5}
    if unspaced(sources):
        defaults["tokens"] = "characters"
    if task == "translation":
        defaults |= {"max_length": 100, "dropout": 0.3, "units": 256, "embedding_dim": 256, "batch_size": 128}
        defaults |= {"learning_rate": 2e-3, "beam_size": 5}
        if unspaced(targets):
            defaults |= {"target_tokens": "characters", "bleu_tokenize": "char"}
    return defaults
