"""What the page asks of the server: its files, facts about models, answers, and what is refused."""

import json
import shutil
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import requests
from browsing import Visit
from servers import serving

import keras_rnn_zoo as zoo
from keras_rnn_zoo.serving.page import answers
from keras_rnn_zoo.serving.page.facts import facts_of
from keras_rnn_zoo.serving.page.inputs import raw_input
from keras_rnn_zoo.serving.page.routes import STATIC
from keras_rnn_zoo.serving.served_models import ServedModel
from keras_rnn_zoo.serving.settings import ServingSettings

TOKEN = "correct-horse-battery"
PLOT = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>'
NAME = "small_toy_reviews"


@pytest.fixture(scope="module")
def run(small_run, tmp_path_factory):
    """A copy of a small run with a plot, and with links that lead out of it."""
    folder = Path(shutil.copytree(small_run("toy_reviews").path, tmp_path_factory.mktemp("runs") / NAME))
    plots = folder / "plots"
    plots.mkdir()
    (plots / "learning_curves.svg").write_text(PLOT)
    (plots / "link.svg").symlink_to(folder / "config.json")
    (plots / "notes.txt").write_text("not a plot")
    return folder


@pytest.fixture(scope="module")
def server(run):
    with serving(run, max_new_tokens=50) as started:
        yield started


def post(server, what, content, name=NAME):
    return requests.post(f"{server.url}/page/models/{name}/{what}", json=content, timeout=60)


def test_all_files_of_the_page_are_served_and_no_others(server):
    files = {path.name for path in STATIC.iterdir()}
    assert {"index.html", "main.js", "style.css"} <= files
    for name in files:
        answer = requests.get(f"{server.url}/page/static/{name}", timeout=30)
        assert answer.content == (STATIC / name).read_bytes()
        assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("nothing.js", "..%2froutes.py", "%2e%2e/routes.py", "../routes.py", "%2fetc%2fpasswd"):
        assert requests.get(f"{server.url}/page/static/{name}", timeout=30).status_code == 404
    page = requests.get(f"{server.url}/", timeout=30)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "http://" not in page.text and "https://" not in page.text


def test_a_wheel_contains_the_files_of_the_page():
    lines = (Path(__file__).parents[2] / "setup.cfg").read_text().splitlines()
    patterns = [line.strip() for line in lines if "serving/page" in line]
    assert all(any(fnmatch(f"serving/page/static/{path.name}", one) for one in patterns) for path in STATIC.iterdir())


def test_files_of_the_page_are_small_and_ask_nobody_else():
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, path.name
        assert not any(word in text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "cdn"))


def test_facts_of_a_run(server, run):
    assert requests.get(f"{server.url}/page/models", timeout=30).json() == {"models": [{"name": NAME, "input": "text"}]}
    facts = requests.get(f"{server.url}/page/models/{NAME}", timeout=30).json()
    loaded = zoo.Run(run)
    assert facts["task"] == "classification" and facts["architecture"] == "many_to_one"
    assert facts["result"] == loaded.result
    assert facts["card"].startswith(f"# {NAME}")  # Without its metadata.
    assert facts["example"]["text"] in (run / "example" / "input.txt").read_text()
    assert facts["plots"] == ["learning_curves.svg"]
    assert str(run) not in json.dumps(facts)


def test_plots_are_those_of_the_run_alone(server):
    folder = f"{server.url}/page/models/{NAME}/plots"
    answer = requests.get(f"{folder}/learning_curves.svg", timeout=30)
    assert (answer.text, answer.headers["content-type"]) == (PLOT, "image/svg+xml")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    for name in ("link.svg", "notes.txt", "..%2fconfig.json", "%2e%2e%2fREADME.md", "nothing.svg"):
        assert requests.get(f"{folder}/{name}", timeout=30).status_code == 404


def test_answers_are_those_of_predict_and_inspect(server, run):
    given = {"input": {"text": "not dull but moving"}}
    loaded = zoo.load(run)
    found = post(server, "predict", given).json()
    (predicted,) = loaded.predict(["not dull but moving"])
    assert found["prediction"]["label"] == predicted["label"]
    assert found["prediction"]["probabilities"] == pytest.approx(predicted["probabilities"], abs=1e-6)
    assert found["summary"] == loaded.task.describe(predicted)
    shown, inspected = post(server, "inspect", given).json(), zoo.inspect(loaded, "not dull but moving")
    assert shown.pop("without_gates") is False
    document = inspected.to_dict(top=answers.TOP)
    assert {**shown, "layers": None, "importance": None} == {**document, "layers": None, "importance": None}
    assert shown["importance"]["values"] == pytest.approx(document["importance"]["values"], abs=1e-4)
    for sent, layer in zip(shown["layers"], inspected.layers, strict=True):
        for part in ("states", "gates"):
            for name, values in getattr(layer, part).items():
                np.testing.assert_allclose(_matrix(sent[part][name]), values, atol=2e-5 * np.abs(values).max() + 1e-9)


def _matrix(sent):
    import base64

    integers = np.frombuffer(base64.b64decode(sent["data"]), "<i2")
    return integers.reshape(sent["shape"]) * sent["scale"]


@pytest.mark.parametrize(
    ("what", "content", "status", "words"),
    [
        ("predict", {}, 400, "'text'"),
        ("predict", {"input": "a text"}, 400, "'text'"),
        ("predict", {"input": {"text": 1}}, 400, "'text'"),
        ("predict", {"input": {"base64": ""}}, 400, "'text'"),
        ("predict", {"input": {"text": "a"}, "options": {"temperature": 1}}, 400, "temperature"),
        ("predict", {"input": {"text": "a"}, "options": 1}, 400, "Options"),
        ("inspect", {"input": {"text": ""}}, 400, "empty"),
        ("sample", {"text": "a"}, 400, "language models of characters"),
        ("predict", [], 400, "object"),
        ("predict", 7, 400, "object"),
    ],
)
def test_what_is_not_an_input_is_refused(server, what, content, status, words):
    answer = post(server, what, content)
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "beginning"),
        ({"text": ""}, "beginning"),
        ({"text": "a", "options": {"temperature": -1}}, "temperature"),
        ({"text": "a", "options": {"max_new_tokens": 51}}, "up to 50"),
    ],
)
def test_a_text_that_cannot_be_continued_is_refused(writing, content, words):
    with pytest.raises(zoo.ZooError, match=words):
        answers.Writer(writing, content, 50)


def test_an_unknown_model_is_refused(server):
    assert post(server, "predict", {}, "nothing").status_code == 404
    assert requests.get(f"{server.url}/page/models/nothing", timeout=30).status_code == 404
    assert "Did you mean" in requests.get(f"{server.url}/page/models/small_toy_review", timeout=30).json()["error"]


@pytest.fixture(scope="module")
def writing(small_run):
    return zoo.load(small_run("tiny_shakespeare"))


SERIES = {"1, 2\n3, 4": [[1, 2], [3, 4]], "a,b\n1,2\n3,4\n": [[1, 2], [3, 4]], "[[1, 2], [3, 4]]": [[1, 2], [3, 4]]}


@pytest.fixture(scope="module")
def series(small_run):
    return zoo.load(small_run("adding"))


@pytest.mark.parametrize("text", SERIES)
def test_rows_of_numbers_are_read(series, text):
    assert raw_input(series, {"rows": text}) == (SERIES[text], None)


@pytest.mark.parametrize(("text", "words"), [("1,2\n3", "2 numbers"), ("a,b", "numbers"), ("1,2\nx,y", "numbers")])
def test_other_rows_are_refused(series, text, words):
    with pytest.raises(zoo.ZooError, match=words):
        raw_input(series, {"rows": text})


def test_an_example_of_a_series_is_one_that_the_page_can_send(series):
    facts = facts_of(ServedModel("adding", 1, series, ServingSettings()))
    assert facts["reads"]["features"] == 2
    raw, _ = raw_input(series, facts["example"])
    assert np.shape(raw) == (12, 2)
    assert "value" in series.predict([raw])[0]


def test_the_token_is_in_the_address_once(run, browser):
    """The page keeps the cookie, and takes the token out of the address, which others may see."""
    with serving(run, host="0.0.0.0", token=TOKEN) as server:
        visit = Visit(browser, server.url)
        visit.page.goto(f"{server.url}/?token={TOKEN}")
        visit.settle()
        assert TOKEN not in visit.page.url
        visit.page.get_by_text("Plots (1)").click()
        plot = visit.page.get_by_role("img", name="learning curves of")
        plot.scroll_into_view_if_needed()
        visit.page.wait_for_load_state("networkidle")
        assert plot.evaluate("image => image.naturalWidth") == 40
        visit.page.reload()
        visit.settle()
        visit.close()
        assert requests.get(f"{server.url}/page/models", timeout=30).status_code == 401
