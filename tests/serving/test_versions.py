"""What is served: runs, exports, and the versions that come while the server runs."""

import logging
import shutil

import pytest
import requests
from servers import serving

from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.errors import RunError, ServingError
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.sources import find_sources
from keras_rnn_zoo.serving.versions import Versions


@pytest.fixture
def folder(small_export, tmp_path):
    """A folder with version 3 of an export."""
    shutil.copytree(small_export("toy_reviews"), tmp_path / "films" / "3")
    return tmp_path / "films"


def damage(export):
    graph = export / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:-1])


def test_new_versions_are_taken_up_and_broken_ones_left_out(folder, small_export, caplog):
    caplog.set_level(logging.INFO)
    with serving(f"{folder}/", poll_interval=0.05) as server:
        versions = server.server._application.state.models
        url = f"{server.url}/v1/models/films"

        def served():
            (status,) = requests.get(url, timeout=30).json()["model_version_status"]
            answer = requests.post(f"{url}:predict", json={"instances": ["a dull film"]}, timeout=30)
            assert answer.status_code == 200
            return status["version"]

        assert served() == "3"
        old = versions.get("films")
        broken = folder / ".broken"
        shutil.copytree(small_export("toy_reviews"), broken)
        damage(broken)
        broken.rename(folder / "4")
        wait_for(lambda: "Version 4 of films is not served" in caplog.text)
        assert served() == "3"
        shutil.copytree(small_export("toy_reviews"), folder / ".5")
        (folder / ".5").rename(folder / "5")
        wait_for(lambda: served() == "5")
        assert requests.get(f"{url}/versions/3", timeout=30).status_code == 404
        assert old.worker is not versions.get("films").worker
    assert "Serving version 5 of films" in caplog.text


def test_the_old_version_answers_what_it_has_begun(folder, small_export):
    import asyncio

    (source,) = find_sources([f"{folder}/"])
    versions = Versions([source], ServingSettings())
    old = versions.models.get("films")

    async def main():
        task = asyncio.ensure_future(old.predict(["a dull film"]))
        await asyncio.sleep(0)
        shutil.copytree(small_export("toy_reviews"), folder / "4")
        await asyncio.to_thread(versions.look, source)
        return await task

    (row,) = asyncio.run(main())
    assert row["label"] in ("negative", "positive")
    assert versions.models.get("films").version == 4
    asyncio.run(old.predict(["a dull film"]))  # Whoever holds it still gets an answer.


def wait_for(condition):
    import time

    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_names_follow_the_folders_unless_they_are_given(folder, small_run, models_dir):
    run = small_run("toy_reviews")
    shutil.copytree(run.path, models_dir / "mine")
    given = ["mine", f"other={folder}/3", f"{folder}/3", "toy_reviews", f"x.1={run.path}", run]
    names = [source.name for source in find_sources(given)]
    assert names == ["mine", "other", "films", "toy_reviews", "x.1", run.name]
    assert [source.find().version for source in find_sources(["mine", f"{folder}/3", f"x={folder}/"])] == [1, 3, 3]


def test_a_run_has_the_version_of_its_last_export(small_run, small_export, models_dir):
    shutil.copytree(small_run("toy_reviews").path, models_dir / "mine")
    for version in (1, 2):
        shutil.copytree(small_export("toy_reviews"), models_dir / "mine" / str(version))
    (source,) = find_sources(["mine"])
    assert source.find().version == 2


def test_without_names_all_runs_are_served_and_broken_ones_left_out(small_run, models_dir, caplog):
    with pytest.raises(RunError, match=r"no run in .* to serve.*`zoo models` lists them"):
        find_sources([])
    for name in ("one", "two"):
        shutil.copytree(small_run("toy_reviews").path, models_dir / name)
    assert [source.name for source in find_sources([])] == ["one", "two"]
    weights = models_dir / "two" / "model.keras"
    weights.write_bytes(weights.read_bytes()[:-1])
    versions = Versions(find_sources([]), ServingSettings(), strict=False)
    assert versions.models.names() == ["one"]
    assert "The run two is not served" in caplog.text
    with pytest.raises(RunError, match=r"model\.keras"):
        Versions(find_sources(["one", "two"]), ServingSettings())
    shutil.rmtree(models_dir / "one")
    with pytest.raises(ServingError, match="No run can be served"):
        Versions(find_sources([]), ServingSettings(), strict=False)


@pytest.mark.parametrize(
    ("runs", "error", "words"),
    [
        (["a b=toy_reviews"], ServingError, "'a b' is not a valid name of a model"),
        (["../x=toy_reviews"], ServingError, "not a valid name"),
        (["toy_reviews", "toy_reviews"], ServingError, "are both named 'toy_reviews'"),
        (["toy_revews"], RunError, "Did you mean 'toy_reviews'"),
        (["x=toy_revews"], RunError, "Did you mean 'toy_reviews'"),
        (["./nowhere/1"], RunError, "There is no run"),
    ],
)
def test_what_cannot_be_served_is_explained(runs, error, words):
    with pytest.raises(error, match=words):
        find_sources(runs)


def test_an_export_that_is_not_safe_is_not_served(folder):
    """It is checked as `zoo.load` checks it."""
    (folder / "3" / "saved_model.pbtxt").write_text("")
    with pytest.raises(RunError, match=r"its graph in saved_model\.pb only"):
        Versions(find_sources([f"{folder}/3"]), ServingSettings())


def test_a_run_object_is_served(small_run):
    run = small_run("toy_reviews")
    assert find_sources([open_run(run.path)])[0].name == run.name
