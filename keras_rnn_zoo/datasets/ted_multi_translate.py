"""TED talks in 60 languages."""

import functools
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_examples
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import OptionError, name_hint
from keras_rnn_zoo.lazy import tf

LOCATION = "ted_multi_translate"
CODES = (
    "ar az be bg bn bs calv cs da de el en eo es et eu fa fi fr fr-ca gl he hi hr hu hy id it ja ka kk ko ku lt mk mn "
    "mr ms my nb nl pl pt pt-br ro ru sk sl sq sr sv ta th tr uk ur vi zh zh-cn zh-tw"
)
LANGUAGES = tuple(CODES.split())


@registry.dataset(
    task="translation",
    source="tfds",
    location=LOCATION,
    size="258,098 train, 6,049 validation, 7,213 test, fewer for a pair of languages",
    license="CC BY-NC-ND 4.0, as the talks; cite Qi et al. 2018",
    license_id="cc-by-nc-nd-4.0",
    terms="https://www.ted.com/about/our-organization/our-policies-terms/ted-talks-usage-policy",
    not_shipped="the license of the talks allows no adaptations",
    model_options={"input": "text"},
    defaults={
        "tokens": "spaces",
        "target_tokens": "spaces",
        "units": 512,
        "embedding_dim": 256,
        "dropout": 0.3,
        "batch_size": 64,
        "beam_size": 5,
    },
)
def ted_multi_translate(
    data_dir: str | None, seed: int, *, source_language: str = "ja", target_language: str = "en"
) -> Examples:
    """Transcripts of TED talks in 60 languages, two of which form the pair to translate (Qi et al. 2018).

    The examples are the segments of a talk that exist in both languages. They are tokenized, with spaces between
    tokens. Translations are generated and scored in these tokens, like published scores.

    Args:
        data_dir: the folder of prepared datasets.
        seed: not used; the splits are fixed.
        source_language: the code of the language to translate from: "ja", "en", "pt-br", ...
        target_language: the code of the language to translate to.
    """
    for option, language in (("source_language", source_language), ("target_language", target_language)):
        if language not in LANGUAGES:
            raise OptionError(
                f"Option {option!r} expects the code of a language with talks; received {language!r}. "
                f"{name_hint(language, LANGUAGES)}"
            )
    if source_language == target_language:
        raise OptionError(
            f"Options 'source_language' and 'target_language' must differ; received {source_language!r} for both."
        )
    builder = open_prepared(LOCATION, data_dir)
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="text",
        splits={
            split: functools.partial(_read_pairs, builder, split, (source_language, target_language))
            for split in ("train", "validation", "test")
        },
    )


def _read_pairs(builder: Any, split: str, pair: tuple[str, str]) -> "tf.data.Dataset":
    def has_both(example: Any) -> Any:
        languages = example["translations"]["language"]
        return tf.reduce_all([tf.reduce_any(languages == language) for language in pair])

    def texts(example: Any) -> Any:
        languages, texts = example["translations"]["language"], example["translations"]["translation"]
        source, target = (texts[tf.argmax(languages == language)] for language in pair)
        return source, target

    return read_examples(builder, split).filter(has_both).map(texts)
