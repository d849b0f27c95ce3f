"""Synthetic recordings of chords, with the notes that sound in each frame."""

import functools
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.conventions import frame_stride
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SIZES = {"train": 300, "validation": 50, "test": 100}
SEED = 1722
RATE = 8000
"""Samples per second."""
NOTES = {"C5": 523.25, "E5": 659.26, "G5": 783.99, "C6": 1046.50, "E6": 1318.51, "G6": 1567.98, "C7": 2093.00}
"""The notes and their frequencies in hertz, far enough apart for the mel bands of a frame."""
CHORDS, SECONDS = (2, 4), (0.2, 0.5)
"""Minimum and maximum number of chords of a recording, and the duration of one."""
PAUSE = 0.2
"""The fraction of chords that are a pause."""
CENTER = 100
"""Samples from the start of a frame, which covers 200, to the moment whose notes are its target."""


@registry.dataset(
    task="step_classification",
    size="300 train, 50 validation, 100 test recordings of 0.4 to 2 seconds",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "audio", "num_classes": len(NOTES)},
    defaults={
        "multilabel": True,
        "sample_rate": RATE,
        "bidirectional": False,
        "units": 48,
        "dropout": 0.1,
        "epochs": 20,
        "patience": 5,
        "learning_rate": 0.01,
    },
)
def toy_chords(data_dir: str | None, seed: int) -> Examples:
    """Synthetic recordings of chords of up to three notes at 8 kHz, and which of seven notes sound in each frame.

    The recordings do not depend on the training seed.
    """
    import hashlib

    draw = np.random.Generator(np.random.PCG64(SEED))
    recordings = {split: [recording(draw) for _ in range(size)] for split, size in SIZES.items()}
    data = hashlib.sha256()
    for samples, notes in (one for split in recordings.values() for one in split):
        data.update(np.rint(samples * 2**12).astype("int16").tobytes() + notes.tobytes())
    splits = {name: functools.partial(_as_dataset, split) for name, split in recordings.items()}
    return Examples("1.0.0", data.hexdigest(), "audio", splits, tuple(NOTES))


def recording(draw: Any) -> tuple[Any, Any]:
    """Returns a recording, float32 `(samples,)`, and the notes of each frame, int8 `(frames, notes)`."""
    parts, sounding = [], []
    for _ in range(int(draw.integers(*CHORDS, endpoint=True))):
        count = int(draw.uniform(*SECONDS) * RATE)
        chord = draw.permutation(len(NOTES))[: 0 if draw.random() < PAUSE else int(draw.integers(1, 4))]
        times = np.arange(count) / RATE
        tones = [_tone(list(NOTES.values())[note], times, draw) for note in chord]
        parts.append(np.sum(tones, axis=0) if tones else np.zeros(count))
        sounding.append(np.tile(np.isin(np.arange(len(NOTES)), chord), (count, 1)))
    samples = 0.2 * np.concatenate(parts) + draw.normal(0, 0.002, sum(map(len, parts)))
    notes, stride = np.concatenate(sounding), frame_stride(RATE)
    centers = np.minimum(np.arange(0, len(samples), stride) + CENTER, len(samples) - 1)
    return samples.astype("float32"), notes[centers].astype("int8")


def _tone(frequency: float, times: Any, draw: Any) -> Any:
    """Returns a tone of some loudness that slowly fades, float64 of the shape of `times`."""
    loudness, phase = draw.uniform(0.5, 1.0), draw.uniform(0, 2 * np.pi)
    return loudness * np.exp(-times) * np.sin(2 * np.pi * frequency * times + phase)


def _as_dataset(recordings: list[tuple[Any, Any]]) -> Any:
    spec = (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((None, len(NOTES)), tf.int8))
    data = tf.data.Dataset.from_generator(lambda: iter(recordings), output_signature=spec)
    return data.apply(tf.data.experimental.assert_cardinality(len(recordings)))
