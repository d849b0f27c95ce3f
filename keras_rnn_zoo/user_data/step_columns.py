"""The columns of a table with a row for each step: its sequence, its order, the inputs and the targets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.user_data.columns import (
    JOINT,
    ColumnError,
    find_column,
    find_columns,
    guess,
    listed,
    parse_columns,
    refuse_repeated,
    usual_columns,
)

CLASSES, NUMBERS = "step_classification", "step_regression"
STEP_TASKS = (CLASSES, NUMBERS)
"""The tasks with a target for each step: a class, or several; and a number, or several."""
STEP_FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "arrow", "hf", "excel", "sqlite", "npz", "memory")
WORDS = ("id", "order", "input", "target", "label", "value")
"""The words of the option `columns`. `label` and `value` are targets that are classes, or numbers."""
TARGET_WORDS = ("target", "label", "value")
STEP_COLUMNS: dict[str, Any] = {
    "source": "input",
    "target": "target",
    "columns": {
        "id": "id recording recording_id sequence sequence_id series_id unique_id item_id",
        "order": "order step t time timestamp index",
        "input": "input inputs x series features",
        "target": "target targets label labels class state activity y value",
    },
    "joins": ("input", "target"),
}
"""How files hold the examples of these tasks; see `keras_rnn_zoo.registry.TaskFiles`."""


class StepColumns(NamedTuple):
    """The names of the columns of a table with a row for each step.

    Attributes:
        id: the sequence that a row belongs to; "" if there is only one in a file.
        order: what the rows of a sequence are sorted by; "" for the order in the file.
        inputs: the numbers that are read.
        targets: what is predicted; empty in files to predict.
    """

    id: str
    order: str
    inputs: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The names of all columns, in this order."""
        return [*([self.id] if self.id else []), *([self.order] if self.order else []), *self.inputs, *self.targets]

    def as_options(self) -> dict[str, str]:
        """Returns the names for each word of the option `columns`, without words that have none."""
        joined = {"input": JOINT.join(self.inputs), "target": JOINT.join(self.targets)}
        return {word: name for word, name in {"id": self.id, "order": self.order, **joined}.items() if name}


def is_step_table(options: Mapping[str, Any], tasks: Sequence[str]) -> bool:
    """Whether a table has a row for each step: the option `columns` says so, or the task leaves nothing else.

    Args:
        options: options set by the user.
        tasks: the tasks that the table may be for.
    """
    others = set(tasks) - set(STEP_TASKS)
    if len(others) == len(set(tasks)):
        return False
    given = parse_columns(str(options.get("columns") or ""), usual_columns())
    own = {"input", "order"} if others - {"tagging"} else set(WORDS)  # The words of tagging are others.
    return not others or bool(own & given.keys())


def without_steps(tasks: Sequence[str]) -> tuple[str, ...]:
    """Returns the tasks that tables without a row for each step may be for."""
    return tuple(task for task in tasks if task not in STEP_TASKS)


def target_word(given: Mapping[str, str]) -> str:
    """Returns the word by which the user named the target, or ""; raises `OptionError` if there are several."""
    words = [word for word in TARGET_WORDS if word in given]
    if len(words) > 1:
        raise OptionError(
            f"Option 'columns' names both {words[0]!r} and {words[1]!r}. Name the target once: label=NAME if it is a "
            "class, value=NAME if it is a number."
        )
    return words[0] if words else ""


def resolve_step_columns(
    given: Mapping[str, str],
    present: Sequence[str],
    path: object,
    numeric: Callable[[Sequence[str]], list[str]],
    *,
    with_target: bool = True,
) -> StepColumns:
    """Returns the columns of a table with a row for each step.

    The columns `id`, `order` and `target` are guessed from usual names, and `input` is all other columns of numbers.

    Args:
        given: for each word of the option `columns`, the column or columns that the user named.
        present: the names of the existing columns.
        path: the file, for messages.
        numeric: returns those of some columns that hold numbers.
        with_target: whether to find the target.

    Raises:
        ColumnError: a column does not exist or cannot be guessed.
        OptionError: the user named a column for another word, or one column for two words.
    """
    word = target_word(given)
    found = {name: find_column(given[name], present, path) for name in ("id", "order") if name in given}
    inputs = find_columns(given["input"], present, path) if "input" in given else ()
    targets = find_columns(given[word], present, path) if word and with_target else ()

    def others() -> list[str]:
        return [name for name in present if name and name not in {*found.values(), *inputs, *targets}]

    for name in ("id", "order"):
        if name not in found and (guessed := guess(name, others())):
            found[name] = guessed
    if with_target and not targets:
        targets = (guess("target", others(), CLASSES),)
        if not targets[0]:
            raise ColumnError(
                f"{path}: none of its columns ({listed(present)}) has a usual name for 'target'. Name the columns: "
                "--columns id=NAME,order=NAME,input=A+B,target=NAME."
            )
    if not inputs and not (inputs := tuple(numeric(others()))):
        raise ColumnError(
            f"{path}: no column with numbers is left to read. Its columns: {listed(present)}. Name them: --columns "
            "input=A+B,target=NAME."
        )
    columns = StepColumns(found.get("id", ""), found.get("order", ""), inputs, targets)
    refuse_repeated(columns.names)
    return columns
