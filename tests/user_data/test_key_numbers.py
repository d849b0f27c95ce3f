"""Hashes of rows, sorted by class within their array."""

import array
import random
from collections import Counter

import numpy as np
import pytest

from keras_rnn_zoo.user_data import key_numbers
from keras_rnn_zoo.user_data.key_numbers import count_different, count_shared, sorted_by_class
from keras_rnn_zoo.user_data.validation_pass import RowReport


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    monkeypatch.setattr(key_numbers, "_PART", 7)


@pytest.mark.parametrize("classes", [1, 3, 2048, 2049, 5000])
def test_each_class_has_its_own_hashes_in_order(classes):
    generator = random.Random(classes)
    numbers = [generator.randrange(2**53) for _ in range(10_000)] + [0, 2**53 - 1]
    strata = [generator.randrange(classes) for _ in numbers]
    expected = {str(index): [] for index in range(classes)}
    for number, stratum in zip(numbers, strata, strict=True):
        expected[str(stratum)].append(number)
    found = sorted_by_class(np.array(numbers, "uint64"), np.array(strata), [*expected])
    assert {name: part.tolist() for name, part in found} == {name: sorted(part) for name, part in expected.items()}


def test_without_classes_all_hashes_have_the_first():
    ((name, found),) = sorted_by_class(np.array([3, 1, 2], "uint64"), np.zeros(0, "uint8"), [""])
    assert (name, found.tolist()) == ("", [1, 2, 3])
    assert [(name, len(found)) for name, found in sorted_by_class(np.zeros(0, "uint64"), np.zeros(0), [""])] == [
        ("", 0)
    ]


def test_hashes_that_occur_again_are_counted():
    generator = random.Random(0)
    for count in (0, 1, 2, 7, 8, 100):
        numbers, others = ([generator.randrange(30) for _ in range(count)] for _ in range(2))
        assert count_different(np.array(numbers, "uint64")) == len(set(numbers))
        shared = sum(number in others for number in numbers)
        assert count_shared(np.array(numbers, "uint64"), np.array(others, "uint64")) == shared


def report(labels):
    found = RowReport(None)
    indices = {}
    for number, label in enumerate(labels):
        found.labels[label] += 1
        indices.setdefault(label, len(indices))
        found._widen()
        found.strata.append(indices[label])
        found.numbers.append(number)
    return found


@pytest.mark.parametrize(("classes", "size"), [(256, 1), (257, 2), (70_000, 4)])
def test_a_class_takes_as_few_bytes_as_its_index_needs(classes, size):
    first, second = ([f"c{number}" for number in range(0, classes, step)] for step in (1, 2))
    found = RowReport(None)
    for labels in (second, first):
        part = RowReport(None, labels=Counter(labels), strata=array.array("I", range(len(labels))))
        part.numbers.extend(range(len(labels)))
        found.add(part)
    assert found.strata.itemsize == size
    names = list(found.labels)
    assert [names[stratum] for stratum in found.strata] == [*second, *first]


def test_a_report_needs_no_memory_for_rows_once_it_is_summarized():
    training, held_out = report(["a", "b", "a", "c"]), report(["a", "a"])
    training.numbers = array.array("Q", [5, 1, 5, 9])
    training.inputs, held_out.inputs = array.array("Q", [5, 1, 5, 9]), array.array("Q", [9, 2])
    assert {name: part.tolist() for name, part in training.sorted_numbers()} == {"a": [5, 5], "b": [1], "c": [9]}
    for one in (training, held_out):
        one.summarize(training)
    for one in (training, held_out):
        one.forget_numbers()
    assert (training.repeated, held_out.shared) == (1, 1)
    assert (training.rows, held_out.rows) == (4, 2)
    assert not training.numbers
    assert not training.inputs
    assert training.has_strata
