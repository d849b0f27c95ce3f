"""The page of all commands, from what Click knows of them."""

import inspect

import click
from markdown_tables import code, prose, table

from zoo_cli.main import cli

TOP = """# Commands

Every command of `zoo`, as `zoo COMMAND --help` shows it. With `--json`, standard output is one JSON document and
nothing else; messages go to standard error.

| exit status | meaning |
|---|---|
| 0 | the command did what it says |
| 1 | something is wrong with what it was given; one paragraph on standard error says what, and what to do |
| 2 | it was called wrongly |
| 130 | Ctrl-C was pressed |

"""


def page() -> str:
    """Returns the page."""
    context = click.Context(cli, info_name="zoo")
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    overview = table(
        ["command", "what it does"],
        ([f"[`zoo {name}`](#zoo-{name})", prose(summary(command))] for name, command in commands.items()),
    )
    return TOP + overview + "".join(_section(name, command, context) for name, command in commands.items())


def summary(command: click.Command) -> str:
    """Returns the first line of the help of a command."""
    return inspect.cleandoc(command.help or "").split("\n")[0]


def _section(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(["zoo", name, *command.collect_usage_pieces(context)])
    text = f"\n## zoo {name} {{ #zoo-{name} }}\n\n```{{ .text .zoo-usage }}\n{usage}\n```\n\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        text += _paragraph(paragraph)
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    rows = [_option(option, context) for option in options]
    return text + (table(["option", "meaning", "default"], rows) if rows else "")


def _paragraph(text: str) -> str:
    if not text.startswith("\b"):
        return prose(" ".join(text.split("\n"))) + "\n\n"
    title, *lines = text.removeprefix("\b\n").split("\n")
    return f"{prose(title)}\n\n```{{ .sh }}\n" + inspect.cleandoc("\n".join(lines)) + "\n```\n\n"


def _option(option: click.Option, context: click.Context) -> list[str]:
    names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
    if not option.is_flag and not option.count:
        metavar = option.make_metavar(context)
        names += f" {code(metavar)}"
    meaning = prose(option.help or "")
    extra = option.get_help_extra(context)
    if "envvars" in extra:
        meaning += f" Also taken from {', '.join(code(name) for name in extra['envvars'])}."
    if "required" in extra:
        meaning += " Required."
    return [names, meaning, code(extra.get("default", "").strip("()"))]
