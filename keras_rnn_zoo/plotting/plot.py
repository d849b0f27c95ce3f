"""Draws plots of runs, and writes them to their folders."""

import logging
import os
from collections.abc import Sequence
from typing import Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import DataError, InspectionError, NoPlotError, PlotError
from keras_rnn_zoo.inference.ensemble import LoadedEnsemble
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.predictor import Predictor
from keras_rnn_zoo.plotting.style import house_style, require_matplotlib
from keras_rnn_zoo.plotting.subject import Subject
from keras_rnn_zoo.plotting.write import check_format, write_plots
from keras_rnn_zoo.tuning.trials import without_study

logger = logging.getLogger(__name__)


def plot(
    run: Run | str | os.PathLike[str] | Predictor | None,
    kind: str | Sequence[str] | None = None,
    *,
    split: str | None = None,
    input: Any = None,
    format: Literal["svg", "png"] | None = None,
    dataset: Any = None,
    data_dir: str | None = None,
    models_dir: str | None = None,
) -> Any:
    """Draws plots of a run: of its training, its scores, or what it does with an input.

    Args:
        run: the run or its name, or the object that `zoo.load` returned, which avoids loading it again; or the folder
            of a search of options, for its run; `None` for the only run.
        kind: a kind of plot, such as `"learning_curves"`, or a list of them; `None` for all that make sense for the
            run. docs/plotting.md describes them.
        split: the split that scores are of; by default, that of `run.measured`: the test split.
        input: the input that is shown, as for `zoo.inspect`; by default, an example of the test split that the run
            keeps.
        format: `"svg"` or `"png"` to write the plots to the folder `plots` of the run, and those that show no input
            into its model card; `None` to return them.
        dataset: labeled data that scores are of, as for `zoo.evaluate`; by default, what the run was trained on. Data
            in memory is not part of a run: pass it again.
        data_dir: folder of prepared TFDS datasets; by default, the one that training used.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        A Matplotlib figure for the name of a kind; for several, a dict of figures by kind; with `format`, a dict of the
        paths of the files by kind.

    Raises:
        PlotError: Matplotlib is not installed, or a kind is unknown or makes no sense for the run.
        RunError: the run does not exist or is damaged.
        DataError: the data cannot be read, or the input is not of the kind that the run was trained on.

    Example:
        >>> figure = zoo.plot("many_to_one", "confusion_matrix")       # doctest: +SKIP
        >>> zoo.plot("many_to_one", format="svg")                      # doctest: +SKIP
        {'learning_curves': PosixPath('saved_models/many_to_one/plots/learning_curves.svg'), ...}
    """
    kinds = None if kind is None else [kind] if isinstance(kind, str) else list(kind)
    entries = _entries(kinds)
    if format is not None:
        check_format(format)
    require_matplotlib()
    found = run if isinstance(run, Predictor) else open_run(without_study(run), models_dir)
    if isinstance(found, Predictor) and (not isinstance(found, LoadedRun) or isinstance(found, LoadedEnsemble)):
        raise PlotError(f"{found.title} has no plots: they are of a single run. Name the run.")
    subject = Subject(found, split=split, input=input, dataset=dataset, data_dir=data_dir)
    figures = draw(subject, entries, skip=kinds is None)
    if format is not None:
        return write_plots(subject.run, figures, format, models_dir)
    return figures[entries[0].name] if isinstance(kind, str) else figures


def _entries(kinds: Sequence[str] | None) -> list[registry.Plot]:
    """Returns the entries of kinds of plots, without repetitions; of all if `kinds` is `None`."""
    if kinds is None:
        return registry.plots.entries()
    return list(dict.fromkeys(map(registry.plots.get, kinds)))


def draw(subject: Subject, entries: Sequence[registry.Plot], *, skip: bool) -> dict[str, Any]:
    """Draws plots.

    Args:
        subject: what they are drawn from.
        entries: the kinds.
        skip: whether to leave out, with a message, kinds that make no sense for the run.

    Returns:
        The figures by kind.

    Raises:
        PlotError: a kind makes no sense for the run, and `skip` is false.
        DataError: the data cannot be read, unless `skip` is true and the user did not ask for it: then, plots that do
            not need it are drawn.
        InspectionError: the input cannot be inspected; likewise.
    """
    figures = {}
    for entry in entries:
        announce(f"Drawing {entry.name}")
        try:
            if fault := entry.fault(subject):
                raise NoPlotError(fault)
            with house_style():
                figures[entry.name] = entry.make(subject)
        except NoPlotError as error:
            if not skip:
                raise PlotError(_refusal(subject, entry, str(error))) from None
            logger.info("No plot %s: %s.", entry.name, error)
        except (DataError, InspectionError) as error:
            if not skip or subject.asked:
                raise
            logger.warning("No plot %s: %s", entry.name, error)
    return figures


def _refusal(subject: Subject, entry: registry.Plot, fault: str) -> str:
    fitting = [one.name for one in registry.plots.entries() if one is not entry and not one.fault(subject)]
    return f"The run {subject.name!r} has no plot {entry.name!r}: {fault}. Its plots: {', '.join(fitting)}."
