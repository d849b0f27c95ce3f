"""The page of an executed lesson: its Markdown with outputs beneath the blocks, and the files of its figures."""

import base64
import re
from pathlib import Path
from typing import Any

from lesson_notebook import with_outputs
from lesson_source import Block, LessonError, Prose, Value

_IMAGES = {"image/svg+xml": "svg", "image/png": "png"}
_HEADING = re.compile(r"^# .+\n", re.MULTILINE)


def write_page(lesson: Path, parts: list[Prose | Value | Block], notebook: Any | None, page: Path) -> None:
    """Writes the page of a lesson, and its figures to a folder beside it.

    Args:
        lesson: the path of the lesson, for messages.
        parts: its parts.
        notebook: the notebook that was executed; `None` for a quick look at the code alone.
        page: the path of the page.

    Raises:
        LessonError: if a block draws a figure that it does not describe.
    """
    figures = page.with_name(f"{page.stem}_files")
    text = ""
    for number, (before, block, outputs) in enumerate(with_outputs(parts, notebook)):
        text += before
        if block is not None:
            shown = [] if "hide" in block.attributes else [_fence(block.language, block.code)]
            shown += _outputs(lesson, block, outputs, figures, number)
            text += "\n".join(_indented(part, block.indent) for part in shown)
    if page.name[:2].isdigit():
        link = f"\n[Open as a notebook]({page.stem}.ipynb){{ .zoo-download download='{page.stem}.ipynb' }}\n"
        text = _HEADING.sub(lambda heading: heading[0] + link, text, count=1)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")


def _outputs(lesson: Path, block: Block, outputs: list[Any], figures: Path, index: int) -> list[str]:
    shown = []
    for number, output in enumerate(outputs):
        if output.output_type == "stream":
            shown.append(_fence("{ .text .zoo-output }", output.text.rstrip("\n")))
        elif output.output_type == "error":
            shown.append(_fence("{ .text .zoo-output .zoo-error }", "\n".join(output.traceback)))
        elif image := next((kind for kind in _IMAGES if kind in output.data), None):
            if "alt" not in block.attributes:
                message = (
                    'The block draws a figure. Say what it shows, for readers who do not see it: ```python alt="…"'
                )
                raise LessonError(lesson, block.line, message)
            path = figures / f"{index}-{number}.{_IMAGES[image]}"
            figures.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_bytes_of(output.data[image], image))
            alt = block.attributes["alt"].replace("[", "(").replace("]", ")")
            shown.append(f"![{alt}]({figures.name}/{path.name}){{ .zoo-figure loading=lazy }}\n")
        elif "text/html" in output.data:
            shown.append(_fence("zoo-html", re.sub(r"\n\s*\n", "\n", output.data["text/html"])))
        else:
            shown.append(_fence("{ .text .zoo-output }", output.data["text/plain"]))
    return shown


def _bytes_of(data: str, kind: str) -> bytes:
    return data.encode() if kind == "image/svg+xml" else base64.b64decode(data)


def _fence(info: str, text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{info}\n{text}\n{fence}\n"


def _indented(text: str, indent: str) -> str:
    return "".join(indent + line if line.strip() else line for line in text.splitlines(keepends=True))
