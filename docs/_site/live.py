"""The files of the figures that move: `docs/assets/live/`, parts of the page of `zoo serve`, and networks.

A network is written as ONNX with its hidden states, by the zoo's own exporter, and answers in the reader's browser.

    python docs/_site/live.py web/live                    # all that the figures need
    python docs/_site/live.py web/live saved_models/mine  # with runs or networks of your choice, which classify texts
"""

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onnx_runtime_web import write_runtime

from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.conventions import SPACES, WORD_RULES
from keras_rnn_zoo.networks.index import shipped_folder

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "docs" / "assets" / "live"
PAGE = ROOT / "keras_rnn_zoo" / "serving" / "page" / "static"
CACHE = ROOT / "build" / "live"
SHARED = (
    "bytes.js",
    "chart.js",
    "color.js",
    "dom.js",
    "heatmap.js",
    "readout.js",
    "section.js",
    "timelines.js",
    "view_answer.js",
    "view_steps.js",
    "words.js",
)
"""The modules of the page of `zoo serve` that the figures import."""

NETWORKS = ("toy_reviews", "imdb_reviews")


def write_live(folder: Path, networks: Sequence[str] = NETWORKS) -> None:
    """Writes the folder `assets/live/` of the site.

    Args:
        folder: the folder to write to.
        networks: trained networks, or runs, that classify texts; what has not changed since an earlier build is taken
            from there.
    """
    write_modules(folder)
    write_runtime(folder / "onnxruntime")
    for name in networks:
        shutil.copytree(exported(name), folder / "networks" / Path(name).name, dirs_exist_ok=True)


def write_modules(folder: Path) -> None:
    """Writes the modules and the style sheet of the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in [*SOURCES.glob("*.js"), *(PAGE / name for name in SHARED)]:
        shutil.copyfile(source, folder / source.name)
    (folder / "live.css").write_text(style(), encoding="utf-8")


def exported(name: str) -> Path:
    """Returns the folder of a network as `write_network` writes it, from the cache if nothing has changed."""
    from importlib.metadata import version

    run = network_path(name)
    parts = [(run / "config.json").read_text(encoding="utf-8"), Path(__file__).read_text(encoding="utf-8")]
    parts += [repr((SPACES, WORD_RULES)), *(version(package) for package in ("tensorflow", "keras", "tf2onnx", "onnx"))]
    folder = CACHE / f"{run.name}-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:16]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            write_network(run, Path(partial))
            shutil.copytree(partial, f"{folder}.partial", dirs_exist_ok=True)
        Path(f"{folder}.partial").rename(folder)
    return folder


def style() -> str:
    """Returns the style sheet of the figures: their own, and, of the page of `zoo serve`, the theme and the parts."""
    own = (SOURCES / "live.css").read_text(encoding="utf-8")
    theme, parts = ((PAGE / name).read_text(encoding="utf-8") for name in ("theme.css", "parts.css"))
    light, dark = re.findall(r":root \{\n(.*?)\n *\}", theme, re.DOTALL)
    # Here the switch of the site chooses between light and dark, not the system alone.
    own = f':root {{\n{light}\n}}\n:root:has(body[data-md-color-scheme="slate"]) {{\n{dark}\n}}\n\n{own}'
    # The theme of the site changes the size of a `rem`; the page is designed for 16 pixels.
    return re.sub(r"([\d.]+)rem", lambda size: f"{16 * float(size[1]):g}px", f".zoo-live {{\n{parts}}}\n\n{own}")


def network_path(name: str) -> Path:
    """Returns the folder of a network of the package by its name, or else that of a run."""
    return shipped_folder() / name if name in NETWORKS else open_run(name).path


def write_network(run: Path, folder: Path) -> None:
    """Writes a run that classifies texts: `model.onnx`, and `network.json` with all else that it needs."""
    import keras

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.exporting.formats.onnx import Onnx

    loaded = zoo.load(str(run))
    layers = recurrent_outputs(loaded.model)
    model = keras.Model(loaded.model.input, [loaded.model.output, *(layer["output"] for layer in layers)])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    entry = next(entry for entry in registry.export_formats.entries() if entry.name == "onnx")
    Onnx(entry).write_model(model, path, quantize=False)
    halve(path)
    facts = {
        "name": run.name,
        "classes": list(loaded.task.classes),
        "example": (loaded.run.path / "example" / "input.txt").read_text(encoding="utf-8").strip(),
        "layers": [{key: value for key, value in layer.items() if key != "output"} for layer in layers],
        "reader": reader_facts(loaded.task.reader.ids),
    }
    (folder / "network.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def reader_facts(tokenizer: Any) -> dict[str, Any]:
    """Returns what `tokens.js` needs to read texts as a `Tokenizer` of words does."""
    if tokenizer.tokens != "words":
        raise ValueError(f"The figure reads words; received {tokenizer.tokens!r}.")
    return {
        "rules": javascript_rules(),
        "reserved": len(tokenizer.reserved),
        "vocabulary": tokenizer.vocabulary,
        "max_length": tokenizer.max_length,
    }


def recurrent_outputs(model: Any) -> list[dict[str, Any]]:
    """Returns the recurrent layers of a model, with their outputs: their hidden states at every step.

    Returns:
        For each layer its `name`, `cell` and number of `units`, whether it is `bidirectional`, and its `output`, a
        symbolic float32 `(batch, time, units)`; of a bidirectional one `(batch, time, 2 * units)`, forward first.
    """
    import keras

    from keras_rnn_zoo.inspection.cells import entry_of

    found = []
    for layer in model.layers:
        both = isinstance(layer, keras.layers.Bidirectional)
        inner = layer.forward_layer if both else layer
        if not isinstance(inner, keras.layers.RNN):
            continue
        if not inner.return_sequences:
            raise ValueError(f"The layer {layer.name!r} returns its last state only: use a network with pooling.")
        cell = entry_of(inner.cell).name
        facts = {"name": layer.name, "cell": cell, "units": inner.cell.state_size, "bidirectional": both}
        units = facts["units"]
        facts["units"] = units[0] if isinstance(units, list | tuple) else units
        found.append({**facts, "output": layer.output})
    return found


def halve(path: Path) -> None:
    """Stores the weights of an ONNX file as float16 where that loses nothing, as `saved_models/` stores them."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    for weights in list(model.graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < 1000:
            continue
        half = values.astype(np.float16)
        if (half.astype(np.float32) != values).any():
            continue
        name = f"{weights.name}/half"
        model.graph.initializer.remove(weights)
        model.graph.initializer.append(numpy_helper.from_array(half, name))
        model.graph.node.insert(0, helper.make_node("Cast", [name], [weights.name], to=TensorProto.FLOAT))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def javascript_rules() -> list[list[str]]:
    """Returns how texts are split into words, as patterns and replacements of JavaScript; see `tokens.js`."""
    spaces, *rules = ((SPACES, " "), *WORD_RULES)
    return [[javascript_pattern(pattern), re.sub(r"\\(\d)", r"$\1", new)] for pattern, new in (spaces, *rules)]


_RE2 = re.compile(
    r"\\x\{(?P<code>[0-9a-f]+)\}|\\p(?P<group>[A-Z])|(?P<space>\\s)|(?P<quote>\\\")|(?P<all>\(\?s:\.\*\?\))"
    r"|(?P<other>\\.|[\[\]]|.)",
    re.DOTALL,
)


def javascript_pattern(pattern: str) -> str:
    r"""Converts a pattern in RE2's syntax to one of JavaScript with the flag `u`.

    Example:
        >>> javascript_pattern(r"[^\pL\s]\x{2019}")
        '[^\\p{L}\\t\\n\\f\\r ]\\u{2019}'
    """
    result, inside = [], False
    for found in _RE2.finditer(pattern):
        kind, text = found.lastgroup, found.group()
        if kind == "code":
            text = f"\\u{{{found['code']}}}"
        elif kind == "group":
            text = f"\\p{{{found['group']}}}"
        elif kind == "space":  # RE2's are those of ASCII.
            text = r"\t\n\f\r " if inside else r"[\t\n\f\r ]"
        elif kind == "quote":
            text = '"'
        elif kind == "all":
            text = "[^]*?"
        elif text in "[]":
            inside = text == "["
        result.append(text)
    return "".join(result)


if __name__ == "__main__":
    write_live(Path(sys.argv[1]), sys.argv[2:] or NETWORKS)
