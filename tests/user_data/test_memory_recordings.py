"""Recordings in memory: samples with their rate, the content of files, features of Hugging Face."""

import io

import datasets
import numpy as np
import pandas as pd
import pytest
from pages import programs_of, text_of
from scipy.io import wavfile

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.python_data import bind_data
from keras_rnn_zoo.user_data.recordings import samples_of

RATE, COUNT = 8000, 40
TASKS = ("classification", "transcription")
(PROGRAM,) = [program for program in programs_of(text_of("data.md")) if "dataset=(waveforms, labels)" in program]
RUNS = {"data.md": [PROGRAM]}


def tone(number):
    """Returns 16-bit samples of unequal lengths, low or high by the number."""
    seconds = np.arange(800 + 40 * number) / RATE
    return np.rint(np.sin(2 * np.pi * (300, 1200)[number % 2] * seconds) * 20_000).astype("int16")


TONES = [tone(number) for number in range(COUNT)]
LABELS = ["low" if number % 2 == 0 else "high" for number in range(COUNT)]
FLOATS = [samples.astype("float32") / 32768 for samples in TONES]
PAIRS = [{"array": samples, "sampling_rate": RATE} for samples in FLOATS]


def content(number):
    file = io.BytesIO()
    wavfile.write(file, RATE, TONES[number])
    return file.getvalue()


def opened(data, **options):
    data, options = bind_data(data, options)
    entry = registry.find_dataset(data, TASKS, options)
    return entry, entry.make(None, 0, **{name: options[name] for name in options}, sample_rate=RATE)


def audio_dataset(folder=None):
    """Returns a `datasets.Dataset` with an `Audio` feature, whose files are embedded or in a folder."""
    files = [{"bytes": content(number), "path": None} for number in range(COUNT)]
    for number, file in enumerate(files if folder else ()):
        (folder / f"{number}.wav").write_bytes(file["bytes"])
        files[number] = {"bytes": None, "path": str(folder / f"{number}.wav")}
    audio = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    plain = datasets.Dataset.from_dict(
        {"audio": files, "label": [int(label == "low") for label in LABELS]},
        features=datasets.Features(audio=audio, label=datasets.ClassLabel(names=["high", "low"])),
    )
    return plain.cast_column("audio", datasets.Audio(sampling_rate=RATE))


@pytest.fixture(scope="module")
def expected():
    return opened((FLOATS, LABELS), sampling_rate=RATE)[1]


@pytest.mark.parametrize("kind", ["integers", "dicts", "files", "paths", "frame", "hugging face", "hugging face files"])
def test_they_are_the_same_examples_however_they_are_held(kind, expected, tmp_path):
    for number in range(COUNT):
        (tmp_path / f"{number}.wav").write_bytes(content(number))
    data, options = {
        "integers": ((TONES, LABELS), {"sampling_rate": RATE}),
        "dicts": ((PAIRS, LABELS), {}),
        "files": (([content(number) for number in range(COUNT)], LABELS), {}),
        "paths": (([tmp_path / f"{number}.wav" for number in range(COUNT)], LABELS), {}),
        "frame": (pd.DataFrame({"audio": PAIRS, "label": LABELS}), {}),
        "hugging face": (audio_dataset(), {}),
        "hugging face files": (audio_dataset(tmp_path), {}),
    }[kind]
    entry, examples = opened(data, **options)
    assert (entry.task, entry.model_options["input"]) == ("classification", "audio")
    assert entry.defaults["sample_rate"] == RATE
    assert examples.classes == ("high", "low")
    for split in ("train", "validation", "test"):
        pairs = zip(examples.split(split).as_numpy_iterator(), expected.split(split).as_numpy_iterator(), strict=True)
        for (samples, target), (wanted, wanted_target) in pairs:
            np.testing.assert_allclose(samples, wanted, atol=1e-7)
            assert target == wanted_target


def test_series_without_a_rate_stay_series():
    entry = registry.find_dataset(bind_data((FLOATS, LABELS), {})[0], TASKS)
    assert entry.model_options["input"] == "series"


def test_transcripts_are_texts():
    data, options = bind_data((FLOATS, [f"take {label}" for label in LABELS]), {"sampling_rate": RATE})
    entry = registry.find_dataset(data, ("transcription",), options)
    assert (entry.task, entry.model_options["input"]) == ("transcription", "audio")


@pytest.mark.parametrize(
    ("value", "rate", "told"),
    [
        (FLOATS[0], 0, "sample rate is unknown. Name it, as in sampling_rate=16000"),
        ({"array": FLOATS[0], "sampling_rate": "8 kHz"}, 0, "an integer sampling_rate is expected; received '8 kHz'"),
        (np.zeros([0], "float32"), RATE, "no samples"),
        (np.asarray([0.1, np.nan]), RATE, "not a finite number"),
        ([1000, 20000, 0], RATE, "samples from -1 to 1 are expected, or integers of a NumPy type"),
        (np.zeros([9, 9]), RATE, "up to 8 channels"),
        (["a", "b"], RATE, "numbers (samples,) or (samples, channels) are expected"),
        (b"RIFF", 0, "it"),
    ],
)
def test_a_fault_is_named(value, rate, told):
    with pytest.raises(DataError) as raised:
        samples_of(value, rate, 16_000, 10)
    assert told in str(raised.value)


def test_channels_are_averaged_and_rates_converted():
    both = np.stack([FLOATS[0], -FLOATS[0]], axis=1)
    assert np.abs(samples_of(both, RATE, RATE, 10)).max() == 0
    assert len(samples_of({"array": FLOATS[0], "sampling_rate": RATE}, 0, 2 * RATE, 10)) == 2 * len(FLOATS[0])


def test_a_missing_recording_is_a_bad_row():
    with pytest.raises(DataError, match=r"row 1, column 'audio'.*the recording is missing.*skip_bad_rows=True"):
        opened(([PAIRS[0], None, *PAIRS[2:]], LABELS))


def test_a_run_learns_evaluates_and_predicts_them_as_documented(models_dir):
    names = {"zoo": zoo, "waveforms": FLOATS, "labels": LABELS}
    exec(PROGRAM.replace("epochs=1", "epochs=1, units=4"), names)
    run = names["run"]
    assert run.path.parent == models_dir
    assert run.config.dataset.name == "memory:arrays"
    assert run.config.task.reader["sample_rate"] == RATE
    assert run.evaluate(dataset=(FLOATS, LABELS)) == pytest.approx(run.metrics, abs=1e-6)
    assert run.evaluate(dataset=(FLOATS[:8], LABELS[:8])).examples == 8
    twice, once = run.predict([{"array": np.repeat(FLOATS[0], 2), "sampling_rate": 2 * RATE}, FLOATS[0]])
    assert twice["label"] == once["label"]
