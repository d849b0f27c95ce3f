"""Requests of several clients are predicted together, and none notices."""

import asyncio
import threading

import httpx
import numpy as np
import pytest
import requests
from servers import serving

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.serving.errors import ModelError, OverloadedError, RequestError, TimeLimitError
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.worker import Worker


def held_back(worker):
    """Makes a worker wait until `release`; returns that, and the task that holds it."""
    begun, release = threading.Event(), threading.Event()

    def run(payloads):
        begun.set()
        release.wait(30)
        return payloads

    async def hold():
        task = asyncio.ensure_future(worker.do(run, None, time_limit=30))
        await asyncio.to_thread(begun.wait, 30)
        return task

    return hold, release


def served(loaded, **settings):
    batches = []
    model = ServedModel("m", 1, loaded, ServingSettings(**settings), lambda name, rows: batches.append(rows))
    model.warm_up()
    return model, batches


async def together(model, works):
    """Returns the results of works that all wait at once, or their exceptions."""
    hold, release = held_back(model.worker)
    holding = await hold()
    tasks = [asyncio.ensure_future(work) for work in works]
    while model.worker.waiting < len(tasks):
        await asyncio.sleep(0.01)
    release.set()
    await holding
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(scope="module")
def reviews(small_run):
    return zoo.load(small_run("toy_reviews"))


TEXTS = ["a fine film", "", "a dull film " * 30, "the cast is not bad but the plot is dull", "\udc80"]


def test_texts_of_several_clients_are_one_batch(reviews):
    model, batches = served(reviews)
    found = asyncio.run(together(model, [model.predict([text]) for text in TEXTS]))
    assert batches[-1] == len(TEXTS)
    for text, (row,) in zip(TEXTS, found, strict=True):
        (alone,) = reviews.predict([text])
        assert row["label"] == alone["label"]
        np.testing.assert_allclose(
            list(row["probabilities"].values()), list(alone["probabilities"].values()), atol=1e-6
        )


def test_a_batch_has_a_maximum_and_a_larger_request_is_cut(reviews):
    model, batches = served(reviews, max_batch=4)
    found = asyncio.run(together(model, [model.predict(["a film"] * 3), model.predict(["a film"] * 3)]))
    assert batches[-2:] == [3, 3]
    rows = asyncio.run(model.predict(["a film"] * 9 + ["a dull film"]))
    assert batches[-3:] == [4, 4, 2]
    assert [len(one) for one in found] == [3, 3]
    assert rows[-1]["label"] == reviews.predict(["a dull film"])[0]["label"]
    assert len(rows) == 10


def test_one_bad_image_fails_alone(small_run):
    """Its header is valid, so TensorFlow finds the damage, and would fail the whole batch."""
    loaded = zoo.load(small_run("digits"))
    model, _ = served(loaded)
    good = [loaded.task.reader.dummy_input(number) for number in range(5)]
    name = next(iter(model.endpoint().inputs))
    tensors = [{name: np.array([image], object)} for image in (*good[:3], good[0][:60], *good[3:])]
    found = asyncio.run(together(model, [model.infer(model.endpoint(), one) for one in tensors]))
    fault = found.pop(3)
    assert isinstance(fault, ModelError)
    assert fault.status == 400
    assert "The model 'm' failed to predict" in str(fault)
    assert str(small_run("digits").path.parent) not in str(fault)
    expected = [row["label"].encode() for row in loaded.predict(good)]
    assert [one["label"][0] for one in found] == expected
    with pytest.raises(DataError, match="cannot be read"):
        asyncio.run(model.predict([good[0][:60]]))


def test_options_are_not_mixed(small_run):
    loaded = zoo.load(small_run("tiny_shakespeare"))
    model, batches = served(loaded)
    asked = [("To", 1), ("be", 2), ("or", 1)]
    works = [model.predict([text], seed=seed, max_new_tokens=8) for text, seed in asked]
    found = asyncio.run(together(model, works))
    assert batches[-2:] == [2, 1]
    assert [row[0] for row in found] == [loaded.predict([t], seed=s, max_new_tokens=8)[0] for t, s in asked]
    with pytest.raises(OptionError, match="temperature"):
        asyncio.run(model.predict(["a"], temperature=-1.0))
    with pytest.raises(RequestError, match="up to 2,000"):
        asyncio.run(model.predict(["a"], max_new_tokens=5000))


def test_series_of_different_lengths_are_padded(small_run):
    loaded = zoo.load(small_run("adding"))
    model, batches = served(loaded)
    series = [loaded.task.reader.dummy_input(number) for number in range(4)]
    series = [one[:length] for one, length in zip(series, (5, 6, 7, 2), strict=True)]
    works = [model.infer(model.endpoint(), {"series": np.array([one], "float32")}) for one in series]
    found = asyncio.run(together(model, works))
    assert batches[-2:] == [3, 1]  # The last one is less than half as long.
    values = [row["value"] for row in loaded.predict(series)]
    np.testing.assert_allclose([one["value"][0] for one in found], values, atol=1e-5)


def test_inputs_are_never_paths(small_run, tmp_path):
    model, _ = served(zoo.load(small_run("digits")))
    (tmp_path / "x.png").write_bytes(model.loaded.task.reader.dummy_input(0))
    for path in (str(tmp_path / "x.png"), tmp_path / "x.png"):
        with pytest.raises(DataError, match="expected as bytes"):
            asyncio.run(model.predict([path]))


def test_a_function_is_called_in_the_thread_of_the_model(reviews):
    model, _ = served(reviews, time_limit=0.2)
    assert asyncio.run(model.call(lambda: threading.current_thread().name)) == "model m"
    with pytest.raises(ZeroDivisionError):
        asyncio.run(model.call(lambda: 1 / 0))
    with pytest.raises(TimeLimitError):
        asyncio.run(model.call(threading.Event().wait, 1))


def test_what_nobody_waits_for_is_not_done():
    worker, done = Worker("w", 10, 4, 0.0), []

    async def main():
        hold, release = held_back(worker)
        holding = await hold()
        tasks = [
            asyncio.ensure_future(worker.do(lambda p: done.extend(p) or p, n, key="k", time_limit=30)) for n in range(4)
        ]
        while worker.waiting < 4:
            await asyncio.sleep(0.01)
        tasks[1].cancel()
        await asyncio.sleep(0.01)
        release.set()
        await asyncio.gather(holding, *tasks, return_exceptions=True)

    asyncio.run(main())
    assert sorted(done) == [0, 2, 3]


def test_a_queue_has_room_again_when_clients_go_away():
    worker = Worker("w", 2, 4, 0.0)

    async def main():
        hold, release = held_back(worker)
        holding = await hold()
        tasks = [asyncio.ensure_future(worker.do(list, n, key="k", time_limit=30)) for n in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(OverloadedError):
            await worker.do(list, 2, key="k", time_limit=30)
        tasks[0].cancel()
        await asyncio.sleep(0.01)
        last = asyncio.ensure_future(worker.do(list, 3, key="k", time_limit=30))
        await asyncio.sleep(0.01)
        release.set()
        await holding
        return await asyncio.gather(last, tasks[1])

    assert asyncio.run(main()) == [3, 1]


def test_names_and_versions_are_found_or_explained(reviews):
    models = ServedModels([served(reviews)[0]])
    assert models.names() == ["m"]
    assert models.get("m") is models.get("m", 1)
    with pytest.raises(RequestError, match="There is no model 'x'"):
        models.get("x")
    with pytest.raises(RequestError, match=r"has no version 2\. Its version is 1"):
        models.get("m", 2)


def test_metrics_count_requests_and_batches(small_run):
    with serving(small_run("toy_reviews")) as server:
        url = f"{server.url}/v1/models/small_toy_reviews:predict"
        for _ in range(3):
            assert requests.post(url, json={"instances": ["a", "b"]}, timeout=30).status_code == 200
        assert requests.post(url, data="{", timeout=30).status_code == 400
        for number in range(50):  # Names of strangers are no labels.
            requests.get(f"{server.url}/v1/models/stranger{number}", timeout=30)
        text = httpx.get(f"{server.url}/metrics").text
    name = 'model="small_toy_reviews"'
    assert f'zoo_requests_total{{{name},protocol="tensorflow",status="200"}} 3.0' in text
    assert f'zoo_requests_total{{{name},protocol="tensorflow",status="400"}} 1.0' in text
    assert 'zoo_requests_total{model="",protocol="tensorflow",status="404"} 50.0' in text
    assert f"zoo_batch_rows_sum{{{name}}} 6.0" in text
    assert f"zoo_model_version{{{name}}} 1.0" in text
    assert f"zoo_requests_waiting{{{name}}} 0.0" in text
    assert "zoo_requests_running 1.0" in text
    assert "process_resident_memory_bytes" in text
    assert "stranger" not in text
