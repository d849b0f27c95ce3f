"""One execution of a lesson gives its page and its notebook; a fault names lesson, line, and message."""

import json
import re
from pathlib import Path

import nbformat
import pytest

LESSON = """# Sums

Read [the data page](../data.md).

```python
import sys
from pathlib import Path
x = 3
print("to the reader")
print("to the log", file=sys.stderr)
x + 1
```

It is {{ x }} now.

```shell
echo "$((6 * 7))" > answer.txt
cat answer.txt
```

```python alt="A line that rises"
import matplotlib.pyplot as plt
plt.plot([0, x])
Path("answer.txt").read_text()
```

```python raises="ZeroDivisionError"
x / 0
```

??? success "Answer"

    Because:

    ```python hide
    {"a": x}
    ```

    That is all.
"""
FAULTS = {
    "# A\n\n```python\nx = 1\ny = x +\n```\n": r"01_lesson\.md:5: SyntaxError: invalid syntax",
    "# A\n\nText.\n\n```python\ndef f():\n    g()\n\nf()\n```\n": r"01_lesson\.md:9: NameError: name 'g' is not",
    "# A\n\n```shell\ntrue\nfalse\n```\n": r"01_lesson\.md:5: CommandError: 'false' ended with status 1",
    "# A\n\n{{ nothing }}\n": r"01_lesson\.md:3: NameError: name 'nothing' is not defined",
    '# A\n\n```python raises="KeyError"\n1\n```\n': r"01_lesson\.md:4: .* is to raise KeyError; it raised nothing",
}


def write(folder, text):
    path = folder / "01_lesson.md"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def built(site, tmp_path_factory):
    """The folder of a built lesson, and the cache that it was executed into."""
    folder = tmp_path_factory.mktemp("lesson")
    cache = site("lesson_cache").Cache(folder / "cache")
    lesson = write(folder, LESSON)
    taken = site("lessons").build_lesson(lesson, folder / "out" / lesson.name, cache)
    assert taken > 0
    return folder, cache, (folder / "out" / lesson.name).read_text()


def test_outputs_are_beneath_their_blocks(built):
    folder, _, page = built
    assert "to the reader\n```" in page
    assert re.search(r"x \+ 1\n```\n\n```\{ \.text \.zoo-output \}\nto the reader\n```\n\n.*?\n4\n", page)
    assert "to the log" not in page.replace('print("to the log", file=sys.stderr)', "")
    assert "It is 3 now." in page
    assert "cat answer.txt\n```\n\n```{ .text .zoo-output }\n42\n```" in page
    assert "ZeroDivisionError: division by zero" in page
    (figure,) = re.findall(r"!\[A line that rises\]\((.+?)\)", page)
    assert "<svg" in (folder / "out" / figure).read_text()


def test_what_is_hidden_and_folded(built):
    page = built[2]
    assert '{"a": x}' not in page
    assert "    ```{ .text .zoo-output }\n    {'a': 3}\n    ```\n" in page
    assert page.endswith("\n    That is all.\n")


def test_the_notebook_of_the_same_execution(built):
    notebook = nbformat.read(built[0] / "out" / "01_lesson.ipynb", as_version=4)
    nbformat.validate(notebook)
    text = json.dumps(notebook)
    assert "zoo-output" not in text
    assert "lesson_setup" not in text
    assert "It is 3 now." in text
    assert "Read the data page." in text
    assert "**Answer**" in text
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert code[1].source.startswith("!echo")
    assert code[4].metadata["jupyter"] == {"source_hidden": True}


def test_a_lesson_is_executed_again_if_it_or_the_code_has_changed(site, built, tmp_path):
    folder, cache, page = built
    lessons, lesson = site("lessons"), folder / "01_lesson.md"
    assert lessons.build_lesson(lesson, tmp_path / lesson.name, cache) == 0
    assert (tmp_path / lesson.name).read_text() == page
    key_of = site("lesson_cache").key_of
    source = tmp_path / "root" / "keras_rnn_zoo" / "a.py"
    source.parent.mkdir(parents=True)
    source.write_text("A = 1\n")
    before = key_of(lesson, tmp_path / "root")
    source.write_text("A = 2\n")
    assert key_of(lesson, tmp_path / "root") != before
    changed = write(tmp_path, LESSON.replace("Sums", "Sum"))
    assert key_of(changed) != key_of(lesson)
    assert cache.find(changed, key_of(changed)) is None


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_ends_the_build(site, tmp_path, text):
    with pytest.raises(SystemExit, match=FAULTS[text]):
        lesson = write(tmp_path, text)
        site("lessons").build_lessons([lesson], tmp_path, tmp_path / "out", site("lesson_cache").Cache(tmp_path / "c"))
    assert not list((tmp_path / "c").glob("*"))


def test_a_figure_needs_a_description(site, built, tmp_path):
    _, cache, _ = built
    lesson = write(tmp_path, LESSON)
    parts = site("lesson_source").parse_lesson(write(tmp_path, LESSON.replace(' alt="A line that rises"', "")))
    notebook = cache.find(lesson, site("lesson_cache").key_of(built[0] / "01_lesson.md"))
    with pytest.raises(site("lesson_source").LessonError, match=r":2\d: The block draws a figure"):
        site("lesson_page").write_page(lesson, parts, notebook, Path(tmp_path / "page.md"))
