import math
import re
from typing import Annotated, Literal

import numpy as np
import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import FROM_DATA, Range, check_options, parse_options, read_options


def bake(
    *,
    shape: Literal["round", "square"] = "round",
    layers: Annotated[int, Range(1, 9)] = 2,
    sugar: Annotated[float, Range(0)] = 0.5,
    icing: bool = False,
    name: str = "cake",
    guests: Annotated[int, Range(1), FROM_DATA] = 1,
    slices: Literal[4, 8] = 8,
):
    """Bakes.

    Args:
        shape: the outline.
        layers: how many,
            one above another.
        sugar: in kilograms.
        icing: whether there is some.
        name: what it is called.
        guests: who come.
        slices: how it is cut.

    Returns:
        A cake.
    """


OPTIONS = read_options(bake)


def test_options_are_read_from_the_signature_and_the_docstring():
    assert list(OPTIONS) == ["shape", "layers", "sugar", "icing", "name", "guests", "slices"]
    assert OPTIONS["shape"].choices == ("round", "square")
    assert OPTIONS["layers"].help == "how many, one above another."
    assert OPTIONS["guests"].from_data
    assert not OPTIONS["layers"].from_data
    assert OPTIONS["layers"].as_json() == {
        "name": "layers",
        "type": "int",
        "default": 2,
        "choices": [],
        "minimum": 1,
        "maximum": 9,
        "from_data": False,
        "help": "how many, one above another.",
    }


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("shape", "oval", "one of round, square"),
        ("layers", 0, "an integer from 1 to 9"),
        ("layers", 10, "an integer from 1 to 9"),
        ("layers", 2.5, "an integer from 1 to 9"),
        ("layers", True, "an integer from 1 to 9"),
        ("layers", None, "an integer from 1 to 9"),
        ("sugar", -0.1, "a number of at least 0"),
        ("sugar", math.nan, "a number of at least 0"),
        ("sugar", math.inf, "a number of at least 0"),
        ("icing", 1, "true or false"),
        ("name", 7, "text"),
        ("guests", 0, "an integer of at least 1"),
        ("slices", 6, "one of 4, 8"),
        ("slices", "8", "one of 4, 8"),
        ("slices", True, "one of 4, 8"),
    ],
)
def test_a_bad_value_raises_and_says_what_is_accepted(name, value, accepts):
    with pytest.raises(OptionError) as error:
        check_options(OPTIONS, {name: value}, "cake")
    assert str(error.value) == f"Option {name!r} expects {accepts}; received {value!r}."


def test_an_unknown_option_raises_with_the_nearest():
    with pytest.raises(OptionError, match=r"cake has no option 'sugr'. Did you mean 'sugar'\? Known names: "):
        check_options(OPTIONS, {"sugr": 1}, "cake")


@pytest.mark.parametrize(
    ("name", "architectures"),
    [
        ("elastic", "one_to_one or ctc"),
        ("crf", "sync_many_to_many"),
        ("valid_spans", "sync_many_to_many"),
        ("dropuot", None),
    ],
)
def test_an_option_of_another_architecture_is_named_as_such(name, architectures):
    known = registry.architectures.get("many_to_one").options
    hint = f"It is for {architectures}." if architectures else "Did you mean 'dropout'? "
    with pytest.raises(OptionError, match=re.escape(f"many_to_one has no option {name!r}. {hint}")):
        check_options(known, {name: "1"}, "many_to_one")


def test_an_option_for_another_task_of_the_architecture_is_no_option_of_another_architecture():
    with pytest.raises(OptionError) as error:
        check_options(registry.architectures.get("many_to_many").options, {"target_tokens": "words"}, "many_to_many")
    assert "It is for" not in str(error.value)


def test_an_option_is_refused_where_there_are_none():
    with pytest.raises(OptionError, match=r"^cake has no options; received 'sugar'\. Omit it\.$"):
        check_options({}, {"sugar": 1}, "cake")


def test_text_is_parsed_to_the_options_type():
    given = {"shape": "square", "layers": "3", "sugar": "1", "icing": "yes", "name": "tart", "slices": "4"}
    assert parse_options(OPTIONS, given, "cake") == {
        "shape": "square",
        "layers": 3,
        "sugar": 1.0,
        "icing": True,
        "name": "tart",
        "slices": 4,
    }


def test_numbers_may_be_those_of_numpy_and_integers_count_as_floats():
    checked = check_options(OPTIONS, {"layers": np.int64(3), "sugar": np.float32(0.5), "slices": np.int32(4)}, "cake")
    assert [type(value) for value in checked.values()] == [int, float, int]
    assert type(check_options(OPTIONS, {"sugar": 2}, "cake")["sugar"]) is float


@pytest.mark.parametrize(
    ("name", "text"), [("layers", "two"), ("layers", "2.0"), ("icing", "maybe"), ("sugar", "nan"), ("slices", "6")]
)
def test_text_that_does_not_parse_raises(name, text):
    with pytest.raises(OptionError, match=f"Option '{name}' expects .*; received "):
        parse_options(OPTIONS, {name: text}, "cake")


def test_an_option_without_a_meaning_is_a_programming_error():
    def nameless(*, size: int = 1):
        """Does something."""

    with pytest.raises(TypeError, match="option 'size' needs a default, a type and a line under Args"):
        read_options(nameless)


@pytest.mark.parametrize("text", ["LSTM", "lstm", "l-stm"])
def test_choices_ignore_case(text):
    cell = registry.architectures.get("many_to_one").options["cell"]
    assert cell.parse(text) == cell.check(text) == "lstm"
    assert cell.parse("SimpleRNN") == cell.parse("simple-rnn") == "simple_rnn"
    encoder = registry.architectures.get("one_to_many").options["encoder"]
    assert encoder.parse("mobilenetv2") == "MobileNetV2"
    with pytest.raises(OptionError, match=f"one of {', '.join(registry.cells.names())}; received 'LSTMs'"):
        cell.parse("LSTMs")


def test_options_of_a_cell_may_follow_its_name():
    cell = registry.architectures.get("many_to_one").options["cell"]
    assert cell.parse("LRU: r_min=.9, r_max=0.999") == "lru:r_min=0.9,r_max=0.999"
    assert cell.check("deltanet:gated=no") == "deltanet:gated=False"
    assert registry.cells.find("lru:r_min=0.9,r_max=0.999").layer(4).cell.r_min == 0.9
    assert not registry.cells.find("deltanet:gated=False").layer(4).cell.gated


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("lru:", r"a name, or NAME:KEY=VALUE .* received '' after the colon\."),
        ("lru:0.9", r"a name, or NAME:KEY=VALUE .* received '0\.9' after"),
        ("lru:r_min=0.9,r_min=0.8", "each key once; received 'r_min=0.9,r_min=0.8' after the colon"),
        ("lru:rmin=0.9", r"lru has no option 'rmin'\. Did you mean 'r_min'\?"),
        ("lru:r_min=2", r"Option 'r_min' expects a number from 0 to 1; received 2\.0\."),
        ("gru:r_min=0.9", r"gru has no options; received 'r_min'\. Omit it\."),
        ("lstms:r_min=0.9", r"Option 'cell' expects one of simple_rnn, .*; received 'lstms'\."),
    ],
)
def test_options_of_a_cell_are_checked(value, message):
    cell = registry.architectures.get("many_to_one").options["cell"]
    with pytest.raises(OptionError, match=message):
        cell.parse(value)
    with pytest.raises(OptionError, match=r"'r_min' of lru must be at most 'r_max'; received 0\.9 and 0\.5"):
        registry.cells.find("lru:r_min=0.9,r_max=0.5").layer(4)
