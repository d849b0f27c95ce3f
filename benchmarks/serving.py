"""Requests a second of `zoo serve`: 1, 8 and 64 clients in a closed loop, beside LitServe and the bare call.

    python benchmarks/serving.py --peer PYTHON

PYTHON is an interpreter with TensorFlow and LitServe 0.2. Each client sends one review of 200 words after another to
the export of `toy_reviews`, which both servers serve in batches of up to 64. The servers take turns: in each round,
each answers each number of clients for some seconds, while the other one sleeps. The bare call is the export's
signature in a process of its own. The clients are one process with a small asyncio protocol, whose share of a core is
printed; the rate that it reaches against a server that answers with fixed bytes shows that it is not the limit.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
WORDS = ("the plot of this film is not dull but the cast is superb and it is a fine story " * 12).split()[:200]
REVIEW = " ".join(WORDS)
CLIENTS = (1, 8, 64)
OURS, PEER = 8521, 8522
PATHS = {"zoo serve": "/v1/models/toy_reviews:predict", "LitServe": "/predict"}
BODIES = {"zoo serve": {"instances": [REVIEW]}, "LitServe": {"text": REVIEW}}


class Measured(NamedTuple):
    """Requests a second; median and 99th percentile of their times in ms; the share of a core that the clients take."""

    rate: float
    p50: float
    p99: float
    core: float


class Client(asyncio.Protocol):
    """A client that sends the next request as soon as the answer to the last one is there."""

    def __init__(self, request: bytes, deadline: float, times: list[float]) -> None:
        self._request, self._deadline, self._times = request, deadline, times
        self.done = asyncio.get_running_loop().create_future()
        self._answer, self._needed = b"", 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._answer, self._needed = b"", 0
        self._start = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._needed and (end := self._answer.find(b"\r\n\r\n")) >= 0:
            head = self._answer[:end].lower()
            if not head.startswith(b"http/1.1 200"):
                raise SystemExit(f"A request failed: {self._answer[:500]!r}")
            self._needed = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if self._needed and len(self._answer) >= self._needed:
            now = time.perf_counter()
            self._times.append(now - self._start)
            if now < self._deadline:
                self._send()
            elif not self.done.done():
                self.done.set_result(None)
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server closed the connection"))


def request_of(name: str) -> bytes:
    """Returns the request for a server as bytes."""
    body = json.dumps(BODIES[name]).encode()
    head = f"POST {PATHS[name]} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def load(port: int, request: bytes, clients: int, seconds: float) -> Measured:
    """Sends requests from a number of clients for some seconds."""
    loop, times = asyncio.get_running_loop(), []
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Client(request, start + seconds, times), "127.0.0.1", port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    elapsed = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
    return Measured(len(times) / elapsed, 1000 * cuts[49], 1000 * cuts[98], used / elapsed)


async def fixed_rate(seconds: float) -> float:
    """Returns the requests a second of 64 clients against a process that answers with fixed bytes."""
    code = (
        "import asyncio\n"
        "class P(asyncio.Protocol):\n"
        "    def connection_made(self, t): self.t, self.n = t, 0\n"
        "    def data_received(self, d):\n"
        f"        self.n += len(d)\n        while self.n >= {len(request_of('zoo serve'))}:\n"
        f"            self.n -= {len(request_of('zoo serve'))}\n"
        "            self.t.write(b'HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}')\n"
        "async def main():\n"
        "    s = await asyncio.get_running_loop().create_server(P, '127.0.0.1', 8523)\n"
        "    print(flush=True)\n    await s.serve_forever()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        rate = (await load(8523, request_of("zoo serve"), 64, seconds)).rate
        server.kill()
    return rate


def bare(export: str) -> None:
    """Prints the median ms of the bare signature with one review, and its reviews a second in batches of 64."""
    import tensorflow as tf

    call = tf.saved_model.load(export).signatures["serving_default"]

    def seconds(batch: int, times: int) -> float:
        texts, taken = tf.constant([REVIEW] * batch), []
        for _ in range(times):
            start = time.perf_counter()
            call(text=texts)["probabilities"].numpy()
            taken.append(time.perf_counter() - start)
        return statistics.median(taken[times // 4 :])

    print(json.dumps([1000 * seconds(1, 200), 64 / seconds(64, 40)]))


@contextlib.contextmanager
def running(command: list[str], port: int, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server until the block ends; yields it once it has answered."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            address = f"http://127.0.0.1:{port}{PATHS[name]}"
            body = json.dumps(BODIES[name]).encode()
            for _ in range(600):
                with contextlib.suppress(OSError):
                    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
                    urllib.request.urlopen(request, timeout=60).read()
                    break
                time.sleep(0.1)
            yield process
        finally:
            os.killpg(process.pid, 15)
            process.wait(60)


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default="", help="Python with TensorFlow and LitServe")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bare", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare(options.bare)
        return
    zoo = [sys.executable, "-c", "from zoo_cli.main import cli; cli()"]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        command = [*zoo, "export", "toy_reviews", "--no-check", "--output", f"{folder}/toy_reviews"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        export = f"{folder}/toy_reviews/1"
        servers = {"zoo serve": OURS}
        stack.enter_context(running([*zoo, "serve", export, "--port", str(OURS)], OURS, "zoo serve"))
        if options.peer:
            servers["LitServe"] = PEER
            script = str(HERE / "serving_litserve.py")
            stack.enter_context(running([options.peer, script, export, str(PEER)], PEER, "LitServe"))
        results: dict[tuple[str, int], list[Measured]] = {}
        calls = []
        for _ in range(options.rounds):
            done = subprocess.run([sys.executable, __file__, "--bare", export], stdout=subprocess.PIPE, check=True)
            calls.append(json.loads(done.stdout))
            for clients in CLIENTS:
                for name, port in servers.items():
                    measured = asyncio.run(load(port, request_of(name), clients, options.seconds))
                    results.setdefault((name, clients), []).append(measured)
        print("| server | clients | requests/s | p50, ms | p99, ms | share of a core |\n|---|---|---|---|---|---|")
        for (name, clients), rounds in sorted(results.items(), key=lambda item: item[0][1]):
            rate, p50, p99, core = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"| {name} | {clients} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {core:.0%} |")
        one, batch = (statistics.median(column) for column in zip(*calls, strict=True))
        print(f"| bare call | | {batch:.0f} in batches of 64 | {one:.1f} | | |")
        print(f"\nThe clients reach {asyncio.run(fixed_rate(options.seconds)):.0f} requests/s against fixed bytes.")
        if options.peer:
            pairs = zip(results["zoo serve", 64], results["LitServe", 64], strict=True)
            ratio = statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)
            print(f"At 64 clients: {ratio:.2f} times the requests/s of LitServe (mark: 1.5).")
        times = statistics.median(ours.p50 / call[0] for ours, call in zip(results["zoo serve", 1], calls, strict=True))
        print(f"At 1 client: p50 is {times:.2f} times the bare call (mark: at most 2).")


if __name__ == "__main__":
    main()
