"""`zoo compare`."""

import click

from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.display.printing import one_line, printable
from zoo_cli.completion import complete_run
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import data_dir_option, models_dir_option
from zoo_cli.tables import print_json, print_tables


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", shell_complete=complete_run)
@click.option("--split", show_default="test", help="Split to measure on: test, validation, or train.")
@click.option("--plot", "file", metavar="FILE", help="Write the learning curves to a .svg or .png file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_dir_option
@models_dir_option
@with_verbosity
def command(
    runs: tuple[str, ...],
    split: str | None,
    file: str | None,
    as_json: bool,
    data_dir: str | None,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Compare runs on the same examples, and test whether they differ.

    Shows the options that differ, the metrics side by side, and examples on which the runs disagree. Other runs are
    tested against the first one.

    \b
    Example:
      zoo compare first second
      zoo compare first second third --plot curves.svg
    """
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.comparison.curves import check_curves

    target = None if file is None else user_path(file)
    if target is not None:
        check_curves(target)
    with frameworks(quiet, verbose):
        found = zoo.compare(runs, split=split, data_dir=data_dir, models_dir=models_dir)
        path = found.write_plot(target) if target is not None else None
    if as_json:
        print_json(found.as_json())
        return
    print_tables([table for table in (found.options, found.metrics) if table])
    for sentence in found.conclusions:
        click.echo(printable(sentence))
    click.echo(f"They disagree on {found.disagreements:,} of {found.examples:,} examples.")
    if found.differing:
        print_tables([found.differing])
    if path:
        click.echo(one_line(f"Wrote the learning curves to {path}"))
