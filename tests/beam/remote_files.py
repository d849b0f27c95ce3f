"""A file system of Beam whose addresses, `zootest://...`, are files of a local folder, named by `$ZOO_TEST_REMOTE`."""

import os
from pathlib import Path

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

SCHEME = "zootest"


def _local(path):
    return path.replace(f"{SCHEME}://", os.environ["ZOO_TEST_REMOTE"] + "/")


def _remote(path):
    return path.replace(os.environ["ZOO_TEST_REMOTE"] + "/", f"{SCHEME}://")


class RemoteFiles(LocalFileSystem):
    @classmethod
    def scheme(cls):
        return SCHEME

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        pass  # As in object stores.

    def _list(self, dir_or_prefix):
        for found in super()._list(_local(dir_or_prefix)):
            yield FileMetadata(_remote(found.path), found.size_in_bytes, found.last_updated_in_seconds)

    def _path_open(self, path, mode, *args, **settings):
        if "w" in mode:
            Path(_local(path)).parent.mkdir(parents=True, exist_ok=True)
        return super()._path_open(_local(path), mode, *args, **settings)

    def rename(self, source_file_names, destination_file_names):
        super().rename([*map(_local, source_file_names)], [*map(_local, destination_file_names)])

    def exists(self, path):
        return super().exists(_local(path))

    def delete(self, paths):
        for path in paths:
            folder = path.endswith("/")
            LocalFileSystem.delete(LocalFileSystem(None), [_local(path.rstrip("/") if folder else path)])
