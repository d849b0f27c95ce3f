"""The page with every network of the package, and what each of them has to show: trees, matrices, alignments."""

import base64
import re

import numpy as np
import pytest
import small_sets
from browsing import FITS, Visit, serious_faults, stroke
from playwright.sync_api import expect
from servers import serving

import keras_rnn_zoo as zoo

pytestmark = pytest.mark.slow  # Each of ten models is traced twice, and one learns to transcribe first.
NETWORKS = ("toy_reviews", "digits", "digit_lines", "slots", "dates", "shapes", "toy_sales")
DARK_AND_NARROW = {"color_scheme": "dark", "viewport": {"width": 360, "height": 780}}
LIGHT_AND_NARROW = {**DARK_AND_NARROW, "color_scheme": "light"}
DARK = {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def models(small_run, trained_once, tmp_path_factory):
    """The networks by name, one that transcribes recordings, and one that reads series."""
    data = small_sets.write_recordings(tmp_path_factory.mktemp("data") / "spoken", 60, 1, words=3)
    options = {"units": 32, "sample_rate": 8000, "epochs": 40, "batch_size": 4}
    spoken = trained_once("spoken", "ctc", dataset=f"audio:{data}", **options)
    runs = [spoken, small_run("adding"), small_run("addition"), small_run("tiny_shakespeare")]
    return {name: zoo.load(name) for name in NETWORKS} | {run.name: zoo.load(run) for run in runs}


@pytest.fixture(scope="module")
def url(models):
    with serving(*(loaded.run.path for loaded in models.values())) as server:
        yield server.url


def shown(page):
    """Returns the titles of the views."""
    return page.locator(".view h3").all_inner_texts()


def test_tags_stand_under_their_words(visit, models):
    page = visit.open("slots")
    page.get_by_label("Text", exact=True).fill("book a table for four in oslo")
    visit.answered(
        text="book a table for four in oslo",
    )
    (predicted,) = models["slots"].predict(["book a table for four in oslo"])
    assert page.locator(".tag .word").all_inner_texts() == predicted["tokens"]
    assert page.locator(".tag .under").all_inner_texts() == predicted["tags"]
    assert shown(page) == ["Through time"]


def test_attention_links_the_words_and_the_beam_is_a_tree(visit, models):
    page = visit.open("dates")
    page.get_by_label("Text", exact=True).fill("march 5, 1999")
    visit.answered(text="march 5, 1999")
    found = zoo.inspect(models["dates"], "march 5, 1999")
    assert page.locator(".headline").first.inner_text() == found.prediction["text"]
    assert shown(page) == ["Through time", "Attention", "Beam"]
    (weights,) = (one.weights for one in found.attention)
    rows, columns = page.locator(".attention tbody th button"), page.locator(".attention thead th button")
    assert (rows.count(), columns.count()) == weights.shape
    rows.nth(2).focus()  # By keys: each word can be reached with Tab.
    best = int(weights[2].argmax())
    label = found.timelines["input"].labels[best]
    assert f"looks most at “{label}”" in page.locator("figure .now-at").inner_text()
    assert page.locator(".attention tbody tr.lit").count() == 1
    columns.nth(best).hover()
    assert "is looked at most by" in page.locator("figure .now-at").inner_text()
    assert page.locator(".attention tr.lit").count() == 0
    assert page.locator(".tree .score").count() == len(found.beam)
    best_path = "".join(page.locator(".tree .best > .node").all_inner_texts())
    assert best_path == found.beam[0].text


def test_a_picture_is_painted_and_described(visit, models):
    page = visit.open("shapes")
    page.get_by_role("button", name="Clear").click()
    for line in range(8):
        stroke(page, [(0.3, 0.2 + line * 0.03), (0.5, 0.2 + line * 0.03)])
    page.get_by_role("radio", name="blue").check(force=True)
    for line in range(8):
        stroke(page, [(0.5, 0.6 + line * 0.03), (0.7, 0.6 + line * 0.03)])
    expect(page.locator(".headline").first).to_contain_text("red")
    expect(page.locator(".headline").first).to_contain_text("blue")
    visit.settle(".look")
    (predicted,) = models["shapes"].predict([base64.b64decode(visit.given("inspect")["base64"])])
    assert page.locator(".headline").first.inner_text() == predicted["text"]
    assert shown(page) == ["What the network sees", "Through time", "Attention", "Beam"]
    words = page.locator(".look button")
    words.nth(1).focus()
    assert words.nth(1).get_attribute("aria-pressed") == "true"
    said = page.locator("canvas.over").get_attribute("aria-label")
    assert said == f"Where the network looks as it writes “{words.nth(1).inner_text()}”"


def test_a_line_of_digits_is_drawn_and_aligned(visit, models):
    page = visit.open("digit_lines")
    page.get_by_role("button", name="Clear").click()
    for line in ([(0.3, 0.3), (0.32, 0.2), (0.32, 0.8)], [(0.42, 0.25), (0.51, 0.25), (0.45, 0.8)]):
        stroke(page, line)
    expect(page.locator(".headline").first).to_have_text("17")
    visit.settle(".aligned")
    found = zoo.inspect(models["digit_lines"], base64.b64decode(visit.given("inspect")["base64"]))
    assert page.locator(".aligned b").all_inner_texts() == [part.text for part in found.alignment] == ["1", "7"]
    places = [item.bounding_box()["x"] for item in page.locator(".aligned li").all()]
    assert places == sorted(places)
    strip = page.locator(".strip").bounding_box()
    timeline = found.timelines[found.outputs.timeline]
    whole = timeline.ends[-1]
    for place, part in zip(places, found.alignment, strict=True):
        assert (place - strip["x"]) / strip["width"] == pytest.approx(timeline.starts[part.start] / whole, abs=0.02)


def test_a_transcript_is_aligned_with_its_spectrogram(visit, models):
    page = visit.open("spoken")
    example = next((models["spoken"].run.path / "example").glob("input.wav"))
    found = zoo.inspect(models["spoken"], example.read_bytes())
    assert page.locator(".headline").first.text_content() == found.prediction["text"]
    assert found.alignment
    assert page.locator(".aligned li").count() == len(found.alignment)
    assert page.locator("canvas.strip").get_attribute("aria-label").startswith("Spectrogram")
    pixels = page.locator("canvas.strip").evaluate("canvas => [canvas.width, canvas.height]")
    assert pixels == [len(found.timelines["input"].labels), 40]
    assert "s to" in page.locator(".readout .now-at").inner_text()


def test_a_recording_is_uploaded(visit, models):
    page = visit.open("spoken")
    file = next((models["spoken"].run.path / "example").glob("input.wav"))
    page.get_by_label("Upload a WAV file").set_input_files(file)
    expect(page.locator("#input .hint")).to_contain_text("input.wav:")
    visit.settle(".aligned")
    (predicted,) = models["spoken"].predict([file.read_bytes()])
    expect(page.locator(".answer .headline")).to_have_text(predicted["text"].strip())
    page.get_by_role("button", name="Play").click()


def test_a_recording_is_made(visit, models):
    page = visit.open("spoken")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_timeout(700)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#input .hint")).to_contain_text("The recording:")
    visit.settle("canvas.map")
    sound = base64.b64decode(visit.given("predict")["base64"])
    assert sound[:4] == b"RIFF" and len(sound) > 44 + 2 * 8000 * 0.3
    (predicted,) = models["spoken"].predict([sound])
    expect(page.locator(".answer .headline")).to_have_text(predicted["text"].strip() or "(nothing)")


def test_rows_of_numbers_are_pasted(visit, models):
    page = visit.open("small_adding")
    rows = "0.5,0\n0.25,1\n0.5,1\n"
    page.get_by_label("Series, one step in each line").fill(rows)
    visit.answered(rows=rows)
    (predicted,) = models["small_adding"].predict([[[0.5, 0], [0.25, 1], [0.5, 1]]])
    value = page.locator(".headline").first.inner_text().replace("\u2212", "-")
    assert float(value) == pytest.approx(predicted["value"], rel=1e-3)
    assert page.get_by_label("Step", exact=True).get_attribute("max") == "2"
    visit.may_refuse = True
    page.get_by_label("Series, one step in each line").fill("1,2\n3")
    expect(page.locator(".result .notice")).to_contain_text("2 numbers")


def test_every_model_shows_its_states(visit, models):
    for name, loaded in models.items():
        page = visit.open(name)
        found = page.locator("canvas.map:visible")
        recurrent = bool(loaded.run.config.architecture != "one_to_one")
        expect(found).to_have_count(int(recurrent))
        if recurrent:
            steps, units = map(int, re.findall(r"(\d+) (?:steps|units)", found.get_attribute("aria-label")))
            assert steps and units
            drawn = found.evaluate("map => [...map.getContext('2d').getImageData(0, 0, map.width, map.height).data]")
            assert len(np.unique(np.reshape(drawn, (-1, 4)), axis=0)) > 2


@pytest.mark.parametrize(
    "settings",
    [{}, DARK, LIGHT_AND_NARROW, DARK_AND_NARROW],
    ids=["light", "dark", "light, 360 pixels wide", "dark, 360 pixels wide"],
)
def test_no_model_has_a_serious_fault_of_accessibility(browser, url, models, settings):
    visit = Visit(browser, url, bypass_csp=True, **settings)
    for name in models:
        page = visit.open(name)
        for summary in page.locator("summary").all():
            summary.click()
        assert serious_faults(page) == [], name
        if "viewport" in settings:
            assert page.evaluate(FITS) == [360, []], name
    visit.close()
