"""The status line on a terminal: what a command is doing while nothing else is printed."""

import io
import logging
import shutil
from typing import IO

from keras_rnn_zoo.display.printing import one_line

ERASE = "\r\x1b[K"
"""Moves to the start of the line and erases it."""


class StatusStream(io.TextIOBase):
    """A text stream with a status line, which is erased before anything else is written.

    Args:
        stream: the stream. If it is not a terminal, no status is shown. `None`, for a closed standard error, discards
            everything.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream if stream is not None else io.StringIO()
        self._discards = stream is None
        self._shown = False

    def show(self, activity: str) -> None:
        """Shows what is being done, in place of the last status."""
        if self._stream.isatty():
            text = f"{one_line(activity)} ..."[: shutil.get_terminal_size().columns - 1]
            self._stream.write(f"{ERASE}{text}")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Erases the status, if one is shown."""
        if self._shown:
            self._shown = False
            self._stream.write(ERASE)
            self._stream.flush()

    def write(self, text: str) -> int:
        self.clear()
        return len(text) if self._discards else self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._stream, "encoding", "utf-8")


class StatusHandler(logging.Handler):
    """Shows the announcements of `keras_rnn_zoo.display.status` on a status line."""

    def __init__(self, stream: StatusStream) -> None:
        super().__init__()
        self._status = stream

    def emit(self, record: logging.LogRecord) -> None:
        self._status.show(record.getMessage())
