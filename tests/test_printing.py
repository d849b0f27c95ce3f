"""Names of strangers in what is printed: a terminal gets no commands from them, and neither does a shell."""

import json
import os
import shlex
import shutil
import subprocess

import pytest

from keras_rnn_zoo.display.printing import (
    alternatives,
    command_line,
    json_printable,
    one_line,
    printable,
    shell_quote,
    short_repr,
)
from keras_rnn_zoo.errors import name_hint

HOSTILE = [
    "\x1b]0;title\x07",
    "\x9b31m",  # C1, which some terminals take for ESC [.
    "\x7f\r\x08",
    "abc\u202etxt.exe",
    "\u2066a\u2069\u200e\u200f\u061c",
    "a\u2028b\u2029c\x85d",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_control_characters_are_spelled_out(text):
    for safe in (printable(text), one_line(text), json_printable(json.dumps(text, ensure_ascii=False))):
        assert safe.isprintable()
    assert json.loads(json_printable(json.dumps(text, ensure_ascii=False))) == text
    assert printable("\x1b") == r"\x1b"
    assert printable("\ud800\udcff") == r"\ud800\xff"
    assert printable(os.fsdecode(b"caf\xe900.csv")) == r"caf\xe900.csv"


@pytest.mark.parametrize(
    "text", ["naïve 日本\u3000語", "עברית", "👩\u200d👩\u200d👧", "a\N{NO-BREAK SPACE}b", "two\nlines\tof it"]
)
def test_ordinary_text_stays_as_it_is(text):
    assert printable(text) == text
    assert json.loads(json_printable(json.dumps(text, ensure_ascii=False))) == text


def test_a_name_stays_on_its_line():
    assert one_line("a\nError: b\tc") == r"a\nError: b\tc"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (3, "3"),
        ("units", "'units'"),
        (10**5000, "an integer of 5,001 digits"),
        (-(10**400), "an integer of 401 digits"),
        ([[[[[[1]]]]]], "[[[...]]]"),
    ],
    ids=["number", "text", "huge", "huge_negative", "nested"],
)
def test_values_are_cut_before_they_are_rendered(value, told):
    assert short_repr(value) == told


@pytest.mark.parametrize("value", ["x" * 10**7, b"x" * 10**7, [["x" * 10**6] * 9] * 9], ids=["text", "bytes", "list"])
def test_long_values_are_short_in_messages(value):
    assert len(short_repr(value)) < 10_000
    assert len(short_repr("x" * 10**7)) <= 200


def test_a_long_name_is_compared_by_its_beginning():
    assert "Did you mean" not in name_hint("x" * 10**6, ["units"])


WORDS = [
    "plain-name_1.csv",
    "a b",
    "ev;touch PWNED;$(touch PWNED)`touch PWNED`",
    "it's",
    "'; touch PWNED; '",
    "-rf *",
    "a\nb",
    "\x1b]0;title\x07",
    "\x1bf00 \x1b'; touch PWNED; '",
    "\\x1b\t\\'",
    "\u202eé\x9b9",
    os.fsdecode(b"\xff0"),
    "!event ~ {a,b}",
]


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize("word", WORDS, ids=range(len(WORDS)))
def test_a_quoted_word_is_one_word_to_a_shell(word, tmp_path):
    line = command_line(["printf", "%s|", word, "end"])
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout == os.fsencode(word) + b"|end|"
    # A shell that knows no $'...' runs nothing of it, either.
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.count(b"|") == 2
    assert list(tmp_path.iterdir()) == []


def test_plain_words_are_not_quoted():
    assert shell_quote("many_to_one") == "many_to_one"
    assert shell_quote("a b") == shlex.quote("a b")


def test_a_choice_of_words_is_a_list_with_a_single_or():
    assert alternatives(["a"]) == "a"
    assert alternatives(["a", "b"]) == "a or b"
    assert alternatives(["a", "b", "c"]) == "a, b or c"
    assert name_hint("unitz", ["units", "unit", "unity"]).startswith("Did you mean 'unit', 'unity' or 'units'? ")
