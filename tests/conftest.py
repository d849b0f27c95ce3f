"""Fixtures that several tests share. Every test has its own models folder."""

import fcntl
import gc
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

LONGEST = (
    "test_entries.py",
    "test_entry_answers.py",
    "test_exports.py",
    "test_lite.py",
    "test_architectures.py",
    "test_commands.py",
    "test_plugins.py",
    "test_recurrent.py",
    "test_readme.py",
    "test_streams.py",
    "test_resumed_weights.py",
    "test_own_loops.py",
    "test_step_runs.py",
    "test_forecast_decoder.py",
    "test_damage.py",
    "test_formats.py",
    "test_parallel.py",
    "test_resuming.py",
    "test_offline.py",
)
"""The files whose tests take longest."""


def pytest_collection_modifyitems(items):
    """Puts the longest files first, for no worker to begin one when the others are done."""
    order = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


class FailuresAtOnce:
    """Names each test that fails when it does: a run that is ended from outside never gets to its summary."""

    def __init__(self, reporter):
        self.reporter = reporter

    def pytest_runtest_logreport(self, report):
        if report.failed:
            reason = getattr(report.longrepr, "reprcrash", None)
            said = str(reason.message if reason else report.longrepr).strip().splitlines()
            self.reporter.write_line(f"\nFAILED {report.nodeid}: {said[0] if said else report.when}")


def pytest_configure(config):
    if "PYTEST_XDIST_WORKER" not in os.environ and (reporter := config.pluginmanager.getplugin("terminalreporter")):
        config.pluginmanager.register(FailuresAtOnce(reporter))


@pytest.fixture(scope="module", autouse=True)
def collected_once():
    """Keeps what outlives a file from being looked through by every later garbage collection.

    The frameworks and their graphs are millions of objects; without this, collections take a tenth of the time.
    """
    gc.freeze()
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def models_dir(tmp_path, monkeypatch) -> Path:
    """A fresh models folder, which the commands and functions use by default."""
    folder = tmp_path / "models"
    monkeypatch.setenv("ZOO_MODELS_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data, from `ZOO_TEST_DATA`."""
    if "ZOO_TEST_DATA" not in os.environ:
        pytest.skip("ZOO_TEST_DATA is unset: no real data to test with")
    return Path(os.environ["ZOO_TEST_DATA"])


@pytest.fixture(scope="session")
def tfds_dir(test_data) -> Path:
    """The folder of prepared TFDS data sets."""
    return test_data / "tfds"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A function from a name, and what fills a folder, to that folder: the first worker that needs it fills it.

    All workers of pytest-xdist read it then: do not change it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made_once"
    shared.mkdir(exist_ok=True)

    def make(name, fill):
        folder, done = shared / name, shared / f"{name}.done"
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # Of a worker that failed.
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def trained_once(made_once, tmp_path_factory):
    """A function from a name and the arguments of `zoo.train` to the run, trained once for all workers.

    Each worker has a copy of its own: read it, do not change it.
    """
    from keras_rnn_zoo.artifacts.run import Run

    copies = tmp_path_factory.mktemp("runs")

    def train(name, *args, **settings):
        import keras_rnn_zoo as zoo

        if not (copies / name).exists():
            made = made_once(
                f"run-{name}", lambda folder: zoo.train(*args, run=name, verbose=0, models_dir=str(folder), **settings)
            )
            shutil.copytree(made / name, copies / name)
        return Run(copies / name)

    return train


@pytest.fixture(scope="session")
def trained(trained_once):
    """A run of many_to_one on its embedded data, with default options: read it, do not change it."""
    return trained_once("many_to_one", "many_to_one")


@pytest.fixture(scope="session")
def loaded(trained):
    """The trained run, loaded: read it, do not change it."""
    import keras_rnn_zoo as zoo

    return zoo.load(trained)


@pytest.fixture
def copied(trained, models_dir):
    """A copy of the trained run, to damage or to export."""
    from keras_rnn_zoo.artifacts.run import Run

    return Run(Path(shutil.copytree(trained.path, models_dir / trained.name)))


def _shrink(patch):
    """Makes the data sets small, by a `MonkeyPatch`: the embedded ones by their sizes, the plays to a line of them."""
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.datasets import tiny_shakespeare

    for entry in registry.datasets.entries():
        module = sys.modules[entry.make.__module__]
        if hasattr(module, "SIZES"):
            patch.setattr(module, "SIZES", {"train": 96, "validation": 32, "test": 32})
    builder = SimpleNamespace(version="1.0.0", data_dir="nowhere")
    patch.setattr(tiny_shakespeare, "open_prepared", lambda location, data_dir: builder)
    patch.setattr(tiny_shakespeare, "read_split", lambda builder, split, keys: _lines_of_a_play())


def _lines_of_a_play():
    import tensorflow as tf

    text = "To be, or not to be, that is the question.\nSpeak to me.\n" * 18
    return tf.data.Dataset.from_tensors((text, text))


@pytest.fixture
def few_examples(monkeypatch):
    """Less of each data set than there is, for speed."""
    _shrink(monkeypatch)


@pytest.fixture(scope="session")
def shrink():
    """A function that does so by the `MonkeyPatch` that it is given, for fixtures of a wider scope."""
    return _shrink


SMALL_RUNS = {
    "adding": ("many_to_one", {"units": 4, "sequence_length": 12}),
    "addition": ("many_to_many", {"units": 8, "embedding_dim": 8}),
    "digits": ("one_to_one", {"units": 16, "hidden_layers": 1}),
    "tiny_shakespeare": ("sync_many_to_many", {"units": 8, "embedding_dim": 4, "chunk_length": 50}),
    "toy_reviews": ("many_to_one", {"units": 4, "embedding_dim": 4}),
}


@pytest.fixture(scope="session")
def small_run(trained_once):
    """A function that gives a small run on a data set of `SMALL_RUNS`, trained for an epoch: read it, do not change it.

    All are in one models folder. Their names are those of their data sets after `small_`.
    """

    def train(dataset):
        name, options = SMALL_RUNS[dataset]
        with pytest.MonkeyPatch.context() as patch:
            _shrink(patch)
            return trained_once(f"small_{dataset}", name, dataset=dataset, epochs=1, **options)

    return train


@pytest.fixture(scope="session")
def small_export(small_run, made_once):
    """A function that gives the SavedModel of a small run, written once: read it, do not change it."""

    def export(dataset):
        import keras_rnn_zoo as zoo

        def write(folder):
            zoo.export(shutil.copytree(small_run(dataset).path, folder / dataset), check=False)

        return made_once(f"export-{dataset}", write) / dataset / "1"

    return export


@pytest.fixture
def copied_export(small_export, tmp_path):
    """A copy of the export of a small run, to change."""
    return Path(shutil.copytree(small_export("addition"), tmp_path / "strangers" / "1"))


@pytest.fixture(scope="module")
def browser():
    """Chromium, for the tests that look at pages."""
    from browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser, url):
    """A person's visit to the server at `url`, a fixture of the module or folder."""
    from browsing import Visit

    started = Visit(browser, url)
    yield started
    started.close()
