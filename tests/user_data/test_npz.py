"""How much memory a NumPy archive takes; what it means is tested with the other forms."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.formats.npz import Arrays
from keras_rnn_zoo.user_data.rows import Row

ROWS = 20_000


def write(path, **arrays):
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)
    return str(path)


def ragged(items):
    found = np.empty(len(items), object)
    found[:] = items
    return found


ARCHIVES = {
    "an array": {"x": np.zeros((ROWS, 50, 2), "float32"), "y": np.zeros(ROWS)},
    "in the order of Fortran": {"x": np.zeros((ROWS, 100), "float32", order="F"), "y": np.zeros(ROWS)},
    "another kind of number": {"x": np.zeros((ROWS, 50), "float64"), "y": np.zeros(ROWS)},
    "with lengths": {"x": np.zeros((ROWS, 100), "float32"), "lengths": np.full(ROWS, 99), "y": np.zeros(ROWS)},
    "joined": {"x": np.zeros(ROWS * 100, "float32"), "lengths": np.full(ROWS, 100), "y": np.zeros(ROWS)},
    "objects": {"x": ragged([np.zeros((5000 + n, 1), "float64") for n in range(300)]), "y": np.zeros(300)},
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_memory_taken_is_that_of_the_arrays(tmp_path, name):
    arrays = ARCHIVES[name]
    path = write(tmp_path / "a.npz", **arrays)
    size = sum(array.nbytes if array.dtype != object else sum(a.nbytes for a in array) for array in arrays.values())
    np.zeros(1)
    tracemalloc.start()
    files = Arrays(path, ("regression",), {}, "")
    assert all(isinstance(row, Row) for row in files.rows())
    assert sum(1 for _ in files.mixed_rows(0)) == len(arrays["y"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1.2 * size + 3e6


def test_archives_larger_than_free_memory_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = write(tmp_path / "a.npz", x=np.zeros((1000, 1000)), y=np.zeros(1000))
    monkeypatch.setattr("keras_rnn_zoo.user_data.npz_archive.available", lambda: 9_000_000)
    monkeypatch.setattr("keras_rnn_zoo.user_data.npz_archive.read_array", None)
    with pytest.raises(DataError, match=r"a\.npz has 8,008,256 bytes uncompressed, but only 80% of the 9,000,000"):
        Arrays(path, ("regression",), {}, "")


STORED = {
    "an array": {"x": np.arange(ROWS * 100, dtype="float32").reshape(ROWS, 50, 2), "y": np.arange(float(ROWS))},
    "in the order of Fortran": {
        "x": np.asfortranarray(np.random.default_rng(0).random((ROWS, 60))),
        "y": np.ones(ROWS),
    },
    "joined": {"x": np.arange(ROWS * 100.0), "lengths": np.full(ROWS, 100), "y": np.zeros(ROWS)},
    "objects": {"x": ragged([np.full((5000 + n, 1), float(n)) for n in range(300)]), "y": np.zeros(300)},
}


@pytest.mark.parametrize("name", STORED)
def test_arrays_that_are_not_compressed_stay_in_the_file(tmp_path, monkeypatch, name):
    np.savez(tmp_path / "a.npz", **STORED[name])
    read = Arrays(str(tmp_path / "a.npz"), ("regression",), {}, "")
    expected = [(row, read.load(row).copy()) for row in read.rows()]
    monkeypatch.setattr("keras_rnn_zoo.user_data.npz_archive.MIN_MAPPED", 2**20)
    monkeypatch.setattr("keras_rnn_zoo.user_data.npz_archive.available", lambda: 2_000_000)
    tracemalloc.start()
    files = Arrays(str(tmp_path / "a.npz"), ("regression",), {}, "")
    for row, (other, series) in zip(files.rows(), expected, strict=True):
        assert row == other
        assert np.array_equal(files.load(row), series)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4e6
    assert not files.x.flags.writeable or name == "objects"


def test_mapped_arrays_are_checked_before_they_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.user_data.npz_archive.MIN_MAPPED", 2**20)
    np.savez(tmp_path / "a.npz", x=np.zeros((ROWS, 50), "float32"), y=np.zeros(ROWS))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[2_000_000] ^= 1
    (tmp_path / "b.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"b\.npz is not a NumPy archive: Bad CRC-32 for file 'x\.npy'"):
        Arrays(str(tmp_path / "b.npz"), ("regression",), {}, "")


@pytest.mark.parametrize("claimed", [100, 10**15])
def test_an_archive_that_claims_another_size_is_refused(tmp_path, claimed):
    path = write(tmp_path / "a.npz", x=np.zeros((12, 5)), y=np.zeros(12))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("x.npy").file_size
    at = content.index(size.to_bytes(4, "little"), content.index(b"PK\x01\x02"))
    content[at : at + 4] = min(claimed, 2**32 - 2).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz"):
        Arrays(path, ("regression",), {}, "")


def test_the_order_of_training_is_that_of_the_rows_shuffled(tmp_path):
    import random

    files = Arrays(write(tmp_path / "a.npz", x=np.zeros((40, 5)), y=np.arange(40.0)), ("regression",), {}, "")
    rows = list(files.rows())
    random.Random(3).shuffle(rows)
    assert list(files.mixed_rows(3)) == rows


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.float32(1), "y": np.zeros(3)}, "array 'x': series are expected"),
        ({"x": np.zeros((3, 2)), "y": np.float32(1)}, "array 'y': a target for each series is expected"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(3, "i4,f4")}, "received the dtype"),
        ({"x": np.zeros(3), "y": np.zeros(3), "lengths": np.ones(3, int)}, r"received \(3,\)"),
        ({"x": np.zeros(3), "y": np.zeros(2), "lengths": np.array([2**63, 2**63 + 3], "u8")}, "sum to 18,446,744"),
    ],
)
def test_arrays_of_another_shape_are_named(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        Arrays(write(tmp_path / "a.npz", **arrays), ("regression",), {}, "")


def test_a_number_that_is_no_float_is_a_bad_row(tmp_path):
    path = write(tmp_path / "a.npz", x=ragged([[1.0, 2.0]] * 3 + [[10**400]]), y=np.arange(4.0))
    rows = list(Arrays(path, ("regression",), {}, "").rows())
    assert [type(row).__name__ for row in rows] == ["Row"] * 3 + ["BadRow"]


def test_half_of_a_pair_is_a_bad_row(tmp_path):
    y = np.array(["a"] * 3 + ["\ud83d"])
    rows = list(Arrays(write(tmp_path / "a.npz", x=np.zeros((4, 3)), y=y), ("classification",), {}, "").rows())
    assert [type(row).__name__ for row in rows] == ["Row"] * 3 + ["BadRow"]


def test_an_archive_written_into_memory_reads_as_one_on_disk(tmp_path):
    file = io.BytesIO()
    np.savez(file, x=np.arange(24, dtype=">f4").reshape(4, 3, 2), y=np.arange(4.0))
    (tmp_path / "a.npz").write_bytes(file.getvalue())
    files = Arrays(str(tmp_path / "a.npz"), ("regression",), {}, "")
    assert files.features == 2
    np.testing.assert_array_equal(files.load(next(files.rows())), np.arange(6).reshape(3, 2))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_compression_are_refused(tmp_path, method):
    content = io.BytesIO()
    np.save(content, np.zeros((3, 2, 1)))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("x.npy", content.getvalue())
    with pytest.raises(DataError, match=r"a\.npz is not a NumPy archive: x\.npy is compressed by a method that NumPy"):
        Arrays(str(tmp_path / "a.npz"), ("regression",), {}, "")


def test_series_without_features_and_texts_are_refused(tmp_path):
    path = write(tmp_path / "a.npz", x=np.zeros((2, 5, 0)), y=np.zeros(2))
    assert {row.fault for row in Arrays(path, ("regression",), {}, "").rows()} == {"the series has no features"}
    path = write(tmp_path / "b.npz", x=ragged([[1.0], "0" * 1000]), y=np.zeros(2))
    good, bad = Arrays(path, ("regression",), {}, "").rows()
    assert isinstance(good, Row) and "not numbers" in bad.fault
