"""Small plots on a terminal, and nowhere else."""

import io
import re
import shutil
import sys

import pytest

from zoo_cli import drawings

MATRIX = {"labels": ["no\x1b[31m", "yes"], "rows": [[8, 2], [0, 10]]}


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self):
        return True


def on_terminal(monkeypatch):
    """Makes standard output a terminal until the test ends, and returns it."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    return stream


def plain(text):
    """Returns a text without the escape sequences of colors."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_only_a_terminal_is_drawn_on(monkeypatch):
    assert not drawings.can_draw(quiet=False)
    on_terminal(monkeypatch)
    assert drawings.can_draw(quiet=False) and not drawings.can_draw(quiet=True)


def test_a_curve_goes_from_the_lowest_block_to_the_highest():
    assert drawings.sparkline([0.0, 0.6, 1.0, float("nan")], 0.0, 1.0) == "▁▅█ "
    assert drawings.sparkline([3.0, 3.0], 3.0, 3.0) == "▁▁"
    long = drawings.sparkline(list(range(1000)), 0, 999)
    assert len(long) <= drawings.POINTS + 1 and long.endswith("█")


def test_learning_curves_have_a_line_for_each_split(monkeypatch):
    terminal = on_terminal(monkeypatch)
    rows = [{"epoch": n, "loss": 1 / n, "val_loss": 2 / n, "accuracy": n / 4, "val_accuracy": n / 8} for n in (1, 2, 4)]
    drawings.draw_curves(rows)
    lines = [line.split() for line in plain(terminal.getvalue()).splitlines()]
    assert lines[0] == ["loss", "training", "▄▂▁", "1", "to", "0.25"]
    assert lines[1] == ["validation", "█▄▂", "2", "to", "0.5"]
    assert [line[0] for line in lines] == ["loss", "validation", "accuracy", "validation"]
    drawings.draw_curves(rows[:1])  # One epoch is no curve.
    assert len(plain(terminal.getvalue()).splitlines()) == 4


def test_a_matrix_is_darker_where_more_of_a_class_is(monkeypatch):
    terminal = on_terminal(monkeypatch)
    assert drawings.draw_matrix(MATRIX)
    printed = plain(terminal.getvalue())
    assert r"no\x1b[31m" in printed and "\x1b" not in printed
    rows = [re.findall(r"│ +([\d,]+) +(?=│)", line) for line in printed.splitlines()]
    assert [row for row in rows if row] == [["8", "2"], ["0", "10"]]
    assert drawings._shade(1.0) == "white on #0072b2" and drawings._shade(0.0) == "black on #ffffff"
    assert not drawings.draw_matrix({"labels": ["a"] * 20, "rows": [[0] * 20] * 20})


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_evaluate_and_train_draw_where_there_is_a_terminal(zoo, small_run, models_dir, monkeypatch):
    shutil.copytree(small_run("digits").path, models_dir / "mine")
    assert not re.search("[▁█│]", zoo("evaluate", "mine").stdout)
    small = ["--epochs", "2", "--set", "units=4", "--set", "hidden_layers=1"]
    for command in (["evaluate", "mine"], ["train", "one_to_one", "--run", "other", *small]):
        monkeypatch.setattr(f"zoo_cli.commands.{command[0]}.can_draw", lambda quiet: not quiet)
        drawn = zoo(*command).stdout
        assert re.search("│ +[0-9]+ +│", drawn) and "confusion matrix" in drawn
        assert ("training" in drawn and "▁" in drawn) == (command[0] == "train")
