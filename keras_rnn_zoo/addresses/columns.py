"""Which column holds what: as the user says, or as columns are usually named."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence

from keras_rnn_zoo.errors import DataError, OptionError, name_hint, nearest
from keras_rnn_zoo.printing import short_repr

TARGETS = {
    "classification": "label",
    "regression": "value",
    "translation": "target",
    "tagging": "tags",
    "captioning": "caption",
    "transcription": "text",
}
"""The word for the target of each task."""

USUAL = {
    "text": "text review sentence content body comment message tweet document question title description input x",
    "label": "label class category sentiment stars intent topic polarity rating target output y",
    "value": "value price score number amount rating target output y",
    "source": "source src input from text",
    "target": "target tgt translation output to",
    "tokens": "tokens token form word words",
    "tags": "tags tag ner_tags ner upos pos xpos label",
    "image": "image image_name filename file file_name path name img",
    "caption": "caption captions text description sentence",
    "audio": "audio filename file file_name path name wav speech recording",
    "series": "series x strokes signal sequence points",
}
"""The names that a column for a word usually has, the likeliest first."""

USUAL_TRANSCRIPTS = "text transcript transcription sentence label words y target"


def words_of(task: str, input: str) -> tuple[str, ...]:
    """Returns the words for the columns of a task: that of the input and that of the target."""
    if task == "language_modelling":
        return ("text",)
    source = {"translation": "source", "tagging": "tokens"}.get(task, input)
    return source, TARGETS[task]


def parse_columns(text: str, words: Iterable[str]) -> dict[str, str]:
    """Returns the columns that the option `columns` gives, such as `text=review,label=stars`, by word."""
    known = sorted(set(words))
    columns: dict[str, str] = {}
    try:
        items = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:  # Of a line break outside of quotes, and of a name beyond all sizes.
        raise OptionError(
            f"Option 'columns' expects WORD=COLUMN, joined by commas; received {short_repr(text)}. Put a column whose "
            "name holds a comma or a line break in double quotes: '\"text=A, B\"'."
        ) from None
    for item in items:
        word, equals, column = (part.strip() for part in item.partition("="))
        if not equals or not column or word not in known:
            raise OptionError(
                f"Option 'columns' expects WORD=COLUMN, joined by commas, with the words {', '.join(known)}; received "
                f"{short_repr(item)}. {name_hint(word, known) if word not in known else 'Name the column.'}"
            )
        if word in columns:
            raise OptionError(
                f"Option 'columns' names two columns for {word!r}: {short_repr(columns[word])} and "
                f"{short_repr(column)}."
            )
        columns[word] = column
    return columns


def choose_task(
    tasks: Sequence[str], given: Mapping[str, str], present: Sequence[str], numbers: Callable[[str], bool]
) -> str:
    """Returns the task that files are for: by the words given, else by the names of the columns.

    Args:
        tasks: the tasks to choose from, the likeliest first.
        given: the columns that the user named, by word.
        present: the names of the columns that there are.
        numbers: tells of a column whether its values are measured numbers rather than names of classes.
    """
    for task in tasks:
        if TARGETS.get(task) in given:
            return task
    if set(tasks) >= {"classification", "regression"}:
        label, value = guess("label", present), guess("value", present)
        if value and (not label or (label == value and numbers(value))):
            return "regression"
    return tasks[0]


def guess(word: str, present: Sequence[str], task: str = "") -> str:
    """Returns the column that is usually named so, or ""."""
    usual = USUAL_TRANSCRIPTS if (word, task) == ("text", "transcription") else USUAL[word]
    folded = {name.strip().casefold().replace(" ", "_").replace("-", "_"): name for name in reversed(present)}
    return next((folded[name] for name in usual.split() if name in folded), "")


def resolve(
    words: Sequence[str], given: Mapping[str, str], present: Sequence[str], path: object, task: str = ""
) -> dict[str, str]:
    """Returns the column of each word.

    Raises:
        DataError: a column is not there, or none can be guessed.
    """
    columns: dict[str, str] = {}
    listed = ", ".join(map(repr, present))
    for word, column in given.items():
        if word not in words:
            raise OptionError(f"Option 'columns' names {word!r}; for {task} the words are {', '.join(words)}.")
        if column not in present:
            close = nearest(column, present)
            hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
            raise DataError(f"{path} has no column {column!r}. {hint}Its columns: {listed}.")
        columns[word] = column
    for word in words:
        if word not in columns:
            left = [name for name in present if name not in columns.values()]
            missing = [other for other in words if other not in columns]
            found = guess(word, left, task) or (left[0] if len(left) == len(missing) == 1 else "")
            if not found:
                example = ",".join(f"{word}=NAME" for word in words)
                raise DataError(
                    f"{path}: none of its columns ({listed}) is named as one for {word!r} usually is. Name the "
                    f"columns: --columns {example}; in a file without a header by number, such as {words[0]}=1."
                )
            columns[word] = found
    return columns
