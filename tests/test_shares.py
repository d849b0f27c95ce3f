"""What several processes prepare of the examples: each its share, of the same batches as one process makes."""

import contextlib
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.batching import batches as pipeline
from keras_rnn_zoo.batching import buckets, preparation
from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.batching.share import Share
from keras_rnn_zoo.distributed import peers
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.audio import AudioReader
from keras_rnn_zoo.readers.image import ImageReader
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks.captioning import Captioning
from keras_rnn_zoo.tasks.classification import Classification
from keras_rnn_zoo.tasks.transcription import Transcription

COUNT = 101
"""It leaves the last batch of 16 with five rows, which cannot be divided."""


class Together:
    """Threads in place of processes."""

    def __init__(self, count):
        self._barrier, self._passed = threading.Barrier(count, timeout=60), [None] * count
        self.shares = [
            Share(number, count, count, (number, number + 1), self._gather_of(number), self._together)
            for number in range(count)
        ]

    def _gather_of(self, number):
        def gather(rows):
            self._passed[number] = rows
            self._barrier.wait()
            joined = np.concatenate(self._passed)
            self._barrier.wait()
            return joined

        return gather

    @contextlib.contextmanager
    def _together(self, step):
        yield
        self._barrier.wait()


def in_each(count, function):
    """Returns what a function returns for the share of each of several processes."""
    results, together = [None] * count, Together(count)

    def call(share):
        results[share.number] = function(share)

    threads = [threading.Thread(target=call, args=(share,)) for share in together.shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture(autouse=True)
def on_jax(monkeypatch):
    monkeypatch.setattr(buckets, "keras", SimpleNamespace(backend=SimpleNamespace(backend=lambda: "jax")))


def png(number):
    return tf.io.encode_png(np.full((4, 4, 3), number, "uint8")).numpy()


def texts():
    task = Classification(TextReader(vocabulary_size=50, max_length=60), ("no", "yes"))
    task.reader.ids.set_vocabulary([f"w{number}" for number in range(40)])
    lengths = np.random.default_rng(0).integers(1, 60, COUNT)
    rows = [" ".join([f"w{row % 40}"] * length) for row, length in enumerate(lengths)]
    return task, tf.data.Dataset.from_tensor_slices((rows, np.arange(COUNT)))


def images():
    task = Classification(ImageReader(image_height=4, image_width=4), ("no", "yes"))
    return task, tf.data.Dataset.from_tensor_slices(([png(row) for row in range(COUNT)], np.arange(COUNT)))


def transcripts():
    task = Transcription(AudioReader(), ())
    task.target_ids.set_vocabulary(["a", "b"])
    lengths = np.random.default_rng(0).integers(4, 60, COUNT)
    sounds = tf.ragged.constant([[row / COUNT] * length for row, length in enumerate(lengths)])
    return task, tf.data.Dataset.from_tensor_slices((sounds, ["ab"[: 1 + row % 2] for row in range(COUNT)]))


def captions():
    """Three captions of each image, which follow one another."""
    task = Captioning(ImageReader(image_height=4, image_width=4), ())
    task.target_ids.set_vocabulary(["a"])
    rows = ([png(row // 3) for row in range(COUNT)], [["a" * (1 + row % 4)] for row in range(COUNT)])
    return task, tf.data.Dataset.from_tensor_slices(rows)


def arrays_of(batches, epochs=2):
    """Returns the arrays of each batch in two epochs."""
    found = []
    for epoch in range(epochs):
        if batches.epoch is not None:
            batches.epoch.assign(epoch)
        found += [[part.numpy() for part in tf.nest.flatten(batch)] for batch in batches.data]
    return found


SLOW = [(data, most, seed) for data in (images, transcripts) for most in (2**30, 0) for seed in (3, None)]
# All captions are kept; none, but they are shuffled after their images are read; none, and before.
SLOW += [(captions, most, seed) for most in (2**30, 10_000, 0) for seed in (3, None)]


@pytest.mark.parametrize(
    ("data", "most_kept", "shuffle_seed"),
    [
        (texts, 2**30, 3),
        (texts, 0, 3),
        (texts, 0, None),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW),
    ],
)
def test_rows_of_every_process_are_those_of_one_process_alone(data, most_kept, shuffle_seed, monkeypatch):
    task, examples = data()
    monkeypatch.setattr(pipeline, "_MAX_CACHE_BYTES", most_kept)
    alone = make_batches(examples, task, 16, shuffle_seed)
    whole, count = arrays_of(alone), 2
    shared = in_each(count, lambda share: make_batches(examples, task, 16, shuffle_seed, share=share))
    for number, batches in enumerate(shared):
        assert (batches.count, batches.examples, batches.padding) == (alone.count, alone.examples, alone.padding)
        found = arrays_of(batches)
        assert len(found) == len(whole)
        for parts, expected in zip(found, whole, strict=True):
            rows = len(expected[0])
            even = rows % count == 0
            own = slice(rows * number // count, rows * (number + 1) // count) if even else slice(None)
            for part, right in zip(parts, expected, strict=True):
                assert part.shape == right.shape
                assert part.dtype == right.dtype
                np.testing.assert_array_equal(part[own], right[own])


@pytest.mark.parametrize("most_kept", [2**30, 0])
def test_every_process_prepares_its_share(most_kept, monkeypatch):
    monkeypatch.setattr(pipeline, "_MAX_CACHE_BYTES", most_kept)
    monkeypatch.setattr(preparation, "SAMPLE_SIZE", 1)
    prepared = [[] for _ in range(4)]

    def prepare(share):
        task = texts()[0]
        original = task.preprocess

        def counted(raw):
            number = tf.strings.to_number(tf.strings.substr(raw[0], 1, 3), tf.int64)
            counter = tf.numpy_function(lambda row: prepared[share.number].append(int(row)), [number], [])
            with tf.control_dependencies([counter]):
                return original(raw)

        task.preprocess = counted
        rows = [f"w{row:03}" for row in range(96)]
        return make_batches(tf.data.Dataset.from_tensor_slices((rows, np.arange(96))), task, 16, 1, share=share)

    shared = in_each(4, prepare)
    # The sample that tells the memory of all is among the first examples; some more are read in advance.
    beyond = [sorted(row for row in rows if row >= 48) for rows in prepared]
    assert beyond == [[], [], [*range(48, 72)], [*range(72, 96)]]
    for rows in prepared:
        rows.clear()
    for batches in shared:
        arrays_of(batches, 1)
    if most_kept:
        assert prepared == [[]] * 4
    else:
        assert [len(rows) for rows in prepared] == [24] * 4
        assert sorted(row for rows in prepared for row in rows) == [*range(96)]


def test_an_error_of_one_process_reaches_its_block():
    task, examples = images()
    damaged = examples.concatenate(tf.data.Dataset.from_tensors((b"no image", np.int64(0))))
    found = []

    @contextlib.contextmanager
    def together(step):
        try:
            yield
        except DataError as error:
            found.append(str(error))
            raise

    share = Share(1, 2, 2, (1, 2), lambda rows: rows, together)
    with pytest.raises(DataError, match=r"An example of the dataset cannot be used: .*PNG"):
        make_batches(damaged, task, 16, 1, share=share)
    assert len(found) == 1


@pytest.mark.parametrize("counts", [(0, 5, 2), (0, 0, 0), (4, 4, 4)])
@pytest.mark.parametrize("dtype", ["int64", "float32", "bool"])
def test_rows_of_all_processes_are_gathered_in_messages(counts, dtype, monkeypatch):
    monkeypatch.setattr(peers, "_MAX_MESSAGE", 7)
    rows = [np.random.default_rng(count).integers(0, 2, (count, 3)).astype(dtype) for count in counts]

    def gather(share):
        stacked = SimpleNamespace(_allgather=lambda values: share.gather(values[None].copy()))
        return peers._SeveralPeers._gather(stacked, rows[share.number])

    for found in in_each(3, gather):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.concatenate(rows))


def test_fewer_examples_than_processes():
    task, examples = texts()
    shared = in_each(4, lambda share: make_batches(examples.take(2), task, 16, 1, share=share))
    whole = arrays_of(make_batches(examples.take(2), task, 16, 1))
    for batches in shared:
        for parts, expected in zip(arrays_of(batches), whole, strict=True):
            assert all(map(np.array_equal, parts, expected))
