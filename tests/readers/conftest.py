"""What the tests of all readers share."""

import numpy as np
import pytest


def _is_padding(values):
    return np.isnan(values) if values.dtype.kind == "f" else values == 0


@pytest.fixture
def read():
    """The function from a reader and raw inputs to the model's input, in NumPy."""
    return lambda reader, inputs: reader(*reader.to_batch(inputs)).numpy()


@pytest.fixture
def assert_read_alike(read):
    """Holds that an input is read in a batch as alone, and from the tensor of a data set as from a user."""

    def check(reader, inputs, raw):
        together = read(reader, inputs)
        for item, tensor, row in zip(inputs, raw, together, strict=True):
            (alone,) = read(reader, [item])
            np.testing.assert_allclose(row[: len(alone)], alone, rtol=1e-6)
            assert _is_padding(row[len(alone) :]).all()
            (again,) = reader(*reader.add_batch_axis(tensor)).numpy()
            np.testing.assert_array_equal(again, alone)

    return check
