import collections
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from processes import WITHOUT_THE_PROJECT, run_python
from tensorflow.core.protobuf import saved_model_pb2

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.export import _next_version, _write_companions
from keras_rnn_zoo.layers import recurrent

STOCK = (
    WITHOUT_THE_PROJECT
    + """
import json
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
texts = [bytes.fromhex(text) for text in json.load(sys.stdin)]
answers = []
for size in (1, 7, 64):
    for start in range(0, len(texts), size):
        batch = tf.constant(texts[start : start + size], tf.string)
        result = model.signatures["serving_default"](text=batch)
        answers += [
            (size, label.decode(), row.tolist())
            for label, row in zip(result["label"].numpy(), result["probabilities"].numpy())
        ]
json.dump(answers, sys.stdout)
"""
)


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """An export of the trained run, written beside a copy of it."""
    import shutil

    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(trained.path, folder / trained.name)
    return zoo.export(trained.name, models_dir=str(folder))


def test_the_export_predicts_like_its_run_with_stock_tensorflow(exported, trained, tmp_path):
    examples = registry.datasets.get("toy_reviews").make(None, 0).split("test")
    texts = [text for text, _ in examples.as_numpy_iterator()][:190]
    texts += [b"", b"!", b"\xff\xfe", "😀".encode(), b"long " * 500, b"a\x00b", b"   ", b"<br />", b"x" * 10_000, b"\n"]
    done = run_python(STOCK, exported, input=json.dumps([text.hex() for text in texts]).encode(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    expected = zoo.predict(trained, texts)
    for size in (1, 7, 64):
        mine = [answer for answer in answers if answer[0] == size]
        assert [label for _, label, _ in mine] == [answer["label"] for answer in expected]
        wanted = [list(answer["probabilities"].values()) for answer in expected]
        np.testing.assert_allclose([row for _, _, row in mine], wanted, atol=1e-5)


@pytest.mark.slow
def test_saved_model_cli_runs_it(exported):
    command = [
        str(Path(sys.executable).with_name("saved_model_cli")),
        "run",
        "--dir",
        str(exported),
        "--tag_set",
        "serve",
    ]
    text = "the plot is dull , but the cast is superb"
    command += ["--signature_def", "serving_default", "--input_exprs", f"text=[{text!r}]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "b'positive'" in done.stdout


def test_the_export_contains_its_vocabulary_and_labels(exported, trained):
    for name in ("vocabulary.txt", "labels.txt"):
        assert (exported / "assets" / name).read_bytes() == (trained.task_path / name).read_bytes()


def test_the_export_contains_the_model_card_and_the_license_of_the_data(exported, trained):
    assert (exported / "README.md").read_text() == (trained.path / "README.md").read_text()
    terms = (exported / "DATA_LICENSE.txt").read_text()
    assert "toy_reviews" in terms
    assert registry.datasets.get("toy_reviews").license in terms


def test_the_export_describes_itself_and_its_check(exported):
    facts = json.loads((exported / "export.json").read_text())
    assert facts["run"] == facts["architecture"] == "many_to_one"
    assert facts["format"] == "saved_model"
    assert set(facts["endpoints"]) == {"serve", "logits", "classes", "encode"}
    assert facts["endpoints"]["serve"] == {"text": {"dtype": "string", "shape": [None], "optional": False}}
    assert facts["check"]["examples"] == 200
    assert facts["check"]["batches"] == 2 * (200 + 29 + 4)
    assert facts["check"]["source"] == "the test split of toy_reviews"
    assert 0 <= facts["check"]["differences"]["serve.probabilities"] <= 1e-5


def test_the_commands_that_serve_it_are_printed(exported):
    from keras_rnn_zoo.artifacts.export import serve_commands

    serve, ask = serve_commands(exported)
    assert serve.startswith("docker run --rm -p 8501:8501 -v ")
    assert f"{exported.parent.resolve()}:/models/many_to_one:ro" in serve
    assert ask.endswith("http://localhost:8501/v1/models/many_to_one:predict")
    request = json.loads(shlex.split(ask)[2])
    assert list(request["inputs"]) == ["text"]


def test_the_command_that_serves_a_streaming_export_names_it_after_the_run(tmp_path):
    from keras_rnn_zoo.artifacts.export import serve_commands

    path = tmp_path / "films" / "streaming" / "1"
    (path / "assets.extra").mkdir(parents=True)
    (path / "assets.extra" / "request.json").write_text('{"inputs": {"rows": 1}}', encoding="utf-8")
    serve, ask = serve_commands(path)
    assert f"{path.parent.resolve()}:/models/films_streaming:ro -e MODEL_NAME=films_streaming" in serve
    assert ask.endswith("/v1/models/films_streaming:predict")


@pytest.mark.parametrize(
    "name", ["ev;touch PWNED;$(touch PWNED)", 'it\'s a "run"', "a:b,c", "-x", "\u65e5\u672c", "\x1b]0;title\x07\n"]
)
def test_the_commands_that_serve_it_can_be_pasted_whatever_its_name(name, tmp_path):
    from keras_rnn_zoo.artifacts.export import serve_commands

    path = tmp_path / name / "1"
    (path / "assets.extra").mkdir(parents=True)
    (path / "assets.extra" / "request.json").write_text('{"inputs": {"text": ["it\'s \u202e"]}}', encoding="utf-8")
    lines = serve_commands(path)
    assert all(line.isprintable() for line in lines)
    serve, ask = map(shlex.split, lines)
    assert serve[:5] == ["docker", "run", "--rm", "-p", "8501:8501"]
    assert len(serve) == 10
    assert serve[-1] == "tensorflow/serving"
    assert ask[:2] == ["curl", "-d"]
    assert json.loads(ask[2]) == {"inputs": {"text": ["it's \u202e"]}}
    assert urllib.parse.unquote(ask[3]) == f"http://localhost:8501/v1/models/{name}:predict"
    assert re.fullmatch(r"[A-Za-z0-9:/._~%-]+", ask[3])
    if name.isprintable():
        assert serve[8] == f"MODEL_NAME={name}"
        folder = path.parent.resolve()
        mounts = {
            "-v": f"{folder}:/models/{name}:ro",
            "--mount": f'type=bind,"source={folder}","target=/models/{name}",readonly',
        }
        assert serve[6] == mounts[serve[5]]
        assert (serve[5] == "--mount") == (":" in name)


@pytest.mark.parametrize("odd", ["missing", "pipe", "folder", "link"])
def test_an_export_is_written_without_the_card_that_is_missing(odd, copied, tmp_path):
    card = copied.path / "README.md"
    card.unlink()
    make = {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: path.symlink_to("/etc/passwd")}
    make.get(odd, lambda path: None)(card)
    (copied.task_path / "folder").mkdir()
    folder = tmp_path / "export"
    folder.mkdir()
    _write_companions(copied, folder)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "DATA_LICENSE.txt",
        "assets/labels.txt",
        "assets/vocabulary.txt",
    ]


def test_files_named_like_a_version_are_left_alone(tmp_path):
    assert _next_version(tmp_path / "nothing") == 1
    (tmp_path / "model.keras").touch()
    (tmp_path / "2").mkdir()
    assert _next_version(tmp_path) == 3
    (tmp_path / "3").touch()
    (tmp_path / "4").symlink_to("/nowhere")
    assert _next_version(tmp_path) == 5


def test_a_run_that_changed_since_it_was_loaded_is_not_exported(copied):
    loaded = zoo.load(copied)
    (copied.task_path / "labels.txt").write_text("bad\ngood\n")
    with pytest.raises(zoo.ZooError, match=r"labels\.txt is damaged"):
        zoo.export(loaded, check=False)
    assert copied.versions() == []


@pytest.mark.parametrize("cell", ["lstm", pytest.param("gru", marks=pytest.mark.slow)])
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "as_of_a_builder_with_keras_layers"])
def test_the_export_is_the_same_with_and_without_a_gpu(cell, ours, models_dir, few_examples, monkeypatch):
    """There Keras's layers would be traced as cuDNN's ops, which a CPU has not."""
    if not ours:
        monkeypatch.setattr(recurrent._Scanned, "_is_scanned", lambda *_: False)
    run = zoo.train("many_to_one", cell=cell, units=4, embedding_dim=4, epochs=1, verbose=0)
    alone = nodes_of(zoo.export(run, check=False))
    with monkeypatch.context() as patch:
        gpu = tf.config.LogicalDevice("/device:GPU:0", "GPU")
        patch.setattr(tf.config, "list_logical_devices", lambda kind=None: [gpu])
        path = zoo.export(run, check=False)
    assert nodes_of(path) == alone
    assert not any("GPU" in device for _, device in alone)
    assert zoo.load(path).predict(["a fine cast", "dull"]) == zoo.predict(run, ["a fine cast", "dull"])


def nodes_of(export):
    """Returns the ops of an export's graph with their devices, and how often each is there."""
    document = saved_model_pb2.SavedModel()
    document.ParseFromString((export / "saved_model.pb").read_bytes())
    graph = document.meta_graphs[0].graph_def
    nodes = itertools.chain(graph.node, *(function.node_def for function in graph.library.function))
    return collections.Counter((node.op, node.device) for node in nodes)


def test_versions_count_up(copied):
    assert zoo.export(copied, check=False).name == "1"
    assert zoo.export(copied, check=False).name == "2"
    assert copied.versions() == [1, 2]


def test_a_failed_export_leaves_no_trace(copied, monkeypatch):
    before = sorted(path.name for path in copied.path.iterdir())

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy", fail)
    with pytest.raises(OSError, match="No space"):
        zoo.export(copied, check=False)
    assert sorted(path.name for path in copied.path.iterdir()) == before
