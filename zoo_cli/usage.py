"""What to do about an option that does not exist."""

import difflib
from collections.abc import Sequence

import click

from keras_rnn_zoo.display.printing import alternatives, shell_quote
from keras_rnn_zoo.errors import nearest

WORDS = "zoo_cli.words"
"""The key of the command line's words in `click.Context.meta`."""


def explain_option(error: click.NoSuchOption, words: Sequence[str]) -> str:
    """Returns the message for an option that does not exist, with what may have been meant.

    Args:
        error: Click's error.
        words: the words of the command line.
    """
    context = error.ctx
    if context is None:
        return error.format_message()
    takes_pairs = any(one.name == "pairs" for one in context.command.params)
    is_typo = difflib.get_close_matches(error.option_name, error.possibilities or [], cutoff=0.85)
    pairs = _as_pairs(error.option_name, words) if takes_pairs and not is_typo else []
    if pairs:
        return f"{error.message} Did you mean {alternatives([f'--set {pair}' for pair in pairs])}?"
    if is_typo:
        error = click.NoSuchOption(error.option_name, possibilities=is_typo[:1], ctx=context)
    return f"{error.format_message()}{_about_dashes(context)}"


def _as_pairs(option: str, words: Sequence[str]) -> list[str]:
    """Returns `KEY=VALUE` for the settings whose names are like that of the option, the most similar first."""
    name = option.lstrip("-").replace("-", "_")
    known = _names_for_set(words)
    keys = [name] if name in known else [key for key in known if _initials(key) == name]
    keys = keys or sorted(key for key in known if name in key.split("_"))
    if not keys and len(name) > 1:
        keys = nearest(name, known)
    value = "VALUE"
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == option and following and not following.startswith("--"):
            value = following
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
    return [shell_quote(f"{key}={value}") for key in keys]


def named_architecture(words: Sequence[str]) -> str:
    """Returns the first word that is the name or an alias of an architecture, or ""."""
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.entries.catalog import normalize_name

    known = {name for entry in registry.architectures.entries() for name in (entry.name, *entry.aliases)}
    return next((word for word in words if normalize_name(word) in known), "")


def _initials(name: str) -> str:
    return "".join(word[:1] for word in name.split("_"))


def _names_for_set(words: Sequence[str]) -> set[str]:
    """Returns the names of the settings and options that `--set` takes, for the architecture among the words if any."""
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.training.config_file import SETTINGS

    named = named_architecture(words)
    chosen = [registry.architectures.get(named)] if named else registry.architectures.entries()
    entries = [*chosen, *registry.tasks.entries(), *registry.readers.entries(), *registry.datasets.entries()]
    options = [option for entry in entries for option in entry.options.values()]
    return {option.name for option in options if not option.from_data} | SETTINGS.keys()


def _about_dashes(context: click.Context) -> str:
    """Returns how to pass a command an argument that begins with a dash, or "" if it takes no arguments."""
    arguments = [param for param in context.command.params if isinstance(param, click.Argument)]
    if not arguments:
        return ""
    *before, name = [argument.make_metavar(context).strip("[].") for argument in arguments]
    return f" Put -- before {name}s that begin with a dash: {' '.join([context.command_path, *before, '--', name])}."
