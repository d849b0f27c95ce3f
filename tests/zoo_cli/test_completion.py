"""What a shell completes."""

import pytest
from click.shell_completion import ShellComplete
from pages import text_of
from test_runs import make_run

from zoo_cli.main import cli

LINES = {
    "bash": 'eval "$(_ZOO_COMPLETE=bash_source zoo)"',
    "zsh": 'eval "$(_ZOO_COMPLETE=zsh_source zoo)"',
    "fish": "_ZOO_COMPLETE=fish_source zoo > ~/.config/fish/completions/zoo.fish",
}
"""What to add to the startup file of each shell."""
RUNS = {"commandline.md": [LINES["bash"], LINES["zsh"], f"{LINES['fish']}\n"]}


def complete(line):
    """Returns what completes the last word of a command line."""
    *words, typed = line.split(" ")
    return [item.value for item in ShellComplete(cli, {}, "zoo", "_ZOO_COMPLETE").get_completions(words, typed)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tr", ["train"]),
        ("train many", ["many_to_one", "many_to_many"]),
        ("init spe", ["speech"]),
        ("train many_to_one --dataset ad", ["adding"]),
        ("train --dataset ad", ["adding", "addition"]),
        ("train --dataset cs", ["csv:"]),
        ("train ctc --set cell=ming", ["cell=mingru"]),
        ("train --set bidirectional=", ["bidirectional=true", "bidirectional=false"]),
        ("train many_to_one --set poo", ["pooling="]),
        ("train many_to_one --set num_cl", []),
        ("train many_to_one --dataset adding --set sequence_", ["sequence_length="]),
        ("train language_model --set chunk_", ["chunk_length="]),
        ("train many_to_one --set epo", ["epochs="]),
        ("train many_to_one --set units=", []),
        ("show ma", ["many_to_one", "many_to_many", "mario"]),
        ("predict mar", ["mario"]),
        ("predict toy_r", ["toy_reviews"]),
        ("show toy_r", ["toy_reviews"]),
        ("evaluate l", ["luigi"]),
        ("predict luigi --set tempe", []),
        ("predict nobody --set tempe", []),
        ("show train --nonsense --dataset nothing:", []),
    ],
)
def test_names_are_completed(line, expected, models_dir):
    make_run(models_dir, "mario")
    make_run(models_dir, "luigi")
    assert sorted(complete(line)) == sorted(expected)


def test_options_of_a_prediction_are_completed(small_run, monkeypatch):
    monkeypatch.setenv("ZOO_MODELS_DIR", str(small_run("tiny_shakespeare").path.parent))
    assert complete("predict small_tiny_shakespeare --set t") == ["temperature="]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_printed(zoo, shell, monkeypatch):
    result = zoo(prog_name="zoo", env={"_ZOO_COMPLETE": f"{shell}_source"})
    assert result.exit_code == 0
    assert "_ZOO_COMPLETE" in result.stdout
    assert LINES[shell] in text_of("commandline.md")
