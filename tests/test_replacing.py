"""A new run takes the place of one that is being read: what is loaded is of one of them, and there is always one."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo import atomic_files as files
from keras_rnn_zoo.artifacts import publish_run
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.artifacts.digests import with_digests
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.inference import load as loading

WRITER = """
import shutil, sys
from pathlib import Path
from keras_rnn_zoo import atomic_files as files
from keras_rnn_zoo.artifacts.publish_run import atomic_run
path, *sources = map(Path, sys.argv[2:])
if sys.argv[1] == "two steps":
    files._exchanged = lambda one, other: False
print("writing", flush=True)
while True:
    for source in sources:
        with atomic_run(path) as folder:
            shutil.copytree(source, folder, dirs_exist_ok=True)
        for earlier in path.parent.glob(path.name + ".*"):
            shutil.rmtree(earlier)
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory, small_run):
    """Two runs that predict alike: of the second, the tokens and their vectors stand in another order."""
    folder = tmp_path_factory.mktemp("pair")
    first = small_run("toy_reviews").path
    second = Path(shutil.copytree(first, folder / "second"))
    vocabulary = second / "task" / "vocabulary.txt"
    tokens = vocabulary.read_text().split("\n")[:-1]
    order = np.r_[0, 1, 2 + np.random.default_rng(1).permutation(len(tokens) - 2)]
    vocabulary.write_text("".join(f"{tokens[number]}\n" for number in order))
    with zipfile.ZipFile(second / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = io.BytesIO(members["model.weights.h5"])

    def reorder(name, item):
        if isinstance(item, h5py.Dataset) and item.shape[:1] == (len(tokens),):
            item[...] = item[...][order]

    with h5py.File(content, "r+") as file:
        file.visititems(reorder)
    members["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(second / "model.keras", "w") as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name), member)
    config = json.loads((second / "config.json").read_text())
    (second / "config.json").write_text(json.dumps(with_digests(config, Run(second).digests())) + "\n")
    return first, second


def vectors(loaded):
    """Returns the vector of each token, which only a vocabulary and weights of the same run tell."""
    rows = loaded.model.get_layer("embedding").get_weights()[0]
    return dict(zip(loaded.task.reader.ids.vocabulary, map(tuple, rows), strict=True))


@pytest.fixture
def path(pair, models_dir):
    """A run that is replaced."""
    return Path(shutil.copytree(pair[0], models_dir / "run"))


def replace(path, source):
    """Replaces a run by a copy of another one."""
    with publish_run.atomic_run(path) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    for earlier in path.parent.glob(f"{path.name}.*"):
        shutil.rmtree(earlier)


@pytest.fixture
def at_open(monkeypatch):
    """Does something before the Nth time that a file or folder is opened by descriptor, and counts these times."""
    opening, state = os.open, {"count": 0, "at": None, "do": None}

    def counted(*args, **kwargs):
        state["count"] += 1
        if state["count"] == state["at"]:
            state["do"]()
        return opening(*args, **kwargs)

    monkeypatch.setattr(os, "open", counted)
    return state


@pytest.mark.parametrize("way", ["exchange", pytest.param("two steps", marks=pytest.mark.slow)])
def test_a_run_that_is_replaced_at_any_point_of_loading_is_loaded_whole(pair, path, at_open, monkeypatch, way):
    if way == "two steps":
        monkeypatch.setattr(files, "_exchanged", lambda one, other: False)
    wanted = vectors(loading.load_run("run"))
    times = at_open["count"]
    assert times > 5
    for number in range(1, times + 1):
        at_open.update(count=0, at=number, do=lambda number=number: replace(path, pair[number % 2]))
        assert vectors(loading.load_run("run")) == wanted
        assert at_open["count"] > number


def test_a_run_that_was_opened_stays_what_it_was(pair, path):
    opened = runs.open_run("run")
    wanted = (pair[0] / "task" / "vocabulary.txt").read_text()
    replace(path, pair[1])
    assert (opened.snapshot / "task" / "vocabulary.txt").read_text() == wanted
    loaded = loading.load_run(opened)
    assert loaded.run.config == runs.Run(pair[0]).config
    assert [*loaded.task.reader.ids.vocabulary] == wanted.split("\n")[:-1]
    assert Run(path).config != loaded.run.config


def test_a_run_that_was_replaced_since_it_was_loaded_is_not_exported(pair, path):
    loaded = zoo.load("run")
    replace(path, pair[1])
    with pytest.raises(RunError, match=r"was replaced since it was loaded\. Load it again"):
        zoo.export(loaded, check=False)
    assert not list(path.glob("[0-9.]*"))


def test_a_file_that_is_written_to_while_it_is_read_is_refused(path, monkeypatch):
    from keras_rnn_zoo.artifacts import weights

    def write(file, check=weights.stored_bytes):
        with open(file.path, "r+b") as same:
            same.write(b"x")
        os.utime(file.path, ns=(0, 0))
        return check(file)

    monkeypatch.setattr(weights, "stored_bytes", write)
    with pytest.raises(RunError, match=r"model\.keras is damaged"):
        loading.load_run("run")


def test_a_name_that_is_free_for_a_moment_is_waited_for(pair, path, monkeypatch):
    moved = path.rename(path.with_name(".partial-abc-run"))
    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 4:
            moved.rename(path)

    monkeypatch.setattr(runs.time, "sleep", nap)
    assert runs.open_run("run").config.files
    path.rename(path.with_name("elsewhere"))
    naps.clear()
    with pytest.raises(RunError, match="There is no run 'run'"):
        runs.open_run("run")
    assert len(naps) == 1


def test_killed_between_the_steps_of_a_replacement_nothing_is_lost(pair, path, monkeypatch):
    before = {runs.Run(one).config.digest for one in pair}

    class Killed(BaseException):
        pass

    def kill(one, other):
        raise Killed

    monkeypatch.setattr(files, "_exchanged", kill)
    with pytest.raises(Killed):
        replace(path, pair[1])
    assert {runs.open_run(name).config.digest for name in ("run", "run.1")} == before


@pytest.mark.parametrize("what", ["a file", "a link to nowhere", "a link to a run"])
def test_anything_with_the_name_of_a_run_is_kept_beside_it(pair, path, what):
    shutil.rmtree(path)
    if what == "a file":
        path.write_text("precious")
    else:
        path.symlink_to(pair[0] if what == "a link to a run" else "nowhere")
    with publish_run.atomic_run(path) as folder:
        shutil.copytree(pair[1], folder, dirs_exist_ok=True)
    kept = path.with_name("run.1")
    assert runs.open_run("run").config == Run(pair[1]).config
    assert kept.read_text() == "precious" if what == "a file" else kept.is_symlink()


@pytest.fixture(scope="module")
def exports(small_run, tmp_path_factory):
    """Two versions of an export."""
    folder = tmp_path_factory.mktemp("exports")
    shutil.copytree(small_run("adding").path, folder / "run")
    return [zoo.export(str(folder / "run"), check=False) for _ in range(2)]


@pytest.mark.parametrize("moment", ["before", pytest.param("after", marks=pytest.mark.slow)])
def test_an_export_that_is_replaced_while_tensorflow_reads_it_is_read_again(exports, tmp_path, monkeypatch, moment):
    path = Path(shutil.copytree(exports[0], tmp_path / "1"))
    load, read = tf.saved_model.load, []

    def replacing(place):
        read.append((Path(place) / "export.json").stat().st_ino)
        if len(read) == 1 and moment == "before":
            shutil.rmtree(path)
            shutil.copytree(exports[1], path)
        loaded = load(place)
        if len(read) == 1 and moment == "after":
            files.replace_folder(Path(shutil.copytree(exports[1], tmp_path / ".partial-x-1")), path, None)
        return loaded

    monkeypatch.setattr(tf.saved_model, "load", replacing)
    loaded = zoo.load(path)
    assert len(read) == 2
    assert read[1] == (path / "export.json").stat().st_ino
    assert loaded.path == path
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".partial")] == []


def loads(pair, path, count, way):
    """Loads a run again and again while another process replaces it; returns how many loads were mixed or failed."""
    wanted = vectors(loading.load_run(str(path)))
    command = [sys.executable, "-c", WRITER, way, str(path), *map(str, pair)]
    seen, mixed, failed = set(), 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout.readline() == "writing\n"
            for _ in range(count):
                try:
                    loaded = loading.load_run("run")
                except zoo.ZooError as error:
                    failed.append(str(error))
                    continue
                seen.add(loaded.run.config.digest)
                mixed += vectors(loaded) != wanted
            assert writer.poll() is None
        finally:
            writer.kill()
    assert len(seen) == 2
    return mixed, failed


def test_a_few_loads_beside_a_process_that_replaces_the_run(pair, path):
    assert loads(pair, path, 24, "exchange") == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["exchange", "two steps"])
def test_a_thousand_loads_beside_a_process_that_replaces_the_run(pair, path, way):
    assert loads(pair, path, 1000, way) == (0, [])
