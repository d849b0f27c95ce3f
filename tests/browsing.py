"""A browser for the tests of the page: Debian's Chromium, driven by Playwright, and what every test checks of it."""

import contextlib
import json
import shutil
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""Chromium runs as root in containers, and records a beep in place of a microphone."""
NO_BROWSER = "Chromium is not installed: apt-get install chromium"
WAIT = 60_000
"""Milliseconds to wait for something to appear: machines may be busy."""


@contextlib.contextmanager
def chromium():
    """Starts the browser; skips the tests where it is missing."""
    if CHROMIUM is None:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A person's visit to the page of a server, in a window of its own.

    Args:
        browser: the browser.
        url: the address of the server.
        **settings: settings of the window, such as its size.

    Attributes:
        page: the page.
        sent: the bodies of the requests with inputs, with their paths.
        may_refuse: whether the server is expected to refuse an input, of which Chromium reports the status.
    """

    def __init__(self, browser, url, **settings):
        self.url, self.faults, self.hosts, self.sent, self.may_refuse = url, [], set(), [], False
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        self.context.grant_permissions(["microphone"], origin=url)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._requested)

    def _heard(self, message):
        refused = self.may_refuse and "status of 400" in message.text
        # The tests read what is drawn again and again, which the page itself never does.
        read_back = "willReadFrequently" in message.text
        if message.type in ("error", "warning") and not refused and not read_back:
            self.faults.append(message.text)

    def _requested(self, request):
        address = urlsplit(request.url)
        if address.scheme not in ("blob", "data"):
            self.hosts.add(f"{address.scheme}://{address.netloc}")
        if request.method == "POST":
            self.sent.append((address.path, json.loads(request.post_data)))

    def open(self, model, shown=".view, .writer"):
        """Opens the page with a model, and waits until its example has been inspected."""
        self.page.goto(f"{self.url}/#model={model}")
        self.settle(shown)
        return self.page

    def settle(self, shown=".view"):
        """Waits until the answer and its inspection are there."""
        self.page.locator(".result").first.wait_for()
        self.page.locator(shown).first.wait_for()
        self.page.locator(".result:not([aria-busy])").first.wait_for()

    def given(self, what):
        """Returns the last input that the page sent to `predict`, `inspect` or `sample`, `None` before that."""
        return next((body["input"] for path, body in reversed(self.sent) if path.endswith(f"/{what}")), None)

    def answered(self, **given):
        """Waits until the page has sent an input, and has shown the answer and its inspection."""
        while self.given("predict") != given or self.given("inspect") != given:
            self.page.wait_for_timeout(50)
        self.settle()

    def close(self):
        """Ends the visit. Nothing was complained about, and nothing was asked of another host."""
        self.context.close()
        assert not self.faults, self.faults
        assert self.hosts <= {self.url}


def stroke(page, points):
    """Draws a line through points of the canvas, each from 0 to 1 across and down."""
    box = page.locator("canvas.draw").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


FITS = """() => {
  const cut = [];
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    if (!box.width || element.closest(".scroll, .hidden, .skip, svg, select")) continue;
    if (box.right > innerWidth + 1 || box.left < -1) cut.push(element.className || element.tagName);
    if (element.children.length === 0 && element.scrollWidth > element.clientWidth + 1 &&
        getComputedStyle(element).overflowX === "hidden") cut.push(element.textContent);
  }
  return [document.documentElement.scrollWidth, cut];
}"""
"""Returns how wide the page is, and what sticks out of it or is cut off."""


AT_REST = """() => !document.querySelector("[aria-busy]") &&
  document.getAnimations().every((one) => !(one instanceof CSSTransition) || one.playState === "finished")"""
"""Whether nothing is being computed, and no transition is running."""


def serious_faults(page):
    """Returns what axe-core finds that is serious or critical, in words."""
    from axe_playwright_python.sync_playwright import Axe

    # What fades in after a slow answer has too little contrast for a moment.
    page.wait_for_function(AT_REST)
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
