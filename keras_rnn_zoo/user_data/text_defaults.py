"""Defaults that follow from the texts themselves."""

import re
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.conventions import UNSPACED
from keras_rnn_zoo.entries import TaskFiles

_UNSPACED = re.compile(f"[{UNSPACED}]")

LONG = 300
"""Characters from which on texts, on average, are long ones."""


def unspaced(texts: Sequence[str]) -> bool:
    """Whether texts are of a script without spaces between words, and stand as they are written."""
    joined = "".join(texts)
    letters, spaces = len(_UNSPACED.findall(joined)), sum(joined.count(space) for space in " \u3000")
    # A text that was split into words already has a space every other letter or so.
    return letters > 0.3 * len(joined) and spaces < 0.15 * letters


def text_defaults(files: TaskFiles, sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts: those of their task, and characters where a script has no spaces between words.

    Args:
        files: how examples of the task stand in files.
        sources: some of the texts that are read.
        targets: their targets.
    """
    defaults = files.text_defaults(sources, targets) if files.text_defaults else {}
    return {**defaults, "tokens": "characters"} if unspaced(sources) else defaults


def long_text_defaults(sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts with one answer each, such as a class: long ones are learned by heart otherwise."""
    if sum(map(len, sources)) <= LONG * len(sources):
        return {}
    # As the zoo's own reviews: much of a long text is hidden.
    defaults: dict[str, Any] = {"dropout": 0.5, "word_dropout": 0.3, "batch_size": 64, "epochs": 5}
    return defaults | {"learning_rate": 5e-3, "adam_epsilon": 3e-5}


def sentence_defaults(sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts whose targets are texts, such as translations."""
    defaults: dict[str, Any] = {"max_length": 100, "dropout": 0.3, "units": 256, "embedding_dim": 256}
    defaults |= {"batch_size": 128, "learning_rate": 2e-3, "beam_size": 5}
    return defaults | ({"target_tokens": "characters", "bleu_tokenize": "char"} if unspaced(targets) else {})
