"""What a search of options tries: which options, and which values of each. Imports no framework."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import Option, Search, find_option
from keras_rnn_zoo.training.settings import SETTINGS
from keras_rnn_zoo.training.small_data import ADAPTED


@dataclass(frozen=True)
class Searched:
    """The values of an option that a search tries.

    Attributes:
        option: the option.
        choices: the values, if they are listed; otherwise `low` and `high` bound them.
        low: the lowest value.
        high: the highest value.
        log: whether values are drawn from the logarithm of the range.
        given: whether the user gave the values, to which the search then keeps.
    """

    option: Option
    choices: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    given: bool = False

    def suggest(self, trial: Any) -> Any:
        """Returns the value that an `optuna.Trial` suggests."""
        name = self.option.name
        if self.choices:
            return trial.suggest_categorical(name, self.choices)
        if self.option.type is int:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def including(self, value: Any) -> "Searched":
        """Returns the same with room for a value, such as the default; values that the user gave stay as they are."""
        if self.given:
            return self
        if self.choices:
            return self if value in self.choices else Searched(self.option, (*self.choices, value))
        low, high = min(self.low, value), max(self.high, value)
        return Searched(self.option, (), low, high, self.log and low > 0)

    def nearest(self, value: Any) -> Any:
        """Returns the nearest of the values to another one: itself, if it is among them."""
        if self.choices:
            return value if value in self.choices else self.choices[0]
        return self.option.type(min(max(value, self.low), self.high))

    def as_json(self) -> dict[str, Any]:
        """Returns the values as a dict of plain ones."""
        return {name: value for name, value in asdict(self).items() if name not in ("option", "given")}


def search_space(
    architecture: registry.Architecture,
    dataset: registry.Dataset,
    fixed: Collection[str],
    wanted: Mapping[str, Any] | Collection[str] | None,
) -> dict[str, Searched]:
    """Returns what a search tries, by option.

    Args:
        architecture: the architecture.
        dataset: the dataset.
        fixed: names of the options that the user sets.
        wanted: names of options to search, or a mapping from names to `(low, high)` or a list of values; `None` for
            all that declare a range and have an effect.

    Raises:
        OptionError: an option is unknown, set by the user or by the data, has no effect or no range; or a value is
            invalid.
    """
    options = {**SETTINGS, **registry.options_of(architecture, dataset)}
    if wanted is None:
        names = [name for name, option in options.items() if option.search and name not in fixed]
        return {name: _declared(options[name]) for name in names if not _without_effect(options[name], dataset)}
    if not wanted:
        raise OptionError("Option 'search' expects names of options; received none. Omit it to search all that can be.")
    given = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(wanted)
    return {name: _requested(options, name, given[name], dataset, fixed, architecture.name) for name in given}


def _without_effect(option: Option, dataset: registry.Dataset) -> bool:
    task = registry.tasks.get(dataset.task)
    if option.from_data or not option.applies_to(dataset.model_options["input"], task.name):
        return True
    if option.search and option.search.inputs and dataset.model_options["input"] not in option.search.inputs:
        return True
    if option.name == "label_smoothing":
        return not task.smooths_labels
    # Training adapts these to the number of examples in files.
    return option.name in ADAPTED and dataset.by_address


def _declared(option: Option) -> Searched:
    search = option.search or Search()
    if search.low is None or search.high is None:
        return Searched(option, tuple(option.choices) or (False, True))
    return Searched(option, (), search.low, search.high, search.log)


def _requested(
    options: Mapping[str, Option],
    name: str,
    values: Any,
    dataset: registry.Dataset,
    fixed: Collection[str],
    owner: str,
) -> Searched:
    option = find_option(options, name, owner)
    task = registry.tasks.get(dataset.task)
    if name in fixed:
        raise OptionError(f"Option {name!r} is both set and searched. Omit one of them.")
    if option.from_data:
        raise OptionError(f"Option {name!r} is set from the data in training, so it cannot be searched. Omit it.")
    if not option.applies_to(dataset.model_options["input"], task.name):
        raise OptionError(f"Option {name!r} has no effect on {dataset.name}. Do not search it.")
    if values is None:
        if not (option.search or option.choices or option.type is bool):
            raise OptionError(f"Option {name!r} has no range of its own to search. Give one, as in {name}=LOW..HIGH.")
        return _declared(option)
    if isinstance(values, Sequence) and not isinstance(values, str) and len(values) > 0:
        checked = [option.check(value) for value in values]
        if not isinstance(values, tuple):
            return Searched(option, tuple(dict.fromkeys(checked)), given=True)
        if len(checked) == 2 and option.type in (int, float) and checked[0] < checked[1]:
            low, high = checked
            return Searched(option, (), low, high, low > 0 and math.log10(high / low) >= 1, given=True)
    raise OptionError(
        f"The search of {name!r} expects a range, the lowest and the highest value, or a list of values; received "
        f"{short_repr(values)}."
    )


def parse_search(options: Mapping[str, Option], texts: Sequence[str], owner: str) -> dict[str, Any] | None:
    """Returns the searched options of a command line: `units`, `units=16..256` or `cell=lstm,gru`; `None` for none.

    Args:
        options: the known options.
        texts: what the command line names.
        owner: the architecture, for messages.

    Raises:
        OptionError: an option is unknown, or a value is invalid.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, given, values = text.partition("=")
        option = find_option(options, name, owner)
        if not given:
            found[name] = None
        elif ".." in values:
            found[name] = tuple(option.parse(value) for value in values.split("..", 1))
        else:
            found[name] = [option.parse(value) for value in values.split(",")]
    return found or None
