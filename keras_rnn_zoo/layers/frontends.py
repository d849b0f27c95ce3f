"""Frontends: from one kind of input to a sequence of vectors and its mask, or to one vector."""

import keras
from keras import ops

from keras_rnn_zoo.conventions import LINE_STRIDES, subsampling_strides
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.layers.audio import LogMel
from keras_rnn_zoo.layers.characters import CharacterReader
from keras_rnn_zoo.layers.masking import MeanSubtraction, StepMask, WordDropout, ZeroPadding
from keras_rnn_zoo.offline import OfflineError, install_offline_guard


def token_frontend(
    *,
    vocabulary_size,
    embedding_dim,
    dropout,
    word_dropout,
    rare_words=False,
    char_units=0,
    char_vocabulary_size=0,
    name="ids",
):
    """Embeds token ids.

    Args:
        vocabulary_size: number of ids.
        embedding_dim: features of an embedding.
        dropout: share of embedding features dropped in training, the same ones for all steps of a sequence, so that
            the network cannot read them off a neighboring step (Gal and Ghahramani 2016).
        word_dropout: share of tokens replaced by the unknown one in training.
        rare_words: whether that is the share of the rarest token, and commoner ones are replaced less often.
        char_units: if not 0, the input holds each word's own id and then those of its characters, and a recurrent
            reader of that many units, each way, adds what it found in them (Ling et al. 2015).
        char_vocabulary_size: number of ids of characters.
        name: name of the input.

    Returns:
        The input, int32 `(batch, time)`, or `(batch, time, 1 + characters)`; the embeddings `(batch, time, features)`;
        the mask `(batch, time)`.
    """
    inputs = keras.Input((None, None) if char_units else (None,), dtype="int32", name=name)
    mask = StepMask(name="mask")(inputs)
    ids = inputs[:, :, 0] if char_units else inputs
    x = WordDropout(word_dropout, vocabulary_size if rare_words else None, name="word_dropout")(ids)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(x)
    if char_units:
        spelt = CharacterReader(char_vocabulary_size, char_units, name="characters")(inputs[:, :, 1:])
        x = keras.layers.Concatenate(name="word_and_characters")([x, spelt])
    x = keras.layers.SpatialDropout1D(dropout, name="embedding_dropout")(x)
    return inputs, x, mask


def series_frontend(*, features, subsampling=1, name="series"):
    """Reads numbers over time.

    Args:
        features: numbers a step.
        subsampling: the factor by which convolutions thin the steps; see `subsampled`.
        name: name of the input.

    Returns:
        The input, float32 `(batch, time, features)`, NaN for padding; the sequence
        `(batch, ceil(time / subsampling), features)`; its mask.
    """
    inputs = keras.Input((None, features), name=name)
    mask = StepMask(name="mask")(inputs)
    x = ZeroPadding(name="unpadded")(inputs, mask=mask)
    return inputs, *subsampled(x, mask, subsampling)


def audio_frontend(*, sample_rate, dropout, subsampling=1, normalized=True, name="audio"):
    """Reads waveforms as log-mel frames of 25 ms, one every 10 ms.

    Args:
        sample_rate: samples a second.
        dropout: share of mel bands dropped in training, for a whole recording.
        subsampling: the factor by which convolutions thin the frames; see `subsampled`.
        normalized: whether the mean of each band over the recording is taken away, and with it loudness and room.
        name: name of the input.

    Returns:
        The input, float32 `(batch, samples)`, NaN for padding; the frames `(batch, time, features)`; their mask.
    """
    inputs = keras.Input((None,), name=name)
    samples = StepMask(name="samples_mask")(inputs)
    x = ZeroPadding(name="unpadded")(inputs, mask=samples)
    mel = LogMel(sample_rate, name="log_mel")
    x = mel(x)  # (batch, time, bands)
    mask = samples[:, :: mel.stride]
    if normalized:
        x = MeanSubtraction(name="mean_subtraction")(x, mask=mask)
    x = keras.layers.SpatialDropout1D(dropout, name="band_dropout")(x)
    return inputs, *subsampled(x, mask, subsampling)


def subsampled(x, mask, subsampling):
    """Thins a sequence by convolutions that each make one step of two.

    Speech recognition reads so before its recurrent layers (Amodei et al. 2016, "Deep Speech 2"), which then have fewer
    steps to run and to remember over.

    Args:
        x: the sequence, `(batch, time, features)`, zero where there is padding.
        mask: its mask, boolean `(batch, time)`.
        subsampling: the factor, one of `keras_rnn_zoo.conventions.SUBSAMPLING`; 1 leaves the sequence as it is.

    Returns:
        The sequence, `(batch, ceil(time / subsampling), features)`, and its mask.
    """
    for number, stride in enumerate(subsampling_strides(subsampling), 1):
        # Padding by hand: "same" would place the windows by the length of the batch.
        x = keras.layers.ZeroPadding1D(1, name=f"frame_padding_{number}")(x)
        x = keras.layers.Conv1D(128, 3, strides=stride, activation="relu", name=f"frame_convolution_{number}")(x)
        mask = mask[:, ::stride]
        x = ZeroPadding(finite=True, name=f"frame_unpadded_{number}")(x, mask=mask)
    return x, mask


def line_frontend(*, image_height, channels, dropout, distortion=0.0, name="image"):
    """Reads lines of writing from left to right, a vector for every four columns of pixels.

    Args:
        image_height: pixels from top to bottom.
        channels: 1 for gray, 3 for colors.
        dropout: share of features dropped in training.
        distortion: share by which lines are stretched, slanted and shifted in training; see `RandomDistortion`.
        name: name of the input.

    Returns:
        The input, float32 pixels `(batch, width, image_height, channels)` from 0 to 255, NaN for padding; the sequence
        `(batch, ceil(width / 4), features)`; its mask.
    """
    inputs = keras.Input((None, image_height, channels), name=name)
    mask = StepMask(name="columns_mask")(inputs)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
    if distortion:
        x = RandomDistortion(distortion, name="distortion")(ZeroPadding(name="undistorted")(x, mask=mask))
    x = ZeroPadding(name="unpadded")(x, mask=mask)
    for number, (filters, width) in enumerate(zip((16, 32, 64, 96), LINE_STRIDES, strict=True), 1):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"convolution_{number}")(x)
        # No value is below zero, so the largest of a window with padding is that of its real columns.
        x = ZeroPadding(finite=True, name=f"unpooled_{number}")(x, mask=mask)
        x = keras.layers.MaxPooling2D((width, 2), padding="same", name=f"pooling_{number}")(x)
        mask = mask[:, ::width] if width > 1 else mask
    x = keras.layers.Reshape((-1, x.shape[2] * x.shape[3]), name="columns")(x)
    return inputs, keras.layers.Dropout(dropout, name="column_dropout")(x), mask


def grid_frontend(*, image_height, image_width, channels, encoder, pretrained, dropout, name="image"):
    """Reads an image as a grid of vectors, row by row.

    Args:
        image_height: pixels from top to bottom.
        image_width: pixels from left to right.
        channels: 1 for gray, 3 for colors.
        encoder: `"cnn"`, a small network of this package, or the name of one in `keras.applications`.
        pretrained: whether a network of `keras.applications` has its ImageNet weights, which are downloaded the first
            time and stay as they are.
        dropout: share of the features of cells dropped in training, the same ones in all cells.
        name: name of the input.

    Returns:
        The input, pixels `(batch, image_height, image_width, channels)` from 0 to 255; the cells
        `(batch, cells, features)`; their mask, true everywhere.
    """
    inputs = keras.Input((image_height, image_width, channels), name=name)
    if encoder == "cnn":
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
        for number, (filters, strides) in enumerate(((32, 2), (64, 2), (64, 1), (96, 2), (96, 1)), 1):
            x = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name=f"convolution_{number}")(
                x
            )
            # A short momentum: small data sets are read in few steps.
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}")(x)
            x = keras.layers.ReLU(name=f"relu_{number}")(x)
    else:
        x = _application(inputs, encoder, pretrained)
    _, rows, columns, features = x.shape
    x = keras.layers.Reshape((rows * columns, features), name="cells")(x)
    x = keras.layers.SpatialDropout1D(dropout, name="cell_dropout")(x)
    x = CellPositions(rows, columns, name="positions")(x)
    # Cells are never padding: a mask that is true everywhere, made of the cells so that it has the batch's size.
    return inputs, x, ops.ones_like(x[:, :, 0], dtype="bool")


def _application(inputs, encoder, pretrained):
    x = inputs
    if x.shape[-1] == 1:
        x = keras.layers.Concatenate(name="gray_to_colors")([x, x, x])
    if encoder != "EfficientNetB0":  # It scales pixels itself.
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(x)
    install_offline_guard()
    try:
        network = getattr(keras.applications, encoder)(
            include_top=False, weights="imagenet" if pretrained else None, input_shape=x.shape[1:], name=encoder.lower()
        )
    except Exception as error:
        if not pretrained or isinstance(error, ValueError):
            raise
        told = "the network is forbidden" if isinstance(error, OfflineError) else str(error).strip().partition("\n")[0]
        raise DataError(
            f"The ImageNet weights of {encoder} are not on disk and could not be downloaded: {told}. Run the command "
            "again with a network, or leave them out (--set pretrained=false)."
        ) from error
    network.trainable = not pretrained
    return network(x)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class RandomShift(keras.layers.RandomTranslation):
    """In training, moves each image by up to a share of its height and width; what it leaves repeats the edge.

    Keras's layer does so in every call that does not say `training=False`; this one only where it is told to.

    Args:
        share: the largest share of height and width.
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
    """In training, stretches, slants and shifts lines of writing, each in its own way; what comes in repeats the edge.

    Args:
        share: the most by which length and height change, relative to them, and a line is shifted, relative to its
            height; the slant is at most twice as much.
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
        length, height, slant, right, down = (draws[:, number] for number in range(5))
        middle = rows / 2
        none = ops.zeros_like(length)
        # Where each pixel comes from: its row is the first coordinate, its column the second.
        to_row = [1 + height, none, down * rows - height * middle]
        to_column = [2 * slant, 1 + length, right * rows - 2 * slant * middle]
        transforms = ops.stack([*to_row, *to_column, none, none], axis=1)
        return ops.image.affine_transform(lines, transforms, fill_mode="nearest", data_format="channels_last")

    def get_config(self):
        return {**super().get_config(), "share": self.share}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class CellPositions(keras.layers.Layer):
    """Joins to each cell of a grid where it lies, as row and column from -1 to 1 (Liu et al. 2018, "CoordConv").

    Args:
        rows: rows of the grid.
        columns: columns of the grid.
    """

    def __init__(self, rows, columns, **kwargs):
        super().__init__(**kwargs)
        self.rows, self.columns = rows, columns

    def call(self, cells):
        rows, columns = ops.meshgrid(
            ops.linspace(-1.0, 1.0, self.rows), ops.linspace(-1.0, 1.0, self.columns), indexing="ij"
        )
        places = ops.cast(ops.stack([ops.ravel(rows), ops.ravel(columns)], axis=-1), cells.dtype)  # (cells, 2)
        return ops.concatenate([cells, ops.broadcast_to(places, (ops.shape(cells)[0], *places.shape))], axis=-1)

    def get_config(self):
        return {**super().get_config(), "rows": self.rows, "columns": self.columns}
