"""The house style of all plots, and how their files are written: the same bytes for the same run.

Matplotlib is imported when the first plot is drawn. No state of pyplot is used, and none of the user's settings: each
plot is drawn and written with the settings below alone, which are put back afterwards.
"""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from keras_rnn_zoo.errors import PlotError
from keras_rnn_zoo.packages import require_packages

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLORS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
"""Colors that readers with any color vision can tell apart (Okabe and Ito 2008)."""
INK, FAINT, GRID = "#222222", "#666666", "#DDDDDD"
AMOUNTS, SIGNED = "Blues", "RdBu_r"
"""The color maps of amounts from 0, and of numbers with a sign."""

WIDTH, HEIGHT = 6.4, 4.0
"""Inches of a plot."""
DPI = 144

SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "keras_rnn_zoo",
    "text.color": INK,
    # A name may contain a dollar sign.
    "text.parse_math": False,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}
_settings_lock = threading.RLock()
"""Matplotlib's settings are global, so that one plot is drawn at a time."""


def require_matplotlib() -> None:
    """Raises `PlotError` if Matplotlib is not installed."""
    require_packages(["matplotlib"], "plots", "A plot", PlotError)


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Applies the settings of all plots until the block ends, whatever the user's own are."""
    import matplotlib

    own = {name: value for name, value in matplotlib.rcParamsDefault.items() if not name.startswith("backend")}
    settings: Any = {**own, **SETTINGS}  # Matplotlib types each name.
    with _settings_lock, warnings.catch_warnings(), matplotlib.rc_context(settings):
        # In an SVG, the reader's fonts show these characters; for a PNG, see `with_glyphs`.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from font")
        yield


def new_figure(title: str, subtitle: str = "", *, width: float = WIDTH, height: float = HEIGHT) -> Any:
    """Returns an empty Matplotlib figure with a title.

    Args:
        title: what the plot shows, as a short sentence without a period.
        subtitle: what it is about, such as the run and the split.
        width: inches.
        height: inches, with the titles.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from keras_rnn_zoo.plotting.figure import PlotFigure
    from keras_rnn_zoo.plotting.labels import shortened

    layout = ConstrainedLayoutEngine(rect=(0.08 / width, 0.06 / height, 1 - 0.16 / width, 1 - 0.58 / height))
    figure = PlotFigure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    columns = int(width * 13)
    figure.text(0.012, 1 - 0.1 / height, shortened(title, columns), size=11, weight="bold", va="top")
    figure.text(0.012, 1 - 0.31 / height, shortened(subtitle, columns), size=8, color=FAINT, va="top")
    return figure


def new_axes(figure: Any, *, x: str = "", y: str = "", grid: str = "both") -> Any:
    """Returns the only axes of a figure.

    Args:
        figure: the figure.
        x: the label of the horizontal axis, with its unit.
        y: the label of the vertical axis.
        grid: which lines of the grid there are: `"both"`, `"x"`, `"y"`, or "".
    """
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if grid:
        axes.grid(True, axis=grid)
    return axes


def epoch_axes(figure: Any, metrics: Sequence[str]) -> list[Any]:
    """Returns axes side by side, one for each metric, to draw it by epoch."""
    found: list[Any] = figure.subplots(1, len(metrics), squeeze=False)[0].tolist()
    for axes, metric in zip(found, metrics, strict=True):
        axes.set_xlabel("epoch")
        axes.set_ylabel(metric.replace("_", " "))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(True, color=GRID)
    return found


def heat_map(figure: Any, axes: Any, values: Any, label: str, *, signed: bool = False, **options: Any) -> Any:
    """Draws a matrix in colors, with a bar that says what they stand for; returns the image.

    Args:
        figure: the figure.
        axes: where in the figure.
        values: `(rows, columns)`, drawn from the top.
        label: what the values are, with their unit.
        signed: whether values have a sign; then white is 0.
        **options: arguments of `imshow`.
    """
    import numpy as np

    highest = float(np.nanmax(np.abs(values))) or 1.0
    limits = {"vmin": -highest, "vmax": highest} if signed else {"vmin": 0.0, "vmax": highest}
    image = axes.imshow(values, **{"aspect": "auto", "cmap": SIGNED if signed else AMOUNTS, **limits, **options})
    bar = figure.colorbar(image, ax=axes, pad=0.015, fraction=0.05)
    bar.set_label(label)
    bar.outline.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def rendered(figure: Any, format: str) -> bytes:
    """Returns a figure as the content of a file, the same for equal figures.

    Args:
        figure: the figure.
        format: `"svg"` or `"png"`.
    """
    from keras_rnn_zoo.plotting.labels import with_glyphs

    content = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if format == "svg" else {"Software": None}
    with house_style():
        # Each layout moves what the last one has placed by a little.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    with house_style(), with_glyphs(figure) if format == "png" else contextlib.nullcontext():
        figure.savefig(content, format=format, metadata=metadata, dpi=DPI if format == "png" else "figure")
    return content.getvalue()
