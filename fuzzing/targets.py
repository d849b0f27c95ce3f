"""Readers of files as functions of bytes; each may raise `ZooError` only."""

import io
import itertools
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import seeds

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig, TaskConfig, TrainingConfig
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.readers._wav import read_wav
from keras_rnn_zoo.readers.series import pad_batch, parse_series
from keras_rnn_zoo.training import config_file as configs
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.rows import BadRow

FOLDER = Path(tempfile.mkdtemp(prefix="zoo-fuzzing-"))

COLUMNS = {
    "classification": ("", "text=text,label=label", "text=1,label=2", "text=label,label=text"),
    "regression": ("", "text=1,value=2", "text=text,value=label"),
    "translation": ("", "source=1,target=2", "source=text,target=label"),
    "tagging": ("", "tokens=1,tags=2", "tokens=form,tags=xpos"),
}
ENCODINGS = ("", "utf-8", "utf-16", "latin-1", "shift_jis", "utf-32", "utf-7", "cp1252")


def described(task: str, examples: Examples | None = None) -> RunConfig:
    """Returns the description of a run that was trained on opened files, or on none."""
    recorded, classes = (examples.recorded, examples.classes) if examples else (None, ())
    training = TrainingConfig(epochs=1, batch_size=1, patience=0, save_every_steps=0, deterministic=False)
    dataset = DatasetConfig("toy_reviews", {}, recorded=recorded)
    return RunConfig("a", "many_to_one", dataset, TaskConfig(task, "text", {}, {}, classes), {}, training, 0, {})


def opened(form: str, place: str, task: str, **options: str) -> None:
    """Opens files like `zoo train`, and reads every row of every split without TensorFlow."""
    entry = registry.find_dataset(f"{form}:{place}", (task,), options)
    given = {name: value for name, value in {**entry.defaults, **options}.items() if name in entry.options}
    examples = entry.make(None, 0, **given, **({"skip_bad_rows": True} if "skip_bad_rows" in entry.options else {}))
    json.dumps(examples.recorded.to_json())
    registry.find_dataset(f"{form}:{place}", (task,), options, described(task, examples))


def table(form: str, tasks: tuple[str, ...]) -> Callable[[bytes], None]:
    """Returns the target for a table format; the first three bytes select task, columns and encoding."""

    def target(data: bytes) -> None:
        head, content = data[:3].ljust(3, b"\0"), data[3:]
        task = tasks[head[0] % len(tasks)]
        columns = COLUMNS[task]
        path = FOLDER / f"data.{form}"
        path.write_bytes(content)
        chosen = {"columns": columns[head[1] % len(columns)], "encoding": ENCODINGS[head[2] % len(ENCODINGS)]}
        opened(form, str(path), task, **chosen)

    return target


def pairs(data: bytes) -> None:
    """Two files of sentences, separated by the first zero byte after the encoding byte."""
    first, _, second = data[1:].partition(b"\0\0")
    for name, content in (("a.txt", first), ("b.txt", second)):
        (FOLDER / name).write_bytes(content)
    encoding = ENCODINGS[data[0] % len(ENCODINGS)] if data else ""
    opened("text", f"{FOLDER / 'a.txt'},{FOLDER / 'b.txt'}", "translation", encoding=encoding)


def book(data: bytes) -> None:
    """A text, whose chunks are read as well."""
    from keras_rnn_zoo.user_data.text_corpus import _chunks
    from keras_rnn_zoo.user_data.textfile import TextFile

    path = FOLDER / "book.txt"
    path.write_bytes(data[1:])
    encoding = ENCODINGS[data[0] % len(ENCODINGS)] if data else ""
    opened("text", str(path), "language_modeling", encoding=encoding)
    chunks = list(_chunks(TextFile(str(path), encoding), 0, 150, 20))
    assert all(len(chunk) == 20 for chunk in chunks[:-1])


def answered(data: bytes) -> None:
    """Files of inputs to predict, and the predictions written for them."""
    form = ("csv", "tsv", "jsonl", "text", "conll")[data[0] % 5] if data else "csv"
    task = "tagging" if form == "conll" else "classification"
    path = FOLDER / f"asked.{form}"
    path.write_bytes(data[2:])
    columns = ("", "text=text", "text=1")[data[1] % 3 if len(data) > 1 else 0] if form not in ("conll", "text") else ""
    config = described(task)
    source = open_inputs(f"{form}:{path}", config, columns)
    write = source.writer(io.StringIO())
    for asked in itertools.islice(source.inputs(), 1000):
        if not isinstance(asked, BadRow):
            words = (asked.input or "").split()  # The file may have no input.
            write(asked, {"tags": ["O"] * len(words)} if task == "tagging" else {"label": "x", "probabilities": [0.5]})


def npz(data: bytes) -> None:
    """An array in an archive; the first byte selects the array, the task, and whether there are lengths."""
    choice = data[0] if data else 0
    arrays = {"x": seeds.array([[[0.5, 1.0]]] * 12), "y": seeds.array([number % 2 for number in range(12)])}
    if choice & 1:
        arrays["lengths"] = seeds.array([1] * 12)
    arrays[("x", "x", "y", "lengths")[choice >> 2 & 3]] = data[1:]
    with zipfile.ZipFile(FOLDER / "data.npz", "w") as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    opened("npz", str(FOLDER / "data.npz"), "regression" if choice & 2 else "classification")


def npz_file(data: bytes) -> None:
    """A NumPy archive."""
    (FOLDER / "whole.npz").write_bytes(data)
    opened("npz", str(FOLDER / "whole.npz"), "classification")


def images(data: bytes) -> None:
    """A folder with one fuzzed image."""
    folder = FOLDER / "images"
    for number in range(12):
        place = folder / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.png").write_bytes(seeds.PIXEL)
    (folder / "a" / "made_up.png").write_bytes(data)
    opened("images", str(folder), "classification")


def captions(data: bytes) -> None:
    """The tables of a folder of images."""
    folder = FOLDER / "captioned"
    folder.mkdir(exist_ok=True)
    for number in range(6):
        (folder / f"{number}.png").write_bytes(seeds.PIXEL)
    flickr = bool(data) and data[0] % 2 == 1
    (folder / "captions.csv").unlink(missing_ok=True)
    (folder / ("Flickr.token.txt" if flickr else "captions.csv")).write_bytes(data[1:])
    opened("images", str(folder), "captioning")


def audio(data: bytes) -> None:
    """A recording alone, and in a folder."""
    folder = FOLDER / "audio"
    folder.mkdir(exist_ok=True)
    for number in range(8):
        (folder / f"{number}_word.wav").write_bytes(_WAV)
    (folder / "made_up.wav").write_bytes(data)
    opened("audio", str(folder), "transcription")
    read_wav(data, 16_000, 1.0)


_WAV = seeds.wav()


def series(data: bytes) -> None:
    """A series as JSON, in the format of `zoo predict`."""
    pad_batch([parse_series(data), parse_series(data.decode("utf-8", "replace"))], (2,))


def yaml(data: bytes) -> None:
    """A configuration for `zoo train --config`."""
    path = FOLDER / "config.yaml"
    path.write_bytes(data)
    architecture = registry.architectures.get("many_to_one")
    options = registry.options_of(architecture, registry.default_dataset(architecture))
    configs.split_config(configs.read_config(str(path)), options, str(path))


CHOICE = b"\0\0\0"
TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "csv": (
        table("csv", ("classification", "regression", "translation")),
        [CHOICE + seeds.TABLE.encode(), CHOICE + b'"a;b"\t;"c ""d"""\n1;2\n', b"\1\1\2" + seeds.TABLE.encode("utf-16")],
    ),
    "tsv": (
        table("tsv", ("translation", "classification", "regression")),
        [CHOICE + seeds.TABLE.replace(",", "\t").encode(), b"\0\1\0a\tb\n" * 12],
    ),
    "jsonl": (
        table("jsonl", ("classification", "regression", "translation")),
        [CHOICE + seeds.LINES.encode(), CHOICE + b'{"text": "\\ud83d", "label": null}\n[1]\n'],
    ),
    "conll": (table("conll", ("tagging",)), [CHOICE + seeds.SENTENCES.encode(), CHOICE + seeds.TREE.encode() * 12]),
    "pairs": (pairs, [b"\0" + b"a b\nc\n" * 6 + b"\0\0" + b"d\ne f\n" * 6]),
    "book": (
        book,
        [b"\0" + b"To be, or not to be.\r\n" * 20, b"\2" + ("\ufeff" + "being \n" * 50).encode("utf-16-le")],
    ),
    "answered": (
        answered,
        [b"\0\0" + seeds.TABLE.encode(), b"\2\0" + seeds.LINES.encode(), b"\4\0" + seeds.TREE.encode()],
    ),
    "npz": (
        npz,
        [
            *(b"\0" + seeds.array(seeds.ragged()), b"\1" + seeds.array([[[0.5, 1.0]]] * 12)),
            *(b"\x08" + seeds.array(list("abcabcabcabc")), b"\x0d" + seeds.array([1] * 12)),
        ],
    ),
    "npz_file": (npz_file, [seeds.archive(x=seeds.ragged(), y=range(12)), seeds.archive(x=[[0.5]] * 12, y=range(12))]),
    "images": (images, [seeds.PIXEL, seeds.GIF, seeds.BMP, seeds.JPEG]),
    "captions": (captions, [b"\0image,caption\n0.png,a dot\n1.png,two\n", b"\0010.png#0\ta dot\n1.png#1\ttwo\n"]),
    "audio": (audio, [seeds.wav(), seeds.wav(44_100, 1, 2), seeds.wav(8000, 4), seeds.floats()]),
    "series": (series, [b"[[0.1, 2], [0.3, 1]]", b"[]", b"[[1e400, NaN]]"]),
    "yaml": (
        yaml,
        [b"units: 64\ndropout: 0.5\ncolumns: {text: a}\n", b"a: &b [1]\nc: *b\n", b"cell: !!str gru\n---\nx: |\n y\n"],
    ),
}
"""Each target and its seed input."""

TOKENS: dict[str, tuple[bytes, ...]] = {
    "yaml": (
        *(b"!!int ", b"!!bool ", b"!!timestamp ", b"!!binary ", b"!!python/name:os.system", b"&a ", b"*a", b"<<: "),
        *(b"\n---\n", b"%YAML 1.1\n", b"? ", b"|\n", b"- ", b'"\\U', b"'", b"0x", b"units: ", b"columns:\n ", b"\t"),
    ),
}
"""Dictionaries of tokens that the search inserts into the input of some targets."""
