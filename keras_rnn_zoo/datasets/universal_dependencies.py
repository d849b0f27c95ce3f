"""Universal Dependencies: sentences with parts of speech in many languages."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_examples, translate_record_errors
from keras_rnn_zoo.datasets._tagged import PARTS_OF_SPEECH
from keras_rnn_zoo.datasets.examples import Examples, split_off_validation
from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.errors import DataError, OptionError, nearest
from keras_rnn_zoo.lazy import tf, tfds

NAME = "universal_dependencies"

SPLITS = {"train": "train", "validation": "dev", "test": "test"}
"""TFDS's names for the splits of annotated corpora."""


@registry.dataset(
    task="tagging",
    source="tfds",
    location=f"{NAME}/en_ewt",
    size="12,544 train, 2,001 validation, 2,077 test",
    license="CC BY-SA 4.0 (en_ewt); other treebanks have their own",
    license_id="cc-by-sa-4.0",
    terms="https://universaldependencies.org",
    model_options={"input": "text"},
    defaults=PARTS_OF_SPEECH,
)
def universal_dependencies(
    data_dir: str | None, seed: int, *, config: str = "en_ewt", tags: Literal["upos", "xpos"] = "upos"
) -> Examples:
    """Sentences of a Universal Dependencies treebank, to be tagged with parts of speech (Nivre et al. 2020).

    Tokens are those of the treebank. If it has both a contraction ("don't") and its words ("do", "n't"), so does the
    sentence, and the contraction has the tag "_". If a treebank has no dev split, the validation split is a random
    tenth of the train split.

    Args:
        data_dir: the folder of prepared datasets.
        seed: seed of the validation split if the treebank has none.
        config: TFDS's name of the treebank: language code and name, such as en_ewt or de_gsd.
        tags: the tag set: upos, shared by all languages, or xpos, specific to the treebank.
    """
    _check_config(config)
    builder = open_prepared(f"{NAME}/{config}", data_dir)
    missing = {"train", "test"} - set(builder.info.splits)
    if missing:
        raise DataError(
            f"The treebank {config!r} has no {' and no '.join(sorted(missing))} split; it has "
            f"{', '.join(sorted(builder.info.splits))}. Choose another one with the option config, such as en_ewt."
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
    """Returns the non-empty sentences of a split as pairs of tokens and tags, each joined by spaces.

    Args:
        builder: the builder that `open_prepared` returned, for a dataset with the feature "tokens".
        split: TFDS's name of the split.
        tags: the feature used as target: a sequence of class labels or strings.
    """
    examples = read_examples(builder, split, tfds.decode.PartialDecoding(["tokens", tags]))
    feature = builder.info.features[tags].feature
    names = tf.constant(feature.names) if isinstance(feature, tfds.features.ClassLabel) else None

    def join(example: dict[str, Any]) -> tuple[Any, Any]:
        target = _restore_missing(example[tags]) if names is None else tf.gather(names, example[tags])
        return _joined(example["tokens"]), _joined(target)

    return examples.filter(lambda example: tf.size(example["tokens"]) > 0).map(join)


def _restore_missing(xpos: Any) -> Any:
    """Replaces "None", which TFDS stores for a missing tag, by "_" as in treebanks."""
    return tf.where(xpos == "None", "_", xpos)


def _joined(words: Any) -> Any:
    return tf.strings.reduce_join(tf.strings.regex_replace(words, "[[:space:]]", "\N{NO-BREAK SPACE}"), separator=" ")


def _xpos_names(builder: Any) -> set[str]:
    """Returns the treebank-specific tags, which TFDS does not list."""
    names: set[str] = set()
    for split in builder.info.splits:
        with translate_record_errors(NAME):
            for _, target in read_tagged(builder, split, "xpos").as_numpy_iterator():
                names.update(target.decode().split(" "))
    return names


def _check_config(config: str) -> None:
    """Raises `OptionError` unless TFDS has a treebank of that name."""
    treebanks = tfds.builder_cls(NAME).builder_configs
    if config not in treebanks:
        same_language = [name for name in treebanks if name.partition("_")[0] == config.partition("_")[0]]
        close = nearest(config, treebanks) or same_language[:5]
        hint = f"Did you mean {alternatives([*map(repr, close)])}? " if close else ""
        raise OptionError(
            f"Option 'config' expects one of TFDS's {len(treebanks)} treebanks, by language code and name, such as "
            f"'en_ewt'; received {config!r}. {hint}"
            "All treebanks: https://www.tensorflow.org/datasets/catalog/universal_dependencies"
        )
