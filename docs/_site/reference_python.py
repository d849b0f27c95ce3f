"""The pages of public functions and layers: MkDocs reads their signatures and docstrings from the source."""

import keras_rnn_zoo as zoo
from keras_rnn_zoo import layers

FUNCTIONS = """# Python

Everything that `import keras_rnn_zoo as zoo` gives. A parameter that is not in a signature, such as an option of an
architecture, is a keyword argument: [Architectures](architectures.md) lists them. Every error that a caller can mend is
a `zoo.ZooError`, whose message says what is wrong, what was received, and what to do.

"""
LAYERS = """# Layers

Recurrent layers for models of your own: `from keras_rnn_zoo.layers import LSTM`. They take the arguments of Keras's
layers and have their weights and results; on CPUs they train faster ([Performance](../performance.md)).

"""
GROUPS = {
    "Train": ("train", "tune", "Run"),
    "Predict and evaluate": ("load", "predict", "predict_file", "evaluate", "compare", "stream"),
    "Look inside": ("inspect", "plot"),
    "Ship": ("export", "serve", "pack", "push", "pull"),
    "Build": ("build", "make_dataset"),
    "What there is": ("list_architectures", "list_models", "models", "datasets", "runs", "show"),
    "Errors": ("ZooError",),
}
_MEMBERS = {"Run": [name for name in vars(zoo.Run) if not name.startswith("_")]}
"""The members that are shown, of classes that users get objects of."""


def functions_page() -> str:
    """Returns the page of functions.

    Raises:
        ValueError: if a public name is in no group.
    """
    grouped = {name for names in GROUPS.values() for name in names}
    if grouped != set(zoo.__all__) - {"layers"}:
        raise ValueError(
            f"reference_python.GROUPS differs from keras_rnn_zoo: {grouped ^ (set(zoo.__all__) - {'layers'})}"
        )
    text = FUNCTIONS
    for title, names in GROUPS.items():
        text += f"## {title}\n\n" + "".join(_object(f"zoo.{name}", _home(name), name) for name in names)
    return text


def layers_page() -> str:
    """Returns the page of layers."""
    named = ((name, f"keras_rnn_zoo.layers.{layers._HOMES[name]}.{name}") for name in layers.__all__)
    return LAYERS + "".join(_object(name, path, name, level=2) for name, path in named)


def _home(name: str) -> str:
    if name == "datasets":
        return "keras_rnn_zoo.datasets._listing.datasets"
    return f"keras_rnn_zoo.{zoo._HOMES[name]}.{name}"


def _object(heading: str, path: str, name: str, level: int = 3) -> str:
    options = {"heading": heading, "heading_level": level, "toc_label": name}
    if name in _MEMBERS:
        options["members"] = _MEMBERS[name]
    return f"::: {path}\n    options:\n" + "".join(f"      {key}: {value}\n" for key, value in options.items()) + "\n"
