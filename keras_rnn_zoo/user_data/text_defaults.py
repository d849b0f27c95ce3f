"""Defaults that depend on the texts of the data."""

import re
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.conventions import UNSPACED
from keras_rnn_zoo.entries.files import TaskFiles

_UNSPACED = re.compile(f"[{UNSPACED}]")

LONG_TEXT = 300
"""Texts with a higher mean number of characters are long."""


def unspaced(texts: Sequence[str]) -> bool:
    """Whether texts are in a script without spaces between words, and are not already split into words."""
    joined = "".join(texts)
    letters, spaces = len(_UNSPACED.findall(joined)), sum(joined.count(space) for space in " \u3000")
    # A text that is already split into words has a space about every other letter.
    return letters > 0.3 * len(joined) and spaces < 0.15 * letters


def text_defaults(files: TaskFiles, sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts: those of their task, and characters as tokens for scripts without spaces.

    Args:
        files: how files hold the examples of the task.
        sources: some of the input texts.
        targets: their targets.
    """
    defaults = files.text_defaults(sources, targets) if files.text_defaults else {}
    return {**defaults, "tokens": "characters"} if unspaced(sources) else defaults


def long_text_defaults(sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts with a single target each, such as a class; they reduce overfitting on long texts."""
    if sum(map(len, sources)) <= LONG_TEXT * len(sources):
        return {}
    # The defaults of the zoo's datasets of reviews, with strong dropout.
    defaults: dict[str, Any] = {"dropout": 0.5, "word_dropout": 0.3, "batch_size": 64, "epochs": 5}
    return defaults | {"learning_rate": 5e-3, "adam_epsilon": 3e-5}


def sentence_defaults(sources: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Returns defaults for texts whose targets are texts, such as translations."""
    defaults: dict[str, Any] = {"max_length": 100, "dropout": 0.3, "units": 256, "embedding_dim": 256}
    defaults |= {"batch_size": 128, "learning_rate": 2e-3, "beam_size": 5}
    return defaults | ({"target_tokens": "characters", "bleu_tokenize": "char"} if unspaced(targets) else {})
