"""Messages name options as the user writes them: as on the command line in a command, else as in Python.

Messages are written with the options of the commands, such as `--skip-bad-rows`. Imports no framework.
"""

import contextlib
import re
import shlex
from collections.abc import Iterator

_FLAGS = ("resume", "overwrite", "skip-bad-rows", "probabilities", "deterministic", "exports")
_ARGUMENTS = (
    "from",
    "output",
    "token-file",
    "set",
    "columns",
    "run",
    "dataset",
    "data-dir",
    "models-dir",
    "validation",
    "test",
    "encoding",
    "seed",
)
_OPTION = re.compile(
    # Not within quotes: a value that was received.
    rf"(?<![\w'\"-])--(?:(?P<flag>{'|'.join(_FLAGS)})|(?P<name>{'|'.join(_ARGUMENTS)}))(?![\w-])"
    # What follows is the value if it looks like one: an assignment, or a placeholder.
    r"(?: (?P<value>\w+=\S*?[\w%/](?=[.,;:)]*(?:\s|$))|[A-Z]{2,}\b|[a-z]+:[A-Z]+\b))?"
)
_SETTING = re.compile(r"--set (\w+)(?![\w=])")
_COMMAND = re.compile(
    r"\bzoo (?P<name>train|evaluate|predict|export|show|pack|pull|push)(?P<words> \w+(?: (?:"
    rf"--(?:{'|'.join(_FLAGS)})|--[\w-]+ (?:'[^']*'|[^\s`,;)]*[^\s`.,;)])))*)"
)
_VALUE = re.compile(r"-?\d+(\.\d+)?|N")

_in_command = False


@contextlib.contextmanager
def as_on_command_line() -> Iterator[None]:
    """Leaves messages as on the command line inside a `with` block, for the whole process."""
    global _in_command
    before, _in_command = _in_command, True
    try:
        yield
    finally:
        _in_command = before


def spelled(message: str) -> str:
    """Returns a message with its options as the user writes them.

    Args:
        message: the message, with options as on the command line.

    Example:
        >>> spelled("Correct it, or skip such rows with --skip-bad-rows.")
        'Correct it, or skip such rows with skip_bad_rows=True.'
        >>> spelled("Name its encoding: --set encoding=NAME.")
        'Name its encoding: encoding="NAME".'
        >>> spelled("Resume it: zoo train NAME --run a --resume")
        'Resume it: zoo.train("NAME", run="a", resume=True)'
    """
    if _in_command:
        return message
    message = _COMMAND.sub(_as_call, message)
    return _OPTION.sub(_as_argument, _SETTING.sub(r"\1", message))


def _as_argument(match: re.Match[str]) -> str:
    if match["flag"]:
        return f"{_argument(match['flag'])}=True"
    name, value = _argument(match["name"]), match["value"]
    if value is None:
        return name
    if name == "set":
        name, _, value = value.partition("=")
    return f"{name}={_literal(value)}"


def _as_call(match: re.Match[str]) -> str:
    """Returns a command as a call: `zoo train NAME --run a` as `zoo.train("NAME", run="a")`."""
    try:
        words = shlex.split(match["words"])
    except ValueError:
        return match[0]
    arguments, words = [], words[::-1]
    while words:
        word = words.pop()
        if not word.startswith("--"):
            arguments.append(_literal(word))
        elif word[2:] in _FLAGS:
            arguments.append(f"{_argument(word)}=True")
        else:
            name, value = _argument(word), words.pop()
            name, _, value = value.partition("=") if name == "set" else (name, "", value)
            arguments.append(f"{name}={_literal(value)}")
    function = "predict_file" if any(one.startswith("input=") for one in arguments) else match["name"]
    return f"zoo.{function}({', '.join(arguments)})"


def _argument(option: str) -> str:
    name = option.lstrip("-").replace("-", "_")
    return {"from": "from_run", "token_file": "token"}.get(name, name)


def _literal(value: str) -> str:
    if value in ("true", "false"):
        return value.capitalize()
    return value if _VALUE.fullmatch(value) else f'"{value}"'
