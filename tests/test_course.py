"""The course in docs/learn: every lesson has its parts, and the code of the second one runs as it stands.

The build of the site executes all lessons; see docs/_site/lessons.py.
"""

import re
import textwrap
from pathlib import Path

import matplotlib
import pytest

LEARN = Path(__file__).parent.parent / "docs" / "learn"
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
