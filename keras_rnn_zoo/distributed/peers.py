"""The processes of a training: how they meet, wait for one another, and share the work on each batch.

All processes run the same program on the same global batches, in the same order. The batches are arrays that lie in all
of them: each holds its part of the rows. XLA computes with these arrays as if they were in one process, and adds the
sums over the rows that it needs, such as the gradients. So losses, metrics, dropout, clipping, and batch normalization
are those of the whole batch, and every process computes the same values and takes the same decisions.
"""

import contextlib
import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from keras_rnn_zoo.batching.share import Share
from keras_rnn_zoo.distributed.environment import find_place
from keras_rnn_zoo.distributed.joining import is_joined, join
from keras_rnn_zoo.errors import LostPeers, OptionError, TrainingError
from keras_rnn_zoo.frameworks import keras_internals
from keras_rnn_zoo.lazy import keras, np

_FOREVER = 1000 * 60 * 60 * 24 * 7
"""Milliseconds to wait for other processes. That one is lost is noticed by its heartbeat, not by this limit."""

_MIN_MESSAGE, _MAX_MESSAGE = 2**16, 2**24
"""Bytes that a process sends at a time of the tensors that it prepared. JAX compiles a program for each size, so there
are only a few sizes."""

_trainings = itertools.count()


class Peers:
    """The processes of a training; here, a single one, which waits for no other.

    Attributes:
        count: the number of processes.
        chief: whether this process is the only one that writes the run and reports.
    """

    count = 1
    chief = True

    @contextlib.contextmanager
    def together(self, step: str) -> Iterator[None]:
        """Waits at the end of the block until all processes have reached it.

        Args:
            step: the name of the step; another one each time.

        Raises:
            TrainingError: another process failed in the block, or is lost.
        """
        yield

    def require_equal(self, what: str, value: str) -> None:
        """Raises `TrainingError` unless a value is the same as in process 0."""

    @contextlib.contextmanager
    def sharing(self) -> Iterator[None]:
        """In the block, models are made in all processes, and batches are split among them."""
        yield

    def split_loops(self, model: Any) -> None:
        """Makes each process run the recurrent layers of a model on its own rows only."""

    def from_chief(self, content: bytes) -> bytes:
        """Returns in all processes what the chief has passed."""
        return content

    def share(self) -> Share | None:
        """Returns the share of this process in preparing the examples; `None` for all of them."""
        return None

    def check_batch_size(self, size: int) -> None:
        """Raises `OptionError` unless batches can be split evenly."""

    def check_objects(self, objects: Mapping[str, str]) -> None:
        """Raises `OptionError` if a training by these processes cannot use an object of Keras.

        Args:
            objects: descriptions of the objects by the names of their settings.
        """


class _SeveralPeers(Peers):
    """The processes of `jax.distributed`."""

    def __init__(self) -> None:
        import jax

        self.count, self._number = jax.process_count(), jax.process_index()
        self.chief = self._number == 0
        self._devices = jax.device_count()
        self._client = keras_internals.coordination_client()
        self._prefix = f"zoo/{next(_trainings)}"

    @functools.cached_property
    def _distribution(self) -> Any:
        return keras.distribution.DataParallel(auto_shard_dataset=False)

    @contextlib.contextmanager
    def together(self, step: str) -> Iterator[None]:
        key = f"{self._prefix}/{step}"
        try:
            yield
        except Exception as error:
            self._client.key_value_set(f"{key}/{self._number}", str(error))
            with contextlib.suppress(LostPeers):  # The error of this process is the one to report.
                self._wait(key)
            raise
        self._wait(key)
        failures = self._client.key_value_dir_get(f"{key}/")
        if failures:
            name, message = failures[0]
            raise TrainingError(f"Process {name.rpartition('/')[2]} of the training failed: {message}")

    def _wait(self, key: str) -> None:
        with translate_lost_peers():
            self._client.wait_at_barrier(key, _FOREVER)

    def require_equal(self, what: str, value: str) -> None:
        key = f"{self._prefix}/equal/{what}"
        if self.chief:
            self._client.key_value_set(key, value)
        with translate_lost_peers():
            expected = self._client.blocking_key_value_get(key, _FOREVER)
        with self.together(f"equal {what}"):
            if expected != value:
                raise TrainingError(
                    f"The {what} of process {self._number} differ from those of process 0. Start every process with "
                    "the same command, the same data, and the same versions."
                )

    @contextlib.contextmanager
    def sharing(self) -> Iterator[None]:
        with keras_internals.whole_batches_in_every_process(), self._distribution.scope():
            yield

    def split_loops(self, model: Any) -> None:
        from keras_rnn_zoo.distributed.loops import split_loop

        mesh = self._distribution.device_mesh.backend_mesh
        for layer in keras_internals.flatten_layers(model):
            if isinstance(layer, keras.layers.RNN):
                split_loop(layer, mesh)

    def from_chief(self, content: bytes) -> bytes:
        return bytes(self._gather(np.frombuffer(content if self.chief else b"", "uint8")).tobytes())

    def share(self) -> Share:
        mesh = self._distribution.device_mesh.backend_mesh
        own = [place for place, device in enumerate(mesh.devices.flat) if device.process_index == self._number]
        return Share(self._number, self.count, self._devices, (own[0], own[-1] + 1), self._gather, self.together)

    def _gather(self, rows: Any) -> Any:
        """Returns the rows of the arrays of all processes, which differ in their number of rows only."""
        # JAX would change some dtypes, such as int64.
        own = np.ascontiguousarray(rows).reshape(-1).view("uint8")
        sizes = self._allgather(np.array([own.size], "int64").view("uint8")).view("int64").ravel()
        joined, ends = np.empty(sizes.sum(), "uint8"), np.cumsum(sizes)
        for start in range(0, sizes.max(), _MAX_MESSAGE):
            least = max(int(sizes.max()) - start, _MIN_MESSAGE)
            block = np.zeros(min(_MAX_MESSAGE, 1 << (least - 1).bit_length()), "uint8")
            sent = own[start : start + block.size]
            block[: sent.size] = sent
            for received, size, end in zip(self._allgather(block), sizes, ends, strict=True):
                here = joined[end - size : end][start : start + block.size]
                here[:] = received[: here.size]
        return joined.view(rows.dtype).reshape(-1, *rows.shape[1:])

    def _allgather(self, values: Any) -> Any:
        from jax.experimental import multihost_utils

        with translate_lost_peers():
            return np.array(multihost_utils.process_allgather(values))

    def check_batch_size(self, size: int) -> None:
        if size % self._devices == 0:
            return
        where = f"{self.count} processes" if self._devices == self.count else f"{self._devices} devices"
        fitting = max(size // self._devices, 1) * self._devices
        raise OptionError(
            f"Batches of {size} cannot be split evenly among {where}. Set batch_size={fitting}, or another multiple of "
            f"{self._devices}."
        )

    def check_objects(self, objects: Mapping[str, str]) -> None:
        for name in ("optimizer", "metrics"):
            if name in objects:
                known = "adam" if name == "optimizer" else "mean_squared_error"
                raise OptionError(
                    f"Several processes cannot train with {name}={objects[name]}, whose variables lie in one process. "
                    f"Pass a name instead, such as {name}={known!r}."
                )


@contextlib.contextmanager
def joined() -> Iterator[Peers]:
    """Joins the other processes of this training, if the environment names them, and leaves them when the block ends.

    A process that has called `jax.distributed.initialize` already stays joined.

    Raises:
        OptionError: a variable of the environment is invalid, or JAX is in use already.
        TrainingError: not all processes have started in time, or another process is lost.
    """
    place = find_place()
    if place is None and not is_joined():
        yield Peers()
        return
    own = not is_joined()
    if own and place:
        join(place)
    try:
        with translate_lost_peers():
            yield _SeveralPeers()
    except LostPeers:  # It would wait for them.
        own = False
        raise
    finally:
        if own:
            import jax

            distributed: Any = jax.distributed  # It is not typed.
            distributed.shutdown()


@contextlib.contextmanager
def translate_lost_peers() -> Iterator[None]:
    """Turns JAX's error of a process that lost contact with another one into a `TrainingError`."""
    import jax

    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:  # JAX turns some of its errors into a `ValueError`.
        if not _is_about_peers(error):
            raise
        raise LostPeers(
            f"This process lost contact with another process of the training ({str(error).splitlines()[0]:.200}). "
            "Look at the output of the others for the reason, and start all of them again with --resume."
        ) from error


def _is_about_peers(error: Exception) -> bool:
    # Of Gloo and NCCL, which exchange data, and of the service that watches over the processes.
    words = ["gloo", "nccl", "coordination service"]
    if not isinstance(error, ValueError):  # Those of users and of this package are `ValueError`s, too.
        words += ["barrier", "heartbeat", "unavailable"]
    return any(word in str(error).lower() for word in words)
