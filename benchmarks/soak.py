"""Keeps `zoo serve` busy with good and bad clients: no wrong answer, no lost request, and no growing memory.

    python benchmarks/soak.py --minutes 30

64 clients send requests to `toy_reviews` one after another: most are valid, whose answers are compared with those of
`zoo.predict`; the others are malformed, oversized, slow, or aborted. A valid request may be answered with 503 (then it
is sent again), and with no other error. The memory of the server is that after a tenth of the time, by when it is
warm, and at the end; it is also printed each tenth, which shows whether it still grows.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PORT = 8524
PATH = "/v1/models/toy_reviews:predict"
CLIENTS = 64
TEXTS = [f"the {noun} is {word} {'and long ' * (n % 40)}" for n, (noun, word) in enumerate(
    (noun, word) for noun in ("plot", "cast", "film", "story", "acting") for word in
    ("dull", "not dull", "superb", "not superb", "fine", "predictable", "a mess", "moving"))]  # fmt: skip
TOLERANCE = 1e-5


def request_of(body: bytes, length: int | None = None) -> bytes:
    """Returns a request; its Content-Length may be another one than that of the body."""
    size = len(body) if length is None else length
    return f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode() + body


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Returns the status and the body of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"content-length:" not in head:  # A response without a length ends when the connection does.
        return status, await reader.read()
    return status, await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))


class Soak:
    """The clients, and what they have seen.

    Args:
        expected: the label and the probabilities of each text.
        deadline: when to end, by `time.monotonic`.
    """

    def __init__(self, expected: list[Any], deadline: float) -> None:
        self.expected, self.deadline = expected, deadline
        self.counts: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []

    async def client(self, number: int) -> None:
        """Sends one request after another until the deadline."""
        draw = random.Random(number)
        kinds = [self.malformed, self.oversized, self.slow, self.aborted]
        reader = writer = None
        while time.monotonic() < self.deadline:
            if draw.random() < 0.15:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    await draw.choice(kinds)(draw)
                continue
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
                await self.valid(draw, reader, writer)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.faults.append(f"a valid request was lost: {error!r}")
                writer = None
        if writer:
            writer.close()

    async def valid(self, draw: random.Random, reader: Any, writer: asyncio.StreamWriter) -> None:
        """Sends texts, and compares the answers."""
        chosen = [draw.randrange(len(TEXTS)) for _ in range(draw.choice((1, 1, 1, 2, 5)))]
        writer.write(request_of(json.dumps({"instances": [TEXTS[index] for index in chosen]}).encode()))
        status, body = await answer_of(reader)
        if status == 503:
            self.counts["503, sent again"] += 1
            await asyncio.sleep(0.1)
            return
        self.counts[f"valid: {status}"] += 1
        if status != 200:
            self.faults.append(f"a valid request was answered with {status}: {body[:200]!r}")
            return
        for index, row in zip(chosen, json.loads(body)["predictions"], strict=True):
            label, probabilities = self.expected[index]
            close = all(abs(a - b) <= TOLERANCE for a, b in zip(row["probabilities"], probabilities, strict=True))
            if row["label"] != label or not close:
                self.faults.append(f"a wrong answer to {TEXTS[index]!r}: {row}")

    async def malformed(self, draw: random.Random) -> None:
        """Sends what is not JSON, not valid, or not HTTP."""
        bodies = [b"{", b"[]", b'{"instances": [NaN]}', b'{"instances": [1]}', b"\xff" * 50, b"[" * 5000]
        request = request_of(draw.choice(bodies)) if draw.random() < 0.8 else draw.randbytes(200) + b"\r\n\r\n"
        await self.refused("malformed", request, (400,))

    async def oversized(self, draw: random.Random) -> None:
        """Sends a body that is too large, or says so."""
        request = request_of(b"x", 2**40) if draw.random() < 0.9 else request_of(b" " * (8 * 2**20 + 1))
        await self.refused("oversized", request, (413,))

    async def refused(self, kind: str, request: bytes, statuses: tuple[int, ...]) -> None:
        """Sends a request that must be refused."""
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        try:
            writer.write(request)
            status, _ = await answer_of(reader)
            self.counts[f"{kind}: {status}"] += 1
            if status not in statuses:
                self.faults.append(f"a {kind} request was answered with {status}")
        finally:
            writer.close()

    async def slow(self, draw: random.Random) -> None:
        """Sends a part of a request, waits, and goes away."""
        _, writer = await asyncio.open_connection("127.0.0.1", PORT)
        request = request_of(b'{"instances": ["a slow client"]}')
        for byte in request[: draw.randrange(1, 20)]:
            writer.write(bytes([byte]))
            await asyncio.sleep(draw.uniform(0, 0.3))
        self.counts["slow"] += 1
        writer.close()

    async def aborted(self, draw: random.Random) -> None:
        """Sends a valid request, or a part of it, and resets the connection."""
        _, writer = await asyncio.open_connection("127.0.0.1", PORT)
        request = request_of(b'{"instances": ["a client that goes away"]}')
        writer.write(request[: draw.choice((len(request), len(request) // 2))])
        await asyncio.sleep(draw.uniform(0, 0.05))
        self.counts["aborted"] += 1
        writer.transport.abort()


def memory(pid: int) -> float:
    """Returns the resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the server has ended")


async def run(soak: Soak, pid: int, seconds: float) -> list[float]:
    """Runs the clients; returns the memory of the server after each tenth of the time."""
    clients = asyncio.gather(*(soak.client(number) for number in range(CLIENTS)))
    seen = []
    for _ in range(10):
        await asyncio.sleep(seconds / 10)
        seen.append(memory(pid))
        print(f"{seen[-1]:.1f} MiB", flush=True)
    await clients
    return [*seen[:-1], memory(pid)]


def main() -> None:
    """Runs the soak; the exit status is 1 if anything was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    seconds = 60 * parser.parse_args().minutes
    import keras_rnn_zoo as zoo

    rows = zoo.predict("toy_reviews", TEXTS)
    expected = [(row["label"], list(row["probabilities"].values())) for row in rows]
    code = "from zoo_cli.main import cli; cli()"
    command = [sys.executable, "-c", code, "serve", "toy_reviews", "--port", str(PORT), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        soak = Soak(expected, time.monotonic() + seconds)
        try:
            first, *_, last = asyncio.run(run(soak, server.pid, seconds))
        finally:
            server.terminate()
            status = server.wait(60)
    for kind, count in sorted(soak.counts.items()):
        print(f"{count:9,} {kind}")
    growth = last / first - 1
    print(f"Memory: {first:.0f} MiB, then {last:.0f} MiB ({growth:+.1%}; mark: within 5%). Exit status {status}.")
    print(f"{len(soak.faults)} faults (mark: 0)", *soak.faults[:10], sep="\n  ")
    sys.exit(bool(soak.faults or growth > 0.05 or status))


if __name__ == "__main__":
    main()
