"""The page of file formats: those that are read, those of exports, the plots, and what a run consists of."""

from markdown_tables import code, codes, table

from keras_rnn_zoo import registry

TOP = """# File formats

## Files that are read

The name before the colon of an address, as in `csv:reviews.csv`. A file whose extension says its format needs no name.
[Your own data](../data.md) has examples of each.

"""
EXPORTS = """
## Exports

The values of `zoo export --format`. [Serving](../serving.md) says what each is for.

"""
PLOTS = """
## Plots

The values of `zoo plot --kind`, written as SVG or PNG. [Plotting](../plotting.md) has pictures.

"""


def page(text_of_run: str) -> str:
    """Returns the page.

    Args:
        text_of_run: the section that describes the folder of a run, which is written by hand.
    """
    rows = (
        [code(entry.name), entry.summary, codes(registry.tasks_of(entry))] for entry in registry.file_formats.entries()
    )
    text = TOP + table(["format", "what it is", "tasks"], rows)
    text += "\n" + text_of_run.strip() + "\n" + EXPORTS
    text += table(
        ["format", "what it is", "needs", "streams"],
        (
            [code(e.name), e.summary, codes(e.needs), "yes" if e.streams else "no"]
            for e in registry.export_formats.entries()
        ),
    )
    return (
        text + PLOTS + table(["kind", "what it shows"], ([code(e.name), e.summary] for e in registry.plots.entries()))
    )
