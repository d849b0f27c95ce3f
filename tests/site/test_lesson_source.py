"""A lesson is cut into prose, values, and blocks; what would be left unexecuted by mistake is refused."""

import pytest

LESSON = """# A lesson

Two and two are {{ 2 + 2 }}.

```python alt="A line" hide
draw()
```

```text
{{ no value }}
```

??? success "Answer"

    ```shell raises="CommandError"
    zoo list \\
        --json
    ```

    And {{ more }}.
"""


@pytest.fixture
def parse(site, tmp_path):
    def parsed(text):
        path = tmp_path / "01_lesson.md"
        path.write_text(text)
        return site("lesson_source").parse_lesson(path)

    return parsed


def test_the_parts_of_a_lesson(parse, site):
    source = site("lesson_source")
    parts = parse(LESSON)
    values = [part for part in parts if isinstance(part, source.Value)]
    first, second = (part for part in parts if isinstance(part, source.Block))
    assert [(value.expression, value.line) for value in values] == [("2 + 2", 3), ("more", 20)]
    assert (first.language, first.code, first.line, first.indent) == ("python", "draw()", 6, "")
    assert first.attributes == {"alt": "A line", "hide": ""}
    assert (second.code, second.line, second.indent) == ("zoo list \\\n    --json", 16, "    ")
    prose = "".join(part.text for part in parts if isinstance(part, source.Prose))
    assert "{{ no value }}" in prose
    assert "draw" not in prose


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# A\n\n```bash\nzoo list\n```\n", r"01_lesson\.md:3: Write ```shell: a block of 'bash' is not executed"),
        ("```python\nx = 1\n", "01_lesson.md:1: This block has no closing fence"),
        ('\n```python ald="x"\n```\n', ":2: A block accepts hide, alt=.*received 'ald'"),
        ("```python alt\n```\n", ":1: A block accepts"),
    ],
)
def test_what_is_refused(parse, site, text, fault):
    with pytest.raises(site("lesson_source").LessonError, match=fault):
        parse(text)


def test_commands_become_lines_with_an_exclamation_mark(parse, site):
    (block,) = parse("```shell\n# A comment\nzoo list \\\n    --json\nzoo runs\n```\n")
    assert site("lesson_notebook").source_of(block) == "# A comment\n!zoo list \\\n    --json\n!zoo runs"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("40/40 - 5s - 118ms/step - accuracy: 0.68 - loss: 1.1\n", "40/40 - accuracy: 0.68 - loss: 1.1\n"),
        ("I0000 00:00:17.8 1 port.cc:153] oneDNN\nDone\n", "Done\n"),
        ("2026-01-02 03:04:05.678: I tensorflow/core/x.cc:1] AVX2\nDone\n", "Done\n"),
        ("WARNING:tensorflow:5 out of 5\nDone\n", "Done\n"),
        ("10%\r50%\rDone\n", "Done\n"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("<A at 0x7f0123456789>", "<A at 0x…>"),
        ("wrote /tmp/lesson-x/work/a.txt", "wrote /home/you/lesson/a.txt"),
        ("1958-03-01 12:00, and loss 0.5 - 2s", "1958-03-01 12:00, and loss 0.5 - 2s"),
    ],
)
def test_noise_is_left_out_of_outputs(site, printed, shown):
    assert site("lesson_noise").without_noise(printed, "/tmp/lesson-x/work") == shown
