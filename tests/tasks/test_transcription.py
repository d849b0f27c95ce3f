import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.layers.masking import BlankPadding
from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.tasks.transcription import Transcription

# Class 0 is the blank, class 1 the unknown token, the others are the characters.
BLANK, A, B = 0, 2, 3


def transcription(**options):
    task = Transcription(SeriesReader(), (), **options)
    task.target_ids.set_vocabulary(["a", "b"])
    return task


def frames(*classes, sure=8.0):
    """Returns the logits of one input whose frames are each nearly sure of a class."""
    return sure * tf.one_hot([classes], 4)


def score(written, wanted):
    return transcription().score({"text": [text.encode() for text in written]}, [text.encode() for text in wanted], 0.1)


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize(
    ("classes", "text"),
    [
        ((A, A, BLANK, A, B), "aab"),
        ((BLANK, A, A, A, BLANK), "a"),
        ((B, A, B, A, A), "baba"),
        ((BLANK, BLANK, BLANK), ""),
    ],
)
def test_repetitions_and_blanks_are_left_out(beam_size, classes, text):
    answer = transcription(beam_size=beam_size).decode(frames(*classes), None)
    assert answer["text"].numpy().tolist() == [text.encode()]
    assert answer["score"].numpy()[0] == pytest.approx(0, abs=0.02)


def test_frames_of_padding_which_are_blank_change_no_answer():
    task = transcription()
    longer = tf.concat([frames(A, B), [[[1e9, 0, 0, 0]]] * 1], axis=1)
    for name, values in task.decode(frames(A, B), None).items():
        assert values.numpy()[0] == task.decode(longer, None)[name].numpy()[0]


def test_the_greedy_score_is_the_log_probability_of_the_best_path():
    logits = np.random.default_rng(0).normal(size=(1, 6, 4)).astype("float32")
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    score = transcription().decode(tf.constant(logits), None)["score"].numpy()[0]
    assert score == pytest.approx(np.log(chances.max(axis=-1)).sum(), abs=1e-4)


def test_beam_search_sums_over_the_ways_to_place_a_text():
    # Two frames, each blank with 0.6 and "a" with 0.4: the best path is empty, but "a" has three paths.
    logits = np.log([[[0.6, 1e-9, 0.4, 1e-9]] * 2]).astype("float32")
    chances = {BLANK: 0.6, A: 0.4}
    paths = {path: chances[path[0]] * chances[path[1]] for path in itertools.product(chances, repeat=2)}
    placed = sum(chance for path, chance in paths.items() if A in path)
    greedy, beam = (transcription(beam_size=size).decode(tf.constant(logits), None) for size in (1, 8))
    assert greedy["text"].numpy().tolist() == [b""]
    assert greedy["score"].numpy()[0] == pytest.approx(np.log(0.36), abs=1e-5)
    assert beam["text"].numpy().tolist() == [b"a"]
    assert beam["score"].numpy()[0] == pytest.approx(np.log(placed), abs=1e-5)
    assert placed == pytest.approx(0.64)


def test_error_rates_are_edits_by_the_length_of_the_references():
    # Characters: one replaced of 11, one missing of 2; words: one wrong of 2, one of 1.
    scores, report = score(["hello worlt", "a"], ["hello world", "ab"])
    assert scores == pytest.approx({"cer": 2 / 13, "wer": 2 / 3, "sequence_accuracy": 0})
    assert report == {}


def test_error_rates_of_inserted_and_missing_texts():
    assert score(["ab", "b"], ["ab", "b"])[0] == {"cer": 0, "wer": 0, "sequence_accuracy": 1}
    assert score([""], ["abc d"])[0] == pytest.approx({"cer": 1, "wer": 1, "sequence_accuracy": 0})
    assert score(["abcabc"], ["abc"])[0]["cer"] == pytest.approx(1)


def test_an_empty_reference_is_scored_as_silence():
    assert score(["", "ab"], ["", "ab"])[0] == {"cer": 0, "wer": 0, "sequence_accuracy": 1}
    assert score(["x", "ab"], ["", "ab"])[0] == pytest.approx({"cer": 1 / 2, "wer": 1, "sequence_accuracy": 0.5})


def test_targets_are_classes_and_padding_of_them_is_what_the_loss_leaves_out():
    task = transcription()
    _, target = task.example(tf.zeros((3, 0)), tf.constant("abc"))
    assert target.numpy().tolist() == [A, B, 1]
    assert task.target_padding == 0
    logits = tf.constant(np.random.default_rng(0).normal(size=(1, 6, 4)), tf.float32)
    losses = [float(task.loss()(tf.constant([ids]), logits)) for ids in ([A, B], [A, B, 0, 0])]
    assert losses[0] == pytest.approx(losses[1])
    assert losses[0] > 0


@pytest.mark.parametrize(("tokens", "text"), [("characters", "ab a"), ("spaces", "ab a")])
def test_a_task_is_fitted_saved_and_loaded(tokens, text, tmp_path):
    task = Transcription(SeriesReader(), (), target_tokens=tokens)
    examples = tf.data.Dataset.from_tensors((tf.ones((4, 2)), tf.constant(text)))
    assert "target_vocabulary" in task.fit(examples)
    task.save(tmp_path)
    loaded = Transcription(SeriesReader(), (), target_tokens=tokens)
    loaded.load(tmp_path)
    assert loaded.target_ids.vocabulary == task.target_ids.vocabulary
    assert loaded.model_options() == {"input": "series", "features": 2, "num_classes": len(task.target_ids.vocabulary)}
    ids = loaded.target_ids.look_up(loaded.target_ids.split(tf.constant([text])))
    assert loaded.target_ids.to_text(ids.to_tensor()).numpy().tolist() == [text.encode()]


def test_a_transcript_that_does_not_fit_into_its_frames_counts_for_nothing():
    loss = transcription().loss()
    random = np.random.default_rng(0)
    logits = tf.Variable(random.normal(size=(3, 4, 4)), dtype=tf.float32)
    targets = np.array([[A, B, 0], [A, A, A], [A, A, 1]])  # They need 2, 5 and 4 frames.
    expected = np.mean([keras.losses.CTC()(targets[[row]], logits[row : row + 1]) for row in (0, 2)])
    with tf.GradientTape() as tape:
        found = loss(targets, logits)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    gradient = tape.gradient(found, logits).numpy()
    assert np.isfinite(gradient).all()
    assert not gradient[1].any()
    assert gradient[0].any()
    assert float(loss(targets[1:2], logits[1:2])) == 0


def test_frames_of_padding_hold_no_part_of_a_transcript():
    loss = transcription().loss()
    logits = np.random.default_rng(0).normal(size=(1, 6, 4)).astype("float32")
    padded = BlankPadding()(logits, mask=np.array([[True, True, False, False, False, False]]))
    assert float(loss(np.array([[A, B]]), padded)) > 0
    assert float(loss(np.array([[A, A]]), padded)) == 0


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"input": "image", "image_height": 8}, (8, 1)),
        ({"input": "audio", "sample_rate": 8000}, ()),
        ({"input": "series", "features": 2}, (2,)),
        ({"input": "series", "features": 2, "subsampling": 2}, (2,)),
        ({"input": "series", "features": 2, "subsampling": 8}, (2,)),
    ],
)
def test_the_frames_that_are_counted_are_those_of_the_model(options, shape):
    architecture = registry.architectures.get("ctc")
    model = architecture.make(num_classes=4, units=2, cell="simple_rnn", **options)
    for steps in (1, 3, 4, 5, 79, 81, 321):
        found = model(np.zeros((1, steps, *shape), "float32")).shape[1]
        assert found == architecture.frames(steps, **options)


@pytest.mark.parametrize("beam_size", [1, 4])
def test_answers_are_the_same_alone_and_in_a_batch_with_padding(beam_size):
    task = transcription(beam_size=beam_size)
    random = np.random.default_rng(0)
    rows = [random.normal(0, 2, (length, 4)).astype("float32") for length in (7, 1, 12, 4, 9, 12, 2, 3, 8, 5, 6)]
    mask = np.arange(12) < np.array([len(row) for row in rows])[:, None]
    padded = np.stack([np.pad(row, [(0, 12 - len(row)), (0, 0)]) for row in rows])
    together = tf.function(lambda logits: task.decode(logits, None))(BlankPadding()(padded, mask=mask))
    for number, row in enumerate(rows):
        alone = task.decode(tf.constant(row[None]), None)
        assert together["text"][number] == alone["text"][0]
        assert float(together["score"][number]) == pytest.approx(float(alone["score"][0]), abs=1e-5)
    assert len(set(together["text"].numpy())) > 5
