"""Recordings with a target for each frame: in memory, in archives, and in tables."""

import csv
import itertools
import json
import wave

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError

RATE, HOP = 8000, 80
TASKS = ("step_classification", "step_regression")
DRAW = np.random.default_rng(0)


def recordings(count=24):
    """Returns recordings of a tone that is high in some frames, and which frames."""
    sounds, labels = [], []
    for _ in range(count):
        high = np.repeat(DRAW.random(4) < 0.5, int(DRAW.integers(5, 12)))
        tone = np.where(np.repeat(high, HOP), 1500, 300)
        sounds.append((0.3 * np.sin(np.cumsum(2 * np.pi * tone / RATE))).astype("float32")[: HOP * len(high) - 13])
        labels.append(np.where(high, "high", "low"))
    return sounds, labels


SOUNDS, LABELS = recordings()
INTEGERS = [np.where(labels == "high", 1, 0) for labels in LABELS]


def write(path, rows, header=("recording", "labels")):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_sounds(folder):
    """Writes the recordings as WAV files; returns their names."""
    for number, sound in enumerate(SOUNDS):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(np.rint(32767 * sound).astype("<i2").tobytes())
    return [f"{number}.wav" for number in range(len(SOUNDS))]


def opened(data, **options):
    """Returns the dataset, and its examples."""
    dataset = registry.find_dataset(data, TASKS, options)
    chosen = {**dataset.defaults, **options}
    chosen = {name: value for name, value in chosen.items() if name in dataset.options}
    return dataset, dataset.open(None, 0, chosen)


def pairs(examples):
    return [pair for name in examples.splits for pair in examples.split(name).as_numpy_iterator()]


def assert_all_frames(data, **options):
    """Holds that data opens as the recordings with their labels."""
    dataset, examples = opened(data, **options)
    assert dataset.task == "step_classification" and dataset.model_options == {"input": "audio"}
    assert dataset.defaults["sample_rate"] == RATE
    found = {len(sound): labels for sound, labels in pairs(examples)}
    for sound, labels in zip(SOUNDS, INTEGERS, strict=True):
        assert found[len(sound)].shape == (-(-len(sound) // HOP),) == labels.shape
    counts = sum(np.bincount(labels, minlength=2) for labels in INTEGERS)
    assert sum(np.bincount(labels, minlength=2) for _, labels in pairs(examples)).tolist() in (
        counts.tolist(),
        counts[::-1].tolist(),  # "high" comes before "low".
    )
    return examples


def test_recordings_in_memory():
    assert_all_frames((SOUNDS, LABELS), sampling_rate=RATE)
    assert_all_frames(([{"array": sound, "sampling_rate": RATE} for sound in SOUNDS], INTEGERS))


def test_recordings_in_an_archive(tmp_path):
    arrays = {"x": np.concatenate(SOUNDS), "lengths": [len(sound) for sound in SOUNDS]}
    ragged = np.empty(len(LABELS), object)
    ragged[:] = INTEGERS
    x = np.empty(len(SOUNDS), object)
    x[:] = SOUNDS
    np.savez(tmp_path / "a.npz", x=x, y=ragged, sampling_rate=RATE)
    assert_all_frames(f"npz:{tmp_path / 'a.npz'}")
    np.savez(tmp_path / "b.npz", x=x, y=ragged)
    assert_all_frames(f"npz:{tmp_path / 'b.npz'}", sampling_rate=RATE)
    np.savez(tmp_path / "c.npz", **arrays, y=ragged, sampling_rate=RATE)
    with pytest.raises(DataError, match="steps in all"):
        opened(f"npz:{tmp_path / 'c.npz'}", columns="input=x,target=y")


@pytest.mark.parametrize("form", ["cell", "lines", "spans", "json"])
def test_recordings_named_in_a_table(tmp_path, form):
    cells = []
    for number, labels in enumerate(LABELS):
        path = tmp_path / f"{number}.{'json' if form == 'json' else 'txt'}"
        if form == "lines":
            path.write_text("\n".join(labels))
        elif form == "json":
            path.write_text(json.dumps(labels.tolist()))
        elif form == "spans":
            starts = [0, *np.flatnonzero(labels[1:] != labels[:-1]) + 1, len(labels)]
            spans = [(a / 100, b / 100, labels[a]) for a, b in itertools.pairwise(starts)]
            path.write_text("".join(f"{a}\t{b}\t{label}\n" for a, b, label in spans))
        cells.append(" ".join(labels) if form == "cell" else path.name)
    write(tmp_path / "a.csv", zip(write_sounds(tmp_path), cells, strict=True))
    assert_all_frames(f"csv:{tmp_path / 'a.csv'}", columns="input=recording,target=labels")


def test_numbers_for_each_frame():
    y = [np.stack([np.arange(len(labels)) / 7, labels == "low"], axis=1) for labels in LABELS]
    dataset, examples = opened((SOUNDS, y), sampling_rate=RATE)
    assert dataset.task == "step_regression" and dataset.defaults["target_names"] == "0+1"
    assert all(target.shape == (-(-len(sound) // HOP), 2) for sound, target in pairs(examples))


def test_other_rates_have_other_frames():
    _, examples = opened((SOUNDS, LABELS), sampling_rate=RATE, sample_rate=4000)
    assert all(abs(len(sound) - 40 * len(labels)) <= 40 for sound, labels in pairs(examples))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            "low high",
            r"line 9, column 'labels': 2 targets for the \d+ frames of 10 ms of a recording with [\d,]+ samples",
        ),
        ("none.txt", r"line 9, column 'labels': the file '.*none\.txt' cannot be read"),
        ("overlap.txt", r"overlap\.txt line 2: the span begins before the one before it ends"),
        ("times.txt", r"times\.txt line 1: a start and an end in seconds are expected"),
        ("uneven.txt", "each frame needs the same number of targets"),
        ("bad.json", "the targets are not valid JSON"),
        ("", "there are no targets"),
    ],
)
def test_targets_that_do_not_fit_are_named(tmp_path, cell, message):
    (tmp_path / "overlap.txt").write_text("0\t0.3\tlow\n0.2\t1\thigh\n")
    (tmp_path / "times.txt").write_text("a\t0.3\tlow\n")
    (tmp_path / "uneven.txt").write_text("1 2\n3\n")
    (tmp_path / "bad.json").write_text("[1,")
    cells = [" ".join(labels) for labels in LABELS]
    cells[7] = cell
    write(tmp_path / "a.csv", zip(write_sounds(tmp_path), cells, strict=True))
    with pytest.raises(DataError, match=message):
        opened(f"csv:{tmp_path / 'a.csv'}", columns="input=recording,target=labels")


def test_a_recording_that_cannot_be_read_is_named(tmp_path):
    names = write_sounds(tmp_path)
    (tmp_path / names[3]).write_bytes(b"RIFFnothing")
    write(tmp_path / "a.csv", zip(names, (" ".join(labels) for labels in LABELS), strict=True))
    with pytest.raises(DataError, match=r"line 5, column 'recording': the recording cannot be read"):
        opened(f"csv:{tmp_path / 'a.csv'}", columns="input=recording,target=labels")


def test_a_run_answers_each_frame_of_own_recordings(models_dir):
    small = {"units": 4, "epochs": 1, "batch_size": 8, "verbose": 0, "bidirectional": False}
    run = zoo.train("sync_many_to_many", dataset=(SOUNDS, LABELS), sampling_rate=RATE, **small)
    assert run.config.task.input == "audio"
    assert zoo.evaluate(run, dataset=(SOUNDS[:5], LABELS[:5]), sampling_rate=RATE).examples == 5
    (answer,) = run.predict([SOUNDS[0]])
    assert answer["lengths"] == len(LABELS[0]) and set(answer["labels"]) <= {"high", "low"}
    opened = zoo.stream(run)
    labels = opened.feed(SOUNDS[0][:500])["labels"] + opened.feed(SOUNDS[0][500:], final=True)["labels"]
    assert labels == answer["labels"]


@pytest.fixture(scope="module")
def frames_run(tmp_path_factory):
    """A run on a table of recordings, in the folder of its models."""
    folder = tmp_path_factory.mktemp("frames")
    names = write_sounds(folder)
    write(folder / "a.csv", zip(names, (" ".join(labels) for labels in LABELS), strict=True))
    small = {"units": 4, "epochs": 1, "batch_size": 8, "verbose": 0, "models_dir": str(folder)}
    columns = "input=recording,target=labels"
    return zoo.train("sync_many_to_many", dataset=f"csv:{folder / 'a.csv'}", columns=columns, run="frames", **small)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "pattern", "memory"])
def test_each_frame_of_recordings_in_a_table_is_predicted(frames_run, tmp_path, kind):
    names = write_sounds(tmp_path)[:3]
    table = [{"room": f"r{number}", "recording": name} for number, name in enumerate(names)]
    answers = frames_run.predict([str(tmp_path / name) for name in names])
    if kind == "memory":
        rows = frames_run.predict([{**row, "recording": str(tmp_path / row["recording"])} for row in table])
    else:
        write(tmp_path / "new-0.csv", [row.values() for row in table[:2]], ("room", "recording"))
        write(tmp_path / "new-1.csv", [row.values() for row in table[2:]], ("room", "recording"))
        (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
        write(tmp_path / "new.csv", [row.values() for row in table], ("room", "recording"))
        source = "new-*.csv" if kind == "pattern" else f"new.{kind}"
        counts = zoo.predict_file(frames_run, str(tmp_path / source), str(tmp_path / "out.jsonl"))
        assert counts == {"predicted": 3, "skipped": 0}
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["room"] for row in rows] == [f"r{n}" for n in range(3) for _ in LABELS[n]]
    assert [row["step"] for row in rows] == [step for n in range(3) for step in range(len(LABELS[n]))]
    assert [row["predicted_label"] for row in rows] == [label for answer in answers for label in answer["labels"]]
    found = [list(row["predicted_probabilities"].values()) for row in rows]
    np.testing.assert_allclose(found, np.concatenate([answer["probabilities"] for answer in answers]), atol=1e-5)


def test_a_recording_to_predict_that_cannot_be_read_is_named_or_skipped(frames_run, tmp_path):
    (name,) = write_sounds(tmp_path)[:1]
    write(tmp_path / "new.csv", [[name], ["none.wav"]], ["recording"])
    with pytest.raises(DataError, match=r"line 3, column 'recording': the recording cannot be read"):
        zoo.predict_file(frames_run, str(tmp_path / "new.csv"), str(tmp_path / "out.csv"))
    counts = zoo.predict_file(frames_run, str(tmp_path / "new.csv"), str(tmp_path / "out.csv"), skip_bad_rows=True)
    assert counts == {"predicted": 1, "skipped": 1}
    write(tmp_path / "other.csv", [[1], [2]], ["load"])
    with pytest.raises(DataError, match="no column 'recording'"):
        zoo.predict_file(frames_run, str(tmp_path / "other.csv"), str(tmp_path / "out.csv"))
    with pytest.raises(DataError, match=r"column 'load': the recording cannot be read"):
        zoo.predict_file(frames_run, str(tmp_path / "other.csv"), str(tmp_path / "out.csv"), columns="input=load")
