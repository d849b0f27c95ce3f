"""A lesson as a notebook: the one that is executed, and the one that readers download, made from it."""

import base64
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lesson_source import Block, Prose, Value
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETUP = Path(__file__).parent / "lesson_setup.py"
_ADMONITION = re.compile(r'^(?P<kind>\?{3}\+?|!{3}) *(?P<type>[\w-]+)(?: +"(?P<title>[^"]*)")?[^\n]*$')
_RELATIVE_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\[]+)\]\((?!\w+:|#)(?P<target>[^)\s]*)\)")
_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>(?!\w+:)[^)\s#]+)[^)]*\)")
_ATTRIBUTE_LIST = re.compile(r"\{ *[:.#][^{}\n]*\}")
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def to_execute(parts: list[Prose | Value | Block]) -> Any:
    """Returns the notebook that is executed: a cell for each block and for each value, and one before them.

    The metadata of a cell say in `zoo` what it is of: a `kind` ("setup", "value" or "block") and the index of its part.
    """
    setup = new_code_cell(
        f"import runpy as _r; _r.run_path({str(SETUP)!r}); del _r", metadata={"zoo": {"kind": "setup"}}
    )
    cells = [setup]
    for index, part in enumerate(parts):
        if isinstance(part, Value):
            cells.append(new_code_cell(f'print({part.expression}, end="")'))
            cells[-1].metadata["zoo"] = {"kind": "value", "part": index}
        elif isinstance(part, Block):
            cells.append(new_code_cell(source_of(part)))
            cells[-1].metadata["zoo"] = {"kind": "block", "part": index}
            if "raises" in part.attributes:
                cells[-1].metadata["tags"] = ["raises-exception"]
    return _without_ids(new_notebook(cells=cells, metadata=dict(_KERNEL)))


def source_of(block: Block) -> str:
    """Returns the source of the cell of a block. Each command of the shell begins with an exclamation mark."""
    if block.language == "python":
        return block.code
    commands, lines = [], block.code.splitlines()
    continued = False
    for line in lines:
        is_command = line.strip() and not line.lstrip().startswith("#") and not continued
        commands.append(f"!{line}" if is_command else line)
        continued = line.endswith("\\")
    return "\n".join(commands)


def with_outputs(parts: list[Prose | Value | Block], executed: Any | None) -> Iterator[tuple[str, Block | None, list]]:
    """Yields each block of a lesson, with the text before it and the outputs below it; and last the text at the end.

    Args:
        parts: the parts of the lesson.
        executed: the notebook that was executed; `None` if none was: blocks have no outputs then, and values are "…".

    Yields:
        The text, with values in place; the block, or `None` at the end; its outputs, as in a notebook.
    """
    cells = {cell.metadata["zoo"].get("part"): cell for cell in executed.cells} if executed else {}
    text = ""
    for index, part in enumerate(parts):
        if isinstance(part, Prose):
            text += part.text
        elif isinstance(part, Value):
            text += _shown_value(cells[index]) if executed else "…"
        else:
            yield text, part, cells[index].outputs if executed else []
            text = ""
    yield text, None, []


def to_download(parts: list[Prose | Value | Block], executed: Any, lesson: Path) -> Any:
    """Returns the notebook that readers download: the executed cells with their outputs, and the prose between them."""
    cells: list[Any] = []
    count = 0
    for text, block, outputs in with_outputs(parts, executed):
        cells += _markdown_cells(text, lesson)
        if block is None:
            continue
        count += 1
        cell = new_code_cell(source_of(block), outputs=outputs, execution_count=count)
        if block.indent or "hide" in block.attributes:
            cell.metadata["jupyter"] = {"source_hidden": True}
        for output in outputs:
            if "execution_count" in output:
                output.execution_count = count
        cells.append(cell)
    return _without_ids(new_notebook(cells=cells, metadata=dict(_KERNEL)))


def _shown_value(cell: Any) -> str:
    """Returns what the cell of a value printed."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def _markdown_cells(text: str, lesson: Path) -> list[Any]:
    """Returns a cell with the text in the Markdown of notebooks, which has no admonitions; none for a blank text."""
    text = _RELATIVE_LINK.sub(r"\g<text>", _ATTRIBUTE_LIST.sub("", _SCRIPT.sub("", _plain_admonitions(text))))
    if not text.strip():
        return []
    cell = new_markdown_cell(text.strip("\n"))
    for image in _IMAGE.finditer(text):
        file = (lesson.parent / image["target"]).resolve()
        if file.suffix == ".svg" and file.is_file():
            cell.source = cell.source.replace(f"({image['target']}", f"(attachment:{file.name}")
            encoded = base64.b64encode(file.read_bytes()).decode()
            cell.setdefault("attachments", {})[file.name] = {"image/svg+xml": encoded}
    return [cell]


def _plain_admonitions(text: str) -> str:
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        admonition = _ADMONITION.match(line)
        if admonition:
            inside = True
            lines += [f"**{admonition['title'] or admonition['type'].capitalize()}**", ""]
        elif inside or line.startswith("    "):
            # What follows a block in an admonition begins a text of its own, and is indented still.
            inside = inside and (not line.strip() or line.startswith("    "))
            lines.append(textwrap.dedent(line) if not line.startswith("     ") else line[4:])
        else:
            lines.append(line)
    return "\n".join(lines)


def _without_ids(notebook: Any) -> Any:
    """Numbers the cells, whose ids nbformat draws at random: the same lesson gives the same file."""
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook
