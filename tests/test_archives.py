"""Runs in archives: used like folders, and refused unless they are exactly a run."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts import archive as archives
from keras_rnn_zoo.artifacts.digests import with_digests
from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.errors import ExportError, OptionError, RunError
from zoo_cli.main import cli

TEXTS = ["the plot is not dull", ""]


@pytest.fixture(scope="module")
def packed(small_run, tmp_path_factory):
    """An archive of a small run: read it, do not change it."""
    return zoo.pack(small_run("toy_reviews"), tmp_path_factory.mktemp("packed") / "reviews.zip")


@pytest.fixture
def unpacked_anew(monkeypatch):
    """Forgets the archives that were unpacked before."""
    monkeypatch.setattr(archives, "_unpacked", {})


def run_cli(*args):
    return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


def test_an_archive_is_used_like_a_folder(packed, small_run):
    folder = small_run("toy_reviews").path
    expected = zoo.predict(str(folder), TEXTS)
    assert zoo.load(packed).predict(TEXTS) == zoo.load(str(packed)).predict(TEXTS) == expected
    assert json.loads(run_cli("predict", packed, *TEXTS, "--json", "-q").stdout)[0]["label"] == expected[0]["label"]
    assert zoo.evaluate(packed, split="validation") == zoo.evaluate(str(folder), split="validation")
    assert zoo.Run.find(packed).config.digest == zoo.Run.find(folder).config.digest
    assert zoo.Run.find(packed).name == "small_toy_reviews"


def test_it_holds_what_is_needed_to_use_the_run_and_is_the_same_each_time(packed, small_run, tmp_path):
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
    assert names == ["config.json", "README.md", "history.csv", "metrics.json", "model.keras", "task/labels.txt",
                     "task/vocabulary.txt"]  # fmt: skip
    copy = Path(shutil.copytree(small_run("toy_reviews").path, tmp_path / "copy" / "toy_reviews"))
    os.utime(copy / "model.keras", (1, 1))
    again = zoo.pack(copy, tmp_path / "again.zip")
    assert again.read_bytes() == packed.read_bytes()


def test_it_is_shown_without_a_framework_or_a_warning(packed):
    code = f"import sys; sys.argv = ['zoo', 'show', '{packed.name}']; from zoo_cli.main import cli\n"
    code += "try: cli()\nfinally: assert not {'tensorflow', 'keras'} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], cwd=packed.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "many_to_one" in done.stdout and not done.stderr
    assert re.search(rf"archive\s+{packed.name}", done.stdout) and "keras_rnn_zoo-" not in done.stdout
    code = f"from keras_rnn_zoo.artifacts.run import open_run; print(open_run('{packed.name}').path)"
    done = subprocess.run([sys.executable, "-c", code], cwd=packed.parent, capture_output=True, text=True, check=False)
    assert "keras_rnn_zoo-" in done.stdout and not done.stderr
    assert not Path(done.stdout.strip()).parent.exists()  # It was removed when the process ended.


def test_messages_name_it(packed):
    assert zoo.load(packed).title == f"The run {packed}"


def test_its_temporary_folder_is_private(packed):
    folder = open_run(packed).path
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert open_run(packed).path == folder  # Unpacked once.


def test_an_export_of_it_is_written_elsewhere(packed, tmp_path):
    with pytest.raises(
        ExportError, match=r"is in an archive, which no export can be written to. Name a folder with outpu"
    ):
        zoo.export(packed)
    result = run_cli("export", packed, "--output", tmp_path / "served", "--no-check", "-q")
    assert result.stdout == f"{tmp_path / 'served' / '1'}\n"
    assert zoo.load(tmp_path / "served" / "1").predict(TEXTS[:1])[0]["label"]


def test_exports_are_packed_if_asked_for(small_run, small_export, tmp_path):
    folder = shutil.copytree(small_run("toy_reviews").path, tmp_path / "reviews")
    shutil.copytree(small_export("toy_reviews"), folder / "1")
    assert "1/saved_model.pb" not in zipfile.ZipFile(zoo.pack(folder, tmp_path / "a.zip")).namelist()
    whole = zoo.pack(folder, tmp_path / "whole.zip", exports=True)
    assert open_run(whole).versions() == [1]
    (folder / "1" / "link").symlink_to("/etc/passwd")
    with pytest.raises(RunError, match="1/link cannot be shared: it is a symbolic link"):
        zoo.pack(folder, tmp_path / "b.zip", exports=True)
    assert not (tmp_path / "b.zip").exists()


def test_an_existing_file_is_replaced_only_if_asked_for(small_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = small_run("toy_reviews").path
    assert run_cli("pack", run).stdout == "small_toy_reviews.zip\n"
    (tmp_path / "small_toy_reviews.zip").write_bytes(b"mine")
    result = run_cli("pack", run)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: small_toy_reviews.zip already exists. Replace it with --overwrite, or name another file.\n"
    )
    assert (tmp_path / "small_toy_reviews.zip").read_bytes() == b"mine"
    assert run_cli("pack", run, "--overwrite").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["small_toy_reviews.zip"]
    with pytest.raises(OptionError, match=r"An archive's name ends in \.zip; received 'a.tar'"):
        zoo.pack(run, "a.tar")
    with pytest.raises(RunError, match=r"a.zip cannot be written: there is no folder .*nowhere"):
        zoo.pack(run, "nowhere/a.zip")


def test_a_damaged_run_is_not_packed(small_run, tmp_path):
    folder = shutil.copytree(small_run("toy_reviews").path, tmp_path / "reviews")
    (folder / "task" / "labels.txt").write_text("other\n")
    with pytest.raises(RunError, match=r"labels.txt is damaged"):
        zoo.pack(folder, tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["reviews"]


def entry(name, content=b"x", mode=stat.S_IFREG | 0o644, compression=zipfile.ZIP_STORED):
    member = zipfile.ZipInfo(name)
    member.external_attr, member.compress_type = mode << 16, compression
    return member, content


def sealed(change):
    """Returns a change of `config.json`, with a seal of its own."""

    def rewrite(members):
        config = json.loads(members[0][1])
        change(config)
        text = json.dumps(with_digests(config, config["files"])) + "\n"
        return [(members[0][0], text.encode()), *members[1:]]

    return rewrite


def without(name):
    return lambda members: [member for member in members if member[0].filename != name]


def more(*entries):
    return lambda members: [*members, *entries]


def packed_by(compression):
    def change(members):
        for member, _ in members:
            member.compress_type = compression
        return members

    return change


UNLIKE = "is not an archive of a run: it contains a file with the path"
HOSTILE = {
    "a path that climbs": (more(entry("task/../../evil")), UNLIKE),
    "a path that climbs at once": (more(entry("../evil")), UNLIKE),
    "an absolute path": (more(entry("/tmp/evil")), UNLIKE),
    "a path of Windows": (more(entry("C:/evil")), UNLIKE),
    "a control character": (more(entry("task/\x1bevil")), UNLIKE),
    "an empty name": (more(entry("task//evil")), UNLIKE),
    "a folder": (more(entry("task/")), UNLIKE),
    "a path that is deep": (more(entry("task/" + "a/" * 300 + "b")), UNLIKE),
    "a file twice": (more(entry("task/labels.txt")), "contains 'task/labels.txt' twice"),
    "a file twice in capitals": (more(entry("Config.JSON")), "contains 'Config.JSON' twice"),
    "many files": (more(*(entry(f"task/{n}", b"") for n in range(10_001))), "more than 10,000 files"),
    "a link": (more(entry("task/link", b"/etc/passwd", stat.S_IFLNK | 0o777)), "'task/link' in it is not a regular"),
    "a pipe": (more(entry("task/pipe", b"", stat.S_IFIFO | 0o666)), "'task/pipe' in it is not a regular file"),
    "a file that is not of a run": (more(entry("evil.py")), "it contains 'evil.py', which is not a file of a run"),
    "one more in the task": (more(entry("task/evil")), "it contains 'task/evil', which is not a file of a run"),
    "the checkpoint of a training": (more(entry("training.state")), "'training.state', which is not a file of a run"),
    "a bomb": (more(entry("task/bomb", b"0" * 10_000_000, compression=zipfile.ZIP_DEFLATED)), "is compressed"),
    "a bomb of another kind": (more(entry("1/bomb", b"0" * 10_000_000, compression=zipfile.ZIP_LZMA)), "is compressed"),
    "all compressed": (packed_by(zipfile.ZIP_DEFLATED), "'config.json' in it is compressed, which `zoo pack` does not"),
    "no config": (without("config.json"), "it contains no config.json"),
    "no weights": (without("model.keras"), "it lacks 'model.keras'"),
    "no labels": (without("task/labels.txt"), "it lacks 'task/labels.txt'"),
    "another vocabulary": (lambda m: [(one, b"x\n" if "voc" in one.filename else text) for one, text in m],
                           "is damaged: of task/vocabulary.txt in it, its content is not what was written"),
    "a config that is no JSON": (lambda m: [(m[0][0], b"[" * 100_000), *m[1:]], "its config.json is damaged"),
    "a name that climbs": (sealed(lambda config: config.update(run="../evil")), "is damaged: it has no valid"),
    "a config of another": (sealed(lambda config: config.update(files={})), "which is not a file of a run"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("unpacked_anew")
def test_a_hostile_archive_is_refused_and_leaves_nothing(name, packed, tmp_path, monkeypatch):
    change, message = HOSTILE[name]
    with zipfile.ZipFile(packed) as archive:
        members = [(member, archive.read(member)) for member in archive.infolist()]
    hostile = tmp_path / "hostile.zip"
    with zipfile.ZipFile(hostile, "w") as archive:
        for member, content in change(members):
            archive.writestr(member, content)
    check_refused(hostile, message, tmp_path, monkeypatch)


def check_refused(hostile, message, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunError) as raised:
        open_run(hostile)
    assert re.search(message, str(raised.value)), str(raised.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert "Traceback" not in run_cli("show", hostile).output


def overlapping(data):
    """Lets the names of two files in the list of an archive refer to the same bytes."""
    place = data.rindex(b"PK\x01\x02")
    first = data.index(b"PK\x01\x02")
    return data[:place] + data[place : place + 42] + data[first + 42 : first + 46] + data[place + 46 :]


def larger(data):
    """States a size of 4 GiB for the last file of an archive."""
    place = data.rindex(b"PK\x01\x02")
    return data[: place + 20] + b"\xf0\xff\xff\xff" * 2 + data[place + 28 :]


def encrypted(data):
    place = data.rindex(b"PK\x01\x02")
    return data[: place + 8] + b"\x01" + data[place + 9 :]


def flipped(data):
    place = data.index(b"[UNK]")
    return data[:place] + b"(" + data[place + 1 :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "is damaged: File is not a zip file"),
        (lambda data: data[:-30], "is damaged|is not an archive"),
        (lambda data: data[: len(data) // 2], "is damaged"),
        (flipped, "is damaged: Bad CRC-32 for file 'task/vocabulary.txt'"),
        (larger, "its files have [0-9,]+ bytes, more than the [0-9,]+ of the archive"),
        (overlapping, "is damaged: File name in directory 'task/vocabulary.txt' and header b'config.json' differ"),
        (encrypted, "'task/vocabulary.txt' in it is encrypted"),
    ],
    ids=["empty", "truncated", "half", "a bit", "a large size", "overlapping", "encrypted"],
)
@pytest.mark.usefixtures("unpacked_anew")
def test_damaged_bytes_are_refused(change, message, packed, tmp_path, monkeypatch):
    hostile = tmp_path / "hostile.zip"
    hostile.write_bytes(change(packed.read_bytes()))
    check_refused(hostile, message, tmp_path, monkeypatch)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"There is no archive none.zip"):
        zoo.load("none.zip")
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(RunError, match="cannot be read: it is a named pipe"):
        zoo.load(tmp_path / "pipe.zip")


def test_a_run_may_have_the_name_of_an_archive(small_run, models_dir):
    shutil.copytree(small_run("toy_reviews").path, models_dir / "a.zip")
    assert zoo.Run.find("a.zip").path == models_dir / "a.zip"
