"""Executes the lessons of the course, two at a time, and writes each as a page and as a notebook.

python docs/_site/lessons.py docs/learn/02_cell.md     # one lesson, its page shown on standard output
python docs/_site/lessons.py                           # all of them, without a site
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from lesson_cache import Cache, key_of
from lesson_notebook import to_download
from lesson_page import write_page
from lesson_run import execute
from lesson_source import LessonError, parse_lesson

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
AT_ONCE = 2


def is_lesson(page: Path) -> bool:
    """Whether a page is one of the course, which readers can download as a notebook."""
    return page.name[:2].isdigit()


def executed_pages(docs: Path = DOCS) -> list[Path]:
    """Returns the pages whose code is executed: the lessons of the course, and the first page of the site."""
    return [docs / "index.md", *sorted((docs / "learn").glob("[0-9][0-9]_*.md"))]


def build_lesson(lesson: Path, page: Path, cache: Cache) -> float:
    """Writes the page of a lesson, and its notebook beside it; executes the lesson unless the cache has it.

    Args:
        lesson: the lesson.
        page: the path of the page.
        cache: where executed lessons are kept.

    Returns:
        The seconds that the execution took; 0 if it was in the cache.

    Raises:
        LessonError: if the lesson cannot be built.
    """
    parts, key, started = parse_lesson(lesson), key_of(lesson), time.monotonic()
    notebook = cache.find(lesson, key)
    taken = 0.0
    if notebook is None:
        notebook = execute(lesson, parts)
        taken = time.monotonic() - started
    write_page(lesson, parts, notebook, page)
    if is_lesson(lesson):
        nbformat.write(to_download(parts, notebook, lesson), page.with_suffix(".ipynb"))
    if taken:
        cache.keep(lesson, key, notebook)
    return taken


def build_lessons(lessons: list[Path], source: Path, folder: Path, cache: Cache) -> None:
    """Builds lessons, two at a time. Each failure is told, and does not keep the others from being built.

    Args:
        lessons: their paths.
        source: the folder that they are in.
        folder: where their pages are written, at the same places as in `source`.
        cache: where executed lessons are kept.

    Raises:
        SystemExit: if one of them failed.
    """

    def build(lesson: Path) -> LessonError | None:
        try:
            taken = build_lesson(lesson, folder / lesson.relative_to(source), cache)
        except LessonError as error:
            return error
        print(f"{lesson.name}: {f'executed in {taken:.0f} s' if taken else 'unchanged'}", file=sys.stderr, flush=True)
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        failures = [error for error in pool.map(build, lessons) if error]
    if failures:
        raise SystemExit("\n".join(map(str, failures)))


def main() -> None:
    """Builds the lessons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", type=Path, help="paths of lessons; all of them by default")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "lessons" / "pages", help="the folder of pages")
    arguments = parser.parse_args()
    cache = Cache(ROOT / "build" / "lessons")
    for lesson in arguments.lessons:
        build_lessons([lesson], lesson.parent, arguments.output, cache)
        print((arguments.output / lesson.name).read_text(encoding="utf-8"))
    if not arguments.lessons:
        build_lessons(executed_pages(), DOCS, arguments.output, cache)


if __name__ == "__main__":
    main()
