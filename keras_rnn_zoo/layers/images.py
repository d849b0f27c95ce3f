"""Layers for images: random changes in training, and where on the image a vector is."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class RandomShift(keras.layers.RandomTranslation):
    """Randomly shifts images in training, by up to a fraction of their height and width, repeating edge pixels.

    Keras's layer is active unless called with `training=False`; this one only with `training=True`.

    Args:
        share: the largest shift as a fraction of height and width.
    """

    def __init__(self, share, **kwargs):
        super().__init__(share, share, fill_mode="nearest", **kwargs)
        self.share = share

    def call(self, data, training=False):
        return super().call(data, training=training)

    def get_config(self):
        return {**keras.layers.Layer.get_config(self), "share": self.share}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class RandomDistortion(keras.layers.Layer):
    """Randomly stretches, slants and shifts images of lines of text in training, repeating edge pixels.

    Args:
        share: the largest relative change of length and height, and the largest shift as a fraction of the height. The
            slant is at most twice as large.
    """

    def __init__(self, share, **kwargs):
        super().__init__(**kwargs)
        self.share = share
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, lines, training=False):
        if not training:
            return lines
        batch, _, rows, _ = ops.shape(lines)
        draws = self.share * keras.random.uniform((batch, 5), -1.0, 1.0, seed=self.seed_generator)
        length, height, slant, right, down = (draws[:, column] for column in range(5))
        middle = rows / 2
        zero = ops.zeros_like(length)
        # The source of each pixel. Images are (width, height), so a row is the first coordinate here, a column the
        # second.
        to_row = [1 + height, zero, down * rows - height * middle]
        to_column = [2 * slant, 1 + length, right * rows - 2 * slant * middle]
        transforms = ops.stack([*to_row, *to_column, zero, zero], axis=1)  # (batch, 8)
        return ops.image.affine_transform(lines, transforms, fill_mode="nearest", data_format="channels_last")

    def get_config(self):
        return {**super().get_config(), "share": self.share}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class RandomElastic(keras.layers.Layer):
    """Bends images randomly in training, each differently, repeating edge pixels (Simard et al. 2003).

    Pixels `(batch, rows, columns, channels)` are read from where a smooth random field moves them. The field is the sum
    of Gaussian bumps on a grid whose spacing is `SPACING` of the height.

    Args:
        share: standard deviation of the movement in each direction, as a fraction of the height.
        height_axis: the axis of the height: 1, or 2 for lines of text, whose images are `(batch, width, height,
            channels)`.
    """

    SPACING = 1 / 5

    def __init__(self, share, height_axis=1, **kwargs):
        super().__init__(**kwargs)
        self.share, self.height_axis = share, height_axis
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        batch, rows, columns, channels = ops.shape(images)
        height = images.shape[self.height_axis]
        bumps = [_bumps(size, self.SPACING * height) for size in (rows, columns)]
        sizes = [ops.shape(one)[1] for one in bumps]
        draws = keras.random.normal((batch, 2, *sizes), stddev=self.share * height, seed=self.seed_generator)
        moves = ops.einsum("ri,bdij,cj->bdrc", bumps[0], draws, bumps[1])
        row = ops.arange(rows, dtype="float32")[:, None] + moves[:, 0]
        column = ops.arange(columns, dtype="float32") + moves[:, 1]
        pixels = ops.reshape(images, (batch, rows * columns, channels))
        return ops.reshape(_interpolated(pixels, row, column, rows, columns), (batch, rows, columns, channels))

    def get_config(self):
        return {**super().get_config(), "share": self.share, "height_axis": self.height_axis}


def _bumps(size, spacing):
    """Returns the values `(size, bumps)` of Gaussian bumps along an axis; the squares at a pixel sum to 1."""
    centers = ops.arange(0, ops.cast(size, "float32") + spacing, spacing, dtype="float32")
    distances = (ops.arange(size, dtype="float32")[:, None] - centers) / spacing
    values = ops.exp(-(distances**2) / 2)
    return values / ops.sqrt(ops.sum(values**2, axis=1, keepdims=True))


def _interpolated(pixels, row, column, rows, columns):
    """Returns the values of images between pixels, by bilinear interpolation.

    Args:
        pixels: the images, `(batch, rows * columns, channels)`.
        row: the rows to read, `(batch, rows, columns)`.
        column: the columns to read, of the same shape.
        rows: number of rows.
        columns: number of columns.

    Returns:
        The values, `(batch, rows * columns, channels)`.
    """
    row = ops.clip(row, 0, ops.cast(rows - 1, "float32"))
    column = ops.clip(column, 0, ops.cast(columns - 1, "float32"))
    top, left = ops.floor(row), ops.floor(column)
    down, right = row - top, column - left
    total = 0.0
    for below, row_share in ((0, 1 - down), (1, down)):
        for beside, column_share in ((0, 1 - right), (1, right)):
            across = ops.minimum(ops.cast(left, "int32") + beside, columns - 1)
            places = ops.minimum(ops.cast(top, "int32") + below, rows - 1) * columns + across
            found = ops.take_along_axis(pixels, ops.reshape(places, (ops.shape(pixels)[0], -1, 1)), axis=1)
            share = ops.reshape(row_share * column_share, (ops.shape(pixels)[0], -1, 1))
            total += ops.cast(share, pixels.dtype) * found
    return total


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class CellPositions(keras.layers.Layer):
    """Appends to each cell of a grid its row and column, from -1 to 1 (Liu et al. 2018, "CoordConv").

    Vectors `(batch, rows * columns, features)` become `(batch, rows * columns, features + 2)`.

    Args:
        rows: number of rows of the grid.
        columns: number of columns of the grid.
    """

    def __init__(self, rows, columns, **kwargs):
        super().__init__(**kwargs)
        self.rows, self.columns = rows, columns

    def call(self, cells):
        rows, columns = ops.meshgrid(
            ops.linspace(-1.0, 1.0, self.rows), ops.linspace(-1.0, 1.0, self.columns), indexing="ij"
        )
        positions = ops.cast(ops.stack([ops.ravel(rows), ops.ravel(columns)], axis=-1), cells.dtype)  # (cells, 2)
        return ops.concatenate([cells, ops.broadcast_to(positions, (ops.shape(cells)[0], *positions.shape))], axis=-1)

    def get_config(self):
        return {**super().get_config(), "rows": self.rows, "columns": self.columns}
