"""The built site in a real browser: links, console, requests, accessibility, and narrow screens."""

import functools
import html
import http.server
import re
import shutil
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from browsing import serious_faults

SOME = ("", "learn/", "reference/commands/")
"""Pages for a quick look: the first one, one of another section, and a long one with tables."""
LAYOUTS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
CUT_OFF = """() => {
  const scrolls = (element) => {
    for (let box = element; box && box !== document.body; box = box.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return true;
    return false;
  };
  const cut = [];
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth + 1) cut.push(`the page is ${width} wide`);
  const texts = "h1, h2, h3, p, li, td, th, code, pre, a, span, summary, text";
  for (const element of document.querySelectorAll(`.md-content :is(${texts})`)) {
    if (element.closest(".headerlink, .md-code__nav, [hidden]") || !element.checkVisibility()) continue;
    const box = element.getBoundingClientRect();
    const sticksOut = box.width && (box.right > innerWidth + 1 || box.left < -1);
    if (sticksOut && !scrolls(element)) cut.push(element.outerHTML.slice(0, 120));
  }
  return cut;
}"""
"""Returns what sticks out of a narrow screen and cannot be scrolled to."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Says nothing."""


@pytest.fixture(scope="module")
def built(site, tmp_path_factory):
    """The folder of the site, built without executing its lessons unless that was done."""
    build, folder = site("build_site"), tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "STAGED", folder / "staged")
        patch.setattr(build, "SITE", folder / "site")
        build.stage(executing=False)
        build.build_html()
    yield folder / "site"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def address(built):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=built))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def pages_of(built):
    """Returns the addresses of all pages, relative to the site's."""
    return sorted(
        f"{path.parent.relative_to(built)}/".removeprefix("./")
        for path in built.rglob("index.html")
        if "assets" not in path.parts
    )


def faults_of(browser, address, pages, layouts=LAYOUTS):
    """Returns what is wrong with pages, each in the light and the dark, wide and narrow."""
    faults = []
    for scheme, width in layouts:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(120_000)
        heard = []
        page.on("console", lambda message, heard=heard: heard.append(message) if message.type != "log" else None)
        page.on("pageerror", lambda error, heard=heard: heard.append(error))
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("response", lambda answer, heard=heard: heard.append(answer.url) if answer.status >= 400 else None)
        for name in pages:
            where = f"/{name} ({scheme}, {width}):"
            page.goto(address + name, wait_until="load")
            faults += [f"{where} console: {getattr(message, 'text', message)}" for message in heard]
            faults += [f"{where} asks {url}" for url in asked if not url.startswith((address, "data:", "blob:"))]
            faults += [f"{where} {fault}" for fault in serious_faults(page)]
            if width == 360:
                faults += [f"{where} cut off: {element}" for element in page.evaluate(CUT_OFF)]
            heard.clear(), asked.clear()
        context.close()
    return faults


def test_every_link_leads_somewhere(built):
    """Of every page, also within tables and figures that MkDocs does not look into."""
    targets = {}
    for path in built.rglob("*.html"):
        targets[path] = set(re.findall(r'\s(?:id|name)="?([^"\s>]+)', path.read_text()))
    broken = []
    for path in targets:
        if path.name == "404.html":
            continue
        here = f"/{path.relative_to(built).parent}/".replace("/./", "/")
        for link in re.findall(r'\s(?:href|src)="?([^"\s>]+)', path.read_text()):
            address = urlsplit(urljoin(here, html.unescape(link)))
            if address.scheme or address.netloc:
                continue
            file = built / unquote(address.path).lstrip("/")
            file = file / "index.html" if file.is_dir() else file
            fragment = unquote(address.fragment)
            if not file.is_file() or (fragment and file in targets and fragment not in targets[file]):
                broken.append(f"{here}: {link}")
    assert not broken


def test_a_broken_link_ends_the_build(site, tmp_path, monkeypatch, capfd):
    build = site("build_site")
    pages = tmp_path / "staged" / "pages"
    for name in ("reference", "learn", "assets"):
        (pages / name).mkdir(parents=True)
    (pages / "index.md").write_text("# Start\n\n[Nowhere](nowhere.md)\n")
    monkeypatch.setattr(build, "STAGED", tmp_path / "staged")
    monkeypatch.setattr(build, "SITE", tmp_path / "site")
    build.write_settings(pages)
    settings = tmp_path / "staged" / "mkdocs.yml"
    head, _, _ = settings.read_text().rpartition("\nnav:")
    settings.write_text(f"{head}\nnav:\n- Start: index.md\n")
    with pytest.raises(SystemExit):
        build.build_html()
    assert "nowhere.md" in capfd.readouterr().err


def test_some_pages(address, browser):
    assert not faults_of(browser, address, SOME, (LAYOUTS[0], LAYOUTS[-1]))


@pytest.mark.slow  # The same as above for every page.
def test_all_pages(built, address, browser):
    assert not faults_of(browser, address, pages_of(built))


def test_the_search_finds_a_function(address, browser):
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.get_by_role("textbox", name="Search").fill("predict_file")
    page.locator(".md-search-result__link[href*='reference/functions/']").first.wait_for()


def test_a_lesson_can_be_downloaded(built):
    lessons = list((built / "learn").glob("[0-9][0-9]_*/index.html"))
    for lesson in lessons:
        name = f"{lesson.parent.name}.ipynb"
        assert name in lesson.read_text()
        assert (built / "learn" / name).is_file()
    assert len(lessons) == len(list((Path(__file__).parents[2] / "docs" / "learn").glob("[0-9][0-9]_*.md")))
