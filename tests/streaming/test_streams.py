"""Whatever its parts, a stream answers what the run predicts for the whole of them."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from streaming_models import assert_same, reader, task, untrained

from keras_rnn_zoo import registry
from keras_rnn_zoo.streaming.program import PREFIX, StreamingProgram
from keras_rnn_zoo.streaming.stream import functions, stream

RANDOM = np.random.default_rng(0)
CELLS = [entry.name for entry in registry.cells.entries()]
TEXTS = ["not dull, but it's moving — “fine”", "", "a film <b>of</b> few words", "naïve 日本 😀!", "x"]
SMALL = {"units": 4, "bidirectional": False}


def parts(whole, count):
    """Returns an input in so many parts of random lengths, some of them empty."""
    cuts = [0, *sorted(RANDOM.integers(0, len(whole) + 1, count - 1)), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(cuts)]


def assert_answers_so_far(run, inputs, count=4):
    """Holds that after each part the answer is the prediction for everything until then."""
    opened = stream(run)
    for whole in inputs:
        seen = whole[:0]
        for part in parts(whole, count):
            seen = seen + part if isinstance(whole, bytes) else np.concatenate([seen, part])
            assert_same(opened.feed(part), run.predict([seen])[0])
        opened.reset()


def seldom(*values, slow):
    """Returns a case, for the slow tests alone if its values are each in another case of the same test."""
    return pytest.param(*values, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(
    ("pooling", "cell"),
    [
        seldom(pooling, cell, slow=(number + which) % 2 == 1 or number > 4)  # The contract of cells has the others.
        for which, pooling in enumerate(("last", "max"))
        for number, cell in enumerate(CELLS)
    ],
)
def test_a_series_is_classified_so_far(cell, pooling):
    options = {**SMALL, "cell": cell, "pooling": pooling, "num_layers": 2, "subsampling": 2}
    run = untrained("many_to_one", task("classification", "series", ("a", "b", "c")), **options)
    assert_answers_so_far(run, [RANDOM.normal(size=(steps, 2)).astype("float32") for steps in (0, 1, 9, 30)])


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_numbers_for_a_series_so_far(pooling):
    scaled = task("regression", "series")
    scaled.mean, scaled.deviation = [3.0], [2.0]
    run = untrained("many_to_one", scaled, pooling=pooling, subsampling=8, **SMALL)
    assert_answers_so_far(run, [RANDOM.normal(size=(steps, 2)).astype("float32") for steps in (1, 40)])


@pytest.mark.parametrize("subsampling", [1, 4])
def test_a_recording_is_classified_so_far(subsampling):
    options = {"sample_rate": 8000, "subsampling": subsampling, **SMALL}
    run = untrained("many_to_one", task("classification", "audio", ("a", "b"), sample_rate=8000), **options)
    assert_answers_so_far(run, [RANDOM.normal(0, 0.2, samples).astype("float32") for samples in (0, 79, 900, 4321)])


@pytest.mark.parametrize("tokens", ["words", "spaces", "characters", "pieces", "subwords"])
def test_a_text_is_classified_so_far_even_between_the_bytes_of_a_character(tokens):
    run = untrained("many_to_one", task("classification", "text", ("a", "b"), tokens=tokens), **SMALL)
    assert_answers_so_far(run, [text.encode() for text in TEXTS], count=6)


def test_a_bag_of_words_is_classified_so_far():
    run = untrained("one_to_one", task("classification", "text", ("a", "b")), units=4, hidden_layers=1)
    assert_answers_so_far(run, [text.encode() for text in TEXTS])


@pytest.mark.parametrize("characters", [0, 3])
def test_words_are_tagged_once_they_are_complete(characters):
    run = untrained(
        "sync_many_to_many",
        task("tagging", "words", ("A", "B", "C"), char_units=characters),
        char_units=characters,
        **SMALL,
    )
    opened = stream(run)
    assert opened.feed("few wor")["tokens"] == ["few"]
    assert opened.feed("ds of")["tokens"] == ["words"]
    assert opened.finish()["tokens"] == ["of"]
    for text in TEXTS:
        answers = [opened.feed(part) for part in parts(text.encode(), 5)] + [opened.finish()]
        assert run.task.joined_answers(answers) == run.predict([text])[0]


def step_task(name, kind, **options):
    made = task(name, kind, ("a", "b", "c") if name == "step_classification" else (), **options)
    if name == "step_regression":
        made.mean, made.deviation = [3.0, -1.0], [2.0, 0.5]
    return made


@pytest.mark.parametrize(
    "answering",
    [
        step_task("step_classification", "series"),
        step_task("step_regression", "series"),
        step_task("step_classification", "audio", sample_rate=8000),
    ],
    ids=("classes", "numbers", "frames"),
)
def test_every_step_is_answered_once_it_is_complete(answering):
    run = untrained("sync_many_to_many", answering, num_layers=2, **SMALL)
    audio = answering.reader.input == "audio"
    inputs = [RANDOM.normal(0, 0.2, size if audio else (size, 2)).astype("float32") for size in (0, 1, 81, 900)]
    opened = stream(run)
    for whole in inputs:
        answers = [opened.feed(part) for part in parts(whole, 4)] + [opened.finish()]
        answer, (expected,) = answering.joined_answers(answers), run.predict([whole])
        assert answer.keys() == expected.keys()
        for name, value in expected.items():
            if name == "labels":
                assert answer[name] == value
            else:
                np.testing.assert_allclose(answer[name], value, atol=1e-5)
        assert (
            len(answer.get("labels", answer.get("values")))
            == answer["lengths"]
            == -(-len(whole) // (80 if audio else 1))
        )


# A cell of each kind: the others stream in the tests of series.
@pytest.mark.parametrize("cell", [seldom(cell, slow=cell not in ("lstm", "mingru")) for cell in CELLS])
def test_what_comes_next_in_a_text(cell):
    language = task("language_modeling", "text", tokens="characters")
    run = untrained("sync_many_to_many", language, cell=cell, units=4, num_layers=2, embedding_dim=3, causal=True)
    opened, text = stream(run), "not dül".encode()
    for count in range(len(text) + 1):
        answer = opened.feed(text[count - 1 : count])
        logits = run.model(language.model_inputs(tf.constant([text[:count]])))
        last = len(text[:count].decode("utf-8", "replace"))
        decoded = language.decode_next(logits[:, last])
        expected = language.trim_answer({name: value[0].numpy() for name, value in decoded.items()})
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
        assert answer["token"] == expected["token"].decode()


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [
        seldom("characters", "audio", slow=False),
        seldom("characters", "series", slow=True),
        seldom("spaces", "audio", slow=True),
        seldom("spaces", "series", slow=False),
    ],
)
def test_a_transcript_comes_in_parts(kind, tokens):
    options = {"sample_rate": 8000} if kind == "audio" else {}
    made = registry.tasks.get("transcription").make(reader(kind, **options), (), target_tokens=tokens)
    made.target_ids.set_vocabulary(["one", "two", "three"] if tokens == "spaces" else list("abc"))
    run = untrained("ctc", made, units=6, bidirectional=False, **options)
    opened = stream(run)
    for steps in (0, 5, 60):
        shape = (steps * 100,) if kind == "audio" else (steps, 2)
        whole = (3 * RANDOM.normal(size=shape)).astype("float32")
        answers = [opened.feed(part) for part in parts(whole, 4)] + [opened.finish()]
        expected = run.predict([whole])[0]
        assert "".join(answer["text"] for answer in answers) == expected["text"]
        assert answers[-1]["score"] == pytest.approx(expected["score"], rel=1e-5, abs=1e-5)


def test_reserved_tokens_of_a_transcript_add_no_separator():
    from keras_rnn_zoo.layers.streams import Steps

    made = registry.tasks.get("transcription").make(reader("series"), (), target_tokens="spaces")
    made.target_ids.set_vocabulary(["one", "two"])
    reserved = len(made.target_ids.reserved)
    states = {name: state.at_start(1) for name, state in made.stream_states().items()}
    found = []
    for best in (reserved, 1, reserved + 1):  # A word, an unknown one, and another word.
        frames = Steps(10 * tf.one_hot([[best]], reserved + 2), tf.constant([1]))
        answer, states = made.decode_steps(frames, None, None, states)
        found.append(answer["text"].numpy()[0])
    assert found == [b"one", b"", b" two"]


def test_a_batch_holds_streams_at_different_points():
    run = untrained("many_to_one", task("classification", "series", ("a", "b")), subsampling=4, cell="gru", **SMALL)
    program = StreamingProgram(run.task, run.model)
    start, step = functions(run)
    wholes = [RANDOM.normal(size=(steps, 2)).astype("float32") for steps in (3, 17, 0, 25)]
    chunks = [parts(whole, 3) for whole in wholes]
    states = start(rows=tf.constant(4))
    assert states.keys() == program.states.keys()
    for number in range(3):
        if number == 2:  # A server answers in any order, and joins the rows that have come.
            order = [2, 0, 3, 1]
            states = {name: tf.gather(value, order) for name, value in states.items()}
            chunks = [chunks[row] for row in order]
        series, lengths = run.task.to_batch([rows[number] for rows in chunks])
        outputs = step(**states, series=series, lengths=lengths)
        states = {name: value for name, value in outputs.items() if name.startswith(PREFIX)}
    expected = run.predict([wholes[row] for row in order])
    for row, probabilities in enumerate(outputs["probabilities"].numpy()):
        assert probabilities == pytest.approx(list(expected[row]["probabilities"].values()), abs=1e-5)
    none = step(**start(rows=tf.constant(0)), series=tf.zeros([0, 3, 2]), lengths=tf.zeros([0], tf.int32))
    assert all(len(value) == 0 for value in none.values())


def test_a_stream_longer_than_a_prediction_reads_is_read_on():
    limited, unlimited = (
        untrained("many_to_one", task("classification", "text", ("a", "b"), max_length=length), **SMALL)
        for length in (2, 400)
    )
    assert_same(stream(limited).feed("not dull but moving"), unlimited.predict(["not dull but moving"])[0])
