"""The benchmarks measure in turns, say what is missing, and write what they print."""

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def timing():
    return importlib.import_module("timing")


@pytest.fixture
def report():
    return importlib.import_module("report")


@pytest.fixture
def contestants(tmp_path, monkeypatch, timing):
    """A function from the name of one of these works, and its settings, to its contestant."""
    (tmp_path / "works.py").write_text(
        """
import itertools, pathlib, time

def counting(log, name):
    numbers = itertools.count()
    def work():
        with open(log, "a") as file:
            file.write(name)
        print("what a framework prints")
        return next(numbers)
    return work

def sleeping():
    return lambda: time.sleep(0.05)

def holding(mib):
    return lambda: len(bytearray(b"x") * (mib * 2**20))

def peerless():
    raise ModuleNotFoundError("No module named 'torch'", name="torch")

def broken():
    raise ValueError("out of order")
"""
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return lambda work, **settings: timing.Contestant(f"works:{work}", **settings)


@pytest.mark.parametrize(
    ("values", "summary"),
    [([7.0], (7, 7, 7)), ([4.0, 1.0, 2.0, 5.0, 3.0], (3, 2, 4)), ([1.0, 2.0, 3.0, 4.0], (2.5, 1.75, 3.25))],
)
def test_a_summary_is_the_median_and_the_quartiles(timing, values, summary):
    assert timing.summarize(values) == summary


def test_contestants_run_in_turn_and_warm_ups_do_not_count(timing, contestants, tmp_path):
    log = tmp_path / "log"
    racing = {name: contestants("counting", log=str(log), name=name) for name in "ab"}
    done = timing.race(racing, rounds=3, warm_ups=1, times={"a": 2, "b": 1})
    assert log.read_text() == "aab" * 4
    assert done.values("a") == [3, 5, 7]
    assert len(done.seconds("b")) == 3
    assert min(done.seconds("b")) > 0


def test_time_that_is_slept_is_not_processor_time(timing, contestants):
    done = timing.race({"a": contestants("sleeping")}, rounds=2)
    assert max(done.processor_seconds("a")) < 0.05 <= min(done.seconds("a"))
    command = [sys.executable, "-c", "import time; time.sleep(0.5)"]
    assert timing.command_seconds(command, processor=True) < timing.command_seconds(command)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the peak memory of a process")
def test_a_peak_is_what_is_held_beyond_the_process_once_built(timing, contestants):
    racing = {name: contestants("holding", mib=mib) for name, mib in (("small", 8), ("large", 64))}
    done = timing.race(racing, rounds=1, warm_ups=0)
    small, large = (done.runs[name][0]["peak_mib"] for name in ("small", "large"))
    assert 7 < small < 32  # Linux counts pages by the dozen.
    assert 63 < large < 96


def test_a_missing_peer_is_reported_and_the_others_run(timing, contestants, tmp_path):
    ours = contestants("counting", log=str(tmp_path / "log"), name="a")
    done = timing.race({"ours": ours, "torch": contestants("peerless")}, rounds=2)
    assert done.missing == {"torch": "torch is not installed"}
    assert done.seconds("torch") == []
    assert len(done.seconds("ours")) == 2


def test_a_contestant_that_fails_ends_the_run_with_its_error(timing, contestants):
    with pytest.raises(SystemExit, match=r"works:broken failed(.|\n)*ValueError: out of order"):
        timing.race({"broken": contestants("broken")}, rounds=1)


def test_ratios_are_those_of_the_rounds_and_decide_about_the_mark(report):
    faster = report.Row("step", "ms", [10.0, 20.0, 10.0], "peer", [30.0, 60.0, 20.0], mark=report.Mark(2.5))
    assert faster.ratios() == [3, 3, 2]
    assert faster.cells()[-3:] == ("3 (2.5 to 3)", "at least 2.5", "reached")
    most = report.Row("memory", "MiB", [50.0], "peer", [40.0], inverse=False, mark=report.Mark(1, most=True))
    assert most.ratios() == [1.25]
    assert most.cells()[-2:] == ("at most 1", "missed")
    alone = report.Row("departure", "%", [12.0], mark=report.Mark(20, most=True))
    assert alone.cells()[-1] == "reached"
    missing = report.Row("step", "ms", [10.0], "peer", mark=report.Mark(2), missing="it is not installed")
    assert missing.cells()[-1] == "missing: it is not installed"


def test_what_is_written_as_json_reads_back(report):
    row = report.Row("step", "ms", [1.0, 2.0], "peer", [3.0, 5.0], mark=report.Mark(2), note="a note")
    assert report.row_from_json(json.loads(json.dumps(row.as_json()))) == row


def test_the_operations_of_a_step_are_those_of_its_products():
    networks = importlib.import_module("networks")
    # One direction: 200 steps of 32 rows, (128 + 64) features by 256 gates; two directions, two layers, thrice.
    assert networks.recurrent_flop("lstm", 32, 200) == 2 * 200 * 32 * 192 * 256 * 2 * 2 * 3
    assert networks.recurrent_flop("gru", 32, 200) * 4 == networks.recurrent_flop("lstm", 32, 200) * 3


@pytest.mark.parametrize(
    ("name", "op", "kind"),
    [
        ("many_to_one/logits/MatMul", "_MklMatMul", "matrix products"),
        ("gradient_tape/ctc/convolution_1/Conv2DBackpropFilter", "Conv2DBackpropFilter", "convolutions"),
        ("compile_loss/step_crossentropy/mul", "Mul", "loss"),
        ("gradient_tape/compile_loss/step_crossentropy/mul", "Mul", "loss"),
        ("adam/UnsortedSegmentSum", "UnsortedSegmentSum", "embedding gradients"),
        ("adam/ResourceApplyAdam_3", "ResourceApplyAdam", "optimizer"),
        ("many_to_one/bidirectional_1/forward_lstm_1/transpose", "Transpose", "around the loops"),
        ("ArgMax", "ArgMax", "metrics"),
        ("AddN_1", "AddN", "other"),
        ("many_to_one/embedding_dropout/mul", "Mul", "other"),
    ],
)
def test_the_kind_of_an_op_follows_from_its_name_and_type(name, op, kind):
    assert importlib.import_module("epoch_ops").kind_of(name, op) == kind


def test_the_time_of_an_op_is_its_own_and_a_program_counts_as_one():
    ops = importlib.import_module("epoch_ops")
    second = 10**12
    thread = [
        ops.Event("ExecutorState::Process", 0, 12 * second),
        ops.Event("a/PartitionedCall:PartitionedCall", 0, 10 * second),
        ops.Event("a/MatMul:MatMul#id=1#", 1 * second, 4 * second),
        ops.Event("CpuExecutable::ExecuteAsyncOnStream", 6 * second, 3 * second),
        ops.Event("dot:1", 7 * second, 1 * second),
    ]
    times = ops.times_of([thread, [ops.Event("a/MatMul:MatMul", 0, second)]])
    assert times == {("a/PartitionedCall", "PartitionedCall"): 3, ("a/MatMul", "MatMul"): 5, ("", "XLA"): 3}
    shares = ops.shares(times)
    assert shares["matrix products"] == 5 / 11
    assert sum(shares.values()) == pytest.approx(1)
    assert ops.largest_others(times) == [("a/PartitionedCall:PartitionedCall", 3 / 11)]


@pytest.mark.parametrize("part", ["argmax", "padding", "sums"])
def test_the_ways_of_a_part_compute_the_same(part):
    import tensorflow as tf

    first, *others = (way() for way in importlib.import_module("parts").PARTS[part]().values())
    assert others
    for other in others:
        for one, same in zip(tf.nest.flatten(first), tf.nest.flatten(other), strict=True):
            np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-2)


def test_batches_read_back_as_they_were_saved(tmp_path):
    data = importlib.import_module("epoch_data")
    batches = [({"source": np.arange(6).reshape(2, 3), "target": np.ones((2, 1))}, np.zeros(2)) for _ in range(11)]
    batches.append((np.arange(4.0), np.arange(2)))
    data.save_batches(tmp_path / "batches.npz", batches)
    for saved, read in zip(batches, data.load_batches(tmp_path / "batches.npz"), strict=True):
        np.testing.assert_equal(read, saved)


@pytest.mark.parametrize("task", ["translation", "tagging", "reviews", "recordings", "series", "book"])
def test_the_data_of_an_epoch_follows_from_its_seed_and_the_zoo_reads_it(task, tmp_path):
    data = importlib.import_module("epoch_data")
    for folder in ("a", "b"):
        address = data.written(task, tmp_path / folder, 40 if task != "book" else 40_000)
    files = sorted(path for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert files
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    from keras_rnn_zoo.inference.rebuild import open_examples
    from keras_rnn_zoo.training.plan import Request, make_plan

    request = Request(data.TASKS[task].architecture, address, None, {}, {}, None, str(tmp_path))
    examples = open_examples(make_plan(request, resume=False, overwrite=False).config)
    assert next(examples.split("train").as_numpy_iterator())


@pytest.mark.slow
def test_the_command_prints_a_table_and_writes_it(tmp_path):
    output = tmp_path / "speed.json"
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--output", str(output)]
    done = subprocess.run([*command, "--quick", "--only", "startup"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "zoo list" in done.stdout
    theme = json.loads(output.read_text())["startup"]
    assert len(theme["machine"]["matrix_product_gflops"]) > 1
    rows = {row["what"]: row for row in theme["rows"]}
    assert rows["zoo list"]["ours"]
    assert len(rows["zoo list"]["ours"]) == len(rows["zoo list"]["theirs"])
    printed = subprocess.run([*command, "--markdown"], capture_output=True, text=True, check=True).stdout
    assert "| zoo list | " in printed


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.stem)
def test_every_name_that_a_benchmark_imports_from_the_package_exists(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "keras_rnn_zoo":
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
