"""Sentences with their parts of speech, in many languages."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_examples, translate_record_errors
from keras_rnn_zoo.datasets._tagged import PARTS_OF_SPEECH
from keras_rnn_zoo.datasets.examples import Examples, split_off_validation
from keras_rnn_zoo.errors import DataError, OptionError, nearest
from keras_rnn_zoo.lazy import tf, tfds

NAME = "universal_dependencies"

SPLITS = {"train": "train", "validation": "dev", "test": "test"}
"""The splits, as TFDS names those of annotated corpora."""


@registry.dataset(
    task="tagging",
    source="tfds",
    location=f"{NAME}/en_ewt",
    size="12,544 train, 2,001 validation, 2,077 test",
    license="CC BY-SA 4.0 (en_ewt); other treebanks have their own",
    model_options={"input": "text"},
    defaults=PARTS_OF_SPEECH,
)
def universal_dependencies(
    data_dir: str | None, seed: int, *, config: str = "en_ewt", tags: Literal["upos", "xpos"] = "upos"
) -> Examples:
    """Sentences of a treebank of Universal Dependencies, to be tagged with parts of speech (Nivre et al. 2020).

    Tokens are those of the treebank: where it holds a contraction ("don't") and its words ("do", "n't"), so does the
    sentence, and the contraction has the tag "_". A treebank without a dev split has a tenth of its train split as
    validation, drawn with the seed.

    Args:
        data_dir: the folder of prepared data sets.
        seed: draws the validation split where the treebank has none.
        config: the treebank, as TFDS names it: language code and name, such as en_ewt or de_gsd.
        tags: the tag set: upos, which all languages share, or xpos, the treebank's own.
    """
    _check_config(config)
    builder = open_prepared(f"{NAME}/{config}", data_dir)
    missing = {"train", "test"} - set(builder.info.splits)
    if missing:
        raise DataError(
            f"The treebank {config!r} has no {' and no '.join(sorted(missing))} split; it has "
            f"{', '.join(sorted(builder.info.splits))}. Choose another with the option config, such as en_ewt."
        )
    classes = builder.info.features["upos"].feature.names if tags == "upos" else _xpos_names(builder)
    read = functools.partial(read_tagged, builder, tags=tags)
    splits: dict[str, Callable[[], Any]] = {name: functools.partial(read, split) for name, split in SPLITS.items()}
    if "dev" not in builder.info.splits:
        splits |= split_off_validation(read("train"), builder.info.splits["train"].num_examples, 0.1, seed)
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="text",
        classes=tuple(sorted(classes)),
        splits=splits,
    )


def read_tagged(builder: Any, split: str, tags: str) -> Any:
    """Returns a split as pairs of a sentence's tokens and its tags, each joined by spaces, without empty sentences.

    Args:
        builder: what `open_prepared` returned, of a data set with the feature "tokens".
        split: the split, as TFDS names it.
        tags: the feature that becomes the target: a sequence of class labels or of texts.
    """
    examples = read_examples(builder, split, tfds.decode.PartialDecoding(["tokens", tags]))
    feature = builder.info.features[tags].feature
    names = tf.constant(feature.names) if isinstance(feature, tfds.features.ClassLabel) else None

    def join(example: dict[str, Any]) -> tuple[Any, Any]:
        target = _as_written(example[tags]) if names is None else tf.gather(names, example[tags])
        return _joined(example["tokens"]), _joined(target)

    return examples.filter(lambda example: tf.size(example["tokens"]) > 0).map(join)


def _as_written(xpos: Any) -> Any:
    """Returns tags with "_", as treebanks write that there is none, where TFDS wrote the name of Python's `None`."""
    return tf.where(xpos == "None", "_", xpos)


def _joined(words: Any) -> Any:
    return tf.strings.reduce_join(tf.strings.regex_replace(words, "[[:space:]]", "\N{NO-BREAK SPACE}"), separator=" ")


def _xpos_names(builder: Any) -> set[str]:
    """Returns the treebank's own tags, which TFDS lists nowhere."""
    names: set[str] = set()
    for split in builder.info.splits:
        with translate_record_errors(NAME):
            for _, target in read_tagged(builder, split, "xpos").as_numpy_iterator():
                names.update(target.decode().split(" "))
    return names


def _check_config(config: str) -> None:
    """Raises `OptionError` unless TFDS has a treebank of that name."""
    known = tfds.builder_cls(NAME).builder_configs
    if config not in known:
        language = [name for name in known if name.partition("_")[0] == config.partition("_")[0]]
        close = nearest(config, known) or language[:5]
        hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
        raise OptionError(
            f"Option 'config' expects one of TFDS's {len(known)} treebanks, named by language code and name, such as "
            f"'en_ewt'; received {config!r}. {hint}"
            "All of them: https://www.tensorflow.org/datasets/catalog/universal_dependencies"
        )
