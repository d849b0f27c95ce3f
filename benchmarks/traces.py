"""Counts the graphs that TensorFlow traces for a command: `python benchmarks/traces.py train many_to_one --epochs 1`.

Tracing takes most of the time of a command on little data. The count includes functions, and the branches, conditions
and loop bodies within them. TensorFlow has no public counter, so its internal tracing function is wrapped.
"""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def traced() -> Iterator[list[str]]:
    """Yields a list, to which the name of each graph traced within the block is appended."""
    from tensorflow.python.framework import func_graph

    names: list[str] = []
    trace = func_graph.func_graph_from_py_func

    def noted(name, *args, **kwargs):
        names.append(name)
        return trace(name, *args, **kwargs)

    func_graph.func_graph_from_py_func = noted
    try:
        yield names
    finally:
        func_graph.func_graph_from_py_func = trace


def main(command: list[str]) -> None:
    """Runs a `zoo` command, and prints the number of traced graphs on the last line."""
    from zoo_cli.main import cli

    with traced() as names:
        cli(command, standalone_mode=False)
    print(len(names))


if __name__ == "__main__":
    main(sys.argv[1:])
