"""Data sets that TensorFlow Datasets (TFDS) downloads and prepares, and where their files lie.

What is on disk is found without loading a framework, checked before TFDS reads it, and read without the network.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.atomic_files import file_digest, user_path
from keras_rnn_zoo.datasets._descriptions import described_builder, half_written, read_description
from keras_rnn_zoo.datasets._shards import unreadable_shard, wrong_shard
from keras_rnn_zoo.datasets.examples import one_target_each
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tf, tfds
from keras_rnn_zoo.offline import require_network
from keras_rnn_zoo.printing import shell_quote

_opened: dict[str, Path] = {}
"""The folders that were opened in this process: of a damaged record TensorFlow does not tell the file."""


def data_dir_path(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder of prepared data sets: `data_dir`, else `$TFDS_DATA_DIR`, else ~/tensorflow_datasets."""
    return user_path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def find_prepared(location: str, data_dir: Path) -> Path | None:
    """Returns the folder of the newest version of a data set on disk, or `None` if there is none.

    Args:
        location: the data set's name and config, as `imdb_reviews/plain_text`; with a version, as `mnist:3.0.1`.
        data_dir: the folder of prepared data sets.
    """
    location, _, version = location.partition(":")
    versions = [path.parent for path in (data_dir / location).glob(f"{version or '*'}/dataset_info.json")]
    complete = [path for path in versions if re.fullmatch(r"\d+(\.\d+)*", path.name, re.ASCII)]
    return max(complete, key=lambda path: [int(part) for part in path.name.split(".")], default=None)


def recorded_dir(location: str, folder: str | None) -> str | None:
    """Returns the folder that a run was trained from, if the data set is still prepared there, else `None`."""
    return folder if folder and find_prepared(location, Path(folder)) else None


def check_prepared(folder: Path) -> Any:
    """Checks every file of a prepared data set.

    Args:
        folder: the folder of its version.

    Returns:
        What `descriptions.read_description` returns of it.

    Raises:
        DataError: a file is missing, is not as long as when it was written, or names what is not TFDS's own.
    """
    description = read_description(folder)
    if wrong := wrong_shard(folder, description):
        raise half_written(*wrong)
    return description


def open_prepared(location: str, data_dir: str | os.PathLike[str] | None, builder: Any = None) -> Any:
    """Returns the TFDS builder of a data set on disk, which it prepares first where it is not there.

    It is prepared from the files that the user put into `<data_dir>/<name>` or `<data_dir>/downloads/manual`, and from
    downloads for the rest. Where those files lie in a folder that may not be written, it goes to the default folder.

    Args:
        location: the data set's name and config, as `imdb_reviews/plain_text`.
        data_dir: the folder of prepared data sets; see `data_dir_path`.
        builder: the class that prepares it, one of `keras_rnn_zoo.tfds_builders`; TFDS's own by default.

    Raises:
        DataError: the data set is neither on disk nor can be prepared, or is damaged.
    """
    folder = _readable(location, data_dir_path(data_dir))
    version = find_prepared(location, folder)
    if version is None:
        folder, files = _place(location, folder)
        version = find_prepared(location, folder)
        if version is None:
            _prepare(location, folder, files, builder)
            version = find_prepared(location, folder)
    if version is None:
        raise DataError(f"TFDS prepared {location!r}, but left no version of it in {folder / location}.")
    description = check_prepared(version)
    _opened[location] = version
    try:
        return described_builder(version, description)
    except DataError:
        raise
    except Exception as error:  # Of damage in its descriptions TFDS tells by many kinds.
        told = str(error).strip().partition("\n")[0] or type(error).__name__
        raise half_written(version / "dataset_info.json", f"TFDS cannot read it or features.json ({told})") from error


def _readable(location: str, folder: Path) -> Path:
    """Returns `folder`, or raises `DataError` if it cannot be a folder of prepared data sets."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"The data directory {folder} is a file. Name a folder with --data-dir.")
    # TFDS makes its own folder when it first downloads; one that the user names is more likely misspelt than new.
    if not folder.exists() and folder.resolve() != data_dir_path().resolve():
        raise DataError(
            f"The data directory {folder} does not exist. Name the folder that holds {location!r}, or make it "
            f"(mkdir -p {shell_quote(folder)}) to have the data set downloaded there."
        )
    if not os.access(folder, os.R_OK | os.X_OK) and folder.exists():
        raise DataError(f"The data directory {folder} cannot be read. Change its permissions or name another.")
    return folder


def _place(location: str, folder: Path) -> tuple[Path, Path]:
    """Returns the folder to prepare a data set in, and the one with the files that the user brought for it."""
    own = folder / re.split("[/:]", location)[0]
    # TFDS keeps nothing but folders there.
    brought = any(path.is_file() and not path.name.startswith(".") for path in own.glob("*"))
    files = own if brought else folder / "downloads" / "manual"
    if _may_write(folder) and _may_write(own):
        return folder, files
    if files.is_dir():
        return data_dir_path(), files
    raise DataError(
        f"The dataset {location!r} is not in the data directory {folder}, which may not be written. Name another with "
        "--data-dir, or copy the data set there."
    )


def _may_write(folder: Path) -> bool:
    """Whether a folder may be written; one that nobody has permission to write is left alone even by root."""
    return not folder.exists() or (os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222))


def _prepare(location: str, folder: Path, files: Path, builder_class: Any) -> None:
    """Prepares a data set in `folder`, from the files that the user brought and from downloads."""
    missing: dict[str, str] = {}
    try:
        builder = builder_class(data_dir=folder) if builder_class else _tfds_builder(location, folder)
        names = {url: info.filename or "" for url, info in (builder.url_infos or {}).items()}
        missing = {url: name for url, name in names.items() if not (files / name).is_file()}
        if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and not files.is_dir():
            raise FileNotFoundError("they can only be had by hand")
        if missing or builder_class is None:
            require_network("Its download", "Leave that out once, or copy the data set here.")
        _check_network(missing)
        with contextlib.redirect_stdout(sys.stderr):  # TFDS tells of its progress where `--json` puts its document.
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=files))
    except Exception as error:  # TFDS and its download library raise many kinds; each means the same to the user.
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"The dataset {location!r} is not on disk and could not be {'downloaded' if missing else 'prepared'}. "
            f"Looked for a version of it in {folder / location} and for its files in {files}; it ended with: "
            f"{reason[:300]}. {_advice(location, builder_class, missing)}"
        ) from error


def _tfds_builder(location: str, folder: Path) -> Any:
    """Returns one of TFDS's own builders; `tfds.builder` would also read what lies in `folder`, whoever wrote it."""
    name, _, version = location.partition(":")
    name, _, config = name.partition("/")
    kind = tfds.builder_cls(name)
    if not kind.__module__.startswith("tensorflow_datasets."):
        raise ValueError(f"{name} is not one of TFDS's own data sets")
    return kind(data_dir=folder, config=config or None, version=version or None)


def _advice(location: str, builder_class: Any, missing: Mapping[str, str]) -> str:
    """Returns what to do to have a data set whose preparation failed, `missing` the files (by URL) not at hand."""
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
    return "Copy a damaged file again; where a folder may not be written, set TFDS_DATA_DIR to one that may."


def _check_network(urls: Iterable[str]) -> None:
    """Raises `OSError` if a host of the URLs has no address; TFDS would try for minutes before it says so."""
    import socket
    import urllib.parse
    import urllib.request  # Slow to import, and `zoo datasets` needs it not.

    if urllib.request.getproxies():
        return  # A proxy looks the hosts up.
    for host in sorted({urllib.parse.urlsplit(url).hostname or "" for url in urls}):
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            raise OSError(f"the address of {host} cannot be found ({error.strerror})") from error


@contextlib.contextmanager
def translate_record_errors(location: str) -> Iterator[None]:
    """Turns TensorFlow's errors for records into a `DataError` that names the data set.

    A record may be damaged, so that its checksum is wrong, or not be what the data set's description says.
    """
    try:
        yield
    except tf.errors.DataLossError as error:
        shard = unreadable_shard(_opened.values())
        where = f", in the file {shard}" if shard else ""
        raise DataError(
            f"A record of the data set {location!r} is damaged{where}: {error.message.splitlines()[0]}. Delete its "
            "folder and run the command again to download it anew, or copy it again from where it came."
        ) from error
    except tf.errors.InvalidArgumentError as error:
        if "IteratorGetNext" not in error.message or not _opened:  # The error of a model's op, or of other data.
            raise
        what = error.message.splitlines()[0].rpartition("Iterator::Root")[2].partition(": ")[2] or error.message
        raise DataError(
            f"An example of the data set {location!r} does not fit its description, features.json: {what}. Copy the "
            "data set again from where it came, or prepare it anew."
        ) from error


def checksum(folder: Path) -> str:
    """Returns a SHA-256 over the names and contents of a prepared data set's records."""
    import hashlib

    total = hashlib.sha256()
    for shard in sorted(folder.glob("*-of-*")):
        total.update(f"{shard.name} {file_digest(shard)}\n".encode())
    return total.hexdigest()


def read_examples(builder: Any, split: str, decoders: Any = None) -> Any:
    """Returns a split as a `tf.data.Dataset` of TFDS's examples, in the order of the files.

    Args:
        builder: what `open_prepared` returned.
        split: the split, as TFDS names it.
        decoders: how TFDS decodes features, where not in its own way.
    """
    config = tfds.ReadConfig(try_autocache=False)  # The tensors made of it are cached instead.
    return builder.as_dataset(split=split, shuffle_files=False, read_config=config, decoders=decoders)


def read_split(builder: Any, split: str, keys: tuple[str, str]) -> Any:
    """Returns a split as a `tf.data.Dataset` of `(raw, target)`, in the order of the files.

    Args:
        builder: what `open_prepared` returned.
        split: the split, as TFDS names it.
        keys: the features that become the raw input and the target.
    """
    raw, target = keys
    return read_examples(builder, split).map(lambda example: (example[raw], example[target]))


PHOTOGRAPHS = {
    "encoder": "EfficientNetB0",
    "pretrained": True,
    "image_height": 224,
    "image_width": 224,
    "units": 512,
    "embedding_dim": 256,
    "batch_size": 64,
    "target_tokens": "words",
    "bleu_tokenize": "none",
}
"""Defaults for captions of photographs, whose published scores are on lower-case words."""


def read_captions(builder: Any, split: str, captions: Callable[[Any], Any], one_each: bool = False) -> Any:
    """Returns a split as a `tf.data.Dataset` of `(image, captions)`, in the order of the files, images still encoded.

    Args:
        builder: what `open_prepared` returned; its features are "image" and "captions".
        split: the split, as TFDS names it.
        captions: a function that takes the feature "captions" and gives strings of the shape (references,).
        one_each: whether to give an element for each caption, as training takes them, of the shape (1,).
    """
    wanted = tfds.decode.PartialDecoding(["image", "captions"], decoders={"image": tfds.decode.SkipDecoding()})
    examples = read_examples(builder, split, wanted).map(
        lambda example: (example["image"], captions(example["captions"]))
    )
    return one_target_each(examples) if one_each else examples
