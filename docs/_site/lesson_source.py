"""A lesson as it is written: Markdown, cut into prose, values within prose, and blocks that are executed."""

import re
from dataclasses import dataclass, field
from pathlib import Path

EXECUTED = ("python", "shell")
OTHERS = {"bash": "shell", "console": "shell", "py": "python", "python3": "python", "sh": "shell", "zsh": "shell"}
"""Languages that look like executed ones but are not, and what to write."""
FLAGS, VALUES = ("hide",), ("alt", "raises")
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})[ ]*(?P<info>[^`\n]*)$")
_ATTRIBUTE = re.compile(r'(?P<name>[a-z]+)(?:="(?P<value>[^"]*)")?(?:\s+|$)')
_VALUE = re.compile(r"\{\{(?P<expression>.+?)\}\}")


class LessonError(Exception):
    """A lesson that cannot be built: the message begins with its path and line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


@dataclass(frozen=True)
class Prose:
    """Lines of Markdown that are not executed, as they stand."""

    text: str


@dataclass(frozen=True)
class Value:
    """An expression within prose, between double braces: its value at this point of the lesson is put in its place."""

    expression: str
    line: int


@dataclass(frozen=True)
class Block:
    """A fenced block that is executed.

    Attributes:
        language: "python" or "shell".
        code: its lines, without the indentation of the fence.
        line: the number of its first line of code in the lesson.
        indent: the indentation of its fence, which is that of the admonition around it.
        attributes: `alt`, the description of the figure it draws; `raises`, the name of the error it ends with;
            `hide`, if the page shows its output alone.
    """

    language: str
    code: str
    line: int
    indent: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def parse_lesson(path: Path) -> list[Prose | Value | Block]:
    """Returns the parts of a lesson in order.

    Raises:
        LessonError: if a fence has no end, a block has an unknown attribute, or a language is spelled in a way that
            would leave the block unexecuted.
    """
    parts: list[Prose | Value | Block] = []
    prose: list[str] = []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first, number = 1, 0
    while number < len(lines):
        fence = _FENCE.match(lines[number].rstrip("\n"))
        if not fence:
            prose.append(lines[number])
            number += 1
            continue
        end = _end_of_fence(lines, number, fence, path)
        language, _, rest = fence["info"].strip().partition(" ")
        if language in OTHERS:
            raise LessonError(
                path, number + 1, f"Write ```{OTHERS[language]}: a block of {language!r} is not executed."
            )
        if language in EXECUTED:
            parts += _prose_parts("".join(prose), first)
            code = "".join(line.removeprefix(fence["indent"]) for line in lines[number + 1 : end]).rstrip("\n")
            attributes = _attributes(rest, path, number + 1)
            parts.append(Block(language, code, number + 2, fence["indent"], attributes))
            prose, first = [], end + 2
        else:
            # Braces inside other fences are not values.
            parts += _prose_parts("".join(prose), first)
            parts.append(Prose("".join(lines[number : end + 1])))
            prose, first = [], end + 2
        number = end + 1
    return parts + _prose_parts("".join(prose), first)


def _end_of_fence(lines: list[str], start: int, fence: re.Match[str], path: Path) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].strip().startswith(fence["fence"]) and not lines[number].strip().strip(fence["fence"][0]):
            return number
    raise LessonError(path, start + 1, "This block has no closing fence.")


def _attributes(text: str, path: Path, line: int) -> dict[str, str]:
    attributes, position = {}, 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        name = match["name"] if match else text[position:]
        if not match or name not in (VALUES if match["value"] is not None else FLAGS):
            accepted = ", ".join([*FLAGS, *(f'{value}="…"' for value in VALUES)])
            raise LessonError(path, line, f"A block accepts {accepted}; received {name!r}.")
        attributes[name] = match["value"] or ""
        position = match.end()
    return attributes


def _prose_parts(text: str, first: int) -> list[Prose | Value]:
    parts: list[Prose | Value] = []
    position = 0
    for match in _VALUE.finditer(text):
        parts.append(Prose(text[position : match.start()]))
        parts.append(Value(match["expression"].strip(), first + text.count("\n", 0, match.start())))
        position = match.end()
    parts.append(Prose(text[position:]))
    return [part for part in parts if not isinstance(part, Prose) or part.text]
