from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.batching import batches as pipeline
from keras_rnn_zoo.batching import buckets, preparation
from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.batching.buckets import BOUNDARIES
from keras_rnn_zoo.batching.preparation import memory
from keras_rnn_zoo.batching.repeated_inputs import read_once
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.audio import AudioReader
from keras_rnn_zoo.readers.image import ImageReader
from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.readers.words import WordsReader
from keras_rnn_zoo.tasks.captioning import Captioning
from keras_rnn_zoo.tasks.classification import Classification
from keras_rnn_zoo.tasks.regression import Regression
from keras_rnn_zoo.tasks.tagging import Tagging
from keras_rnn_zoo.tasks.transcription import Transcription
from keras_rnn_zoo.tasks.translation import Translation


@pytest.fixture(scope="module")
def task():
    task = Classification(TextReader(vocabulary_size=50, max_length=60), ("no", "yes"))
    task.reader.ids.set_vocabulary([f"w{number}" for number in range(40)])
    return task


def examples(lengths):
    texts = [" ".join(["w1"] * length) for length in lengths]
    return tf.data.Dataset.from_tensor_slices((texts, np.arange(len(lengths))))


LENGTHS = np.random.default_rng(0).integers(0, 60, 600)


@pytest.fixture(params=["kept in memory", "made anew in each epoch"])
def kept(request, monkeypatch):
    """Whether preprocessed examples are kept in memory."""
    monkeypatch.setattr(preparation, "FEW", 0)  # Those of texts are made as if there were many.
    if request.param != "kept in memory":
        monkeypatch.setattr(pipeline, "_MAX_CACHE_BYTES", 0)
    return request.param == "kept in memory"


def test_every_example_is_in_one_batch_with_its_target(task, kept):
    batches = make_batches(examples(LENGTHS), task, 32, shuffle_seed=1)
    for _ in range(2):
        seen = {}
        for inputs, targets in batches.data.as_numpy_iterator():
            seen |= {int(target): int((row != 0).sum()) for row, target in zip(inputs, targets, strict=True)}
        assert seen == dict(enumerate(LENGTHS.tolist()))
    assert batches.examples == 600
    assert batches.count == len(list(batches.data)) == int(batches.data.cardinality())


def test_batches_hold_similar_lengths(task):
    batches = make_batches(examples(LENGTHS), task, 32, shuffle_seed=1)
    real = padded = 0
    for inputs, _ in batches.data.as_numpy_iterator():
        padded += inputs.size
        real += np.maximum((inputs != 0).sum(axis=1), 1).sum()
    # Another epoch, another order: its last batches differ a little.
    assert batches.padding == pytest.approx(1 - real / padded, abs=0.01)
    assert batches.padding < 0.15


def order(batches, epoch=None):
    if epoch is not None:
        batches.epoch.assign(epoch)
    return [int(target) for _, targets in batches.data for target in targets]


def test_the_order_follows_from_the_seed_and_the_number_of_the_epoch_alone(task, kept):
    first = make_batches(examples(LENGTHS), task, 32, shuffle_seed=1)
    epochs = [order(first, epoch) for epoch in range(3)]
    assert all(sorted(epoch) == list(range(600)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    tf.random.set_seed(5)  # Nothing that was drawn before matters.
    again = make_batches(examples(LENGTHS), task, 32, shuffle_seed=1)
    assert [order(again, epoch) for epoch in (2, 0, 1)] == [epochs[2], epochs[0], epochs[1]]
    assert order(make_batches(examples(LENGTHS), task, 32, shuffle_seed=2)) != epochs[0]


def test_the_rest_of_an_epoch_is_what_its_first_steps_left(task, kept):
    batches = make_batches(examples(LENGTHS), task, 32, shuffle_seed=0)
    batches.epoch.assign(4)
    rest = batches.rest(5)
    assert int(rest.cardinality()) == batches.count - 5
    assert [targets.tolist() for _, targets in rest.as_numpy_iterator()] == [
        targets.tolist() for _, targets in list(batches.data.as_numpy_iterator())[5:]
    ]


def test_without_a_seed_the_order_stays(task, kept):
    batches = make_batches(examples(LENGTHS), task, 32)
    assert order(batches) == order(batches)


def test_what_is_kept_in_memory_is_preprocessed_once(task, kept, monkeypatch):
    calls = []

    def counted(raws):
        calls.extend(raws)
        return np.ones((len(raws), 3), "int32")

    def in_graph(raws):
        return tf.ensure_shape(tf.py_function(counted, [raws], tf.int32), (None, 3))

    monkeypatch.setattr(task, "preprocess", in_graph)
    batches = make_batches(examples([3] * 10), task, 4)
    before = len(calls)
    assert len(order(batches)) == 10
    assert len(calls) - before == (0 if kept else 10)


def test_a_few_examples_tell_whether_all_fit_in_memory(task):
    def fits(lengths, count_is_known):
        raw = examples(lengths) if count_is_known else examples(lengths).filter(lambda text, target: True)
        mean, count = memory(raw.map(task.example).take(32), raw)
        return mean * count <= most

    most = 100 * (10 * 4 + 8)  # Ten ids of int32, and a target of int64.
    for count_is_known in (True, False):
        assert fits([10] * 100, count_is_known)
        assert not fits([10] * 101, count_is_known)
        assert not fits([11] * 100, count_is_known)


def the_batch(examples, task, **options):
    """Returns the one batch of a few examples of similar lengths, as NumPy arrays."""
    (batch,) = make_batches(examples, task, 8, **options).data.as_numpy_iterator()
    return batch


def ragged(raw, targets):
    return tf.data.Dataset.from_tensor_slices((tf.ragged.constant(raw), targets))


def test_padding_is_0_in_ids_and_minus_1_in_targets():
    task = Tagging(WordsReader(), ("O", "B-X"))
    task.reader.words.set_vocabulary(["a", "b"])
    inputs, targets = the_batch(tf.data.Dataset.from_tensor_slices((["a b a", "b"], ["O B-X O", "B-X"])), task)
    assert inputs.tolist() == [[2, 3, 2], [3, 0, 0]]
    assert targets.tolist() == [[0, 1, 0], [1, -1, -1]]


def test_padding_is_0_in_ids_of_both_sides_of_a_translation():
    task = Translation(TextReader(), (), target_tokens="spaces")
    task.reader.ids.set_vocabulary(["a"])
    task.target_ids.set_vocabulary(["b"])
    inputs, targets = the_batch(tf.data.Dataset.from_tensor_slices((["a a", "a"], ["b", "b b"])), task)
    assert inputs["source"].tolist() == [[2, 2], [2, 0]]
    assert inputs["target"].tolist() == [[2, 4, 0], [2, 4, 4]]
    assert targets.tolist() == [[4, 3, -1], [4, 4, 3]]


def test_padding_is_nan_in_recordings_and_series():
    recordings = ragged([[0.1, 0.2, 0.3], [0.4]], [0, 1])
    inputs, _ = the_batch(recordings, Classification(AudioReader(), ("no", "yes")))
    np.testing.assert_array_equal(inputs, np.array([[0.1, 0.2, 0.3], [0.4, np.nan, np.nan]], "float32"))
    task = Regression(SeriesReader(), ())
    task.reader.mean, task.reader.deviation = [0.0], [1.0]
    series = recordings.map(lambda raw, target: (raw[:, None], target))
    inputs, targets = the_batch(series, task)
    np.testing.assert_array_equal(np.isnan(inputs[:, :, 0]), [[False] * 3, [False, True, True]])
    assert targets.tolist() == [[0], [1]]


def test_padding_is_0_in_transcripts():
    task = Transcription(AudioReader(), ())
    task.target_ids.set_vocabulary(["a", "b"])
    _, targets = the_batch(ragged([[0.1, 0.2, 0.3], [0.4, 0.5]], ["ab", "b"]), task)
    assert targets.tolist() == [[2, 3], [3, 0]]


PNG = tf.io.encode_png(np.zeros((4, 4, 3), "uint8")).numpy()


def test_references_are_those_of_the_dataset_padded_with_empty_ones():
    task = Captioning(ImageReader(image_height=4, image_width=4), (), target_tokens="words")
    task.target_ids.set_vocabulary(["a", "b"])
    captions = tf.ragged.constant([["a b", "A B!", "b"], ["a"]])
    data = tf.data.Dataset.from_tensor_slices(([PNG] * 2, captions))
    inputs, targets, references = the_batch(data, task, references=True)
    assert inputs["source"].shape == (2, 4, 4, 3)
    assert targets.tolist() == [[4, 5, 3], [4, 3, -1]]
    assert references.tolist() == [[b"a b", b"A B!", b"b"], [b"a", b"", b""]]


def test_examples_of_one_length_are_batched_in_their_order():
    task = Classification(ImageReader(image_height=2, image_width=2), ("no", "yes"))
    batches = make_batches(tf.data.Dataset.from_tensor_slices(([PNG] * 10, range(10))), task, 4)
    assert [targets.tolist() for _, targets in batches.data.as_numpy_iterator()] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (batches.count, batches.examples, batches.padding) == (3, 10, 0)


def test_jax_is_given_few_shapes_with_targets_as_long_as_their_inputs(task, monkeypatch):
    monkeypatch.setattr(buckets, "keras", SimpleNamespace(backend=SimpleNamespace(backend=lambda: "jax")))
    tagging = Tagging(WordsReader(), ("O", "B-X"))
    texts = [" ".join(["a"] * length) for length in LENGTHS if length]
    tags = [text.replace("a", "O") for text in texts]
    batches = make_batches(tf.data.Dataset.from_tensor_slices((texts, tags)), tagging, 32)
    shapes = {(inputs.shape, targets.shape) for inputs, targets in batches.data.as_numpy_iterator()}
    assert all(inputs == targets for inputs, targets in shapes)
    assert {inputs[1] for inputs, _ in shapes} <= {*BOUNDARIES, 59}
    transcription = Transcription(AudioReader(), ())
    transcription.target_ids.set_vocabulary(["a"])
    recordings = [[0.5] * length for length in LENGTHS if length]
    batches = make_batches(ragged(recordings, ["a" * (1 + n % 3) for n in range(len(recordings))]), transcription, 32)
    shapes = {(inputs.shape[1], targets.shape[1]) for inputs, targets in batches.data.as_numpy_iterator()}
    assert {targets for _, targets in shapes} == {3}
    assert len(shapes) < 12


def test_an_example_that_cannot_be_read_is_an_error_of_the_data():
    task = Classification(ImageReader(), ("no", "yes"))
    with pytest.raises(DataError, match=r"An example of the dataset cannot be used: .*PNG.* Correct or remove it"):
        make_batches(tf.data.Dataset.from_tensor_slices(([PNG, b"no image"], [0, 1])), task, 2)


def png(number):
    return tf.io.encode_png(np.full((4, 4, 3), number, "uint8")).numpy()


@pytest.fixture
def captioning():
    task = Captioning(ImageReader(image_height=4, image_width=4), ())
    task.target_ids.set_vocabulary(["a"])
    return task


CAPTIONED = tf.data.Dataset.from_tensor_slices(
    ([png(n // 3) for n in range(60)], [["a" * (1 + n % 4)] for n in range(60)])
)
"""Twenty images, each with three captions, which follow one another."""


@pytest.mark.slow
def test_the_captions_of_an_image_share_its_pixels_and_change_no_batch(captioning, monkeypatch):
    def epochs(bytes_kept):
        monkeypatch.setattr(pipeline, "_MAX_CACHE_BYTES", bytes_kept)
        batches = make_batches(CAPTIONED, captioning, 8, shuffle_seed=1)
        found = []
        for epoch in range(2):
            batches.epoch.assign(epoch)
            found += [[inputs["source"], inputs["target"], targets] for inputs, targets in batches.data]
        return [array.numpy().tolist() for batch in found for array in batch]

    # All are kept; all are kept since they share memory; none are, and images are read after they are shuffled.
    shared = [epochs(bytes_kept) for bytes_kept in (2**30, 1500, 0)]
    monkeypatch.setattr(captioning, "repeats_inputs", False)
    assert shared == 3 * [epochs(2**30)]


def test_an_image_is_read_once_for_all_of_its_captions(captioning, monkeypatch):
    calls, original = [], captioning.read

    def read(raw):
        counted = tf.numpy_function(lambda raw: calls.append(raw) or np.int64(0), [raw], tf.int64)
        with tf.control_dependencies([counted]):
            return original(raw)

    monkeypatch.setattr(captioning, "read", read)
    # Views of TensorFlow's memory, which `numpy()` copies.
    pixels = [np.asarray(memoryview(inputs)) for inputs, _ in read_once(CAPTIONED, captioning).cache()]
    assert len(calls) == 20
    assert [int(image[0, 0, 0]) for image in pixels] == [n // 3 for n in range(60)]
    assert len({image.__array_interface__["data"][0] for image in pixels}) == 20


@pytest.mark.parametrize("content", [b"", b"no image"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_captioned_image_that_cannot_be_read_is_an_error_of_the_data(captioning, content, place):
    images = [png(1), png(1)]
    images[place] = content
    with pytest.raises(DataError, match=r"An example of the dataset cannot be used: .*PNG.* Correct or remove it"):
        make_batches(tf.data.Dataset.from_tensor_slices((images, [["a"], ["a"]])), captioning, 2)
