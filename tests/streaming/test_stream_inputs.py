"""What a stream accepts as a part, and which runs cannot stream."""

import math

import numpy as np
import pytest
from streaming_models import assert_same, reader, task, untrained

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, StreamingError
from keras_rnn_zoo.streaming.stream import stream

RANDOM = np.random.default_rng(0)
SMALL = {"units": 4, "bidirectional": False}


def test_rows_and_samples_of_every_kind_are_accepted():
    run = untrained("many_to_one", task("classification", "series", ("a", "b")), **SMALL)
    opened = stream(run)
    expected = opened.feed([[1, 2], [3, 4]])
    for first, second in (([1, 2], (3, 4)), ("[[1, 2]]", "[3, 4]"), (np.array([[1, 2]]), [[3, 4]])):
        opened.reset()
        opened.feed(first)
        assert_same(opened.feed(second), expected)
    opened.reset()
    blank = opened.feed([math.nan, 2])
    for row in (",2", "NA, 2", "nan 2"):
        opened.reset()
        assert_same(opened.feed(row), blank)
    for row in ([1, 2, 3], "1,,2"):
        with pytest.raises(DataError, match="shape"):
            opened.feed(row)
    run = untrained(
        "many_to_one", task("classification", "audio", ("a", "b"), sample_rate=8000), sample_rate=8000, **SMALL
    )
    samples = (3000 * RANDOM.normal(size=900)).astype("<i2")
    answers = [stream(run).feed(form) for form in (samples, samples.tobytes(), samples / 32768)]
    assert answers[0] == answers[1] == answers[2]
    assert stream(run).feed(samples.astype("int32") * 2**16) == answers[0]
    with pytest.raises(DataError, match="odd"):
        stream(run).feed(b"abc")
    for part in ("tone.wav", None, np.zeros((2, 9)), [1000, -500], {"a": 1}):
        with pytest.raises(DataError, match="Samples from -1 to 1"):
            stream(run).feed(part)
    for rate in (0, 8000.5, "8000"):
        with pytest.raises(StreamingError):
            stream(run, rate=rate)


def test_recordings_of_every_type_get_the_same_prediction():
    run = untrained(
        "many_to_one", task("classification", "audio", ("a", "b"), sample_rate=8000), sample_rate=8000, **SMALL
    )
    samples = (3000 * RANDOM.normal(size=900)).astype("int16")
    floats = (samples / 32768).astype("float32")
    forms = [floats, samples, np.stack([floats, floats]), {"array": samples, "sampling_rate": 8000}]
    expected, *others = run.predict(forms)
    for other in others:
        assert_same(other, expected)
    for fault in ({"array": floats, "sampling_rate": None}, {"array": "x", "sampling_rate": 8000}):
        with pytest.raises(DataError, match=r"sampling_rate|numbers"):
            run.predict([fault])


@pytest.mark.parametrize(
    ("architecture", "kind", "options", "words"),
    [
        ("many_to_one", "text", {"bidirectional": True}, "bidirectional=false"),
        ("many_to_one", "audio", {"bidirectional": True}, "bidirectional=false"),
        ("one_to_one", "image", {}, "'image' do not come in step by step"),
    ],
)
def test_a_model_that_needs_its_whole_input_is_refused(architecture, kind, options, words):
    run = untrained(architecture, task("classification", kind, ("a", "b")), units=4, **options)
    with pytest.raises(StreamingError, match=words):
        stream(run)


def test_beam_search_and_generated_texts_are_refused():
    made = registry.tasks.get("transcription").make(reader("series"), (), beam_size=5)
    made.target_ids.set_vocabulary(["a"])
    with pytest.raises(StreamingError, match="beam_size=1"):
        stream(untrained("ctc", made, units=4, bidirectional=False))
    made = registry.tasks.get("translation").make(reader("text"), ())
    with pytest.raises(StreamingError, match="classification"):
        stream(untrained("many_to_many", made, units=4))
