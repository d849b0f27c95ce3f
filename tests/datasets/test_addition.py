import re
from collections import Counter

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.addition import generate

ENTRY = registry.datasets.get("addition")


@pytest.fixture(scope="module")
def splits():
    examples, parts = ENTRY.make(None, 0), {}
    for name in ("train", "validation", "test"):
        texts, results = examples.split(name).batch(100_000).get_single_element()
        parts[name] = [
            (text.decode(), result.decode()) for text, result in zip(texts.numpy(), results.numpy(), strict=True)
        ]
    return parts


def operands(text):
    return [int(part) for part in text.split("+")]


def test_the_target_is_the_sum(splits):
    for rows in splits.values():
        for text, result in rows:
            assert re.fullmatch(r"(0|[1-9]\d{0,2})\+(0|[1-9]\d{0,2})", text)
            assert result == str(sum(operands(text)))


def test_no_pair_of_operands_is_in_two_splits_in_any_order(splits):
    pairs = {name: {frozenset(operands(text)) for text, _ in rows} for name, rows in splits.items()}
    assert not pairs["train"] & pairs["validation"]
    assert not pairs["train"] & pairs["test"]
    assert not pairs["validation"] & pairs["test"]


def test_the_splits_have_their_sizes_and_no_sum_comes_twice(splits):
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 40_000, "validation": 1000, "test": 1000}
    assert len({text for rows in splits.values() for text, _ in rows}) == 42_000


def test_short_operands_are_there(splits):
    """Of all pairs, 99% have an operand of three digits, and 81% have two."""
    for name, rows in splits.items():
        digits = Counter(tuple(len(part) for part in text.split("+")) for text, _ in rows)
        shares = {lengths: count / len(rows) for lengths, count in digits.items()}
        assert len(shares) == 9, name
        assert max(shares.values()) < 0.25
        assert shares[2, 2] > 0.1
        assert shares[1, 2] + shares[2, 1] > 0.03
        for short, long in ((1, 2), (1, 3), (2, 3)):
            assert 0.7 < shares[short, long] / shares[long, short] < 1.4


def test_nearly_all_sums_of_two_digits_are_in_some_split(splits):
    seen = {text for rows in splits.values() for text, _ in rows}
    assert sum(f"{a}+{b}" in seen for a in range(10) for b in range(10)) >= 95


def test_they_are_the_same_everywhere_and_whatever_the_seed_of_training(splits):
    first, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert first.checksum == other.checksum == "83ed7673310cfe53402c6652bc87c17deea4b628849ee5716d6b45d074909a6b"
    assert generate()["test"] == splits["test"]
    assert generate(seed=1)["test"] != splits["test"]
