"""The changes that make hostile runs of good ones: the blocks of `hostile.CASES`."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np


class Case(NamedTuple):
    """One hostile run.

    Attributes:
        name: what is tried, for people.
        change: makes it.
        wants: a pattern of what must be said; "" where the run must answer as before.
    """

    name: str
    change: Callable[[Path, dict], str | None]
    wants: str


def setting(*keys, value, wants=None):
    """Returns the case of a config with another value."""

    def change(folder, config):
        place = config
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    shown = f"{type(value).__name__} of {len(value)}" if hasattr(value, "__len__") and len(value) > 50 else repr(value)
    return Case(f"{'.'.join(keys)}={shown:.60}", change, wants or rf"config\.json is damaged: .*{keys[-1]}")


def text(name, content, wants=r"config\.json is damaged: it (cannot be read as JSON|does not hold|lacks)"):
    """Returns the case of a `config.json` of some text."""
    return Case(name, lambda folder, config: content, wants)


def link(name, target):
    """Returns the case of a file that is a symbolic link to what lies elsewhere."""

    def change(folder, config):
        content = (folder / name).read_bytes()
        (folder.parent / "elsewhere").write_bytes(content)
        (folder / name).unlink()
        (folder / name).symlink_to(target.format(beside=folder.parent / "elsewhere"))

    return Case(f"{name} links to {target}", change, rf"{Path(name).name} is damaged: it is a symbolic link")


def folder_link(folder, config):
    (folder / "task").rename(folder.parent / "elsewhere")
    (folder / "task").symlink_to(folder.parent / "elsewhere")


def archive(change, compression=zipfile.ZIP_STORED):
    """Returns a change that rewrites `model.keras` from its members, by name, as `change` leaves them."""

    def rewrite(folder, config):
        with zipfile.ZipFile(folder / "model.keras") as old:
            members = [(name, old.read(name)) for name in old.namelist()]
        members = change(dict(members)) or members
        with zipfile.ZipFile(folder / "model.keras", "w", compression) as new:
            for name, content in members.items() if isinstance(members, dict) else members:
                new.writestr(name, content)

    return rewrite


def described(**entry):
    """Returns the members with another description of the model, which would run code if it were read."""

    def change(members):
        config = json.loads(members["config.json"])
        config["config"]["layers"].insert(1, entry)
        return {**members, "config.json": json.dumps(config)}

    return archive(change)


def weights(change):
    """Returns a change of the HDF5 file in `model.keras`."""

    def rewrite(members):
        file = io.BytesIO(members["model.weights.h5"])
        with h5py.File(file, "r+") as opened:
            change(opened)
        return {**members, "model.weights.h5": file.getvalue()}

    return archive(rewrite)


def first_array(file):
    """Returns the name of an array of an HDF5 file."""
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) and item.size > 9 else None)
    return names[0]


def filled(value, dtype="f"):
    """Returns a change of the weights: all are one number."""

    def change(file):
        file.visititems(
            lambda name, item: (
                item.__setitem__(..., value) if isinstance(item, h5py.Dataset) and item.dtype.kind == dtype else None
            )
        )

    return weights(change)


def pipe(name):
    """Returns a change that replaces a file or a folder by a pipe, from which reading would never return."""

    def change(folder, config):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        os.mkfifo(path)

    return change


def more(*names):
    """Returns a change that adds empty files."""

    def change(folder, config):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()

    return change


def packed(file):
    name = first_array(file)
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "f4", compression="gzip")


def declared(file):
    name = first_array(file)
    del file[name]
    file.create_dataset(name, (2**40,), "f4", chunks=(2**20,))


def unallocated(file):
    name = first_array(file)
    del file[name]
    file.create_dataset(name, (2**40,), "f4")


def external(file):
    name = first_array(file)
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual(file):
    name = first_array(file)
    shape = file[name].shape
    del file[name]
    layout = h5py.VirtualLayout(shape=shape, dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=shape)
    file.create_virtual_dataset(name, layout)


def linked(kind):
    def change(file):
        name = first_array(file)
        del file[name]
        file[name] = h5py.ExternalLink("/etc/passwd", "x") if kind == "external" else h5py.SoftLink("/layers")

    return change


def circle(file):
    name = first_array(file)
    file[f"{name.rpartition('/')[0]}/again"] = file["/"]


def texts(file):
    name = first_array(file)
    del file[name]
    file.create_dataset(name, data=np.array(["a", "b"], object), dtype=h5py.string_dtype())


def other_shape(file):
    name = first_array(file)
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, data=np.zeros((shape[0] + 1, *shape[1:]), "f4"))


def bomb(members):
    """Packs much into little, where the weights are expected."""
    return {**members, "model.weights.h5": bytes(2**26)}


def learnt(name, content):
    """Returns a change of a file that the task has learnt."""
    return lambda folder, config: (folder / "task" / name).write_bytes(content) and None
