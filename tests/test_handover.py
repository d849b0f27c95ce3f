"""What process 0 of several hands over to the others, here within one process."""

import random
from dataclasses import replace

import numpy as np
import pytest

from keras_rnn_zoo.training.handover import hand_over, take_over
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.plan import Request, make_plan
from keras_rnn_zoo.training.prepare import open_data
from keras_rnn_zoo.training.progress import Progress
from keras_rnn_zoo.user_data import dataset as user_dataset
from keras_rnn_zoo.user_data.python_data import bind_data

WORDS = ("good", "bad", "soup", "tea")
TEXTS = [f"the {WORDS[2 + number % 2]} is {WORDS[number % 2]} {number}" for number in range(60)]
STARS = [5 - 4 * (number % 2) for number in range(60)]


@pytest.fixture
def file(tmp_path):
    rows = [f"{text},{stars}" for text, stars in zip(TEXTS, STARS, strict=True)]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["review,stars", *rows]) + "\n")
    return path


def progress_of(data, folder, **options):
    dataset, options = bind_data(data, options)
    request = Request("many_to_one", dataset, None, {}, options, "run", str(folder))
    return Progress(make_plan(request, resume=False, overwrite=True), KerasObjects())


@pytest.mark.parametrize("in_memory", [False, True])
def test_the_others_have_the_same_data_and_task_and_check_no_row(in_memory, file, tmp_path, monkeypatch):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("".join(f"{word} {number} 1 2\n" for number, word in enumerate(("good", "soup"))))
    data = (TEXTS, STARS) if in_memory else f"csv:{file}"
    chief = progress_of(data, tmp_path / "shared", vectors=str(vectors))
    examples, task, _ = open_data(chief)
    drawn, packed = random.getstate(), hand_over(chief)

    other = progress_of(data, tmp_path / "shared", vectors=str(vectors))
    monkeypatch.setattr(user_dataset, "validate_rows", lambda *_, **__: pytest.fail("A row was checked again."))
    random.seed(7)
    found, same = take_over(other, packed)
    assert random.getstate() == drawn
    assert other.fingerprint == chief.fingerprint
    assert same.classes == task.classes
    assert same.reader.ids.vocabulary == task.reader.ids.vocabulary
    np.testing.assert_array_equal(other.vectors.values, chief.vectors.values)
    np.testing.assert_array_equal(other.vectors.found, chief.vectors.found)
    for split in examples.splits:
        whole, again = (
            [(raw, target) for raw, target in one.split(split).as_numpy_iterator()] for one in (examples, found)
        )
        assert whole == again


def test_other_rows_are_noticed(file, tmp_path):
    chief = progress_of(f"csv:{file}", tmp_path / "shared")
    open_data(chief)
    packed = hand_over(chief)
    file.write_text(file.read_text().replace("soup is good 0", "soup was good 0"))
    other = progress_of(f"csv:{file}", tmp_path / "shared")
    take_over(other, packed)
    assert other.fingerprint != chief.fingerprint


def test_other_versions_are_noticed(file, tmp_path):
    chief = progress_of(f"csv:{file}", tmp_path / "shared")
    open_data(chief)
    other = progress_of(f"csv:{file}", tmp_path / "shared")
    other.config = replace(other.config, versions={**other.config.versions, "keras": "3.0.0"})
    take_over(other, hand_over(chief))
    assert other.fingerprint != chief.fingerprint
