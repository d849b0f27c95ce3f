"""Small data sets drawn from a seed, which default options must learn: recordings of two words, and series of speakers.

They are like YesNo (60 recordings of eight words each, 30 of them to train) and Japanese Vowels (270 series of 12
features to train, 370 to test).
"""

import csv
import wave

import numpy as np

RATE = 8000
WORDS = ("yes", "no")


def write_recordings(folder, count, seed, words=8):
    """Writes `count` recordings of some words each, with a table `labels.csv` of what is said; returns the folder."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    with open(folder / "labels.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["audio", "text"])
        for number in range(count):
            said = [WORDS[choice] for choice in random.integers(0, 2, words)]
            write_wav(folder / f"{number}.wav", recording(said, random))
            table.writerow([f"{number}.wav", " ".join(said)])
    return folder


def write_words(folder, count, seed):
    """Writes `count` recordings of one word each, in a folder for each word; returns the folder."""
    random = np.random.default_rng(seed)
    for number in range(count):
        word = WORDS[number % 2]
        (folder / word).mkdir(parents=True, exist_ok=True)
        write_wav(folder / word / f"{number}.wav", recording([word], random))
    return folder


def write_shops(folder):
    """Writes a table over time with two series, and returns its path."""
    lines = ["day,shop,sales"]
    for shop, level in (("north", 20), ("south", 50)):
        days = np.datetime64("2024-01-01") + np.arange(120)
        lines += [f"{day},{shop},{level + day.astype(int) % 7}" for day in days]
    (folder / "shops.csv").write_text("\n".join(lines) + "\n")
    return folder / "shops.csv"


def write_wav(path, samples):
    """Writes a recording, float from -1 to 1, as 16 bits a sample."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def recording(said, random):
    """Returns words with pauses between, over noise, by a speaker of a pitch of their own."""
    pitch, loudness = random.uniform(90, 220), random.uniform(0.1, 0.4)
    parts = [np.zeros(random.integers(RATE // 20, RATE // 3))]
    for word in said:
        parts += [
            _word(word, pitch * random.uniform(0.9, 1.1), random),
            np.zeros(random.integers(RATE // 8, RATE // 2)),
        ]
    samples = loudness * np.concatenate(parts)
    return samples + random.normal(0, random.uniform(0.003, 0.02), len(samples))


def _word(word, pitch, random):
    """Returns a word: "yes" glides from one front vowel to another and ends in a hiss, "no" between back vowels."""
    seconds = random.uniform(0.2, 0.4)
    first, second = ((350, 2200), (550, 1800)) if word == "yes" else ((280, 1100), (450, 850))
    voiced = _voiced(pitch, np.array(first) * random.uniform(0.9, 1.1), np.array(second), seconds)
    if word == "no":
        return voiced
    hiss = np.diff(random.normal(0, 0.3, int(RATE * random.uniform(0.08, 0.2))))
    return np.concatenate([voiced, hiss * np.hanning(len(hiss))])


def _voiced(pitch, first, second, seconds):
    """Returns harmonics of a pitch, loudest around two formants that move from `first` to `second`, in hertz."""
    time = np.arange(int(RATE * seconds)) / RATE
    share = (time / seconds)[:, None]
    formants = (1 - share) * first + share * second  # (samples, 2)
    harmonics = pitch * np.arange(1, int(RATE / 2 / pitch))
    weights = np.exp(-(((harmonics[None, :, None] - formants[:, None]) / 150) ** 2)).sum(axis=-1)
    tone = (weights * np.sin(2 * np.pi * time[:, None] * harmonics)).sum(axis=1)
    return np.hanning(len(tone)) * tone / np.abs(tone).max()


def draw_series(count, seed, speakers=9, features=12, voices=0):
    """Returns series of 7 to 29 steps as an object array of float32 arrays (steps, features), and their speakers.

    Each speaker's vowel glides between two points; what one utterance adds to them is shared by all its steps.

    Args:
        count: how many series.
        seed: of the series.
        speakers: how many speakers.
        features: numbers a step.
        voices: seed of the speakers, the same ones for series to train and to test.
    """
    speaker = np.random.default_rng(voices).normal(0, 0.35, (speakers, 2, features))
    random = np.random.default_rng(seed)
    labels = np.arange(count) % speakers
    series = np.empty(count, object)
    for number, label in enumerate(labels):
        start, end = speaker[label] + random.normal(0, 0.33, (2, features))
        share = np.linspace(0, 1, random.integers(7, 30))[:, None]
        steps = (1 - share) * start + share * end
        series[number] = (steps + random.normal(0, 0.15, steps.shape)).astype("float32")
    return series, labels
