"""Loading a run of a stranger runs none of its code, writes nothing, and allocates no more than the files hold."""

import json
import re
import resource
import shutil
import sys
from pathlib import Path

import pytest
from hostile import CASES
from hostile_changes import Case, filled

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.digests import with_digests
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import ZooError

TEXTS = ["the plot is not dull", ""]
MOST = 2**30
"""Bytes that a hostile run may make the process grow by; several cases ask for a hundred times as much or more."""


@pytest.fixture(scope="module")
def good(small_run):
    """A small run, and what it answers."""
    run = small_run("toy_reviews")
    return run, zoo.predict(run, TEXTS)


@pytest.fixture(scope="session")
def events():
    """The names of what code can do to the world, since it was last cleared: processes, sockets, files written."""
    seen, watched = [], ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect", "exec.hostile")

    def watch(event, arguments):
        if event in watched:
            seen.append(f"{event} {arguments!r:.200}")
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            seen.append(f"open {arguments[0]} {arguments[1]}")

    sys.addaudithook(watch)
    return seen


def files_of(folder):
    """Returns the paths in a folder and what they are."""
    return {path: (path.is_symlink(), path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.fixture
def hostile(good, tmp_path):
    """Makes the run of a case."""

    def make(case):
        folder = Path(shutil.copytree(good[0].path, tmp_path / "strangers" / "run"))
        config = json.loads((folder / "config.json").read_text())
        written = case.change(folder, config)
        path = folder / "config.json"
        if written is not None:
            path.write_text(written)
        elif path.is_file() and not path.is_symlink() and path.stat().st_size < 2**30:
            real = Run(folder).digests()
            files = {**real, **config["files"]}
            path.write_text(
                json.dumps(with_digests(config, {**files, **{k: real[k] for k in real if files[k] != 7}})) + "\n"
            )
        return folder

    return make


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_hostile_run_does_no_harm(case, good, hostile, events, tmp_path):
    import keras

    folder = hostile(case)
    before, peak = files_of(tmp_path), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    events.clear()
    keras.config.enable_unsafe_deserialization()  # What a caller may have done for a model of his own.
    try:
        if case.wants:
            with pytest.raises(ZooError) as raised:
                zoo.predict(str(folder), TEXTS)
            said = re.sub(r"\s+", " ", str(raised.value))
            assert re.search(case.wants, said), said
            assert said[-1] in ".?)"
            assert len(said) < 2000
        else:
            assert zoo.predict(str(folder), TEXTS) == good[1]
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)
    assert files_of(tmp_path) == before
    assert not events
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak)
    assert grown < MOST, f"it grew by {grown:,} bytes"


@pytest.mark.parametrize("value", ["nan", "3e+38"])
def test_a_run_whose_numbers_are_not_finite_is_refused_by_each_command(hostile, value, few_examples):
    from click.testing import CliRunner

    from zoo_cli.main import cli

    folder = str(hostile(Case("", filled(float(value)), "")))
    for command in (["predict", folder, "fine"], ["predict", folder, "fine", "--json"], ["evaluate", folder]):
        result = CliRunner().invoke(cli, [*command, "-q"], catch_exceptions=False)
        assert result.exit_code == 1
        assert "not finite" in result.stderr or "its loss is NaN" in result.stderr
        assert not result.stdout


def test_a_card_that_links_to_another_file_is_not_exported(good, hostile, caplog):
    folder = hostile(Case("", lambda folder, config: (folder / "README.md").unlink(), ""))
    (folder / "README.md").symlink_to("/etc/passwd")
    path = zoo.export(str(folder), check=False)
    assert not (path / "README.md").exists()
    assert "README.md is damaged: it is a symbolic link" in caplog.text


def test_exports_do_not_follow_a_link(good, hostile, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="the extra `tflite` is not installed")
    folder = hostile(Case("", lambda folder, config: None, ""))
    (tmp_path / "elsewhere").mkdir()
    (folder / "tflite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ZooError, match="tflite is a symbolic link, but exports are written within their run"):
        zoo.export(str(folder), format="tflite", check=False)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_text_of_a_run_cannot_control_the_terminal(good, hostile):
    from click.testing import CliRunner

    from zoo_cli.main import cli

    def labels(folder, config):
        config["task"]["classes"] = ["\x1b[2Jgood", "\x9b31mbad"]
        (folder / "task" / "labels.txt").write_text("\x1b[2Jgood\n\x9b31mbad\n")

    folder = hostile(Case("", labels, ""))
    result = CliRunner().invoke(cli, ["predict", str(folder), "fine"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "\\x1b[2Jgood" in result.stdout or "\\x9b31mbad" in result.stdout
    assert not set(result.stdout) & {"\x1b", "\x9b"}


def test_a_run_does_not_choose_where_a_download_goes(good, hostile, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    (tmp_path / "theirs").mkdir()

    def elsewhere(folder, config):
        config["dataset"].update(name="imdb_reviews", data_dir=str(tmp_path / "theirs"))

    with pytest.raises(ZooError, match=rf"Looked for a version of it in {tmp_path}/mine/imdb_reviews"):
        zoo.evaluate(str(hostile(Case("", elsewhere, ""))))
    assert not list((tmp_path / "theirs").iterdir())


@pytest.mark.parametrize("name", ["huggingface:x/y", "kubric:movi", "../../x", "a/../../b", "a b", ""])
def test_no_code_of_a_dataset_is_fetched(name):
    from keras_rnn_zoo import registry

    with pytest.raises(ZooError, match="The name of a TFDS dataset is expected, such as"):
        registry.find_dataset(f"tfds:{name}", ("classification",))


def test_there_are_many_kinds():
    assert len({case.name for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("function", [zoo.evaluate, zoo.export], ids=["evaluate", "export"])
@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case.name.replace(" ", "-"))
def test_other_functions_refuse_it_too(case, function, hostile):
    folder = hostile(case)
    before = sorted(path.name for path in folder.parent.rglob("*"))
    if not case.wants:
        return
    with pytest.raises(ZooError):
        function(str(folder))
    assert sorted(path.name for path in folder.parent.rglob("*")) == before
