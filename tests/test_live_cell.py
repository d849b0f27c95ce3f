"""The cell that is stepped by hand: its numbers are those of NumPy and Keras; it works by keys and on a phone."""

import keras
import numpy as np
import pytest
from browsing import FITS, Visit, serious_faults
from live_pages import SCHEMES, served, write_pages
from playwright.sync_api import expect

PULSE = "1, then seven 0s"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    from live import write_modules

    folder = tmp_path_factory.mktemp("site")
    write_modules(folder / "assets" / "live")
    write_pages(folder)
    with served(folder) as address:
        yield address


def opened(visit, figure="cell", scheme="default"):
    visit.page.goto(f"{visit.url}/{figure}.{scheme}.html")
    visit.page.locator(".crossings").wait_for()
    return visit.page


def by_numpy(weights, inputs):
    states = [np.zeros(3)]
    for x in inputs:
        states.append(np.tanh(np.array(x) @ weights["W"] + states[-1] @ np.array(weights["U"]) + weights["b"]))
    return np.array(states)


def shown(page):
    """Returns the inputs and the states of the table, `(steps, 4)`."""
    if not page.locator("table").is_visible():
        page.get_by_text("All numbers").click()
    cells = page.locator("td").all_inner_texts()
    return np.array([float(cell.replace(MINUS, "-")) for cell in cells]).reshape(-1, 4)


def test_its_states_are_those_of_numpy_and_keras(visit):
    draw = np.random.default_rng(0)
    weights = {"W": draw.normal(size=(2, 3)), "U": draw.normal(size=(3, 3)), "b": draw.normal(size=3)}
    weights, inputs = {name: values.tolist() for name, values in weights.items()}, draw.normal(size=(12, 2)).tolist()
    page = opened(visit)
    program = "async ([weights, inputs]) => (await import('./assets/live/cell.js')).run(weights, inputs)"
    found = np.array(page.evaluate(program, [weights, inputs]))
    np.testing.assert_allclose(found, by_numpy(weights, inputs), atol=1e-13)
    layer = keras.layers.SimpleRNN(3, return_sequences=True)
    layer.build((1, 12, 2))
    layer.set_weights([np.array(weights[name]) for name in "WUb"])
    np.testing.assert_allclose(found[1:], np.array(layer(np.array([inputs], "float32")))[0], atol=1e-5)


def test_inputs_are_fed_one_at_a_time(visit):
    page = opened(visit, "holding")
    for name in ("Feed 1", "Feed 0", f"Feed {MINUS}1"):
        page.get_by_role("button", name=name, exact=True).click()
    examples = page.evaluate("async () => (await import('./assets/live/cell.js')).EXAMPLES.map((one) => one.weights)")
    expected = by_numpy(examples[1], [[1], [0], [-1]])
    np.testing.assert_allclose(shown(page)[:, 0], [1, 0, -1])
    np.testing.assert_allclose(shown(page)[:, 1:], expected[1:], atol=6e-5)
    values = ", ".join(f"{value:.3f}".rstrip("0").rstrip(".").replace("-", MINUS) for value in expected[-1])
    expect(page.get_by_role("status")).to_have_text(f"Step 3 read {MINUS}1. The state is now {values}.")
    assert page.locator(".through-time rect").count() == 12
    page.get_by_role("button", name="Step back").click()
    assert len(shown(page)) == 2
    page.get_by_label("Weights to begin with").select_option("A chain")
    np.testing.assert_allclose(shown(page)[:, 1:], by_numpy(examples[2], [[1], [0]])[1:], atol=6e-5)
    page.get_by_role("button", name="Start over").click()
    assert len(shown(page)) == 0


def test_a_weight_is_changed_by_keys_and_by_dragging(visit):
    page = opened(visit)
    page.get_by_role("button", name=PULSE).click()
    slider = page.get_by_label("Weight from h₁ to h₁")
    slider.focus()
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "0.95"
    weights = {"W": [[1, 1, 1]], "U": np.diag([0.95, 0.6, 0.3]), "b": [0, 0, 0]}
    pulse = [[1], *[[0]] * 7]
    np.testing.assert_allclose(shown(page)[:, 1:], by_numpy(weights, pulse)[1:], atol=6e-5)
    slider = page.get_by_label("Bias of h₃")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    weights["b"][2] = float(slider.input_value())
    assert weights["b"][2] > 2
    np.testing.assert_allclose(shown(page)[:, 1:], by_numpy(weights, pulse)[1:], atol=6e-5)
    page.get_by_text("This step as a formula").click()
    last = by_numpy(weights, pulse)[-1][2]
    assert page.locator(".formulas p").nth(2).inner_text().endswith(f"= {last:.3f}".rstrip("0").rstrip("."))


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_is_accessible_and_fits(browser, url, scheme, width):
    visit = Visit(browser, url, viewport={"width": width, "height": 800})
    page = opened(visit, "cell", scheme)
    page.get_by_role("button", name=PULSE).click()
    page.get_by_role("button", name=PULSE).click()
    shown(page)
    page.get_by_text("This step as a formula").click()
    assert serious_faults(page) == []
    assert page.evaluate(FITS) == [width, []]
    visit.close()
