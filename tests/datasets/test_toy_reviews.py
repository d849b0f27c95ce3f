import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.toy_reviews import generate

ENTRY = registry.datasets.get("toy_reviews")


def rows(split, seed=0):
    return [(text.decode(), int(label)) for text, label in ENTRY.make(None, seed).split(split).as_numpy_iterator()]


def test_the_splits_have_their_sizes_and_share_no_sentence():
    splits = {name: rows(name) for name in ("train", "validation", "test")}
    assert {name: len(part) for name, part in splits.items()} == {"train": 4000, "validation": 500, "test": 500}
    assert len({text for part in splits.values() for text, _ in part}) == 5000
    for part in splits.values():
        assert np.mean([label for _, label in part]) == 0.5


def test_the_sentences_are_the_same_whatever_the_seed_of_training():
    assert rows("test", seed=0) == rows("test", seed=1)
    assert ENTRY.make(None, 0).checksum == ENTRY.make(None, 1).checksum


def test_another_seed_of_the_generator_gives_other_sentences():
    first, second = generate(1), generate(2)
    assert [next(first) for _ in range(20)] != [next(second) for _ in range(20)]


def test_a_bag_of_words_stays_under_80_percent_and_the_model_reaches_97(trained):
    """Word order decides here: without it the sentiment is not to be had, with it the network has it."""
    counts = CountVectorizer(token_pattern=r"\S+")
    texts, labels = zip(*rows("train"), strict=True)
    model = LogisticRegression(max_iter=1000).fit(counts.fit_transform(texts), labels)
    test_texts, test_labels = zip(*rows("test"), strict=True)
    accuracy = model.score(counts.transform(test_texts), test_labels)
    measured = trained.metrics["accuracy"]
    print(f"bag of words {accuracy:.1%}, many_to_one {measured:.1%}")
    assert accuracy < 0.80
    assert measured >= 0.97


def test_the_sizes_that_build_uses_are_those_of_the_data(trained):
    assert (
        ENTRY.model_options["vocabulary_size"]
        == len((trained.task_path / "vocabulary.txt").read_text().split("\n")) - 1
    )
