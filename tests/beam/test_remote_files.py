"""Inputs, models, and outputs in remote storage, on a file system that stands for it."""

import csv
import shutil

import pytest

pytest.importorskip("apache_beam", reason="apache_beam is installed in its own environment: make test-beam")

from remote_files import RemoteFiles  # noqa: F401  Beam finds it among the subclasses.

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    folder = tmp_path / "remote" / "bucket"
    folder.mkdir(parents=True)
    monkeypatch.setenv("ZOO_TEST_REMOTE", str(folder.parent))
    return folder


def test_everything_may_be_remote(bucket, trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    shutil.copytree(zoo.export(zoo.Run(tmp_path / "run"), check=False), bucket / "models" / "1")
    (bucket / "part-1.csv").write_text("id,text\n1,not dull\n")
    (bucket / "part-2.csv").write_text("id,text\n2,superb\n3,too,many\n")
    (bucket / "out-00000-of-00009.csv").write_text("earlier")
    arguments = "zootest://bucket/models/1", "zootest://bucket/part-*.csv", "zootest://bucket/out.csv"
    counts = zoo.predict_file(*arguments, engine="beam", shards=2)
    assert counts == {"predicted": 2, "skipped": 1}
    shards = [f"out-0000{number}-of-00002.csv" for number in range(2)]
    left = sorted(path.name for path in bucket.iterdir())
    assert left == sorted(["models", "part-1.csv", "part-2.csv", "out.errors.csv", *shards])
    rows = [row for name in shards for row in csv.DictReader((bucket / name).open(newline=""))]
    assert [(row["id"], row["predicted_label"]) for row in rows] == [("1", "positive"), ("2", "positive")]
    (bad,) = csv.DictReader((bucket / "out.errors.csv").open(newline=""))
    assert (bad["file"], bad["row"]) == ("zootest://bucket/part-2.csv", "line 3")
    with pytest.raises(DataError, match=r"No file matches zootest://bucket/none-\*\.csv"):
        zoo.predict_file(arguments[0], "zootest://bucket/none-*.csv", arguments[2], engine="beam")
