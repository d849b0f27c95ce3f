"""Strings of spoken digits, assembled from recordings of single digits."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_split, translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.datasets.spoken_digit import LOCATION, is_test, read_names, to_waveform
from keras_rnn_zoo.lazy import np, tf

SIZES = {"train": 8000, "validation": 300, "test": 300}
SEED = 20_260_117

DIGITS = (3, 7)
"""Minimum and maximum number of digits in an utterance."""
EDGE_PAUSE = (400, 3200)
"""Minimum and maximum silence before the first digit and after the last, in samples: 0.05 to 0.4 seconds."""
INNER_PAUSE = (160, 2400)
"""Minimum and maximum silence between two digits, in samples: 0.02 to 0.3 seconds."""
NOISE = (30, 60)
"""Minimum and maximum signal-to-noise ratio of a noisy utterance, in decibels."""


class Plan(NamedTuple):
    """How to assemble an utterance.

    Attributes:
        recordings: file names of the recordings, in order.
        pauses: samples of silence before each recording and after the last.
        noise: signal-to-noise ratio in decibels, or `None` for no noise.
        seed: seed of the noise.
    """

    recordings: tuple[str, ...]
    pauses: tuple[int, ...]
    noise: int | None
    seed: int

    @property
    def text(self) -> str:
        """The transcript, such as "3 0 7"."""
        return " ".join(name.partition("_")[0] for name in self.recordings)


@registry.dataset(
    task="transcription",
    source="tfds",
    location=LOCATION,
    size="8,000 train, 300 validation, 300 test",
    license="CC BY-SA 4.0",
    license_id="cc-by-sa-4.0",
    terms="https://github.com/Jakobovski/free-spoken-digit-dataset",
    model_options={"input": "audio"},
    defaults={"sample_rate": 8000, "target_tokens": "spaces", "epochs": 20, "patience": 20},
)
def spoken_digit_strings(data_dir: str | None, seed: int) -> Examples:
    """Strings of 3 to 7 digits by one speaker each, assembled from the recordings of spoken_digit at 8 kHz.

    Pauses before, between and after the digits vary, and half of the utterances are noisy. The test split uses only
    recordings of the official test set, and the validation split a ninth of the others. The utterances do not depend on
    the training seed.
    """
    import hashlib

    builder = open_prepared(LOCATION, data_dir)
    speakers = split_recordings(read_names(builder))
    plans = {split: draw_plans(speakers[split], size, f"{SEED} {split}") for split, size in SIZES.items()}
    recordings = functools.cache(functools.partial(_read_recordings, builder))
    all_plans = [tuple(plan) for split_plans in plans.values() for plan in split_plans]
    content = f"{checksum(Path(builder.data_dir))} {all_plans}"
    return Examples(
        version=str(builder.version),
        checksum=hashlib.sha256(content.encode()).hexdigest(),
        input="audio",
        splits={split: functools.partial(_as_dataset, part, recordings) for split, part in plans.items()},
    )


def split_recordings(names: list[str]) -> dict[str, dict[str, list[str]]]:
    """Returns, for each split, the recordings of each speaker, with the same number for each digit.

    Args:
        names: file names of all recordings, such as "7_jackson_32.wav", in any order.
    """
    import random

    draw = random.Random(SEED)
    groups: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names):
        digit, speaker, _ = name.split("_")
        groups.setdefault((digit, speaker), []).append(name)
    splits: dict[str, dict[str, list[str]]] = {split: {} for split in SIZES}
    for (_, speaker), group in groups.items():
        others = [name for name in group if not is_test(name)]
        validation = set(draw.sample(others, round(len(others) / 9)))
        for name in group:
            split = "test" if is_test(name) else "validation" if name in validation else "train"
            splits[split].setdefault(speaker, []).append(name)
    return splits


def draw_plans(speakers: Mapping[str, list[str]], size: int, seed: str) -> list[Plan]:
    """Returns random plans of utterances, cycling through the speakers.

    Args:
        speakers: the recordings of each speaker.
        size: number of plans.
        seed: seed of the random generator.
    """
    import random

    draw = random.Random(seed)
    plans = []
    for index in range(size):
        recordings = list(speakers.values())[index % len(speakers)]
        count = draw.randint(*DIGITS)
        inner = [draw.randint(*INNER_PAUSE) for _ in range(count - 1)]
        plans.append(
            Plan(
                recordings=tuple(draw.choice(recordings) for _ in range(count)),
                pauses=(draw.randint(*EDGE_PAUSE), *inner, draw.randint(*EDGE_PAUSE)),
                noise=draw.randint(*NOISE) if draw.random() < 0.5 else None,
                seed=draw.getrandbits(32),
            )
        )
    return plans


def assemble(plan: Plan, recordings: Mapping[str, Any]) -> Any:
    """Returns the waveform of an utterance, float32 `(samples,)`.

    Args:
        plan: how to assemble it.
        recordings: the waveform of each recording, by file name.
    """
    pieces = [np.zeros(plan.pauses[0], np.float32)]
    for name, pause in zip(plan.recordings, plan.pauses[1:], strict=True):
        pieces += [recordings[name], np.zeros(pause, np.float32)]
    waveform = np.concatenate(pieces)
    if plan.noise is not None:
        level = np.sqrt(np.mean(np.square(waveform))) * 10 ** (-plan.noise / 20)
        random = np.random.Generator(np.random.PCG64(plan.seed))
        waveform += np.float32(level) * random.standard_normal(len(waveform), np.float32)
    return np.clip(waveform, -1, 1)


def _read_recordings(builder: Any) -> dict[str, Any]:
    """Returns the waveform of each recording, by file name."""
    examples = read_split(builder, "train", ("audio/filename", "audio"))
    with translate_record_errors(LOCATION):
        pairs = examples.map(lambda name, samples: (name, to_waveform(samples))).as_numpy_iterator()
        return {name.decode(): waveform for name, waveform in pairs}


def _as_dataset(plans: list[Plan], read_recordings: Any) -> Any:
    recordings = read_recordings()

    def utterances() -> Iterator[tuple[Any, str]]:
        return ((assemble(plan, recordings), plan.text) for plan in plans)

    spec = (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.string))
    return tf.data.Dataset.from_generator(utterances, output_signature=spec).apply(
        tf.data.experimental.assert_cardinality(len(plans))
    )
