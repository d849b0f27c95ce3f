"""Which process of a training this is, as the environment says. Imports no framework."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.packages import require_packages

ADDRESS, COUNT, NUMBER = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
"""The variables with the address of process 0, the number of processes, and the number of this one, from 0."""
LAUNCHED = "ZOO_LAUNCHED"
"""Set in the processes that `zoo train --processes` starts."""

OLDEST_JAX = (0, 7)
"""The oldest version of JAX that several processes can train with."""
_SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID")


@dataclass(frozen=True)
class Place:
    """The place of this process among those of a training.

    Attributes:
        address: host and port of process 0; `None` where JAX finds them by itself (SLURM).
        count: the number of processes.
        number: the number of this process, from 0.
    """

    address: str | None
    count: int
    number: int


def find_place(environment: Mapping[str, str] = os.environ) -> Place | None:
    """Returns the place of this process, or `None` if the training has one process only.

    Raises:
        OptionError: a variable is missing or invalid, or the backend is not JAX.

    Example:
        >>> find_place({"JAX_COORDINATOR_ADDRESS": "n1:1234", "JAX_NUM_PROCESSES": "4", "JAX_PROCESS_ID": "2"})
        Place(address='n1:1234', count=4, number=2)
    """
    address = environment.get(ADDRESS)
    in_slurm = all(name in environment for name in _SLURM)
    if not address and not (in_slurm and backend() == "jax"):
        return None
    fallback = ("SLURM_NTASKS", "SLURM_PROCID") if in_slurm else ("", "")
    count = _number(environment, COUNT, fallback[0], low=1)
    number = _number(environment, NUMBER, fallback[1], low=0)
    if number >= count:
        raise OptionError(
            f"{NUMBER} counts from 0, so with {COUNT}={count} the last process is {count - 1}; received {number}."
        )
    if address and (":" not in address or not address.rpartition(":")[2].isdecimal()):
        raise OptionError(
            f"{ADDRESS} expects the host and a port of process 0, such as node1:12345; received {short_repr(address)}."
        )
    if count == 1:
        return None
    require_jax("Training with several processes")
    return Place(address, count, number)


def _number(environment: Mapping[str, str], name: str, fallback: str, *, low: int) -> int:
    text = environment.get(name, environment.get(fallback))
    if text is None:
        raise OptionError(
            f"{ADDRESS} is set, but {name} is not. Set {ADDRESS}, {COUNT}, and {NUMBER} in every process of the "
            f"training, or unset {ADDRESS} to train with one process."
        )
    if not text.isdecimal() or int(text) < low:
        raise OptionError(f"{name} expects an integer from {low}; received {short_repr(text)}.")
    return int(text)


def is_chief(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is the one that writes the run and reports: the only one, or process 0."""
    place = find_place(environment)
    return place is None or place.number == 0


def require_jax(what: str) -> None:
    """Raises `OptionError` unless JAX is installed and the backend of Keras.

    Args:
        what: what needs it, as the subject of a message.
    """
    if (found := backend()) != "jax":
        raise OptionError(
            f"{what} needs the JAX backend, but the backend of Keras is {found}. Set the environment variable "
            "KERAS_BACKEND=jax, as in KERAS_BACKEND=jax zoo train many_to_one --processes 2."
        )
    require_packages(["jax"], "jax", what, OptionError)
    from importlib import metadata  # Imported late, as it is slow.

    found = metadata.version("jax")
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST_JAX:
        oldest = ".".join(map(str, OLDEST_JAX))
        raise OptionError(f"{what} needs JAX {oldest} or later; found {found}. Run pip install --upgrade jax.")


def backend() -> str:
    """Returns the name of Keras's backend, without importing Keras."""
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "backend"):
        return str(sys.modules["keras"].backend.backend())
    if named := os.environ.get("KERAS_BACKEND"):
        return named
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return str(json.loads((folder / "keras.json").read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):  # Keras has its default then.
        return "tensorflow"
