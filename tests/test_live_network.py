"""The trained networks in the browser give the answers and states of the zoo; they work by keys and on a phone."""

import re

import numpy as np
import pytest
from browsing import FITS, Visit, serious_faults
from live_pages import SCHEMES, served, write_pages
from playwright.sync_api import expect

import keras_rnn_zoo as zoo

pytestmark = pytest.mark.slow  # Two networks are converted, and ONNX Runtime Web is fetched from npm.
NETWORKS = ("toy_reviews", "imdb_reviews")
LOOKED_AT = 5
"""How many of the texts are inspected step by step."""
ANSWERS = """async ([name, texts, looked]) => {
  const { load } = await import("./assets/live/network.js");
  const network = await load(name);
  const found = [];
  for (const text of texts) {
    const { ids, label, shares, layers } = await network.answer(text);
    const seen = found.length < looked ? ids : [];
    const { steps, answers } = seen.length ? await network.beginnings(seen, () => false) : { steps: [], answers: [] };
    found.push({ label, shares, states: layers.map(({ states }) => states.h.map((row) => [...row])),
      steps, beginnings: answers.map((answer) => answer.shares) });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from live import write_live

    folder = tmp_path_factory.mktemp("site")
    write_live(folder / "assets" / "live", NETWORKS)
    write_pages(folder)
    return folder


@pytest.fixture(scope="module")
def url(folder):
    with served(folder) as address:
        yield address


def reviews(test_data):
    """Returns 300 reviews of the data of TFDS, which none of the networks saw in training."""
    from keras_rnn_zoo.datasets.imdb_reviews import imdb_reviews

    split = imdb_reviews(str(test_data / "tfds"), 0).splits["test"]()
    return [text.numpy().decode() for text, _ in split.take(300)]


def toy_texts():
    from keras_rnn_zoo.datasets.toy_reviews import toy_reviews

    return [text.numpy().decode() for text, _ in toy_reviews(None, 0).splits["test"]().take(300)]


@pytest.mark.parametrize("name", NETWORKS)
def test_its_answers_are_those_of_the_zoo(name, visit, request):
    texts = toy_texts() if name == "toy_reviews" else reviews(request.getfixturevalue("test_data"))
    loaded = zoo.load(name)
    visit.page.goto(f"{visit.url}/cell.default.html")
    found = visit.page.evaluate(ANSWERS, [name, texts, LOOKED_AT])
    expected = zoo.predict(loaded, texts)
    assert len(texts) == len(found) == 300
    assert [one["label"] for one in found] == [one["label"] for one in expected]
    for one, predicted in zip(found, expected, strict=True):
        np.testing.assert_allclose(one["shares"], list(predicted["probabilities"].values()), atol=2e-5)
    for text, one in list(zip(texts, found, strict=True))[:LOOKED_AT]:
        seen = zoo.inspect(loaded, text, importance=False)
        for layer, states in zip(seen.layers, one["states"], strict=True):
            np.testing.assert_allclose(np.array(states), layer.states["h"], atol=2e-5)
        answers = dict(zip(seen.outputs.steps.tolist(), seen.outputs.values, strict=True))
        for step, shares in zip(one["steps"], one["beginnings"], strict=True):
            if step in answers:
                np.testing.assert_allclose(shares, answers[step], atol=2e-5)


def started(visit, figure, scheme="default"):
    page = visit.page
    page.goto(f"{visit.url}/{figure}.{scheme}.html")
    page.get_by_role("button", name="Load the network").click()
    page.locator(".readout .units").wait_for()
    return page


def test_it_answers_as_one_types(visit):
    page = started(visit, "toy")
    box = page.get_by_label("Text", exact=True)
    for text in ("the plot is dull", "the plot is not dull", "the plöt is superb"):
        box.fill("")
        box.press_sequentially(text, delay=20)
        (predicted,) = zoo.predict("toy_reviews", [text])
        expect(page.get_by_role("status")).to_have_text(f"toy_reviews: {predicted['label']}")
        expect(page.locator(".token")).to_have_text(text.split())
    expect(page.locator(".work > .hint")).to_have_text("Not in its vocabulary, and read as “unknown”: plöt")
    slider = page.get_by_label("Step", exact=True)
    slider.focus()
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "Step 1 of 4: the"
    page.get_by_label("Layer").select_option(index=1)
    expect(page.locator("canvas.map")).to_have_attribute(
        "aria-label", "Map of h of bidirectional_1 (lstm, backward): 4 steps, 64 units"
    )
    box.fill("")
    expect(page.locator(".view")).to_be_hidden()


def test_a_network_that_cannot_be_loaded_is_an_error_in_words(visit):
    page = visit.page
    page.route("**/model.onnx", lambda route: route.fulfill(status=404))
    page.goto(f"{visit.url}/toy.default.html")
    page.get_by_role("button", name="Load the network").click()
    expect(page.get_by_role("alert")).to_have_text(
        re.compile("model.onnx cannot be loaded: the server answered with 404")
    )
    assert [fault for fault in visit.faults if "404" not in fault] == []
    visit.faults.clear()
    page.unroute("**/model.onnx")
    page.get_by_role("button", name="Load the network").click()
    page.locator(".readout .units").wait_for()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_is_accessible_and_fits(browser, url, scheme, width):
    visit = Visit(browser, url, viewport={"width": width, "height": 800})
    page = started(visit, "imdb", scheme)
    assert serious_faults(page) == []
    assert page.evaluate(FITS) == [width, []]
    visit.close()


def test_its_weights_are_stored_in_half_their_size(folder):
    sizes = {name: (folder / f"assets/live/networks/{name}/model.onnx").stat().st_size for name in NETWORKS}
    assert sizes["imdb_reviews"] < 6e6
    assert sizes["toy_reviews"] < 4e5
