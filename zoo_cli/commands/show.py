"""`zoo show`."""

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.formats import FORMATS, unsupported
from keras_rnn_zoo.printing import printable
from keras_rnn_zoo.training.config_file import default_of, settings_of
from zoo_cli.options import chosen_dataset, data_options
from zoo_cli.tables import print_json, print_table


@click.command("show")
@click.argument("name")
@data_options("An option of your files, such as encoding.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str,
    dataset: str | None,
    columns: str | None,
    pairs: tuple[str, ...],
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Show an architecture's options, datasets, input and output.

    Options and endpoint depend on the dataset, whose task and kind of input they serve.

    \b
    Example:
      zoo show many_to_one
      zoo show many_to_one --dataset spoken_digit
      zoo show many_to_one --dataset csv:reviews.csv --columns text=review,label=stars
    """
    entry = registry.architectures.get(name)
    default = registry.default_dataset(entry)
    chosen, _ = chosen_dataset(entry, dataset, columns, data_dir, pairs)
    options = registry.options_of(entry, chosen)
    datasets = registry.datasets_of(entry)
    endpoint = registry.endpoint_of(chosen)
    settings = settings_of(chosen)
    formats = {name: unsupported(name, chosen.model_options["input"]) for name in FORMATS}
    if as_json:
        print_json(
            {
                "name": entry.name,
                "aliases": list(entry.aliases),
                "summary": entry.summary,
                "options": [{**option.as_json(), "default": chosen.default_of(option)} for option in options.values()],
                "training": [{**option.as_json(), "default": default} for option, default, _ in settings],
                "datasets": [dataset.name for dataset in datasets],
                "default_dataset": default.name,
                "endpoint": endpoint,
                "formats": [name for name, reason in formats.items() if not reason],
            }
        )
        return
    click.echo(printable(f"{entry.name} (also: {', '.join(entry.aliases)})\n{entry.summary}\n"))
    print_table(
        f"Options with {chosen.name}, given to zoo train as --set KEY=VALUE",
        ("option", "default", "accepts", "meaning"),
        [(option.name, default_of(option, chosen), option.accepts, option.help) for option in options.values()],
    )
    print_table(
        f"Settings of a training on {chosen.name}, given in the same way",
        ("setting", "default", "accepts", "meaning"),
        [(option.name, told, option.accepts, option.help) for option, _, told in settings],
    )
    print_table(
        "Datasets and what they change of the defaults",
        ("dataset", "task", "changes"),
        [
            (
                d.name,
                d.task,
                ", ".join(f"{key}={value}" for key, value in registry.defaults_of(entry, d).items()) or "-",
            )
            for d in datasets
        ],
    )
    print_table(
        f"The default endpoint of a model trained on {chosen.name}",
        ("tensor", "side", "meaning"),
        [(tensor, side[:-1], meaning) for side, tensors in endpoint.items() for tensor, meaning in tensors.items()],
    )
    print_table(
        f"Formats of zoo export for a model trained on {chosen.name}",
        ("format", "what it holds, or why there is none"),
        [(name, f"none: {reason}" if reason else FORMATS[name]) for name, reason in formats.items()],
    )
