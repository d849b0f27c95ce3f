"""`zoo predict --engine beam`: on this machine, with several worker processes, and on a cluster of Dask."""

import csv
import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="apache_beam is installed in its own environment: make test-beam")

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError, RunError, ZooError

WORKERS = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
BAD_ROWS, BLOCK = 5, 4096
"""Number of rows of the table that cannot be read, and of those of a part."""


@pytest.fixture(scope="module")
def export(trained, tmp_path_factory):
    """An export of the trained run."""
    folder = tmp_path_factory.mktemp("exports")
    return str(zoo.export(zoo.Run(shutil.copytree(trained.path, folder / trained.name)), check=False))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of three parts, with line breaks within quotes and some rows that cannot be read."""
    path = tmp_path_factory.mktemp("tables") / "in.csv"
    words = ("not", "dull", "superb", "boring", "the", "story")
    with open(path, "wb") as file:
        file.write(b"id,text\n")
        for row in range(2 * BLOCK + 1000):
            text = " ".join(words[(row * 7 + place * row) % 6] for place in range(1 + row % 9))
            file.write(f'{row},"{text}{chr(10) if row % 50 == 0 else ""}"\n'.encode())
            if row % 2000 == 1:
                file.write(b"%d,bad\xff\n" % row)
    return path


@pytest.fixture(scope="module")
def expected(export, table, tmp_path_factory):
    """The answers of `zoo predict` without Beam, as bytes."""
    path = tmp_path_factory.mktemp("expected") / "out.csv"
    counts = zoo.predict_file(export, str(table), str(path), skip_bad_rows=True)
    assert counts == {"predicted": 2 * BLOCK + 1000, "skipped": BAD_ROWS}
    return path.read_bytes()


def bad_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def check_bad_rows(path, table):
    found = bad_rows(path)
    assert [row["row"] for row in found][:1] == ["line 5"]
    assert len(found) == BAD_ROWS
    assert {row["file"] for row in found} == {str(table)}
    assert all(row["reason"].startswith("column 'text': byte 0xff at character 4") for row in found)


def test_every_row_is_answered_once_as_by_zoo_predict(export, table, expected, tmp_path):
    counts = zoo.predict_file(export, str(table), str(tmp_path / "out.csv"), engine="beam")
    assert counts == {"predicted": 2 * BLOCK + 1000, "skipped": BAD_ROWS}
    assert (tmp_path / "out.csv").read_bytes() == expected
    check_bad_rows(tmp_path / "out.errors.csv", table)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.errors.csv"]


def test_several_workers_write_several_files_in_order(export, table, expected, tmp_path):
    (tmp_path / "out-00000-of-00007.csv").write_text("of an earlier output\n")
    zoo.predict_file(export, str(table), str(tmp_path / "out.csv.gz"), engine="beam", shards=2)
    zoo.predict_file(export, str(table), str(tmp_path / "out.csv"), engine="beam", shards=2, runner=WORKERS)
    names = ["out-00000-of-00002.csv", "out-00001-of-00002.csv"]
    zipped = [f"{name}.gz" for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, *zipped, "out.errors.csv"])
    header = expected[: expected.index(b"\n") + 1]
    texts = [(tmp_path / name).read_bytes() for name in names]
    assert all(text.startswith(header) and len(text) > len(header) for text in texts)
    assert header + b"".join(text.removeprefix(header) for text in texts) == expected
    assert [gzip.decompress((tmp_path / name).read_bytes()) for name in zipped] == texts
    check_bad_rows(tmp_path / "out.errors.csv", table)


def test_a_run_predicts_a_pattern_of_files_some_of_them_compressed(trained, tmp_path):
    (tmp_path / "part-1.csv").write_text('id,text\n1,"not\ndull"\n2,superb\n')
    (tmp_path / "part-2.csv.gz").write_bytes(gzip.compress(b"text,id\nboring,3\nthe,story,4\n"))
    pattern, out = str(tmp_path / "part-*"), tmp_path / "out.csv"
    counts = zoo.predict_file(trained, f"csv:{pattern}", str(out), engine="beam", probabilities=True)
    plain = tmp_path / "plain.csv"
    zoo.predict_file(trained, f"csv:{pattern}", str(plain), skip_bad_rows=True, probabilities=True)
    assert counts == {"predicted": 3, "skipped": 1}
    ours, theirs = (list(csv.DictReader(path.open(newline=""))) for path in (out, plain))
    assert [list(row) for row in ours] == [list(row) for row in theirs]
    for one, other in zip(ours, theirs, strict=True):  # Batches of files are their own here, so rounding may differ.
        assert one["id"] == other["id"]
        assert one["predicted_label"] == other["predicted_label"]
        assert float(one["predicted_probability_positive"]) == pytest.approx(
            float(other["predicted_probability_positive"]), abs=1e-5
        )
    (bad,) = bad_rows(tmp_path / "out.errors.csv")
    assert (bad["file"], bad["row"]) == (str(tmp_path / "part-2.csv.gz"), "line 3")
    assert bad["reason"].startswith("3 fields, but the header has 2")


def killed_after_an_answer(folder):
    """Kills the process when there is a first answer, while it works on others; it returns at once."""
    import threading

    def wait():
        while not list(Path(folder).glob(".partial-*/answers-*")):
            time.sleep(0.05)
        (Path(folder) / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def test_a_cluster_of_dask_answers_every_row_once(export, table, expected, tmp_path):
    pytest.importorskip("distributed", reason="dask[distributed] is installed by make test-beam")
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True) as cluster, Client(cluster) as client:
        victim = next(iter(client.scheduler_info()["workers"]))
        client.submit(killed_after_an_answer, str(tmp_path), workers=[victim]).result()
        runner = ["--runner=DaskRunner", f"--dask_client_address={cluster.scheduler_address}"]
        zoo.predict_file(export, str(table), str(tmp_path / "out.csv"), engine="beam", runner=runner)
    assert (tmp_path / "out.csv").read_bytes() == expected
    check_bad_rows(tmp_path / "out.errors.csv", table)
    assert (tmp_path / "killed").exists()


def test_a_killed_run_leaves_nothing_that_looks_complete(export, table, expected, tmp_path):
    out = tmp_path / "out.csv"
    command = [sys.executable, "-m", "keras_rnn_zoo", "predict", export, "--input", str(table), "--output", str(out)]
    command += ["--engine", "beam", "--shards", "2", "--", *WORKERS]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not list(tmp_path.glob(".partial-*/answers-*")):
            time.sleep(0.05)
        assert run.poll() is None, "it ended before it could be killed"
        os.killpg(run.pid, signal.SIGKILL)
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {".partial"}
    subprocess.run(command, check=True, capture_output=True)
    names = ["out-00000-of-00002.csv", "out-00001-of-00002.csv"]
    first, second = ((tmp_path / name).read_bytes() for name in names)
    assert first + second.removeprefix(expected[: expected.index(b"\n") + 1]) == expected
    check_bad_rows(tmp_path / "out.errors.csv", table)


def test_an_error_of_a_worker_is_reported_and_leaves_no_output(export, table, tmp_path):
    broken = Path(shutil.copytree(export, tmp_path / "export"))
    (broken / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"saved_model\.pb"):
        zoo.predict_file(str(broken), str(table), str(tmp_path / "out.csv"), engine="beam")
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"runner": ["--runer=DirectRunner"]}, OptionError, "no option --runer. Did you mean --runner"),
        ({"runner": ["--direct_num_workers=two"]}, OptionError, "invalid int value: 'two'"),
        ({"runner": ["two"]}, OptionError, "expects options of its runner"),
        ({"runner": ["--runner=NoRunner"]}, ZooError, "NoRunner"),
        ({"shards": 0}, OptionError, "from 1 to 100,000; received 0"),
        ({"output": None}, OptionError, "Name one: (--output FILE|output)"),
        ({"output": "nowhere/out.csv"}, ZooError, "there is no folder"),
        ({"output": "out.npz"}, DataError, "cannot be written in parts"),
        ({"input": "gs-//"}, DataError, "There is no .*gs-. Check the path"),
        ({"input": "unknown://bucket/a.csv"}, DataError, "cannot be listed"),
        ({"input": "-"}, OptionError, "not standard input"),
        ({"temperature": 1.0}, OptionError, "temperature"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_begins(settings, kind, message, export, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"input": str(table), "output": "out.csv", **settings}
    with pytest.raises(kind, match=message):
        zoo.predict_file(export, given.pop("input"), given.pop("output"), engine="beam", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_rows_is_refused(export, tmp_path):
    (tmp_path / "in.csv").write_text("id,text\n")
    with pytest.raises(DataError, match="contains nothing to predict"):
        zoo.predict_file(export, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), engine="beam")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
