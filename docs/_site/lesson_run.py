"""Executes a lesson: one kernel, one temporary folder, every block in order. The first error ends it."""

import contextlib
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbclient
from lesson_noise import without_noise
from lesson_notebook import to_execute
from lesson_source import Block, LessonError, Prose, Value
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

ROOT = Path(__file__).parents[2]
TIMEOUT = 900
"""Seconds that a block may take."""
_LINE = re.compile(r"Cell In\[\d+\], line (\d+)|<ipython-input[^>]*>.*?line (\d+)|File <\w+>:(\d+)")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def execute(lesson: Path, parts: list[Prose | Value | Block]) -> Any:
    """Returns the executed notebook of a lesson, its outputs without noise.

    Raises:
        LessonError: if a block fails, or ends without the error it is to end with. It names lesson, line, and message.
    """
    notebook = to_execute(parts)
    with tempfile.TemporaryDirectory(prefix="lesson-") as name:
        folder = Path(name).resolve()
        (folder / "work").mkdir()
        client = nbclient.NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder / "work")}},
            store_widget_state=False,
            # Sockets that no other user or machine can open.
            config=Config({"KernelManager": {"transport": "ipc", "ip": str(folder / "kernel")}}),
        )
        # What libraries write past Python, such as TensorFlow while it loads.
        log = folder / "kernel.log"
        try:
            with open(log, "wb") as file:
                client.execute(env=_environment(folder), stderr=file)
        except CellExecutionError as error:
            raise _located(lesson, parts, notebook, error) from None
        except (CellTimeoutError, DeadKernelError) as error:
            message = f"{str(error).strip()} {log.read_text(errors='replace')[-2000:]}".strip()
            raise LessonError(lesson, _line_of(parts, _last_started(notebook)), message) from None
        finally:
            _end_kernel(client)
        _check_errors(lesson, parts, notebook)
        for cell in notebook.cells:
            cell.outputs = _clean(cell.outputs, str(folder / "work"))
    return notebook


def _environment(folder: Path) -> dict[str, str]:
    """Returns the environment of a kernel: one thread, so that two lessons share two cores and results repeat."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZOO_", "KERAS_"))}
    return (
        kept
        | threads
        | {
            "COLUMNS": "100",
            "CUDA_VISIBLE_DEVICES": "-1",
            "IPYTHONDIR": str(folder / "ipython"),
            "MPLCONFIGDIR": str(Path(tempfile.gettempdir()) / "zoo-lessons-matplotlib"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(ROOT),
            "SOURCE_DATE_EPOCH": "0",  # Of SVG files.
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
    )


def _end_kernel(client: Any) -> None:
    """Ends what a lesson left in the background: the processes in the group of the kernel."""
    group = getattr(getattr(client.km, "provisioner", None), "pgid", None)
    if group and group != os.getpgrp():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _clean(outputs: list[Any], folder: str) -> list[Any]:
    """Returns the outputs but those on standard error, without noise. Text in pieces becomes one output."""
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
        else:
            for kind in ("text/plain", "text/html"):
                if kind in output.data:
                    output.data[kind] = without_noise(output.data[kind], folder)
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = without_noise(output.text, folder)
    return [output for output in kept if output.output_type != "stream" or output.text]


def _check_errors(lesson: Path, parts: list[Any], notebook: Any) -> None:
    for cell in notebook.cells:
        expected = parts[cell.metadata["zoo"]["part"]] if cell.metadata["zoo"]["kind"] == "block" else None
        if expected and "raises" in expected.attributes:
            raised = [output.ename for output in cell.outputs if output.output_type == "error"]
            if raised != [expected.attributes["raises"]]:
                message = (
                    f"The block is to raise {expected.attributes['raises']}; it raised {' '.join(raised) or 'nothing'}."
                )
                raise LessonError(lesson, expected.line, message)


def _located(lesson: Path, parts: list[Any], notebook: Any, error: CellExecutionError) -> LessonError:
    cell = next(cell for cell in notebook.cells if any(output.output_type == "error" for output in cell.outputs))
    lines = [next(filter(None, found)) for found in _LINE.findall(_COLOR.sub("", error.traceback))]
    offset = int(lines[0]) - 1 if lines and cell.metadata["zoo"]["kind"] == "block" else 0
    return LessonError(lesson, _line_of(parts, cell) + offset, f"{error.ename}: {error.evalue}")


def _line_of(parts: list[Any], cell: Any) -> int:
    index = cell.metadata["zoo"].get("part")
    return 1 if index is None else parts[index].line


def _last_started(notebook: Any) -> Any:
    started = [cell for cell in notebook.cells if "execution" in cell.metadata]
    return started[-1] if started else notebook.cells[0]
