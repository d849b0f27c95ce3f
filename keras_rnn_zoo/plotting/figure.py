"""The figure that plots are drawn on, which notebooks show. Imports Matplotlib."""

from matplotlib.figure import Figure

from keras_rnn_zoo.plotting.style import rendered


class PlotFigure(Figure):
    """A Matplotlib figure that a notebook shows without pyplot."""

    def _repr_svg_(self) -> str:
        return rendered(self, "svg").decode("utf-8")
