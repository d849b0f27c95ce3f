"""Executes the lessons of the course, two at a time, and writes each as a page and as a notebook.

python docs/_site/lessons.py docs/learn/02_cell.md     # one lesson, its page shown on standard output
python docs/_site/lessons.py                           # all of them, without a site
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from lesson_cache import Cache, key_of
from lesson_notebook import to_download
from lesson_page import write_page
from lesson_run import execute
from lesson_source import LessonError, parse_lesson

ROOT = Path(__file__).parents[2]
LEARN = ROOT / "docs" / "learn"
AT_ONCE = 2


def lessons_in(folder: Path = LEARN) -> list[Path]:
    """Returns the lessons of a folder in order: its pages whose names begin with two digits."""
    return sorted(folder.glob("[0-9][0-9]_*.md"))


def build_lesson(lesson: Path, folder: Path, cache: Cache) -> float:
    """Writes the page and the notebook of a lesson to a folder; executes the lesson unless the cache has it.

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
    write_page(lesson, parts, notebook, folder)
    nbformat.write(to_download(parts, notebook, lesson), folder / f"{lesson.stem}.ipynb")
    if taken:
        cache.keep(lesson, key, notebook)
    return taken


def build_lessons(lessons: list[Path], folder: Path, cache: Cache) -> None:
    """Builds lessons, two at a time. Each failure is told, and does not keep the others from being built.

    Raises:
        SystemExit: if one of them failed.
    """

    def build(lesson: Path) -> Any:
        try:
            taken = build_lesson(lesson, folder, cache)
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
    build_lessons(arguments.lessons or lessons_in(), arguments.output, Cache(ROOT / "build" / "lessons" / "cache"))
    for lesson in arguments.lessons:
        print((arguments.output / lesson.name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
