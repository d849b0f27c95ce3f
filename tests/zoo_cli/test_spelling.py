"""Messages name options as on the command line in a command, and as arguments in Python."""

import re

import pytest

import keras_rnn_zoo
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.spelling import as_on_command_line, spelled
from keras_rnn_zoo.errors import OptionError, RunError

SPELLINGS = {
    "Correct it, or skip such rows with --skip-bad-rows.": "Correct it, or skip such rows with skip_bad_rows=True.",
    "Resume it with --resume, or name it with --run NAME.": 'Resume it with resume=True, or name it with run="NAME".',
    "Name its encoding: --set encoding=NAME.": 'Name its encoding: encoding="NAME".',
    "Make it shorter: --set history=N --set horizon=3, or change --set splits.": (
        "Make it shorter: history=N horizon=3, or change splits."
    ),
    "Name another format, such as --set time_format=%d.%m.%Y.": 'Name another format, such as time_format="%d.%m.%Y".',
    "Name them: --columns time=NAME,target=NAME, several as target=A+B.": (
        'Name them: columns="time=NAME,target=NAME", several as target=A+B.'
    ),
    "Train without them (--set pretrained=false).": "Train without them (pretrained=False).",
    "As in --dataset csv:FILE, or name files with --validation and --test.": (
        'As in dataset="csv:FILE", or name files with validation and test.'
    ),
    "Train one with `zoo train NAME`.": 'Train one with `zoo.train("NAME")`.',
    "Resume it: zoo train NAME --run 'a b' --models-dir /tmp/x.y --set units=8 --resume": (
        'Resume it: zoo.train("NAME", run="a b", models_dir="/tmp/x.y", units=8, resume=True)'
    ),
    "To see all options: zoo show many_to_one.": 'To see all options: zoo.show("many_to_one").',
    "To predict them: zoo predict RUN --input DIR.": 'To predict them: zoo.predict_file("RUN", input="DIR").',
    "Received '--set a=b'; zoo has no --frobnicate.": "Received '--set a=b'; zoo has no --frobnicate.",
}


@pytest.mark.parametrize(("command", "python"), SPELLINGS.items(), ids=range(len(SPELLINGS)))
def test_an_option_is_an_argument_in_python(command, python):
    assert spelled(command) == python
    assert spelled(python) == python
    with as_on_command_line():
        assert spelled(command) == command


def test_a_training_that_cannot_be_resumed_says_what_python_takes(zoo, models_dir):
    with pytest.raises(RunError, match=r"to resume\. Omit resume=True\.$"):
        keras_rnn_zoo.train("many_to_one", resume=True)
    assert "to resume. Omit --resume." in zoo("train", "many_to_one", "--resume").stderr


def test_an_unknown_option_names_the_nearest_ones_and_where_all_are(zoo, models_dir):
    shown = zoo("train", "many_to_one", "--set", "unitz=3").stderr
    assert re.search(
        r"has no option 'unitz'\. Did you mean 'units'\? To see all options: zoo show many_to_one\.$", shown
    )
    with pytest.raises(OptionError, match=r"To see all options: zoo\.show\(\"many_to_one\"\)\.$"):
        keras_rnn_zoo.train("many_to_one", frob=3)
    with pytest.raises(OptionError, match=r"no option 'epoch'\. Did you mean 'epochs'\? "):
        keras_rnn_zoo.train("many_to_one", epoch=3)
    with pytest.raises(OptionError, match=r"no option 'mixed_precision'\. Use 'dtype_policy'\.$"):
        keras_rnn_zoo.train("many_to_one", mixed_precision=True)
    assert "Use 'dtype_policy'." in zoo("train", "many_to_one", "--set", "mixed_precision=true").stderr


def test_one_thing_is_in_the_singular():
    assert [quantity(n, "batch", "batches") for n in (0, 1, 2_000)] == ["0 batches", "1 batch", "2,000 batches"]
    assert quantity(1, "row") == "1 row"
