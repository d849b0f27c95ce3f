"""Where what fuzzing finds is kept, once for each place in the code that it comes from."""

import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1] / "build" / "fuzzing"
FINDINGS = ROOT / "findings"

_seen: set[str] = set()


def keep(target: str, data: bytes, error: BaseException) -> None:
    """Writes an input that was answered wrongly, and the traceback, unless the same place has failed before."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "keras_rnn_zoo" in frame.filename]
    frame = ours[-1] if ours else place
    name = f"{target}-{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
    if name in _seen:
        return
    _seen.add(name)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    (FINDINGS / f"{name}.bin").write_bytes(data)
    (FINDINGS / f"{name}.txt").write_text("".join(traceback.format_exception(error)))
