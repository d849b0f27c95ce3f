"""How a process joins the others of its training: within a limited time, or with an error that says what is missing."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Mapping

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.distributed.environment import ADDRESS, COUNT, NUMBER, Place
from keras_rnn_zoo.errors import OptionError, TrainingError
from keras_rnn_zoo.frameworks import keras_internals

TIMEOUT = "ZOO_JOIN_TIMEOUT"
"""The variable with the number of seconds within which all processes must start."""
_TIMEOUT, _MOST = 300, 3600
"""Its default, and the most seconds that it may be: JAX's service waits no longer."""
_HEARTBEAT, _SHUTDOWN = 100, 10
"""Seconds without a sign of life after which a process is lost, and for which a process waits for others to end."""
_PROBE = 5.0


def join_timeout(environment: Mapping[str, str] = os.environ) -> int:
    """Returns the seconds that a process waits for the others of its training to start.

    Raises:
        OptionError: the variable is not a number of seconds.

    Example:
        >>> join_timeout({"ZOO_JOIN_TIMEOUT": "60"}), join_timeout({})
        (60, 300)
    """
    text = environment.get(TIMEOUT) or str(_TIMEOUT)
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise OptionError(f"{TIMEOUT} expects a number of seconds from 1 to {_MOST}; received {short_repr(text)}.")
    return int(text)


def is_joined() -> bool:
    """Whether this process has called `jax.distributed.initialize`."""
    if "jax" not in sys.modules:
        return False
    # Old versions have no such function; `require_jax` refuses them where there are several processes.
    return bool(getattr(sys.modules["jax"].distributed, "is_initialized", lambda: False)())


def join(place: Place) -> None:
    """Joins the other processes.

    Args:
        place: the place of this process.

    Raises:
        OptionError: JAX is in use already.
        TrainingError: not all processes have started in time, or process 0 cannot be reached.
    """
    import jax

    seconds = join_timeout()
    faults: list[BaseException] = []

    def initialize() -> None:
        try:
            jax.distributed.initialize(
                place.address,
                place.count,
                place.number,
                cluster_detection_method="deactivate" if place.address else None,
                initialization_timeout=2 * _MOST,
                heartbeat_timeout_seconds=_HEARTBEAT,
                shutdown_timeout_seconds=_SHUTDOWN,
            )
        except BaseException as error:
            faults.append(error)

    # After its own timeout, JAX would abort the process. And it does not react to Ctrl-C while it waits.
    joining = threading.Thread(target=initialize, daemon=True)
    joining.start()
    joining.join(seconds)
    if joining.is_alive():
        raise TrainingError(_missing(place, seconds))
    for fault in faults:
        raise _translated(fault, place) from fault


def _missing(place: Place, seconds: int) -> str:
    """Returns the message of a process that has waited in vain."""
    address = place.address or keras_internals.coordinator_address()
    if not address:
        return (
            f"JAX has not found the address of process 0 in {seconds} seconds. Set {ADDRESS}, {COUNT} and {NUMBER} for "
            "each process."
        )
    if place.number and not _answers(address):
        found = f"process 0 does not answer at {address}"
    else:
        found = f"not all {place.count} have reached process 0 at {address}"
    advice = (
        f"Start the same command {place.count} times, with the same {ADDRESS} and {COUNT}, and {NUMBER} from 0 to "
        f"{place.count - 1}, on machines that can reach {address}."
        if place.address
        else f"Check that SLURM started all {place.count} tasks, and that their nodes can reach {address}."
    )
    return (
        f"Process {place.number} (of {place.count}, counted from 0) waited {seconds} seconds for the others, but "
        f"{found}. {advice} If they need longer to start, set {TIMEOUT} to more seconds."
    )


def _answers(address: str) -> bool:
    """Whether something accepts connections at an address `host:port`."""
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=_PROBE):
        return True
    return False


def _translated(error: BaseException, place: Place) -> BaseException:
    import jax

    if isinstance(error, jax.errors.JaxRuntimeError):
        return TrainingError(
            f"Process {place.number} of {place.count} cannot reach process 0 at {place.address}: {error}. Check that "
            "all processes were started, and that their machines can connect to each other."
        )
    if isinstance(error, RuntimeError):  # JAX's message says that it was used before.
        return OptionError(
            f"This process cannot join the training: {error} Call jax.distributed.initialize() at the start of the "
            "program."
        )
    return error
