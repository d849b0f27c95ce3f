"""Builds the site: executes the lessons, generates pages, and has MkDocs make HTML of all, with warnings as errors.

    python docs/_site/build_site.py                  # the site, in build/docs
    python docs/_site/build_site.py --no-execution   # quickly, to look at pages: code is shown without its outputs

The pages are put together in build/site first, as plain Markdown, so that another generator could take them from there.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from figures_in_pages import put_figures
from lesson_cache import Cache
from lesson_page import write_page
from lesson_source import parse_lesson
from lessons import ROOT, build_lessons, executed_pages
from live import write_live, write_modules
from reference import write_reference

HERE = Path(__file__).parent
DOCS, STAGED, SITE = ROOT / "docs", ROOT / "build" / "site", ROOT / "build" / "docs"


def main() -> None:
    """Builds the site as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-execution", action="store_true", help="show the code of lessons without its outputs")
    started = time.monotonic()
    stage(executing=not parser.parse_args().no_execution)
    staged = time.monotonic()
    build_html()
    done = time.monotonic()
    print(f"{SITE}: pages in {staged - started:.0f} s, HTML in {done - staged:.0f} s", file=sys.stderr)


def stage(*, executing: bool) -> None:
    """Writes all pages, and the files they show, to `build/site/pages`, and the settings of MkDocs beside them.

    Args:
        executing: whether lessons are executed; their code is shown alone otherwise.
    """
    pages = STAGED / "pages"
    shutil.rmtree(STAGED, ignore_errors=True)
    executed = executed_pages()
    written = {str(path) for path in executed}

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in ("_site", "__pycache__") or str(Path(folder, name)) in written}

    shutil.copytree(DOCS, pages, ignore=left_out)
    if executing:
        build_lessons(executed, DOCS, pages, Cache(ROOT / "build" / "lessons"))
    else:
        for page in executed:
            target = pages / page.relative_to(DOCS)
            write_page(page, parse_lesson(page), None, target)
            target.with_suffix(".ipynb").write_text("{}", encoding="utf-8")
    write_reference(pages / "reference")
    # Networks are converted for the browser in as long as a lesson takes.
    (write_live if executing else write_modules)(pages / "assets" / "live")
    for page in pages.rglob("*.md"):
        put_figures(page)
    write_settings(pages)


def write_settings(pages: Path) -> None:
    """Writes the settings of MkDocs for the staged pages: those of mkdocs.yml with the whole navigation."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    head, _, navigation = text.partition("\nnav:\n")
    nav = [_expanded(section, pages) for section in yaml.safe_load(f"nav:\n{navigation}")["nav"]]
    head = head.replace("docs_dir: docs\n", f"docs_dir: {pages.name}\nsite_dir: {SITE}\n")
    head = head.replace("docs/_site/docstrings.py", str(HERE / "docstrings.py"))
    head = head.replace(
        "        python:\n          options:", f"        python:\n          paths: [{ROOT}]\n          options:"
    )
    # The tags of Python names in the settings are YAML that only MkDocs reads.
    (STAGED / "mkdocs.yml").write_text(f"{head}\n{yaml.safe_dump({'nav': nav}, allow_unicode=True)}", encoding="utf-8")


def _expanded(section: dict[str, Any], pages: Path) -> dict[str, Any]:
    """Returns a section of the navigation with pages in place of folders, without subsections that have none."""
    ((title, entries),) = section.items()
    if isinstance(entries, str):
        return section
    found: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            part = _expanded(entry, pages)
            found += [part] if all(part.values()) else []
        elif entry.endswith("/*"):
            listed = sorted(pages.glob(f"{entry[:-1]}*.md"), key=lambda path: (path.name != "index.md", path.name))
            found += [str(path.relative_to(pages)) for path in listed]
        else:
            found.append(entry)
    return {title: found}


def build_html() -> None:
    """Has MkDocs build the staged pages. A warning, such as a broken link, is an error.

    Raises:
        SystemExit: with the status of MkDocs, if that is not 0.
    """
    # Silence the theme's notice about MkDocs 2, which setup.cfg excludes.
    environment = os.environ | {"PYTHONPATH": str(HERE), "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    # Quiet, it would not count its warnings.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(STAGED / "mkdocs.yml")]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        print("".join(line for line in done.stderr.splitlines(keepends=True) if "INFO" not in line), file=sys.stderr)
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
