"""Runs in repositories of the Hugging Face Hub."""

import contextlib
import importlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo.artifacts.digests import MAX_JSON_BYTES, read_config
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.run import ORIGIN, Run, check_run_name, open_run
from keras_rnn_zoo.artifacts.run import models_dir as runs_folder
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.artifacts.shared_files import CONFIG, fault_of_files, fault_of_names, find_damage, shared_files
from keras_rnn_zoo.artifacts.snapshot import Snapshot
from keras_rnn_zoo.atomic_files import put_folder, temp_dir_beside, write_json
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import HubError, RunError
from keras_rnn_zoo.networks.index import protect_network
from keras_rnn_zoo.offline import require_network
from keras_rnn_zoo.packages import optional_package
from keras_rnn_zoo.sharing.address import Address
from keras_rnn_zoo.sharing.hub_errors import hub_errors

if TYPE_CHECKING:
    from keras_rnn_zoo.run import Run as FullRun

logger = logging.getLogger(__name__)

TIMEOUT = 60
"""Seconds to wait for the next bytes of an answer."""
MAX_BYTES = 16 * 2**30
"""Maximum size of a run that is pulled; those of the largest architectures have some hundred MB."""


def push(
    run: Run | str | os.PathLike[str] | None,
    address: str,
    *,
    private: bool = False,
    overwrite: bool = False,
    token: str | None = None,
    models_dir: str | os.PathLike[str] | None = None,
) -> str:
    """Uploads a run to a new repository of the Hugging Face Hub.

    It gets the files that `keras_rnn_zoo.pack` packs, and no others. Needs the extra `hub`.

    Args:
        run: the run or its name; `None` for the only run.
        address: the repository, as `hf://OWNER/NAME`.
        private: whether only you, and those you grant access, can see the repository.
        overwrite: whether to replace the run in an existing repository. The earlier one stays in its history.
        token: a token of the Hub with the right to write; by default, your login of `hf auth login`, or `$HF_TOKEN`.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        The address of the web page of the commit.

    Raises:
        RunError: the run does not exist, or one of its files is missing or damaged.
        OptionError: the address is not one of a repository.
        HubError: the Hub cannot be reached, refuses the login, or has a repository of that name.
        OfflineError: the offline mode is on.

    Example:
        >>> zoo.push("reviews", "hf://jane/reviews", private=True)     # doctest: +SKIP
    """
    place = Address.parse(address)
    if place.revision:
        raise HubError(f"A run is pushed to the main branch; received {place}. Omit @{place.revision}.")
    found = open_run(run, models_dir)
    require_network(f"{place}", "Pack the run instead: zoo pack RUN.")
    with found.reading():
        contents = {name: _content(found, name) for name in shared_files(found)}
    if ":" in (name := found.config.dataset.name):
        logger.warning("%s and the model card name the data that the run was trained on: %s.", CONFIG, name)
    with _hub(token) as api, hub_errors(place, writing=True):
        announce(f"Uploading the run {found.name}")
        earlier = _files(api, place) if overwrite else None
        if earlier is None:
            api.create_repo(place.repository, private=private, exist_ok=overwrite)
        with _after_creation(place, earlier is not None):
            return _commit(api, place, contents, _stale(earlier or [], contents))


def _content(run: Run, name: str) -> bytes:
    with run.snapshot.opened(name) as file:
        return file.read()


def _files(api: Any, place: Address) -> list[str] | None:
    """Returns the files in a repository, or `None` if there is none."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return [file.rfilename for file in api.repo_info(place.repository, timeout=TIMEOUT).siblings or ()]
    except RepositoryNotFoundError:
        return None


def _stale(earlier: list[str], contents: dict[str, bytes]) -> list[str]:
    """Returns those of the files of an earlier run that the new one does not have."""
    roots = {name.partition("/")[0] for name in contents}
    return [name for name in earlier if name.partition("/")[0] in roots and name not in contents]


@contextlib.contextmanager
def _after_creation(place: Address, existed: bool) -> Iterator[None]:
    """Adds to the message of an error that a repository was created before it."""
    try:
        with hub_errors(place, writing=True):
            yield
    except HubError as error:
        if existed:
            raise
        raise HubError(f"{error} The repository was created, and is empty: push again with --overwrite.") from error


def _commit(api: Any, place: Address, contents: dict[str, bytes], stale: list[str]) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    added = [CommitOperationAdd(name, content) for name, content in contents.items()]
    operations = [*added, *(CommitOperationDelete(name) for name in stale)]
    return str(
        api.create_commit(place.repository, operations, commit_message="Upload a run of Keras RNN Zoo").commit_url
    )


def pull(
    address: str,
    *,
    run: str | None = None,
    overwrite: bool = False,
    token: str | None = None,
    models_dir: str | os.PathLike[str] | None = None,
) -> "FullRun":
    """Downloads a run from a repository of the Hugging Face Hub.

    Only the files of a run are downloaded, and they are checked before they become one; see docs/security.md. The file
    `origin.json` of the run records the repository, the revision and the commit. Needs the extra `hub`.

    Args:
        address: the repository, as `hf://OWNER/NAME` or `hf://OWNER/NAME@REVISION`, where the revision is a branch, a
            tag or a commit.
        run: the name of the run; by default, that of the repository.
        overwrite: whether to replace a run of that name.
        token: a token of the Hub; by default, your login of `hf auth login`, or `$HF_TOKEN`, if there is one.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        The run.

    Raises:
        RunError: there is a run of that name, or the repository does not contain a run, or a damaged one.
        OptionError: the address is not one of a repository.
        HubError: the Hub cannot be reached, or has no such repository or revision, or refuses the login.
        OfflineError: the offline mode is on.

    Example:
        >>> zoo.pull("hf://jane/reviews").predict(["a film to remember"])      # doctest: +SKIP
    """
    from keras_rnn_zoo.run import Run as FullRun

    place = Address.parse(address)
    path = runs_folder(models_dir) / check_run_name(run or place.name)
    if os.path.lexists(path) and not overwrite:
        raise RunError(
            f"There is already a run {path.name!r} in {path.parent}. Replace it with --overwrite, or choose another "
            "name with --run NAME."
        )
    protect_network(path)
    require_network(f"{place}", "Name a run in a folder or in an archive.")
    with run_lock(path), temp_dir_beside(path) as folder:
        with _hub(token) as api, hub_errors(place, writing=False):
            announce(f"Downloading {place}")
            commit = _download(api, place, folder)
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # Notes of huggingface_hub about the download.
        _check(folder, place)
        origin = {"repository": f"hf://{place.repository}", "revision": place.revision or "main", "commit": commit}
        write_json(folder / ORIGIN, origin)
        put_folder(folder, path)
    return FullRun.find(path)


def _download(api: Any, place: Address, folder: Path) -> str:
    """Downloads the files of a run to a folder, and returns the commit that they are from."""
    info = api.repo_info(place.repository, revision=place.revision, files_metadata=True, timeout=TIMEOUT)
    sizes = {file.rfilename: file.size for file in info.siblings or ()}

    def fetch(name: str) -> None:
        api.hf_hub_download(place.repository, name, revision=info.sha, local_dir=folder)
        if (folder / name).stat().st_size != sizes[name]:
            raise _no_run(place, f"{name!r} in it does not have the size that the Hub states")

    if not 0 < (sizes.get(CONFIG) or 0) <= MAX_JSON_BYTES:
        raise _no_run(place, f"it has no {CONFIG}, or one of more than {MAX_JSON_BYTES:,} bytes")
    fetch(CONFIG)
    config = _config(folder, place)
    names = [CONFIG, *(name for name in config.files if name in sizes)]
    if fault := fault_of_names(names) or fault_of_files(names, config):
        raise _no_run(place, fault)
    total = sum(sizes[name] or 0 for name in names)
    free = shutil.disk_usage(folder).free
    if total > min(MAX_BYTES, free) or any(sizes[name] is None for name in names):
        raise RunError(
            f"The run in {place} has {total:,} bytes, but at most {MAX_BYTES:,} are downloaded, and {free:,} are free "
            f"in {folder.parent}. Free some, or choose another folder with --models-dir."
        )
    logger.info("Downloading %s of %s, %s bytes.", quantity(len(names), "file"), place, f"{total:,}")
    for name in names[1:]:
        fetch(name)
    return str(info.sha)


def _check(folder: Path, place: Address) -> None:
    """Raises `RunError` unless a folder contains exactly a run, whose files are what its `config.json` says."""
    snapshot = Snapshot(folder)
    found = dict(snapshot.walk(snapshot.names()))
    config = _config(folder, place)
    fault = next((f"{name!r} in it is no file: {fault}" for name, fault in found.items() if fault), "")
    fault = fault or fault_of_names(found) or fault_of_files(found, config)
    if not fault:
        name, reason = find_damage(snapshot, config)
        fault = f"{name!r} in it is damaged: {reason}" if reason else ""
    if fault:
        raise _no_run(place, fault)


def _config(folder: Path, place: Address) -> RunConfig:
    return read_config(
        Snapshot(folder) / CONFIG, RunConfig, lambda path, fault: _no_run(place, f"{path.name}: {fault}")
    )


def _no_run(place: Address, fault: str) -> RunError:
    return RunError(f"The repository {place} is not that of a run: {fault}. Name one that `zoo push` has written.")


@contextlib.contextmanager
def _hub(token: str | None) -> Iterator[Any]:
    """Yields the interface of the Hub, whose own messages and progress bars are off inside the `with` block."""
    hub = optional_package("huggingface_hub", "hub", "Sharing on the Hugging Face Hub")
    utils = importlib.import_module("huggingface_hub.utils")
    verbosity, silent = utils.logging.get_verbosity(), utils.are_progress_bars_disabled()
    session = utils.get_session()
    timeout, session.timeout = session.timeout, TIMEOUT  # By default, huggingface_hub waits forever.
    utils.logging.set_verbosity_error()
    utils.disable_progress_bars()
    try:
        yield hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token)
    finally:
        session.timeout = timeout
        utils.logging.set_verbosity(verbosity)
        if not silent:
            utils.enable_progress_bars()
