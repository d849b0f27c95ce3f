"""Where what a user asked for is written: files whole or not at all, devices and pipes in place."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from keras_rnn_zoo import atomic_files as files
from keras_rnn_zoo.errors import ZooError


def write(path, content=b"new"):
    with files.output_file(path) as file:
        file.write(content)


def reading(path):
    """Reads a pipe in a thread; returns the thread and the list that gets what was read."""
    read = []
    thread = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    thread.start()
    return thread, read


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread, read = reading(pipe)
    write(pipe)
    thread.join(20)
    assert read == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_written_to_and_stays_one(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.write_bytes(b"")
    except PermissionError:
        pytest.skip("this user cannot create a device")
    for path in (device, tmp_path / "link"):
        if path != device:
            path.symlink_to(device)
        write(path)
        assert stat.S_ISCHR(device.stat().st_mode)
        assert device.read_bytes() == b""


@pytest.mark.parametrize("target", ["target.csv", "deep/nothing.csv"])
def test_of_a_link_the_file_that_it_leads_to_is_written(tmp_path, target):
    (tmp_path / "deep").mkdir()
    (tmp_path / "target.csv").write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert (tmp_path / target).read_bytes() == b"new"


def test_a_file_keeps_its_mode_and_a_new_one_gets_that_of_any(tmp_path):
    old, new, plain = (tmp_path / name for name in ("old", "new", "plain"))
    old.touch()
    old.chmod(0o640)
    plain.touch()
    write(old)
    write(new)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert new.stat().st_mode == plain.stat().st_mode


def test_what_fails_leaves_the_old_file(tmp_path):
    (tmp_path / "old").write_text("old")
    with pytest.raises(ZeroDivisionError), files.output_file(tmp_path / "old") as file:
        file.write(b"half")
        _ = 1 / 0
    assert (tmp_path / "old").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_may_have_the_longest_name_there_is(tmp_path):
    path = tmp_path / ("n" * 251 + ".csv")
    write(path)
    assert path.read_bytes() == b"new"


def test_a_folder_and_a_file_in_no_folder_are_refused(tmp_path):
    with pytest.raises(ZooError, match="is a folder, but the output is a file"):
        write(tmp_path)
    with pytest.raises(ZooError, match=r"x cannot be written: there is no folder .*none"):
        write(tmp_path / "none" / "x")


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_gone_on_with(tmp_path, path):
    """As a file that a shell has opened to append: opened anew, it would be emptied."""
    code = f"""
from pathlib import Path
from keras_rnn_zoo.atomic_files import output_file
print("first")
with output_file(Path({path!r})) as file:
    file.write(b"second\\n")
print("third")
"""
    log = tmp_path / "log"
    log.write_text("before\n")
    with open(log, "a") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert log.read_text() == "before\nfirst\nsecond\nthird\n"


def test_a_configuration_is_written_to_a_pipe_alone(tmp_path):
    import yaml
    from click.testing import CliRunner

    from zoo_cli.main import cli

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread, read = reading(pipe)
    result = CliRunner().invoke(cli, ["init", "many_to_one", "--output", str(pipe)], catch_exceptions=False)
    thread.join(20)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert yaml.safe_load(read[0])["architecture"] == "many_to_one"
    for taken in ("file", "link"):
        path = tmp_path / taken
        path.touch() if taken == "file" else path.symlink_to("nowhere")
        result = CliRunner().invoke(cli, ["init", "many_to_one", "--output", str(path)], catch_exceptions=False)
        assert "already exists" in result.stderr


def test_nobody_can_know_the_name_of_what_is_half_written(tmp_path):
    with files.atomic_write(tmp_path / "x") as first, files.atomic_write(tmp_path / "x") as second:
        assert first != second
        assert {path.stat().st_size for path in (first, second)} == {0}
        first.write_text("1")
        second.write_text("2")
    assert (tmp_path / "x").read_text() == "1"


def test_a_link_at_a_name_of_our_own_is_replaced(tmp_path):
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "history.csv").symlink_to("mine")
    files.write_text(tmp_path / "history.csv", "new")
    assert (tmp_path / "mine").read_text() == "precious"
    assert not (tmp_path / "history.csv").is_symlink()
