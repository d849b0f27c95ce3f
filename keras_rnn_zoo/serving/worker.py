"""The thread that computes for a model: one request after another, or several together."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.serving.errors import OverloadedError, TimeLimitError

IDLE_SECONDS = 10.0
"""A thread without work ends after this time. The next request starts another one."""


@dataclass(eq=False)
class Work:
    """What a client waits for.

    Attributes:
        key: works with equal keys are done together; `None` for alone.
        rows: the number of inputs.
        payload: the inputs.
        run: the function from the payloads of works with equal keys to a result, or an exception, for each.
        loop: the event loop of the client's request.
        future: the result; cancelled if the client no longer waits.
    """

    key: Hashable
    rows: int
    payload: Any
    run: Callable[[Sequence[Any]], Sequence[Any]]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


class Worker:
    """Does the work of a model in a thread of its own, and joins what several clients ask for to a batch.

    Args:
        name: the name of the thread.
        max_queue: maximum number of works that wait.
        max_batch: maximum number of rows that are done together.
        batch_wait: maximum time to wait for further works of a batch, in seconds. A single client never waits.
        observe: called with the number of rows of each batch, in the thread.
    """

    def __init__(
        self,
        name: str,
        max_queue: int,
        max_batch: int,
        batch_wait: float,
        observe: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self._name, self._max_queue, self._max_batch, self._batch_wait = name, max_queue, max_batch, batch_wait
        self._observe = observe
        self._waiting: deque[Work] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._last_size = 1

    @property
    def waiting(self) -> int:
        """The number of works that wait."""
        return len(self._waiting)

    async def do(
        self,
        run: Callable[[Sequence[Any]], Sequence[Any]],
        payload: Any,
        *,
        key: Hashable = None,
        rows: int = 1,
        time_limit: float,
    ) -> Any:
        """Returns the result of some work, done in the thread; arguments as of `Work`.

        Raises:
            OverloadedError: too many works wait.
            TimeLimitError: there is no result within `time_limit` seconds.
        """
        loop = asyncio.get_running_loop()
        work = Work(key, rows, payload, run, loop, loop.create_future())
        self._put(work)
        try:
            async with asyncio.timeout(time_limit):
                return await work.future
        except TimeoutError:
            raise TimeLimitError(f"The model took longer than {time_limit:g} seconds. Send less at once.") from None
        finally:
            work.future.cancel()  # The thread skips what nobody waits for.

    def _put(self, work: Work) -> None:
        with self._changed:
            if len(self._waiting) >= self._max_queue:
                self._waiting = deque(other for other in self._waiting if not other.future.done())
            if len(self._waiting) >= self._max_queue:
                raise OverloadedError(f"{self._max_queue} requests wait for this model already. Try again later.")
            self._waiting.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def _serve(self) -> None:
        while batch := self._next_batch():
            self._observe(sum(work.rows for work in batch))
            results = batch[0].run([work.payload for work in batch])
            by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
            for work, result in zip(batch, results, strict=True):
                by_loop.setdefault(work.loop, []).append((work.future, result))
            for loop, settled in by_loop.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle, settled)

    def _next_batch(self) -> list[Work]:
        """Returns works to be done together; an empty list if there has been nothing to do for a while."""
        with self._changed:
            while True:
                if not self._changed.wait_for(lambda: self._waiting, IDLE_SECONDS):
                    self._thread = None
                    return []
                work = self._waiting.popleft()
                if not work.future.done():
                    break
            batch, rows = [work], work.rows
            if work.key is None:
                return batch
            # Clients that were answered together ask again together. A single one is not kept waiting.
            deadline = time.monotonic() + self._batch_wait
            rows += self._take(batch, self._max_batch - rows)
            while rows < min(self._last_size, self._max_batch) and self._changed.wait(deadline - time.monotonic()):
                rows += self._take(batch, self._max_batch - rows)
            self._last_size = rows
            return batch

    def _take(self, batch: list[Work], room: int) -> int:
        """Moves waiting works with the key of a batch to it, as long as there is room for their rows; returns these."""
        kept: deque[Work] = deque()
        taken = 0
        for work in self._waiting:
            if work.future.done():
                continue
            if work.key == batch[0].key and taken + work.rows <= room:
                batch.append(work)
                taken += work.rows
            else:
                kept.append(work)
        self._waiting = kept
        return taken


def _settle(results: Sequence[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
