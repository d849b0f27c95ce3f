"""The course in docs/learn: every lesson has its parts, and the code of the second one runs as it stands.

The build of the site executes all lessons; see docs/_site/lessons.py.
"""

import re
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import pytest

DOCS = Path(__file__).parents[2] / "docs"
LEARN = DOCS / "learn"
LESSONS = sorted(LEARN.glob("[0-9][0-9]_*.md"))
TITLE = re.compile(r"^# (\d+)\. (.+)$", re.MULTILINE)


def code_of(text):
    """Returns the blocks of Python, those of answers among them."""
    found = re.findall(r"^( *)```python[^\n]*\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def test_there_are_ten_lessons_in_order():
    numbers = [int(TITLE.match(lesson.read_text(encoding="utf-8"))[1]) for lesson in LESSONS]
    assert numbers == [*range(1, 11)]


def test_the_front_page_lists_them_by_their_titles():
    page = (LEARN / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+?)\]\((.+?)\) \|", page, re.MULTILINE)
    assert listed == [(*TITLE.match(lesson.read_text(encoding="utf-8")).groups(), lesson.name) for lesson in LESSONS]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
class TestLesson:
    def test_it_has_three_exercises_with_answers_that_are_folded(self, lesson):
        exercises = lesson.read_text(encoding="utf-8").partition("\n## Exercises\n")[2]
        assert re.findall(r'^(?:\*\*(\d)\.\*\*|\?\?\? success "(Answer)")', exercises, re.MULTILINE) == [
            pair for number in "123" for pair in ((number, ""), ("", "Answer"))
        ]

    def test_it_ends_with_papers_and_the_next_page(self, lesson):
        reading = lesson.read_text(encoding="utf-8").partition("\n## What to read next\n")[2]
        assert len(re.findall(r"\]\(https://[^)]+\)", reading)) >= 3
        following = LESSONS[LESSONS.index(lesson) + 1].name if lesson != LESSONS[-1] else "../data.md"
        assert reading.rstrip().endswith(f"({following}).") or f"({following})" in reading.rstrip().rsplit("\n\n")[-1]

    def test_its_code_compiles(self, lesson):
        for block in code_of(lesson.read_text(encoding="utf-8")):
            compile(block, lesson.name, "exec")


@pytest.mark.parametrize("name", ["unrolled", "shapes_of_networks"])
def test_a_figure_of_the_lessons_can_be_read_in_any_theme(name, site, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_site" / "figures"))
    drawn = site(name).draw()
    tree = ET.fromstring(drawn)
    assert tree.find("{http://www.w3.org/2000/svg}title").text
    colors = {part.get(kind) for part in tree.iter() for kind in ("fill", "stroke")} - {None, "none"}
    assert colors and all(re.fullmatch(r"var\(--zoo-\w+, #[0-9a-f]{6}\)", color) for color in colors)
    heads = {part.get("id") for part in tree.iter() if part.get("id")}
    assert set(re.findall(r"url\(#(.+?)\)", drawn)) <= heads


def test_figures_that_lessons_name_exist():
    names = [
        name for page in LEARN.glob("*.md") for name in re.findall(r"<!-- figure: (\w+) ", page.read_text("utf-8"))
    ]
    assert names
    assert all((DOCS / "_site" / "figures" / f"{name}.py").is_file() for name in names)


def test_the_second_lesson_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    space = {}
    for block in code_of((LEARN / "02_one_step.md").read_text(encoding="utf-8")):
        exec(compile(block, "02_one_step.md", "exec"), space)
    printed = capsys.readouterr().out
    assert "(1, 7, 4) True" in printed  # The cell by hand and Keras's agree.
    assert printed.rstrip().endswith("True")  # And so do the states of a sequence that was cut in two.
    assert space["layer"].count_params() == 12_352
