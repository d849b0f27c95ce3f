"""Forks Python programs from a process that has imported TensorFlow and Keras, and nothing of this project.

`processes.py` starts it with a socket. Importing the frameworks takes five seconds, which each program saves. What is
about their import itself, or about environment variables that they read then, needs a process of its own.
"""

import json
import os
import signal
import socket
import sys
import traceback


def serve(server: socket.socket) -> None:
    """Forks a program for each request: its code and settings, its standard streams and a socket to report to."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, (*streams, report), *_ = socket.recv_fds(server, 2**20, 4) if _readable(server) else sys.exit()
        if not os.fork():
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _supervise(json.loads(message), streams, socket.socket(fileno=report))
        for descriptor in (*streams, report):
            os.close(descriptor)


def _readable(server: socket.socket) -> bool:
    return bool(server.recv(1, socket.MSG_PEEK))


def _supervise(request: dict, streams: list[int], report: socket.socket) -> None:
    """Forks the program, and reports its process and then its status."""
    child = os.fork()
    if not child:
        report.close()
        _become(request, streams)
    for descriptor in streams:
        os.close(descriptor)
    report.sendall(f"{child}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    report.sendall(f"{status}\n".encode())
    os._exit(0)


def _become(request: dict, streams: list[int]) -> None:
    """Runs the program as `python -c` does."""
    import atexit

    status = 0
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        sys.argv, sys.path[0] = ["-c", *request["args"]], ""
        exec(compile(request["code"], "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        serve(connection)
