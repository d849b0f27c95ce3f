"""The page of architectures: what the registry knows of them, their tasks, readers and cells, and of training."""

from collections.abc import Iterable

from markdown_tables import code, codes, sentence, table

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import Option
from keras_rnn_zoo.training.settings import SETTINGS

TOP = """# Architectures

An architecture is a topology: which steps are read, and which are written. Its frontend follows from the kind of input,
its head from the task. `zoo show NAME --dataset DATASET` shows the options that have an effect for a dataset; this page
shows all. On a command line, an option is set by `--set option=value`, in Python by `option=value`.

"""


def page() -> str:
    """Returns the page."""
    text = TOP + table(
        ["architecture", "what it does", "tasks"],
        ([f"[`{e.name}`](#{e.name})", e.summary, _links(e.tasks, "task")] for e in registry.architectures.entries()),
    )
    for entry in registry.architectures.entries():
        text += f"\n## {entry.name} {{ #{entry.name} }}\n\n{entry.summary}\n\n"
        text += f"Also called {codes(entry.aliases)}.\n" if entry.aliases else ""
        for alias, dataset in entry.alias_datasets.items():
            text += f"Called {code(alias)}, it is trained on [`{dataset}`](datasets.md#{dataset}) by default.\n"
        datasets = [f"[`{data.name}`](datasets.md#{data.name})" for data in registry.datasets_of(entry)]
        text += f"Datasets: {', '.join(datasets)}. Tasks: {_links(entry.tasks, 'task')}.\n\n"
        text += options_table(entry.options.values())
    text += "\n## Cells\n\nThe values of the option `cell`.\n\n"
    text += table(["cell", "what it does"], ([code(cell.name), cell.summary] for cell in registry.cells.entries()))
    text += "\n## Tasks\n\nA task sets the loss, the metrics, and what a prediction is.\n"
    text += "".join(_part(entry, "task") for entry in registry.tasks.entries())
    text += "\n## Readers\n\nA reader turns one kind of input into tensors.\n"
    text += "".join(_part(entry, "reader") for entry in registry.readers.entries())
    text += "\n## Training\n\nSettings of every training. On the command line, `batch_size` is `--batch-size`.\n\n"
    return text + options_table(SETTINGS.values())


def options_table(options: Iterable[Option]) -> str:
    """Returns the table of options; "" if there are none."""
    rows = [[code(option.name), _default(option), sentence(option.accepts), _meaning(option)] for option in options]
    return table(["option", "default", "accepts", "meaning"], rows) if rows else ""


def _default(option: Option) -> str:
    return "from the data" if option.from_data else code(option.default)


def _meaning(option: Option) -> str:
    only = [f"input {codes(option.inputs)}"] if option.inputs else []
    only += [f"task {codes(option.tasks)}"] if option.tasks else []
    return sentence(option.help) + (f" Only for {' and '.join(only)}." if only else "")


def _links(names: Iterable[str], kind: str) -> str:
    return ", ".join(f"[{name}](#{kind}-{name})" for name in names)


def _part(entry: registry.Task | registry.Reader, kind: str) -> str:
    text = f"\n### {entry.name} {{ #{kind}-{entry.name} }}\n\n{entry.summary}\n\n"
    fields = [*entry.inputs.items(), *(entry.outputs.items() if isinstance(entry, registry.Task) else ())]
    if fields:
        title = "output of an export" if isinstance(entry, registry.Task) else "input of an export"
        text += table([title, "meaning, dtype, and shape"], ([code(name), meaning] for name, meaning in fields)) + "\n"
    return text + options_table(entry.options.values())
