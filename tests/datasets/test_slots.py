import random
from collections import Counter, defaultdict

import pytest
from sklearn.linear_model import Perceptron
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.slots import NEW_VALUES, _request, generate

ENTRY = registry.datasets.get("slots")


@pytest.fixture(scope="module")
def splits():
    examples, parts = ENTRY.make(None, 0), {}
    for name in ("train", "validation", "test"):
        texts, tags = examples.split(name).batch(100_000).get_single_element()
        parts[name] = [
            (text.decode().split(" "), row.decode().split(" "))
            for text, row in zip(texts.numpy(), tags.numpy(), strict=True)
        ]
    return parts


def values(rows):
    """Returns for each kind of slot the values that fill it; all cities are of one kind."""
    found = defaultdict(Counter)
    for tokens, tags in rows:
        for place, tag in enumerate(tags):
            if tag.startswith("B-"):
                end = place + 1
                while end < len(tags) and tags[end] == f"I-{tag[2:]}":
                    end += 1
                found["city" if tag.endswith("_city") else tag[2:]][" ".join(tokens[place:end])] += 1
    return found


def test_the_splits_have_their_sizes_and_share_no_sentence(splits):
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 5000, "validation": 500, "test": 500}
    assert len({tuple(tokens) for rows in splits.values() for tokens, _ in rows}) == 6000


def test_every_token_has_a_tag_and_the_tags_are_bio(splits):
    for rows in splits.values():
        for tokens, tags in rows:
            assert len(tokens) == len(tags)
            assert all(tokens)
            assert set("".join(tokens)) <= set("abcdefghijklmnopqrstuvwxyz'")
            for before, tag in zip(["O", *tags], tags, strict=False):
                assert not tag.startswith("I-") or before in (tag, f"B-{tag[2:]}")


def test_the_classes_are_the_tags_outside_first(splits):
    classes = ENTRY.make(None, 0).classes
    assert classes[0] == "O"
    assert list(classes[1:]) == sorted(classes[1:])
    counts = {name: Counter(tag for _, tags in rows for tag in tags) for name, rows in splits.items()}
    assert counts["train"].keys() == counts["test"].keys() == set(classes)
    assert min(counts["train"].values()) >= 50
    assert len({tag[2:] for tag in classes[1:]}) == 19


def test_a_word_is_in_several_slots(splits):
    tags_of = defaultdict(Counter)
    for tokens, tags in splits["train"]:
        for token, tag in zip(tokens, tags, strict=True):
            tags_of[token][tag] += 1
    cities = {"B-from_city", "B-to_city", "B-stop_city", "B-city"}
    assert all(cities <= tags_of[word].keys() for word in ("boston", "new", "berlin", "kuala"))
    assert {"B-artist", "B-song"} <= tags_of["berlin"].keys()
    assert {"B-party_size", "B-count", "B-time", "I-time", "B-duration", "B-song"} <= tags_of["three"].keys()
    # Where a word has several tags, its commonest one is no answer.
    rest = sum(counts.total() - max(counts.values()) for counts in tags_of.values())
    assert rest / sum(counts.total() for counts in tags_of.values()) > 0.15


def test_some_values_are_in_the_test_split_only(splits):
    train, validation, test = (values(splits[name]) for name in ("train", "validation", "test"))
    for kind in train.keys() - {"date", "time", "duration"}:
        assert validation[kind].keys() <= train[kind].keys()
        new = Counter({value: count for value, count in test[kind].items() if value not in train[kind]})
        assert new.keys() <= set(NEW_VALUES.get(kind, "").split("|"))
        if kind in NEW_VALUES:
            assert 0.3 < new.total() / test[kind].total() < 0.7, kind
    words = {word for tokens, _ in splits["train"] for word in tokens}
    assert 0.3 < sum(not words.issuperset(tokens) for tokens, _ in splits["test"]) / 500 < 0.6
    assert all(words.issuperset(tokens) for tokens, _ in splits["validation"])


def test_a_sentence_has_one_meaning():
    draw = random.Random(0)
    meaning = {}
    for _ in range(20_000):
        text, tags = _request(draw, new_probability=0.3)
        assert meaning.setdefault(text, tags) == tags, text
    assert len(meaning) > 15_000


def windows(rows, reach):
    """Returns the words around each token, `reach` on either side, and the token's tag."""
    seen = []
    for tokens, _ in rows:
        padded = ["<"] * reach + tokens + [">"] * reach
        seen += [padded[place : place + 2 * reach + 1] for place in range(len(tokens))]
    return seen, [tag for _, tags in rows for tag in tags]


def right_sentences(splits, reach):
    """Returns the share of test sentences that a linear model of the words around a token tags without a mistake."""
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Perceptron(max_iter=10, random_state=0, tol=None))
    model.fit(*windows(splits["train"][:2500], reach))
    answers = iter(model.predict(windows(splits["test"], reach)[0]))
    return sum([next(answers) for _ in tags] == tags for _, tags in splits["test"]) / len(splits["test"])


def test_context_decides(splits):
    alone, neighbors, wide = (right_sentences(splits, reach) for reach in (0, 1, 4))
    print(f"whole sentences right: by the word {alone:.1%}, by its neighbors {neighbors:.1%}, by 4 a side {wide:.1%}")
    assert alone < 0.1
    assert neighbors < 0.75
    assert wide > 0.9


def test_they_are_the_same_everywhere_and_whatever_the_seed_of_training(splits):
    first, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert first.checksum == other.checksum == "373a6a54dac3e0239940654afdebab7ec260b59f1775dd7451d5755a087f4224"
    assert [(text.split(), tags.split()) for text, tags in generate()["test"]] == splits["test"]
    assert generate(seed=1)["test"] != generate()["test"]
