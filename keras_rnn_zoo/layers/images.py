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
