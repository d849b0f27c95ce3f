"""Exports that are altered, and whose digests are renewed, as a stranger might."""

import json
import shutil

import tensorflow as tf

from keras_rnn_zoo.artifacts.digests import digests, with_digests
from keras_rnn_zoo.artifacts.export import EXPORT_MODEL_FILES


def seal_again(folder, **changes):
    """Writes `export.json` as who changes files on purpose would."""
    facts = {**json.loads((folder / "export.json").read_text()), **changes}
    facts = with_digests(facts, {**digests(folder, EXPORT_MODEL_FILES), **changes.get("files", {})})
    (folder / "export.json").write_text(json.dumps(facts) + "\n")


TEXT = (tf.TensorSpec([None], tf.string, name="text"),)


def saved(folder, function, inputs=TEXT, name="serving_default", **tracked):
    """Puts a SavedModel with a signature of some function into an export."""
    module = tf.Module()
    for attribute, value in tracked.items():
        setattr(module, attribute, value)
    module.serve = tf.function(function, input_signature=inputs)
    for part in ("saved_model.pb", "fingerprint.pb"):
        (folder / part).unlink(missing_ok=True)
    shutil.rmtree(folder / "variables")
    assets = shutil.copytree(folder / "assets", folder.parent / "kept")
    tf.saved_model.save(module, str(folder), signatures={name: module.serve})
    shutil.copytree(assets, folder / "assets", dirs_exist_ok=True)
    seal_again(folder)


def prediction(text, score=None):
    return {"text": text, "score": tf.zeros_like(text, tf.float32) if score is None else score}
