"""Python programs in processes of their own, forked from `fork_server.py` with the frameworks imported."""

import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

CLI = "from zoo_cli.main import cli; cli()"


@functools.cache
def _server() -> socket.socket:
    """Starts the server of this process, which ends with it: its socket is closed then."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fork_server.py")), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return mine


class Program:
    """A program under way.

    Args:
        code: what `python -c` would run.
        args: its arguments.
        input: what it reads from its standard input.
        cwd: its working directory.
        env: its environment variables.

    Attributes:
        pid: its process.
    """

    def __init__(self, code, *args, input=b"", cwd=None, env=None):
        self._streams = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115
        self._streams[0].write(input)
        self._streams[0].seek(0)
        request = {"code": code, "args": list(map(str, args)), "cwd": str(cwd or Path.cwd())}
        request["env"] = dict(os.environ if env is None else env)
        mine, theirs = socket.socketpair()
        with theirs:
            descriptors = [*(stream.fileno() for stream in self._streams), theirs.fileno()]
            socket.send_fds(_server(), [json.dumps(request).encode()], descriptors)
        self._report = mine.makefile()
        mine.close()
        self.pid = int(self._report.readline())

    def is_alive(self):
        """Returns whether the program has not ended."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self):
        """Waits for the end, and returns the status and what was printed, as `subprocess.run` does, in bytes."""
        with self._report:
            status = int(self._report.readline())
        printed = []
        for stream in self._streams:
            stream.seek(0)
            printed.append(stream.read())
            stream.close()
        return subprocess.CompletedProcess(self.pid, status, *printed[1:])


def run_python(code, *args, **settings):
    """Runs a program to its end; see `Program`. What it prints is text."""
    done = Program(code, *args, **settings).wait()
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_command(command, *, cwd, **_):
    """Runs a program that `subprocess.run` would: Python, an option of it, a file and its arguments."""
    _, _, path, *args = command
    return run_python(f"import runpy\nrunpy.run_path({path!r}, run_name='__main__')", *args, cwd=cwd)


WITHOUT_THE_PROJECT = """
import importlib.abc, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("keras_rnn_zoo", "zoo_cli"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
"""
"""The beginning of a program that has stock TensorFlow: it cannot import this project."""
