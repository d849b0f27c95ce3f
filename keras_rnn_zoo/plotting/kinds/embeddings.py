"""The embeddings of the most frequent words, projected to two dimensions."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.plotting.labels import visible
from keras_rnn_zoo.plotting.style import BLUE, INK, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject

POINTS, NAMED = 1000, 60
"""Number of words that are drawn, and how many of them have their names beside them."""
ROOM = (0.13, 0.028)
"""The room of a name, as a share of the plot's width and height."""


def _embedding(subject: Subject) -> tuple[Any, Sequence[str]] | None:
    """Returns the first embedding of a model, and what its rows stand for."""
    labels = list(subject.task.size_labels().values())
    for layer in subject.layers:
        if isinstance(layer, keras.layers.Embedding):
            named = next((names for names in labels if len(names) == layer.input_dim), None)
            if named is not None:
                return layer, named
    return None


def _fault(subject: Subject) -> str:
    return "" if _embedding(subject) else "it has no embeddings"


@registry.plot(order=14, fault=_fault)
def embeddings(subject: Subject) -> Any:
    """The vectors of words along the two directions in which they differ most (principal component analysis)."""
    from sklearn.decomposition import PCA

    from keras_rnn_zoo.layers.text import MARKERS, RESERVED

    found = _embedding(subject)
    assert found is not None  # `_fault` has looked.
    layer, names = found
    used = [index for index, name in enumerate(names) if name not in (*RESERVED, *MARKERS)][:POINTS]
    vectors = keras.ops.convert_to_numpy(layer.embeddings).astype("float64")[used]
    analysis = PCA(2, svd_solver="full")
    places = analysis.fit_transform(vectors)
    shares = analysis.explained_variance_ratio_
    figure = new_figure(
        "Which tokens the network reads alike",
        f"{subject.name}, the {len(used):,} most frequent of {len(names):,}",
        height=5.6,
        width=6.8,
    )
    axes = new_axes(figure, x=f"first component ({shares[0]:.0%} of the variance)", y=f"second ({shares[1]:.0%})")
    axes.scatter(*places.T, s=7, color=BLUE, alpha=0.45, linewidth=0)
    for index in far_apart(places, NAMED):
        axes.annotate(
            visible(names[used[index]]), places[index], size=7, color=INK, xytext=(2, 2), textcoords="offset points"
        )
    axes.margins(0.08)
    return figure


def far_apart(places: Any, count: int) -> list[int]:
    """Returns which points can be named without names over one another: each far enough from those before it."""
    low, high = places.min(axis=0), places.max(axis=0)
    scaled = (places - low) / np.where(high > low, high - low, 1) / ROOM
    chosen: list[int] = []
    for index, place in enumerate(scaled):
        if len(chosen) < count and (np.abs(scaled[chosen] - place) > 1).any(axis=1).all():
            chosen.append(index)
    return chosen
