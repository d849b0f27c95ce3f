"""Inputs as something to look at: images, spectrograms, curves."""

from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.labels import wrapped
from keras_rnn_zoo.plotting.style import COLORS

CURVES = 6
"""Maximum number of curves that are drawn."""


def draw_picture(axes: Any, picture: Any, unit: str, *, small: bool = False) -> None:
    """Draws an input.

    Args:
        axes: where.
        picture: the input, a `keras_rnn_zoo.readers.reader.Picture`.
        unit: the unit of its length.
        small: whether it is one of several, without labels of axes.
    """
    if picture.kind == "text":
        axes.text(0, 0.5, wrapped(picture.content, 80, 4), va="center")
    elif picture.kind == "curves":
        for color, values in zip(COLORS, picture.content.T[:CURVES], strict=False):
            axes.plot(np.arange(len(values)) + 0.5, values, color=color, linewidth=1)
    else:
        _image(axes, picture, small)
    if not small and picture.length:
        axes.set_xlabel(f"{'time' if unit == 'second' else unit} ({unit}s)")


def _image(axes: Any, picture: Any, small: bool) -> None:
    """Draws pixels, or the bands of a spectrogram from the lowest one at the bottom."""
    length = picture.length or picture.content.shape[1]
    if picture.kind == "spectrogram":
        bands = len(picture.content)
        axes.imshow(picture.content, origin="lower", aspect="auto", cmap="magma", extent=(0, length, 0, bands))
        axes.set_ylabel("mel band")
        return
    pixels = picture.content
    gray = pixels.shape[-1] == 1
    options = {"cmap": "gray", "vmin": 0, "vmax": 255} if gray else {}
    aspect = "equal" if small else "auto"
    axes.imshow(pixels[..., 0] if gray else pixels, aspect=aspect, extent=(0, length, len(pixels), 0), **options)
    axes.set_ylabel("row of pixels")
