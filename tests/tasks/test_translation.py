import pytest
import sacrebleu

from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks.translation import Translation

WANTED = ["The cat sat on the mat, quietly.", "A house on a hill", "猫がマットに座った。", "same"]
WRITTEN = ["The cat sat on a mat , quietly .", "A house upon the hill", "猫はマットに座った。", "same"]


def as_bytes(texts):
    return [text.encode() for text in texts]


def score(written, wanted, **options):
    task = Translation(TextReader(), (), **options)
    return task.score({"text": as_bytes(written)}, as_bytes(wanted), 0.1)


def test_bleu_and_chrf_are_sacrebleus():
    scores, report = score(WRITTEN, WANTED)
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(WRITTEN, [WANTED]).score)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(WRITTEN, [WANTED]).score)
    assert scores["exact_match"] == 0.25
    assert 0 < scores["bleu"] < 100
    assert "|tok:13a|" in report["bleu_signature"]
    assert report["bleu_signature"].startswith("nrefs:1|")
    assert "nc:6" in report["chrf_signature"]


@pytest.mark.parametrize("tokenize", ["none", "char", "intl", "zh"])
def test_bleu_is_measured_with_the_tokenizer_asked_for(tokenize):
    scores, report = score(WRITTEN, WANTED, bleu_tokenize=tokenize)
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(WRITTEN, [WANTED], tokenize=tokenize).score)
    assert f"|tok:{tokenize}|" in report["bleu_signature"]


def test_scores_are_of_the_text_as_it_is_written():
    scores, _ = score([text.lower() for text in WANTED], WANTED)
    assert scores["exact_match"] == 0.5  # Of those without capitals.
    assert scores["bleu"] < 90


def test_right_answers_have_the_best_scores_and_empty_ones_the_worst():
    assert score(WANTED, WANTED)[0] == pytest.approx({"bleu": 100, "chrf": 100, "exact_match": 1})
    assert score([""] * 4, WANTED)[0] == {"bleu": 0, "chrf": 0, "exact_match": 0}


def test_an_answer_cut_inside_a_character_is_scored():
    task = Translation(TextReader(), ())
    scores, _ = task.score({"text": ["日本".encode()[:-1]]}, ["日本".encode()], 0.1)
    assert scores["exact_match"] == 0


def test_options_reach_the_search_and_the_vocabulary():
    task = Translation(
        TextReader(), (), target_tokens="characters", target_vocabulary_size=9, max_length=7, beam_size=3
    )
    assert task.search_options == {"max_length": 7, "beam_size": 3, "length_penalty": 1.0}
    assert (task.target_ids.tokens, task.target_ids.vocabulary_size, task.target_ids.max_length) == ("characters", 9, 7)
