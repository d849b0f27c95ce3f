"""Datasets that TensorFlow Datasets (TFDS) downloads and prepares: finding, preparing, checking and reading them.

Datasets on disk are found without loading a framework, checked before TFDS reads them, and read without the network.
"""

import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.atomic_files import file_digest, user_path
from keras_rnn_zoo.datasets._descriptions import damaged_dataset, described_builder, read_description
from keras_rnn_zoo.datasets._shards import find_invalid_shard, find_unreadable_shard
from keras_rnn_zoo.display.printing import shell_quote
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tf, tfds
from keras_rnn_zoo.offline import require_network
from keras_rnn_zoo.packages import install_command

BEAM = "apache_beam"
_BEAM_ADVICE = (
    "TFDS prepares this dataset with Apache Beam, which excludes the newest versions of protobuf and pyarrow. Make a "
    f"separate environment with {install_command('beam')}, or, in a clone of the repository, with pip install "
    '--constraint constraints/beam.txt ".[beam]", and repeat the command there. Then train in your own environment, '
    "and name the folder of the prepared dataset with --data-dir DIR."
)
_opened: dict[str, Path] = {}
"""Folders of the datasets opened in this process. TensorFlow's error for a damaged record does not name the file, so
these are searched."""


def data_dir_path(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder of prepared datasets: `data_dir`, else `$TFDS_DATA_DIR`, else ~/tensorflow_datasets."""
    return user_path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def find_prepared(location: str, data_dir: Path) -> Path | None:
    """Returns the folder of the newest version of a dataset on disk, or `None` if there is none.

    Args:
        location: the dataset's name and config, such as `imdb_reviews/plain_text`, optionally with a version, such as
            `mnist:3.0.1`.
        data_dir: the folder of prepared datasets.
    """
    location, _, version = location.partition(":")
    versions = [path.parent for path in (data_dir / location).glob(f"{version or '*'}/dataset_info.json")]
    complete = [path for path in versions if re.fullmatch(r"\d+(\.\d+)*", path.name, re.ASCII)]
    return max(complete, key=lambda path: [int(part) for part in path.name.split(".")], default=None)


def recorded_dir(location: str, folder: str | None) -> str | None:
    """Returns the data directory that a run was trained from if the dataset is still there, else `None`."""
    return folder if folder and find_prepared(location, Path(folder)) else None


def check_prepared(folder: Path) -> Any:
    """Checks every file of a prepared dataset.

    Args:
        folder: the folder of the dataset's version.

    Returns:
        The description that `_descriptions.read_description` returns.

    Raises:
        DataError: a file is missing, has a different size than when it was written, or names something that is not
            part of TFDS.
    """
    description = read_description(folder)
    if invalid := find_invalid_shard(folder, description):
        raise damaged_dataset(*invalid)
    return description


def open_prepared(location: str, data_dir: str | os.PathLike[str] | None, builder: Any = None) -> Any:
    """Opens a dataset on disk, and prepares it first if it is not there.

    It is prepared from files that the user put into `<data_dir>/<name>` or `<data_dir>/downloads/manual`, and from
    downloads. If the folder of those files is not writable, the dataset is prepared in the default data directory.

    Args:
        location: the dataset's name and config, such as `imdb_reviews/plain_text`.
        data_dir: the folder of prepared datasets; see `data_dir_path`.
        builder: the class that prepares it, one of `keras_rnn_zoo.tfds_builders`; by default TFDS's own.

    Returns:
        The TFDS builder of the dataset.

    Raises:
        DataError: the dataset is not on disk and cannot be prepared, or is damaged.
    """
    folder = _readable(location, data_dir_path(data_dir))
    version = find_prepared(location, folder)
    if version is None:
        folder, files = _preparation_folders(location, folder)
        version = find_prepared(location, folder)
        if version is None:
            _prepare(location, folder, files, builder)
            version = find_prepared(location, folder)
    if version is None:
        raise DataError(f"TFDS prepared {location!r}, but there is no version of it in {folder / location}.")
    description = check_prepared(version)
    _opened[location] = version
    try:
        return described_builder(version, description)
    except DataError:
        raise
    except Exception as error:  # TFDS raises many kinds of errors for damaged descriptions.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise damaged_dataset(
            version / "dataset_info.json", f"TFDS cannot read it or features.json ({reason})"
        ) from error


def _readable(location: str, folder: Path) -> Path:
    """Returns `folder`; raises `DataError` if it cannot be a data directory."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"The data directory {folder} is a file. Name a folder with --data-dir.")
    # TFDS creates its default folder. A missing folder that the user names is more likely misspelled than new.
    if not folder.exists() and folder.resolve() != data_dir_path().resolve():
        raise DataError(
            f"The data directory {folder} does not exist. Name the folder that has {location!r}, or create it "
            f"(mkdir -p {shell_quote(folder)}) to download the dataset there."
        )
    if not os.access(folder, os.R_OK | os.X_OK) and folder.exists():
        raise DataError(f"The data directory {folder} cannot be read. Change its permissions or name another.")
    return folder


def _preparation_folders(location: str, folder: Path) -> tuple[Path, Path]:
    """Returns the folder to prepare a dataset in, and the folder with the user's files for it."""
    dataset_folder = folder / re.split("[/:]", location)[0]
    # TFDS itself puts only folders there, so a file must be the user's.
    has_files = any(path.is_file() and not path.name.startswith(".") for path in dataset_folder.glob("*"))
    files = dataset_folder if has_files else folder / "downloads" / "manual"
    if _may_write(folder) and _may_write(dataset_folder):
        return folder, files
    if files.is_dir():
        return data_dir_path(), files
    raise DataError(
        f"The dataset {location!r} is not in the data directory {folder}, which is not writable. Name another one with "
        "--data-dir, or copy the dataset there."
    )


def _may_write(folder: Path) -> bool:
    """Returns whether a folder may be written. A read-only folder is respected even when running as root."""
    return not folder.exists() or (os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222))


def _prepare(location: str, folder: Path, files: Path, builder_class: Any) -> None:
    """Prepares a dataset in `folder` from the user's files and from downloads."""
    missing: dict[str, str] = {}
    try:
        builder = builder_class(data_dir=folder) if builder_class else _tfds_builder(location, folder)
        names = {url: info.filename or "" for url, info in (builder.url_infos or {}).items()}
        missing = {url: name for url, name in names.items() if not (files / name).is_file()}
        if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and not files.is_dir():
            raise FileNotFoundError("they must be downloaded manually")
        if missing or builder_class is None:
            require_network("The download", "Allow network access once, or copy the dataset here.")
        _check_network(missing)
        with contextlib.redirect_stdout(sys.stderr):  # Keep TFDS's progress out of the output of `--json`.
            download = tfds.download.DownloadConfig(manual_dir=files, beam_options=_beam_options())
            builder.download_and_prepare(download_config=download)
    except Exception as error:  # TFDS and its download library raise many kinds; each means the same to the user.
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"The dataset {location!r} is not on disk and could not be {'downloaded' if missing else 'prepared'}. "
            f"Looked for a version of it in {folder / location} and for its files in {files}. The error was: "
            f"{reason[:300]}. {_BEAM_ADVICE if BEAM in reason else _advice(location, builder_class, missing)}"
        ) from error


def _beam_options() -> Any:
    """Returns what TFDS starts Apache Beam with, which prepares some large datasets; `None` if it is not installed.

    Without them, TFDS asks at the keyboard whether to go on if a dataset is larger than memory, and Beam reads its
    options from the arguments of this program.
    """
    if not importlib.util.find_spec(BEAM):
        return None
    from apache_beam.options.pipeline_options import PipelineOptions

    return PipelineOptions([])


def _tfds_builder(location: str, folder: Path) -> Any:
    """Returns one of TFDS's own builders. `tfds.builder` would also read untrusted files in `folder`."""
    name, _, version = location.partition(":")
    name, _, config = name.partition("/")
    kind = tfds.builder_cls(name)
    if not kind.__module__.startswith("tensorflow_datasets."):
        raise ValueError(f"{name} is not one of TFDS's own datasets")
    return kind(data_dir=folder, config=config or None, version=version or None)


def _advice(location: str, builder_class: Any, missing: Mapping[str, str]) -> str:
    """Returns advice on how to get a dataset whose preparation failed.

    Args:
        location: the dataset's name and config.
        builder_class: the class that prepares it; `None` for TFDS's own.
        missing: the names of files that must be downloaded, by URL.
    """
    if builder_class is None:
        return (
            "Connect to the network and run the command again, or prepare it on a connected machine (python -c "
            f"\"import tensorflow_datasets as tfds; tfds.load('{location}', data_dir='DIR')\"), copy DIR here and "
            "name it with --data-dir DIR."
        )
    if builder_class.MANUAL_DOWNLOAD_INSTRUCTIONS:
        return f"{builder_class.MANUAL_DOWNLOAD_INSTRUCTIONS} Name it DIR/{location} and run with --data-dir DIR."
    if missing:
        names, folders = ", ".join(sorted(missing.values())), sorted({url.rpartition("/")[0] for url in missing})
        return (
            f"Connect to the network and run the command again, or copy {names} from {' and '.join(folders)} to a "
            f"folder DIR/{location} and run with --data-dir DIR."
        )
    return "Copy damaged files again; if a folder is not writable, set TFDS_DATA_DIR to one that is."


def _check_network(urls: Iterable[str]) -> None:
    """Raises `OSError` if a host name cannot be resolved; TFDS would retry for minutes before reporting it."""
    import socket
    import urllib.parse
    import urllib.request  # Imported late: slow, and `zoo datasets` does not need it.

    if urllib.request.getproxies():
        return  # The proxy resolves host names.
    for host in sorted({urllib.parse.urlsplit(url).hostname or "" for url in urls}):
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            raise OSError(f"the address of {host} cannot be found ({error.strerror})") from error


@contextlib.contextmanager
def translate_record_errors(location: str) -> Iterator[None]:
    """Turns TensorFlow's errors for records into a `DataError` that names the dataset.

    A record may be damaged, so that its checksum does not match, or not fit the dataset's description.
    """
    try:
        yield
    except tf.errors.DataLossError as error:
        shard = find_unreadable_shard(_opened.values())
        where = f", in the file {shard}" if shard else ""
        raise DataError(
            f"A record of the dataset {location!r} is damaged{where}: {error.message.splitlines()[0]}. Delete its "
            "folder and run the command again to download the dataset, or copy it again from its source."
        ) from error
    except tf.errors.InvalidArgumentError as error:
        if "IteratorGetNext" not in error.message or not _opened:  # An error of a model's op or of other data.
            raise
        fault = error.message.splitlines()[0].rpartition("Iterator::Root")[2].partition(": ")[2] or error.message
        raise DataError(
            f"An example of the dataset {location!r} does not fit its description, features.json: {fault}. Copy the "
            "dataset again from its source, or prepare it again."
        ) from error


def checksum(folder: Path) -> str:
    """Returns a SHA-256 digest over the names and contents of a prepared dataset's record files."""
    import hashlib

    total = hashlib.sha256()
    for shard in sorted(folder.glob("*-of-*")):
        total.update(f"{shard.name} {file_digest(shard)}\n".encode())
    return total.hexdigest()


def read_examples(builder: Any, split: str, decoders: Any = None) -> Any:
    """Returns a split as a `tf.data.Dataset` of TFDS's examples, in the order of the files.

    Args:
        builder: the builder that `open_prepared` returned.
        split: TFDS's name of the split.
        decoders: TFDS decoders that replace the default ones.
    """
    config = tfds.ReadConfig(try_autocache=False)  # The preprocessed tensors are cached instead.
    return builder.as_dataset(split=split, shuffle_files=False, read_config=config, decoders=decoders)


def read_split(builder: Any, split: str, keys: tuple[str, str]) -> Any:
    """Returns a split as a `tf.data.Dataset` of `(raw, target)`, in the order of the files.

    Args:
        builder: the builder that `open_prepared` returned.
        split: TFDS's name of the split.
        keys: the features used as raw input and as target.
    """
    raw, target = keys
    return read_examples(builder, split).map(lambda example: (example[raw], example[target]))
