"""Options of an entry, read from the signature and the docstring of its function. Imports no framework.

A keyword-only parameter is an option. Its annotation gives the type, and `Literal` its choices; the marks of an
`Annotated` type say the rest: `Range(1)` gives bounds, `NamesIn(catalog)` the names of a catalog as choices,
`ForInputs(("series",))` the kinds of input that the option works for, `ForTasks(("tagging",))` its tasks,
`Search(16, 256)` the values that a search tries, `FROM_DATA` that training takes it from the data, and a text its
meaning, for options that several entries share. A line under `Args:` in the docstring overrides that meaning.
"""

import contextlib
import csv
import inspect
import io
import math
import numbers
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from keras_rnn_zoo.display.printing import alternatives, short_repr
from keras_rnn_zoo.errors import OptionError, option_hint
from keras_rnn_zoo.option_marks import ANY_NUMBER
from keras_rnn_zoo.option_marks import FROM_DATA as FROM_DATA
from keras_rnn_zoo.option_marks import ForInputs as ForInputs
from keras_rnn_zoo.option_marks import ForTasks as ForTasks
from keras_rnn_zoo.option_marks import NamesIn as NamesIn
from keras_rnn_zoo.option_marks import Range as Range
from keras_rnn_zoo.option_marks import Search as Search

OF_FILES = frozenset(("columns", "validation", "test", "skip_bad_rows", "encoding", "separator"))
"""Options that only datasets read from user files have."""

_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_TYPE_WORDS = {int: "an integer", float: "a number", bool: "true or false", str: "text"}


@dataclass(frozen=True)
class Option:
    """One option of an entry: accepted values, default and description."""

    name: str
    type: type
    default: Any
    help: str
    choices: Sequence[Any] = ()
    bounds: Range = ANY_NUMBER
    from_data: bool = False
    inputs: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    search: Search | None = None

    def applies_to(self, input: str, task: str = "") -> bool:
        """Whether the option has an effect for a kind of input and a task; "" if the task is not known."""
        return (not self.inputs or input in self.inputs) and (not self.tasks or not task or task in self.tasks)

    @property
    def accepts(self) -> str:
        """The accepted values in words: "one of gru, lstm", "an integer of at least 1"."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        low, high = self.bounds.minimum, self.bounds.maximum
        words = _TYPE_WORDS[self.type]
        if low is not None and high is not None:
            return f"{words} from {low:,} to {high:,}"
        return f"{words} of at least {low:,}" if low is not None else words

    def check(self, value: Any) -> Any:
        """Returns `value` converted to the option's type; raises `OptionError` if it is not accepted."""
        if isinstance(self.choices, NamesIn) and self.choices.with_options and isinstance(value, str) and ":" in value:
            name, further = split_entry(value)
            name = self.check(name.strip())
            values = parse_options(self.choices.catalog.get(name).options, split_pairs(further, self.name), name)
            return f"{name}:{join_pairs(values)}"
        if self.choices and self.type is str and isinstance(value, str) and value not in self.choices:
            value = next((choice for choice in self.choices if _folded(choice) == _folded(value)), value)
        if not isinstance(value, bool):
            if self.type is int and isinstance(value, numbers.Integral):
                value = int(value)  # Converts NumPy integers, too.
            elif self.type is float and isinstance(value, numbers.Real):
                with contextlib.suppress(OverflowError):  # An integer too large for a float is rejected below.
                    value = float(value)
        wrong_type = not isinstance(value, self.type) or (isinstance(value, bool) and self.type is not bool)
        if wrong_type or (self.choices and value not in self.choices) or not self._within_bounds(value):
            raise OptionError(f"Option {self.name!r} expects {self.accepts}; received {short_repr(value)}.")
        return value

    def _within_bounds(self, value: Any) -> bool:
        if self.type not in (int, float):
            return True
        low, high = self.bounds.minimum, self.bounds.maximum
        if self.type is float and not math.isfinite(value):
            return False
        return (low is None or value >= low) and (high is None or value <= high)

    def parse(self, text: str) -> Any:
        """Returns the value of `text`, as typed on a command line; raises `OptionError` if it is not accepted."""
        try:
            value = _TRUTH[text.casefold()] if self.type is bool else self.type(text)
        except (KeyError, ValueError):
            raise OptionError(f"Option {self.name!r} expects {self.accepts}; received {short_repr(text)}.") from None
        return self.check(value)

    def as_json(self) -> dict[str, Any]:
        """Returns the option as JSON-compatible values, for `zoo show --json`."""
        return {
            "name": self.name,
            "type": self.type.__name__,
            "default": self.default,
            "choices": list(self.choices),
            "minimum": self.bounds.minimum,
            "maximum": self.bounds.maximum,
            "from_data": self.from_data,
            "help": self.help,
        }


def _folded(choice: Any) -> str:
    """Returns a choice in the form used for comparison, which is the same for "SimpleRNN" and "simple_rnn"."""
    return re.sub(r"[\s_-]+", "", str(choice).casefold())


def read_options(function: Callable[..., Any]) -> dict[str, Option]:
    """Returns the options of `function`: its keyword-only parameters, in order.

    Raises:
        TypeError: an option lacks a default, an annotation or a meaning (a programming error).
    """
    documented = read_arguments(inspect.getdoc(function) or "")
    options = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        name, annotation = parameter.name, parameter.annotation
        meaning = documented.get(name) or meaning_of(annotation)
        if parameter.default is parameter.empty or annotation is parameter.empty or not meaning:
            raise TypeError(f"{function.__qualname__}: option {name!r} needs a default, a type and a line under Args.")
        options[name] = _read_option(name, annotation, parameter.default, meaning)
    return options


def meaning_of(annotation: Any) -> str:
    """Returns the meaning that an `Annotated` type gives its option, or ""."""
    marks = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, str)), "")


def with_options(function: Callable[..., Any], further: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of `further` to the signature and the docstring of `function`.

    Args:
        function: a function with `**kwargs`, which is modified. Its docstring must end with its `Args:` section.
        further: a function with additional options.

    Returns:
        `function`.
    """
    signature, documented = inspect.signature(function), read_arguments(inspect.getdoc(further) or "")
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    added = list(inspect.signature(further).parameters.values())
    function.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    lines = "".join(f"    {one.name}: {documented[one.name]}\n" for one in added if one.name in documented)
    function.__doc__ = f"{inspect.getdoc(function)}\n{lines}"
    return function


def _read_option(name: str, annotation: Any, default: Any, meaning: str) -> Option:
    bounds, inputs, tasks, from_data = ANY_NUMBER, ForInputs(), ForTasks(), False
    choices: Sequence[Any] = ()
    search: Search | None = None
    if typing.get_origin(annotation) is Annotated:
        annotation, *marks = typing.get_args(annotation)
        bounds = next((mark for mark in marks if isinstance(mark, Range)), bounds)
        inputs = next((mark for mark in marks if isinstance(mark, ForInputs)), inputs)
        tasks = next((mark for mark in marks if isinstance(mark, ForTasks)), tasks)
        choices = next((mark for mark in marks if isinstance(mark, NamesIn)), choices)
        search = next((mark for mark in marks if isinstance(mark, Search)), None)
        from_data = FROM_DATA in marks
    if typing.get_origin(annotation) is Literal:
        choices = typing.get_args(annotation)
        annotation = type(choices[0])
    if isinstance(annotation, types.UnionType) or annotation not in _TYPE_WORDS:
        raise TypeError(f"Option {name!r}: values of type {annotation!r} cannot be typed on a command line.")
    return Option(name, annotation, default, meaning, choices, bounds, from_data, inputs.kinds, tasks.names, search)


def read_arguments(docstring: str) -> dict[str, str]:
    """Returns the description of each argument in the `Args:` section of a Google-style docstring."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", docstring, re.MULTILINE)
    if not section:
        return {}
    items = re.split(r"^ {4}(\w+): ", section.group(1), flags=re.MULTILINE)[1:]
    return {name: " ".join(text.split()) for name, text in zip(items[::2], items[1::2], strict=True)}


def check_options(
    options: Mapping[str, Option], given: Mapping[str, Any], owner: str, arguments: Iterable[str] = ()
) -> dict[str, Any]:
    """Returns `given` with every value checked.

    Args:
        options: the options by name.
        given: values by name of the option.
        owner: what has the options, for messages: the name of an architecture, or words.
        arguments: names of other arguments, which may have been meant.

    Raises:
        OptionError: an option is unknown (the message suggests similar names), or does not accept its value.
    """
    return {name: find_option(options, name, owner, arguments).check(value) for name, value in given.items()}


def refuse_from_data(options: Mapping[str, Option], given: Iterable[str]) -> None:
    """Raises `OptionError` if any of the given options is one that training sets from the data."""
    for name in given:
        if options[name].from_data:
            raise OptionError(f"Option {name!r} is set from the data in training. Omit it, or use `build`.")


def refuse_without_effect(options: Mapping[str, Option], given: Mapping[str, Any], input: str, task: str = "") -> None:
    """Raises `OptionError` if any of the given options has no effect for this kind of input or this task."""
    for name, value in given.items():
        option = options[name]
        if option.applies_to(input, task) or value == option.default:
            continue
        scope = f"{' and '.join(option.inputs)} input, but the input is {input}"
        if option.applies_to(input):
            scope = f"{' and '.join(option.tasks)}, but the task is {task}"
        raise OptionError(f"Option {name!r} applies only to {scope}; received {short_repr(value)}. Omit it.")


def parse_options(options: Mapping[str, Option], given: Mapping[str, str], owner: str) -> dict[str, Any]:
    """Returns the values of options given as text, as in `--set KEY=VALUE`; raises like `check_options`."""
    return {name: find_option(options, name, owner).parse(text) for name, text in given.items()}


def find_option(options: Mapping[str, Option], name: str, owner: str, arguments: Iterable[str] = ()) -> Option:
    """Returns the option of that name; raises `OptionError` with similar names if there is none.

    Arguments as in `check_options`.
    """
    if not options:
        raise OptionError(f"{owner} has no options; received {short_repr(name)}. Omit it.")
    if name not in options and name in OF_FILES:
        raise OptionError(f"{owner} has no option {name!r}. It exists for your own files, as in --dataset csv:FILE.")
    if name not in options:
        others = _architectures_with(name, owner)
        hint = f"It is for {alternatives(others)}." if others else option_hint(name, options, owner, arguments)
        raise OptionError(f"{owner} has no option {short_repr(name)}. {hint}")
    return options[name]


def _architectures_with(name: str, owner: str) -> list[str]:
    """Returns the architectures that have an option, by themselves or for a task, if the owner is one without it."""
    from keras_rnn_zoo import registry  # It reads options by this module.

    architectures = registry.architectures.entries()
    found = [
        one.name
        for one in architectures
        if any(name in entry.options for entry in (one, *map(registry.tasks.get, one.tasks)))
    ]
    known = {one.name for one in architectures}
    return found if owner in known and owner not in found else []


def split_entry(value: str) -> tuple[str, str]:
    """Returns the name of an entry and the text of its options: `("lru", "r_min=0.9")` for `lru:r_min=0.9`."""
    name, _, options = value.partition(":")
    return name, options


def split_pairs(text: str, owner: str) -> dict[str, str]:
    """Returns the pairs in a text such as `r_min=0.9,r_max=0.99`.

    Raises:
        OptionError: it is not such a text, or a key is there twice; `owner` is the name of the option in the message.
    """
    pairs: dict[str, str] = {}
    for item in text.split(","):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not (key and equals and value) or key in pairs:
            raise OptionError(
                f"Option {owner!r} expects a name, or NAME:KEY=VALUE with further pairs after commas, each key once; "
                f"received {short_repr(text)} after the colon."
            )
        pairs[key] = value
    return pairs


def join_pairs(pairs: Mapping[Any, Any]) -> str:
    """Returns a mapping as the text of an option such as `columns`: `text=review,label=stars`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"{key}={value}" for key, value in pairs.items()])
    return line.getvalue()
