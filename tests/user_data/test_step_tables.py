"""Data with a target for each step: how rows and arrays become sequences, which splits keep whole."""

import json
import logging

import numpy as np
import pandas as pd
import pytest
from columnar_files import write_arrow, write_excel, write_json, write_parquet, write_sqlite

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.inference.rebuild import make_task
from keras_rnn_zoo.user_data.python_data import bind_data

COLUMNS = "id=recording,order=t,input=ax+ay,target=label"
TASKS = ("tagging", "language_modeling", "step_classification", "step_regression")


def log(count=20, seed=0):
    """Returns a table of recordings of 3 to 8 steps, whose label says whether `ax` is positive."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        for t in range(int(random.integers(3, 9))):
            ax, ay = random.normal(size=2).round(3)
            rows.append(
                (f"r{number}", t, float(ax), float(ay), "up" if ax > 0 else "down", round(2 * float(ax) + 0.125, 4))
            )
    return pd.DataFrame(rows, columns=["recording", "t", "ax", "ay", "label", "power"])


def found(data, columns=COLUMNS, **options):
    data, options = bind_data(data, {"columns": columns, **options} if columns else options)
    return registry.find_dataset(data, TASKS, options), options


def opened(data, columns=COLUMNS, seed=0, **options):
    dataset, options = found(data, columns, **options)
    return dataset.open(None, seed, {name: value for name, value in options.items() if name in dataset.options})


def csv_of(tmp_path, frame, name="log.csv"):
    frame.to_csv(tmp_path / name, index=False)
    return f"csv:{tmp_path / name}"


def sequences(examples):
    """Returns the sequences of all splits, as a set that can be compared."""
    rows = [pair for name in examples.splits for pair in examples.split(name).as_numpy_iterator()]
    return {(raw.tobytes(), target.astype("float32").tobytes()) for raw, target in rows}


def by_recording(frame, column="label"):
    labels = sorted(frame[column].unique()) if frame[column].dtype.kind not in "fiu" else None
    groups = [group.sort_values("t") for _, group in frame.groupby("recording", sort=False)]
    codes = [[labels.index(value) for value in group[column]] if labels else group[column] for group in groups]
    return {
        (group[["ax", "ay"]].to_numpy("float32").tobytes(), np.asarray(target, "float32").tobytes())
        for group, target in zip(groups, codes, strict=True)
    }


def test_rows_become_whole_sequences_in_the_order_of_their_column(tmp_path):
    frame = log()
    examples = opened(csv_of(tmp_path, frame.sample(frac=1, random_state=0)))
    assert examples.classes == ("down", "up")
    assert examples.recorded.rows == {"train": 16, "validation": 2, "test": 2}
    assert examples.recorded.columns == {"id": "recording", "order": "t", "input": "ax+ay", "target": "label"}
    assert sequences(examples) == by_recording(frame)
    raw, target = next(examples.split("train").as_numpy_iterator())
    assert raw.dtype == np.float32 and target.dtype == np.int32 and len(raw) == len(target)


def test_times_order_steps_too_and_rows_stay_in_order_without_a_column(tmp_path):
    frame = log()
    timed = frame.assign(t=[f"2024-01-01T00:00:{t:02}" for t in frame["t"]])
    assert sequences(opened(csv_of(tmp_path, timed.iloc[::-1]))) == by_recording(frame)
    columns = "id=recording,input=ax+ay,target=label"
    assert sequences(opened(csv_of(tmp_path, frame.drop(columns="t")), columns)) == by_recording(frame)


def write_all(folder, frame):
    """Writes a table in each format; returns the addresses, and the same table in memory."""
    rows = json.loads(frame.to_json(orient="records"))
    csv_of(folder, frame)
    frame.to_csv(folder / "log.tsv", index=False, sep="\t")
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_json(folder / "log.json", rows)
    write_parquet(folder / "log.parquet", rows)
    write_arrow(folder / "log.arrow", rows)
    write_excel(folder / "log.xlsx", rows)
    write_sqlite(folder / "log.db", rows)
    endings = ("csv", "jsonl", "parquet", "arrow", "xlsx", "db")
    files = [str(folder / f"log.{ending}") for ending in endings]
    files += [f"{name}:{folder}/log.{name}" for name in ("tsv", "json")]
    return [*files, frame, {name: list(frame[name]) for name in frame}, rows]


def test_the_same_rows_give_the_same_splits_in_every_format_and_in_memory(tmp_path):
    frame = log()
    splits = []
    for data in write_all(tmp_path, frame):
        examples = opened(data)
        assert examples.classes == ("down", "up")
        splits.append(
            [[raw.numpy().tobytes() for raw, _ in examples.split(name)] for name in ("train", "validation", "test")]
        )
        assert sequences(examples) == by_recording(frame)
    assert all(split == splits[0] for split in splits[1:])


def test_arrays_of_every_layout_hold_the_same_sequences(tmp_path):
    frame = log()
    groups = [group for _, group in frame.groupby("recording", sort=False)]
    x = [group[["ax", "ay"]].to_numpy("float32") for group in groups]
    y = [group["label"].to_numpy("U5") for group in groups]
    lengths, longest = np.array([len(one) for one in x]), max(map(len, x))
    ragged = {name: np.empty(len(x), object) for name in "xy"}
    ragged["x"][:], ragged["y"][:] = x, [one.tolist() for one in y]
    padded = {
        "x": np.stack([np.pad(one, ((0, longest - len(one)), (0, 0))) for one in x]),
        "y": np.stack([np.pad(one, (0, longest - len(one))) for one in y]),
        "lengths": lengths,
    }
    joined = {"x": np.concatenate(x), "y": np.concatenate(y), "lengths": lengths}
    for name, arrays in {"ragged": ragged, "padded": padded, "joined": joined}.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
        assert sequences(opened(f"npz:{tmp_path / name}.npz", "")) == by_recording(frame)
    assert sequences(opened((x, y), "")) == by_recording(frame)
    assert sequences(opened({"series": x, "label": y}, "input=series,target=label")) == by_recording(frame)


def test_the_values_say_whether_targets_are_classes_several_at_once_or_numbers(tmp_path):
    frame = log()
    frame["hot"], frame["loud"] = (frame["ax"] > 0.5).astype(int), (frame["ay"] > 0).astype(int)
    address = csv_of(tmp_path, frame)

    def form(target, **options):
        dataset, _ = found(address, COLUMNS.replace("target=label", target), **options)
        return dataset.task, dict(dataset.defaults)

    assert form("target=label") == ("step_classification", {"multilabel": False})
    assert form("target=hot") == ("step_classification", {"multilabel": False})
    assert form("target=hot+loud") == ("step_classification", {"multilabel": True})
    assert form("target=power") == ("step_regression", {"target_names": ""})
    assert form("value=hot+loud") == ("step_regression", {"target_names": "hot+loud"})
    assert form("value=hot") == ("step_regression", {"target_names": ""})
    examples = opened(address, COLUMNS.replace("target=label", "target=hot+loud"))
    assert examples.classes == ("hot", "loud")
    assert sequences(opened(address, COLUMNS.replace("label", "power"))) == by_recording(frame, "power")
    for raw, target in examples.split("test").as_numpy_iterator():
        assert target.dtype == np.int8
        assert (target == np.stack([raw[:, 0] > 0.5, raw[:, 1] > 0], 1)).all()


def test_one_hot_rows_are_one_class_and_others_several(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 4, 1))
    one_hot = np.eye(3, dtype="float32")[np.arange(80) % 3].reshape(20, 4, 3)
    np.savez(tmp_path / "a.npz", x=x, y=one_hot, classes=["a", "b", "c"])
    dataset, _ = found(f"npz:{tmp_path}/a.npz", "")
    assert dataset.task == "step_classification" and dataset.defaults == {"multilabel": False}
    examples = opened(f"npz:{tmp_path}/a.npz", "")
    assert examples.classes == ("a", "b", "c")
    assert next(examples.split("train").as_numpy_iterator())[1].dtype == np.int32
    assert next(opened(f"npz:{tmp_path}/a.npz", "", multilabel="true").split("test").as_numpy_iterator())[1].shape == (
        4,
        3,
    )
    one_hot[0, 0] = 0
    np.savez(tmp_path / "b.npz", x=x, y=one_hot)
    dataset, _ = found(f"npz:{tmp_path}/b.npz", "")
    assert dataset.defaults == {"multilabel": True}
    with pytest.raises(DataError, match="a single 1 in each row"):
        found(f"npz:{tmp_path}/b.npz", "", multilabel="false")


def test_a_file_for_each_recording_needs_no_id(tmp_path):
    frame = log(6)
    for name, group in frame.groupby("recording"):
        group.drop(columns="recording").to_csv(tmp_path / f"{name}.csv", index=False)
    examples = opened(f"csv:{tmp_path}/r*.csv", "order=t,input=ax+ay,target=label")
    assert sum(examples.recorded.rows.values()) == 6
    assert sequences(examples) == by_recording(frame)


def test_columns_are_guessed_from_usual_names(tmp_path):
    frame = log().drop(columns="power").rename(columns={"t": "step"})
    frame["note"] = "text"
    expected = {"id": "recording", "order": "step", "input": "ax+ay", "target": "label"}
    assert opened(csv_of(tmp_path, frame), "").recorded.columns == expected
    lists = frame.assign(spectrum=[[0.5, 1.5]] * len(frame))
    data, options = bind_data(lists, {})
    assert registry.find_dataset(data, TASKS[2:], options).open(None, 0, {}).recorded.columns == expected


def test_equal_sequences_are_in_one_split_whatever_else_is_in_the_file(tmp_path):
    frame = log()
    twice = pd.concat([frame, frame.assign(recording=frame["recording"] + "again")])
    examples = opened(csv_of(tmp_path, twice))
    content = {name: {raw.tobytes() for raw, _ in examples.split(name).as_numpy_iterator()} for name in examples.splits}
    assert not content["train"] & content["test"] and not content["train"] & content["validation"]


def test_skipped_targets_are_read_but_ignored_and_other_bad_rows_are_left_out(tmp_path):
    frame = log().astype({"label": object, "ax": object})
    frame.loc[3, "label"] = ""
    frame.loc[5, "ax"] = "much"
    address = csv_of(tmp_path, frame)
    with pytest.raises(DataError, match=r"line 5, column 'label': the label is empty.*Line 7, column 'ax'"):
        opened(address)
    examples = opened(address, skip_bad_rows=True)
    assert examples.recorded.bad_rows == {"train": 2}
    rows = [pair for name in examples.splits for pair in examples.split(name).as_numpy_iterator()]
    assert sum(len(raw) for raw, _ in rows) == len(frame) - 1
    assert sum((target == -1).sum() for _, target in rows) == 1


def test_the_first_look_tells_sequences_classes_and_what_is_odd(tmp_path, caplog):
    frame = pd.concat([log(), pd.DataFrame([("alone", 0, 1.5, 2.5, "up", 3.125)], columns=list(log()))])
    examples = opened(csv_of(tmp_path, frame))
    task = make_task(TaskConfig("step_classification", "series", {}, {"max_steps": 4}, examples.classes))
    task.fit(examples.split("train"))
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        examples.report(task)
    said = caplog.text
    assert "17 train, 2 validation, 2 test; columns id=recording" in said
    assert "Classes of the steps: down" in said
    assert "1 sequence has a single step" in said
    assert "more than max_steps=4;" in said


def test_options_that_do_not_fit_are_refused(tmp_path):
    address = csv_of(tmp_path, log())
    with pytest.raises(OptionError, match="names both 'label' and 'value'"):
        opened(address, "id=recording,input=ax,label=label,value=power")
    with pytest.raises(OptionError, match="received 'known=power'"):
        opened(address, COLUMNS + ",known=power")
    with pytest.raises(OptionError, match="the column 'ax' twice"):
        opened(address, "id=recording,input=ax+ax,target=label")
    with pytest.raises(DataError, match="need a column of 0 and 1 for each class"):
        opened(address, multilabel="true")
