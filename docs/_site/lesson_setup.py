"""Is run in the kernel of a lesson before its first block: how figures are drawn, and how `!zoo …` is executed.

Nothing here changes what a lesson computes: a downloaded lesson gives the same results without it.
"""

import os
import signal
import subprocess
import tempfile

from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats

from keras_rnn_zoo.plotting.style import SETTINGS


class CommandError(Exception):
    """A command of a lesson ended with a status other than 0."""


def run_command(command):
    """Runs the commands of a cell that begins with `!`, and prints what they print, in the order they print it.

    Raises:
        CommandError: with what was printed, if the last command fails.
    """
    # A file, not a pipe: a server that the command leaves in the background would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        status = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ).returncode
        output.seek(0)
        text = output.read().decode(errors="replace")
    print(text, end="")
    if status:
        reason = signal.Signals(-status).name if status < 0 else f"status {status}"
        raise CommandError(f"{command!r} ended with {reason}: {text.strip()[-2000:]}")


def set_up(shell):
    """Prepares a shell of IPython."""
    shell.run_line_magic("matplotlib", "inline")
    import matplotlib

    set_matplotlib_formats("svg")
    # The house style, so that figures of lessons look like those of `zoo plot`. It also makes files reproducible.
    matplotlib.rcParams.update(SETTINGS)
    matplotlib.rcParams["figure.figsize"] = (6.4, 3.2)
    matplotlib.rcParams["text.parse_math"] = True  # The powers of ten at a logarithmic axis are formulas.
    shell.system = run_command
    shell.colors = "nocolor"


# Kernels are not children of a terminal: a lesson must never wait for an answer.
os.environ["TERM"] = "dumb"
set_up(get_ipython())
