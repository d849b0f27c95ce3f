"""Runs as a stranger might make them: each a change to a copy of a good one, with the seal of its own `config.json`.

A change is given the copy's folder, and its `config.json` as a dictionary to change; what it returns, if not `None`, is
the text that is written as `config.json` in its place.
"""

import os
import zipfile

import numpy as np
from hostile_changes import (
    Case,
    archive,
    bomb,
    circle,
    declared,
    described,
    external,
    filled,
    folder_link,
    learnt,
    link,
    linked,
    more,
    other_shape,
    packed,
    pipe,
    setting,
    text,
    texts,
    unallocated,
    virtual,
    weights,
)

LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"name": "evil", "function": {"class_name": "__lambda__", "config": {"code": "4wAAAA=="}}},
    "registered_name": None,
    "name": "evil",
    "inbound_nodes": [],
}
CALLED = {
    "module": "os",
    "class_name": "system",
    "config": {"command": "touch {here}"},
    "registered_name": "os>system",
    "name": "evil",
    "inbound_nodes": [],
}
DEEP = "[" * 100_000 + "]" * 100_000
HUGE = 10**300
MODEL = r"model\.keras is damaged: "
CLIMBING = ("../../x", "/etc/passwd", "task/../../x", "..", "", "a\\b", "task/\x00")

LABELS = r"the classes in labels\.txt are not those of the configuration"

CASES = [
    # What config.json is
    text("an empty file", ""),
    text("deep nesting", DEEP),
    text("deep nesting of objects", '{"a":' * 50_000 + "1" + "}" * 50_000),
    text("a number of 10,000 digits", '{"seed": ' + "9" * 10_000 + "}"),
    text("no number", '{"seed": NaN}'),
    text("an infinite number", '{"seed": Infinity}'),
    text("a list", "[]"),
    text("a pickle", "\x80\x04cos\nsystem\n"),
    text("YAML that would call", "!!python/object/apply:os.system ['touch x']"),
    text("half of a surrogate pair", '"\\ud800"'),
    Case("a file without end", lambda folder, config: os.truncate(folder / "config.json", 2**40) and None,
         r"config\.json is damaged: (it is larger than|it cannot be read)"),
    # Types, ranges and sizes
    setting("architecture", value=["many_to_one"]),
    setting("architecture", value="../many_to_one", wants="no architecture named"),
    setting("architecture", value="os.system", wants="no architecture named"),
    setting("architecture", value="x" * 10_000),
    setting("seed", value=-1),
    setting("seed", value=HUGE),
    setting("seed", value=True),
    setting("seed", value="0"),
    setting("epochs_trained", value=-1),
    setting("processes", value=0),
    setting("finished", value="yes"),
    setting("training", "epochs", value=0),
    setting("training", "batch_size", value=1e9),
    setting("training", "learning_rate", value="fast"),
    setting("versions", value={"keras": {"a": 1}}),
    setting("versions", value={str(number): "1" for number in range(2000)}),
    setting("run", value="../../x"),
    setting("run", value="/tmp/x"),
    setting("run", value=".hidden"),
    setting("dataset", "version", value={}),
    setting("dataset", "options", value=[]),
    setting("dataset", "options", value={"a": {"b": []}}),
    setting("task", "classes", value="ab"),
    setting("task", "classes", value=[1, 2]),
    setting("task", "classes", value=[["a"]]),
    setting("task", "name", value="__init__", wants="no task named"),
    setting("task", "input", value="../text", wants="no reader named"),
    setting("task", "input", value="image", wants=r"config\.json is damaged|model\.keras is damaged|lacks"),
    setting("task", "reader", value={"evil": 1}, wants=r"config\.json is damaged: .*no option 'evil'"),
    setting("task", "reader", "max_length", value=HUGE),
    setting("task", "reader", "max_length", value=0),
    setting("task", "reader", "tokens", value="__import__('os')"),
    setting("task", "reader", "vocabulary_size", value=2**62),
    setting("task", "options", value={"evil": 1}, wants=r"config\.json is damaged: .*evil"),
    setting("options", "units", value=HUGE),
    setting("options", "units", value=-1),
    setting("options", "units", value=8193),
    setting("options", "units", value=64.0, wants=r"config\.json is damaged: Option 'units'"),
    setting("options", "cell", value="Lambda", wants="no cell named 'Lambda'"),
    setting("options", "cell", value=None),
    setting("options", "num_layers", value=10**9),
    setting("options", "dropout", value=-1),
    setting("options", "pooling", value="os.system"),
    setting("options", "name", value="evil", wants=r"config\.json is damaged: .*no option 'name'"),
    # Within the ranges, but more than there are weights for: refused before it is allocated
    setting("options", "units", value=8192, wants=MODEL + "it contains [0-9,]+ bytes of weights, but"),
    setting("options", "num_layers", value=16, wants=MODEL + "it contains [0-9,]+ bytes of weights, but"),
    setting("options", "embedding_dim", value=8192, wants=MODEL + "it contains [0-9,]+ bytes of weights, but"),
    Case("a model of 400 GB", lambda folder, config: config["options"].update(
        units=8192, num_layers=16, embedding_dim=8192), MODEL + "it contains [0-9,]+ bytes of weights, but"),
    setting("options", "units", value=1, wants=MODEL + "its weights are not those of the model"),
    setting("options", "cell", value="gru", wants=MODEL),
    # Names that climb
    *(Case(f"the digest of {name!r}", lambda folder, config, name=name: config.update(
        files={**config["files"], name: "0" * 64}), r"config\.json is damaged: .*files") for name in CLIMBING),
    Case("no digests", lambda folder, config: config.update(files=None) or "", r"config\.json is damaged"),
    setting("files", value={"task/labels.txt": 7}),
    link("task/vocabulary.txt", "{beside}"),
    link("task/labels.txt", "/etc/passwd"),
    link("model.keras", "{beside}"),
    link("config.json", "{beside}"),
    Case("a folder that is a link", folder_link, "task is damaged: it is a symbolic link"),
    *(Case(f"a pipe in the place of {name}", pipe(name), rf"{name} is damaged: it is a named pipe")
      for name in ("config.json", "model.keras", "task", "task/vocabulary.txt")),
    Case("3,000 more files", more(*(f"task/{n}" for n in range(3000))), ""),
    Case("300 folders in each other", more("task/" + "a/" * 300 + "b"), "a is damaged: it is a folder"),
    *(Case(f"a pipe in the place of {name}", pipe(name), "") for name in ("metrics.json", "README.md", "logs")),
    # model.keras
    Case("a Lambda in the model", described(**LAMBDA), ""),
    Case("a call of os.system in the model", described(**CALLED), ""),
    Case("a description that is a pickle", archive(lambda m: {**m, "config.json": b"\x80\x04cos\nsystem\n."}), ""),
    Case("a description that is deep", archive(lambda m: {**m, "config.json": DEEP}), ""),
    Case("a description of another model", archive(lambda m: {**m, "config.json": "{}"}), ""),
    Case("a member that climbs", archive(lambda m: {**m, "../../evil": b"x"}), MODEL + "as an archive it contains"),
    Case("an absolute member", archive(lambda m: {**m, "/tmp/evil": b"x"}), MODEL + "as an archive it contains"),
    Case("assets that climb", archive(lambda m: {**m, "assets/../../x": b"x"}), MODEL + "as an archive it contains"),
    Case("a member twice", archive(lambda m: [*m.items(), ("config.json", b"{}")]), MODEL + "as an archive it"),
    Case("10,000 members", archive(lambda m: {**m, **{str(n): b"" for n in range(10_000)}}), MODEL + ".* and more"),
    Case("no weights", archive(lambda m: {k: v for k, v in m.items() if "h5" not in k}), MODEL + "as an archive"),
    Case("a packed archive", archive(dict, zipfile.ZIP_DEFLATED), MODEL + ".*is compressed"),
    Case("a zip bomb", archive(bomb, zipfile.ZIP_DEFLATED), MODEL + ".*is compressed"),
    Case("a bomb that is compressed better", archive(bomb, zipfile.ZIP_LZMA), MODEL + ".*is compressed"),
    Case("weights that are a pickle", archive(lambda m: {**m, "model.weights.h5": b"\x80\x04cos\nsystem\n."}), MODEL),
    Case("packed weights", weights(packed), MODEL + ".*not stored contiguously"),
    Case("weights of 4 TiB", weights(declared), MODEL + ".*not stored contiguously"),
    Case("weights of 4 TiB that are nowhere", weights(unallocated), MODEL + ".*declares"),
    Case("weights out of another file", weights(external), MODEL + ".*not stored contiguously"),
    Case("weights out of another HDF5 file", weights(virtual), MODEL + ".*not stored contiguously"),
    Case("a link to another file", weights(linked("external")), MODEL + ".*is a soft or external link"),
    Case("a link within the file", weights(linked("soft")), MODEL + ".*is a soft or external link"),
    Case("groups in a circle", weights(circle), MODEL + "its groups are nested too deeply"),
    Case("weights that are texts", weights(texts), MODEL),
    Case("weights of another shape", weights(other_shape), MODEL + "its weights are not those of the model"),
    *(Case(f"weights that are {value}", filled(value), MODEL + "its weights are not finite: embedding")
      for value in (np.nan, np.inf, -np.inf)),
    Case("weights that overflow", filled(3e38), r"cannot be used: its predictions 'probabilities' are not finite"),
    Case("no archive", lambda folder, config: (folder / "model.keras").write_bytes(b"no") and None, MODEL),
    # What the task has learnt
    Case("a vocabulary without its first tokens", learnt("vocabulary.txt", b"a\nb\n"), "does not begin with"),
    Case("a vocabulary that is no text", learnt("vocabulary.txt", b"\n[UNK]\n\xff\xfe\n"), "a file in it is not as"),
    Case("a token twice", learnt("vocabulary.txt", b"\n[UNK]\na\na\n"), "damaged"),
    Case("a vocabulary of a million tokens", learnt("vocabulary.txt", b"\n[UNK]\n" + b"".join(
        b"%d\n" % number for number in range(1_000_000))), "damaged"),
    Case("labels in another order", learnt("labels.txt", b"positive\nnegative\n"), LABELS),
    Case("a label more than the configuration has", learnt("labels.txt", b"negative\npositive\nx\n"), LABELS),
    setting("task", "classes", value=["b", "a"], wants=LABELS),
    setting("task", "classes", value=[], wants="damaged"),
    Case("no labels", learnt("labels.txt", b"\n"), "damaged"),
    Case("a million labels", learnt("labels.txt", b"".join(b"%d\n" % n for n in range(1_000_000))), "damaged"),
    Case("labels that are no text", learnt("labels.txt", b"\xff\n\xfe\n"), "a file in it is not as"),
]  # fmt: skip
