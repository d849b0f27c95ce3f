"""Saves the findings of fuzzing, one for each location in the code."""

import shutil
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1] / "build" / "fuzzing"
FINDINGS = ROOT / "findings"

_seen: set[str] = set()


def keep(target: str, data: bytes, error: BaseException, folder: Path | None = None) -> None:
    """Writes an input that caused a failure, and the traceback, unless the same location has failed before.

    Args:
        target: the target's name.
        data: the input.
        error: the exception.
        folder: the input's folder if the input was a folder.
    """
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((one for one in reversed(frames) if "keras_rnn_zoo/" in one.filename), frames[-1])
    name = f"{target}-{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
    if name in _seen:
        return
    _seen.add(name)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    (FINDINGS / f"{name}.bin").write_bytes(data)
    if folder:
        shutil.copytree(folder, FINDINGS / f"{name}.folder", dirs_exist_ok=True)
    (FINDINGS / f"{name}.txt").write_text(
        "".join(traceback.format_exception(error)), encoding="utf-8", errors="replace"
    )


def keep_process(target: str, start: int, status: str, printed: str) -> None:
    """Writes the output of a process that ended unexpectedly; libFuzzer writes the input next to it."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    (FINDINGS / f"{target}-process-{start}.txt").write_text(f"{status}\n{printed[-40_000:]}", encoding="utf-8")


def of_target(name: str) -> list[str]:
    """Returns the names of the findings for a target, or for all targets if the name is ""."""
    return sorted(path.stem for path in FINDINGS.glob(f"{name}-*.txt" if name else "*.txt"))


def put_aside() -> None:
    """Moves the findings of earlier runs away."""
    if FINDINGS.is_dir():
        FINDINGS.rename(ROOT / f"findings-until-{time.strftime('%Y%m%d-%H%M%S')}")
