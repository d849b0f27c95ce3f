"""The page of `zoo serve` in a real browser, as a person uses it: typing, drawing, uploading, pasting, by keys."""

import base64
import math
import time

import numpy as np
import pytest
import small_sets
from browsing import FITS, Visit, serious_faults, stroke
from playwright.sync_api import expect
from servers import serving

import keras_rnn_zoo as zoo
from keras_rnn_zoo.serving.page import answers
from keras_rnn_zoo.serving.sampling import draw

DARK_AND_NARROW = {"color_scheme": "dark", "viewport": {"width": 360, "height": 780}}
MODELS = ("toy_reviews", "digits", "toy_sales", "small_tiny_shakespeare")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return small_sets.write_shops(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def runs(small_run, trained_once, table):
    """The models by name: three networks of the package, a language model, and one that forecasts two series."""
    options = {"columns": "time=day,target=sales,id=shop", "history": 14, "horizon": 7, "units": 4, "epochs": 1}
    shops = trained_once("shops", "many_to_one", dataset=f"csv:{table}", **options)
    runs = [small_run("tiny_shakespeare"), shops]
    return {name: zoo.load(name) for name in MODELS[:3]} | {run.name: zoo.load(run) for run in runs}


@pytest.fixture(scope="module")
def url(runs):
    with serving(*(loaded.run.path for loaded in runs.values())) as server:
        yield server.url


def text_of(page, selector):
    return page.locator(selector).first.inner_text()


def test_an_answer_appears_as_one_types(visit, runs):
    page = visit.open("toy_reviews")
    box = page.get_by_label("Text", exact=True)
    box.fill("")
    expect(page.locator(".answer")).to_have_text("The answer appears here.")
    box.press_sequentially("a dull and awful film", delay=30)
    expect(page.locator(".headline").first).to_have_text("negative")
    (predicted,) = runs["toy_reviews"].predict(["a dull and awful film"])
    probability = predicted["probabilities"]["negative"]
    share = "> 99.9%" if 0.999 < probability < 1 else f"{probability:.1%}"
    # Until the answer to all of it comes, that to its beginning is shown.
    expect(page.locator(".answer .bars dd .share").first).to_have_text(share)
    # What a screen reader says.
    expect(page.locator(".result > [role=status]")).to_contain_text("toy_reviews: negative")
    assert len([path for path, _ in visit.sent if path.endswith("/predict")]) < len("a dull and awful film")


def test_late_answers_to_earlier_inputs_are_dropped(visit):
    page = visit.open("toy_reviews")
    held = []
    page.route("**/predict", lambda route: held.append(route))
    box = page.get_by_label("Text", exact=True)
    box.fill("a wonderful and moving film")
    while not held:
        page.wait_for_timeout(20)
    page.unroute("**/predict")
    box.fill("a dull and awful film")
    expect(page.locator(".headline").first).to_have_text("negative")
    for route in held:
        try:
            route.continue_()
        except Exception as error:  # The page has aborted the request, as it should.
            assert "aborted" in str(error).lower() or "handled" in str(error).lower()
    page.wait_for_timeout(300)
    assert text_of(page, ".headline") == "negative"


def test_the_slider_moves_through_the_states_by_keys(visit, runs):
    page = visit.open("toy_reviews")
    text = "not only moving but also funny"
    page.get_by_label("Text", exact=True).fill(text)
    expect(page.locator(".token")).to_have_text(text.split())
    found = zoo.inspect(runs["toy_reviews"], text)
    slider = page.get_by_label("Step", exact=True)
    slider.focus()
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", 5), ("ArrowLeft", 4)):
        slider.press(key)
        label = f"Step {step + 1} of 6: {found.timelines['input'].labels[step]}"
        assert slider.get_attribute("aria-valuetext") == label
        assert text_of(page, ".readout .now-at").startswith(label)
        unit = int(np.abs(found.layers[0].states["h"][step]).argmax())
        assert f"Strongest: unit {unit} (" in text_of(page, ".held .hint")
        best = found.outputs.names[int(found.outputs.values[step].argmax())]
        assert text_of(page, ".answered .best dt") == best
        assert text_of(page, ".answered h4") == "If the input ended here"
    page.get_by_label("Show").select_option("gate forget")
    mean = float(found.layers[0].gates["forget"][4].mean())
    shown = page.locator(".gates > div", has_text="forget").locator(".share").inner_text()
    assert float(shown) == pytest.approx(mean, abs=2e-3)
    page.get_by_label("Layer").select_option(index=1)
    expect(page.locator("canvas.map")).to_have_attribute(
        "aria-label", "Map of forget gate of bidirectional_1 (lstm, backward): 6 steps, 64 units"
    )


def circle(x, y, across, down):
    return [(x + across * math.sin(t / 8 * math.pi), y - down * math.cos(t / 8 * math.pi)) for t in range(17)]


def test_a_digit_is_drawn(visit, runs):
    page = visit.open("digits")
    for drawn, lines in {"0": [circle(0.5, 0.5, 0.18, 0.3)], "7": [[(0.3, 0.25), (0.68, 0.25), (0.45, 0.8)]]}.items():
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".answer .bars")).to_have_count(0)
        for line in lines:
            stroke(page, line)
        expect(page.locator(".answer .headline")).to_have_text(drawn)
    visit.settle()
    (predicted,) = runs["digits"].predict([base64.b64decode(visit.given("inspect")["base64"])])
    assert predicted["label"] == text_of(page, ".answer .headline") == "7"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".answer")).to_have_text("The answer appears here.")


def test_a_picture_is_uploaded(visit, runs, tmp_path):
    page = visit.open("digits")
    page.get_by_role("button", name="Clear").click()
    picture = next((runs["digits"].run.path / "example").glob("*.png"))
    page.get_by_label("Upload a picture", exact=True).set_input_files(picture)
    (predicted,) = runs["digits"].predict([picture.read_bytes()])
    expect(page.locator(".answer .headline")).to_have_text(predicted["label"])
    visit.may_refuse = True
    (tmp_path / "bad.png").write_bytes(b"<svg>")
    page.get_by_label("Upload a picture", exact=True).set_input_files(tmp_path / "bad.png")
    expect(page.locator(".result .notice")).to_contain_text("cannot be read")


def test_a_table_is_pasted_and_continued(visit, runs):
    page = visit.open("toy_sales")
    table = page.get_by_label("Table, one row for each time")
    lines = table.input_value().splitlines()
    table.fill("\n".join([*lines[:-1], lines[-1].replace(",1", ",0")]))
    visit.answered(table=table.input_value())
    page.get_by_text("The numbers").click()
    shown = page.locator(".charts td").all_inner_texts()
    rows = [
        dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in table.input_value().splitlines()[1:]
    ]
    forecast = zoo.predict(runs["toy_sales"], rows, columns="time=time,target=value,known=known")
    expected = [f"{step[f'predicted_value_{level}']:.4g}" for step in forecast for level in (0.1, 0.5, 0.9)]
    assert [float(cell) for cell in shown] == [float(cell) for cell in expected]
    assert page.locator("svg.chart .band").count() == 1
    visit.may_refuse = True
    table.fill("no table")
    expect(page.locator(".result .notice")).to_be_visible()


def test_one_of_several_series_is_chosen(visit, runs, table):
    page = visit.open("shops", "#numbers")
    text = table.read_text()
    page.get_by_label("Table, one row for each time").fill(text)
    choice = page.get_by_role("combobox", name="Series", exact=True)
    expect(choice.locator("option")).to_have_text(["north", "south"])
    forecast = runs["shops"].predict([dict(zip(["day", "shop", "sales"], line.split(","), strict=True))
                                      for line in text.splitlines()[1:]])  # fmt: skip
    for name in ("north", "south"):
        choice.select_option(name)
        visit.answered(table=text, series=name)
        expected = [f"{step['predicted_sales_0.1']:.4g}" for step in forecast if step["shop"] == name]
        shown = page.locator(".charts td").all_text_contents()
        assert [float(cell) for cell in shown[::3]] == [float(cell) for cell in expected]
    # The choice stays as the table changes.
    page.get_by_label("Table, one row for each time").fill(text.replace(",26\n", ",27\n"))
    visit.answered(table=text.replace(",26\n", ",27\n"), series="south")
    expect(choice).to_have_value("south")


@pytest.mark.parametrize(("value", "shown"), [(1.25, "1.25"), ({"stars": 1.5, "minutes": 88.25}, "1.5")])
def test_one_number_or_several_are_shown(visit, value, shown):
    page = visit.open("toy_reviews")
    answer = {"prediction": {"value": value}, "summary": "", "seen": None}
    page.route("**/predict", lambda route: route.fulfill(json=answer))
    page.get_by_label("Text", exact=True).fill("a film")
    expect(page.locator(".answer .headline, .answer dd").first).to_have_text(shown)
    names = page.locator(".answer dt").all_inner_texts()
    assert names == (list(value) if isinstance(value, dict) else [])


def test_gates_that_are_too_much_for_a_browser_are_said_to_be_left_out(visit, monkeypatch):
    page = visit.open("toy_reviews")
    hint = page.get_by_text("too long to show its gates")
    expect(hint).to_be_hidden()
    monkeypatch.setattr(answers, "MAX_NUMBERS", 10)
    page.get_by_label("Text", exact=True).fill("not only moving")
    visit.answered(text="not only moving")
    expect(hint).to_be_visible()
    assert page.get_by_label("Show").locator("option").all_inner_texts() == ["state h", "state c"]


def test_a_language_model_writes_letter_by_letter(visit, runs, monkeypatch):
    page = visit.open("small_tiny_shakespeare")
    page.get_by_label("Text to continue").fill("To be")
    page.get_by_label("Letters").fill("30")
    for temperature in ("0", "0.7"):
        page.get_by_label("Temperature").fill(temperature)
        page.get_by_role("button", name="Write").click()
        expect(page.locator(".writer [role=status]")).to_contain_text("30 letters written")
        written = page.locator(".new > span").all_inner_texts()
        (predicted,) = runs["small_tiny_shakespeare"].predict(
            ["To be"], temperature=float(temperature), max_new_tokens=30
        )
        assert page.locator(".page").text_content() == predicted["text"]
        assert len(written) == 30
    # Slowly enough to be stopped.
    monkeypatch.setattr(answers, "draw", lambda *given: (time.sleep(0.02) or one for one in draw(*given)))
    page.get_by_label("Letters").fill("2000")
    page.get_by_role("button", name="Write").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".writer [role=status]")).to_contain_text("Stopped after")


def test_two_networks_stand_side_by_side(visit):
    page = visit.open("toy_reviews")
    options = page.locator("#other option").all_inner_texts()
    assert options == ["nothing", "small_tiny_shakespeare"]  # Those that read texts.
    page.get_by_label("Compare with").select_option("small_tiny_shakespeare")
    expect(page.locator("article.result h2")).to_have_text(["toy_reviews", "small_tiny_shakespeare"])
    one, two = (page.locator("article.result").nth(index).bounding_box() for index in (0, 1))
    assert one["y"] == two["y"] and two["x"] > one["x"]


def test_an_input_is_never_read_as_html(visit):
    page = visit.open("toy_reviews")
    page.get_by_label("Text", exact=True).fill('<img src="http://evil.example/x" onerror="alert(1)"><b>fine</b>')
    expect(page.locator(".words")).to_contain_text("fine")
    visit.settle()
    assert page.locator("#results img, #results .words b").count() == 0


@pytest.mark.parametrize("settings", [{}, DARK_AND_NARROW], ids=["light", "dark, 360 pixels wide"])
def test_the_page_has_no_serious_fault_of_accessibility(browser, url, settings):
    visit = Visit(browser, url, bypass_csp=True, **settings)
    for model in MODELS:
        page = visit.open(model)
        if page.locator(".card").count():
            page.locator(".card summary").click()
        assert serious_faults(page) == []
        if settings:
            assert page.evaluate(FITS) == [360, []]
    visit.close()
