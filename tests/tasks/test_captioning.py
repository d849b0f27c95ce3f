import importlib.util

import numpy as np
import pytest
import sacrebleu
import tensorflow as tf

from keras_rnn_zoo.readers.image import ImageReader
from keras_rnn_zoo.tasks.captioning import Captioning

WRITTEN = ["a dog runs on the grass", "two cats sleep on a red sofa", "a red car"]
REFERENCES = [
    ["A dog runs on the grass.", "a brown dog is running on grass"],
    ["two cats are sleeping on a red sofa"],
    ["a red car", "a car", "a small red car"],
]


def captioning(**options):
    return Captioning(ImageReader(image_height=8, image_width=8), (), **options)


def score(written, references, **options):
    """Scores texts against references padded with empty ones to the most that an image has, as batches are."""
    most = max(map(len, references))
    padded = [
        np.array([text.encode() for text in several] + [b""] * (most - len(several)), "O") for several in references
    ]
    return captioning(**options).score({"text": [text.encode() for text in written]}, padded, 0.1)


def test_an_image_may_have_more_or_fewer_references_than_another():
    scores, report = score(WRITTEN, REFERENCES, target_tokens="words", bleu_tokenize="none")
    tokenised = [
        ["a dog runs on the grass .", "a brown dog is running on grass"],
        ["two cats are sleeping on a red sofa", None],
        ["a red car", "a car", "a small red car"],
    ]
    streams = [[several[n] if n < len(several) else None for several in tokenised] for n in range(3)]
    for order in (1, 2, 3, 4):
        expected = sacrebleu.metrics.BLEU(max_ngram_order=order, tokenize="none").corpus_score(WRITTEN, streams).score
        assert report[f"bleu_{order}"] == pytest.approx(expected)
        assert 0 < expected < 100
    assert scores["bleu"] == report["bleu_4"]
    assert scores["chrf"] == pytest.approx(sacrebleu.metrics.CHRF().corpus_score(WRITTEN, streams).score)
    assert scores["exact_match"] == pytest.approx(1 / 3)
    assert report["bleu_signature"].startswith("nrefs:var|")


def test_padding_of_references_changes_no_score():
    alone = score(WRITTEN[:1], REFERENCES[:1])[0]
    padded = score(WRITTEN[:1], [[*REFERENCES[0], "", "", ""]])[0]
    assert alone == pytest.approx(padded)
    # Against an empty reference, a short caption would be no shorter than it should be.
    assert score(["a"], [["a red car", ""]])[0] == pytest.approx(score(["a"], [["a red car"]])[0])


@pytest.mark.parametrize(
    ("tokens", "written", "right"),
    [
        ("pieces", "A DOG.", 1),
        ("pieces", "a dog.", 0),
        ("characters", "A DOG.", 1),
        ("words", "a dog .", 1),
        ("spaces", "a dog.", 0),
    ],
)
def test_references_are_as_the_file_has_them_where_captions_can_be(tokens, written, right):
    assert score([written], [["A DOG."]], target_tokens=tokens)[0]["exact_match"] == right


def test_captions_as_people_write_them_are_scored_by_sacrebleus_tokens():
    written, wanted = ["A dog, on the grass."], [["A dog is on the grass."]]
    scores, report = score(written, wanted)
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(written, [wanted[0]]).score)
    assert "|tok:13a|" in report["bleu_signature"]


def test_right_answers_have_the_best_scores():
    scores, _ = score(WRITTEN, [[text, "another one"] for text in WRITTEN])
    assert scores["bleu"] == pytest.approx(100)
    assert scores["exact_match"] == 1


def test_cider_weighs_words_by_how_few_images_they_tell_of():
    pytest.importorskip("pycocoevalcap", reason="the extra `captioning` is not installed")
    # Of identical captions every order of n-grams is alike, which gives 10 (Vedantam et al. 2015); of others, none is.
    words = ["a dog runs on grass", "two cats sleep on sofas", "one red car drives by"]
    assert score(words, [[text] for text in words])[0]["cider"] == pytest.approx(10)
    assert score(words[1:] + words[:1], [[text] for text in words])[0]["cider"] < 1
    common, rare = ([text] for text in ("on", "dog"))
    others = ["cats on sofas", "cars on roads"]
    references = [["dog on grass"], *([text] for text in others)]
    assert score(rare + others, references)[0]["cider"] > score(common + others, references)[0]["cider"]


def test_cider_is_of_words_whatever_captions_are_written_in():
    pytest.importorskip("pycocoevalcap", reason="the extra `captioning` is not installed")
    texts = ["A dog runs on grass.", "Two cats sleep on sofas.", "One red car drives by."]
    words = [text.lower().replace(".", " .") for text in texts]
    wanted = [[text] for text in reversed(texts[:2])] + [["A red car."]]
    cider = score(texts, wanted)[0]["cider"]
    assert 0 < cider == pytest.approx(score(words, wanted, target_tokens="words")[0]["cider"])


def test_without_its_library_cider_is_left_out(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert set(score(WRITTEN, REFERENCES)[0]) == {"bleu", "chrf", "exact_match"}


def test_every_reference_teaches_words_and_the_first_is_what_is_learnt_to_write():
    png = tf.io.encode_png(np.full((8, 8, 3), 9, "uint8"))
    task = captioning(target_tokens="words")
    captions = np.array([["a red car", "the auto"]])
    task.fit(tf.data.Dataset.from_tensor_slices(([png], captions)))
    assert task.target_ids.vocabulary == ["", "[UNK]", "[START]", "[END]", "a", "auto", "car", "red", "the"]
    inputs, target = task.example(png, tf.constant(captions[0]))
    assert inputs["source"].shape == (8, 8, 3)
    assert inputs["target"].numpy().tolist() == [2, 4, 7, 6]
    assert target.numpy().tolist() == [4, 7, 6, 3]
