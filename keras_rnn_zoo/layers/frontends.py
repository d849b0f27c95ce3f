"""Frontends, which map one kind of input to a sequence of vectors and its mask."""

import inspect
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_rnn_zoo.conventions import LINE_STRIDES, subsampling_strides
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.layers.audio import LogMel, SpectrogramMasks
from keras_rnn_zoo.layers.characters import CharacterReader
from keras_rnn_zoo.layers.images import CellPositions, RandomDistortion, RandomElastic
from keras_rnn_zoo.layers.masking import MeanSubtraction, StepMask, WordDropout, ZeroPadding
from keras_rnn_zoo.offline import OfflineError, install_offline_guard


def sequence_frontend(input, **options):
    """Reads text, audio or series.

    Args:
        input: the kind of input.
        **options: options of `token_frontend`, `audio_frontend` and `series_frontend`; those of the other kinds of
            input have no effect.

    Returns:
        The Keras input, the sequence and its mask.
    """
    frontends: dict[str, Callable[..., Any]] = {
        "text": token_frontend,
        "audio": audio_frontend,
        "series": series_frontend,
    }
    own = inspect.signature(frontends[input]).parameters
    return frontends[input](**{name: value for name, value in options.items() if name in own})


def token_frontend(
    *,
    vocabulary_size,
    embedding_dim,
    dropout,
    word_dropout,
    freeze_embedding=False,
    rare_words=False,
    char_units=0,
    char_vocabulary_size=0,
    name="ids",
):
    """Embeds token ids.

    Args:
        vocabulary_size: number of token ids.
        embedding_dim: size of a token's embedding.
        dropout: fraction of embedding features dropped in training, the same features at all steps of a sequence, so
            that the network cannot recover them from neighboring steps (Gal and Ghahramani 2016).
        word_dropout: fraction of tokens replaced by the unknown token in training.
        freeze_embedding: whether the embedding is not trained.
        rare_words: whether `word_dropout` applies to the rarest token, and more frequent ones are replaced less often.
        char_units: if not 0, each word comes with the ids of its characters, and a bidirectional LSTM of this size per
            direction adds a vector computed from them (Ling et al. 2015).
        char_vocabulary_size: number of character ids.
        name: name of the input.

    Returns:
        The Keras input, int32 `(batch, time)` or, with characters, `(batch, time, 1 + characters)`, the word's id
        first; the vectors, `(batch, time, features)`; their boolean mask, `(batch, time)`.
    """
    inputs = keras.Input((None, None) if char_units else (None,), dtype="int32", name=name)
    mask = StepMask(name="mask")(inputs)
    ids = inputs[:, :, 0] if char_units else inputs
    x = WordDropout(word_dropout, vocabulary_size if rare_words else None, name="word_dropout")(ids)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, trainable=not freeze_embedding, name="embedding")(x)
    if char_units:
        from_characters = CharacterReader(char_vocabulary_size, char_units, name="characters")(inputs[:, :, 1:])
        x = keras.layers.Concatenate(name="word_and_characters")([x, from_characters])
    x = keras.layers.SpatialDropout1D(dropout, name="embedding_dropout")(x)
    return inputs, x, mask


def series_frontend(*, features, subsampling=1, name="series"):
    """Reads numeric series.

    Args:
        features: number of values per step.
        subsampling: the factor by which convolutions subsample the steps; see `subsampled`.
        name: name of the input.

    Returns:
        The Keras input, float32 `(batch, time, features)`, padded with NaN; the sequence,
        `(batch, ceil(time / subsampling), features)`; its boolean mask.
    """
    inputs = keras.Input((None, features), name=name)
    mask = StepMask(name="mask")(inputs)
    x = ZeroPadding(name="unpadded")(inputs, mask=mask)
    return inputs, *subsampled(x, mask, subsampling)


def audio_frontend(*, sample_rate, dropout, subsampling=1, normalized="recording", spectrogram_masks=0.0, name="audio"):
    """Converts waveforms to log-mel frames of 25 ms, one every 10 ms.

    Args:
        sample_rate: samples per second.
        dropout: fraction of mel bands dropped in training, each for a whole recording.
        subsampling: the factor by which convolutions subsample the frames; see `subsampled`.
        normalized: what to subtract from each band, which removes loudness and room acoustics: its mean over the
            `"recording"`; over the frames so far (`"running"`), so that no frame depends on later ones; or `"nothing"`.
        spectrogram_masks: the largest share of the bands, or of the frames, that a random mask hides in training; see
            `SpectrogramMasks`.
        name: name of the input.

    Returns:
        The Keras input, float32 `(batch, samples)`, padded with NaN; the frames, `(batch, time, features)`; their
        boolean mask, `(batch, time)`.
    """
    inputs = keras.Input((None,), name=name)
    samples = StepMask(name="samples_mask")(inputs)
    x = ZeroPadding(name="unpadded")(inputs, mask=samples)
    mel = LogMel(sample_rate, name="log_mel")
    x = mel(x)  # (batch, time, bands)
    mask = samples[:, :: mel.stride]
    if normalized != "nothing":
        x = MeanSubtraction(running=normalized == "running", name="mean_subtraction")(x, mask=mask)
    if spectrogram_masks:
        x = SpectrogramMasks(spectrogram_masks, name="spectrogram_masks")(x, mask=mask)
    x = keras.layers.SpatialDropout1D(dropout, name="band_dropout")(x)
    return inputs, *subsampled(x, mask, subsampling)


def normalization(bidirectional):
    """Returns how `audio_frontend` normalizes for layers that read in both directions, or forward only.

    A model that reads forward can then answer while a recording is still coming in.
    """
    return "recording" if bidirectional else "running"


def subsampled(x, mask, subsampling):
    """Subsamples a sequence in time by convolutions with a stride of two.

    Speech recognizers do so before their recurrent layers (Amodei et al. 2016, "Deep Speech 2"), which then run, and
    have to remember, over fewer steps.

    Args:
        x: the sequence, `(batch, time, features)`, zero at padding.
        mask: boolean `(batch, time)`, true at real steps.
        subsampling: the factor, one of `keras_rnn_zoo.conventions.SUBSAMPLING`; 1 keeps the sequence as it is.

    Returns:
        The sequence, `(batch, ceil(time / subsampling), features)`, and its mask.
    """
    for index, stride in enumerate(subsampling_strides(subsampling), 1):
        # Pad explicitly: the position of the windows of "same" padding depends on the length of the batch.
        x = keras.layers.ZeroPadding1D(1, name=f"frame_padding_{index}")(x)
        x = keras.layers.Conv1D(128, 3, strides=stride, activation="relu", name=f"frame_convolution_{index}")(x)
        mask = mask[:, ::stride]
        x = ZeroPadding(finite=True, name=f"frame_unpadded_{index}")(x, mask=mask)
    return x, mask


def line_frontend(*, image_height, channels, dropout, distortion=0.0, elastic=0.0, name="image"):
    """Reads images of lines of text from left to right, one vector per four columns of pixels.

    Args:
        image_height: height of the images in pixels.
        channels: 1 for grayscale, 3 for RGB.
        dropout: fraction of features dropped in training.
        distortion: strength of random stretching, slanting and shifting in training; see `RandomDistortion`.
        elastic: strength of random bending in training; see `RandomElastic`.
        name: name of the input.

    Returns:
        The Keras input, float32 pixels `(batch, width, image_height, channels)` from 0 to 255, padded with NaN; the
        sequence, `(batch, ceil(width / 4), features)`; its boolean mask.
    """
    inputs = keras.Input((None, image_height, channels), name=name)
    mask = StepMask(name="columns_mask")(inputs)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
    if distortion or elastic:
        x = ZeroPadding(name="undistorted")(x, mask=mask)
    if distortion:
        x = RandomDistortion(distortion, name="distortion")(x)
    if elastic:
        x = RandomElastic(elastic, height_axis=2, name="elastic")(x)
    x = ZeroPadding(name="unpadded")(x, mask=mask)
    for index, (filters, stride) in enumerate(zip((16, 32, 64, 96), LINE_STRIDES, strict=True), 1):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"convolution_{index}")(x)
        # No value is negative, so zeros at padding never change the maximum of a window.
        x = ZeroPadding(finite=True, name=f"unpooled_{index}")(x, mask=mask)
        # (batch, width / stride, height / 2, filters)
        x = keras.layers.MaxPooling2D((stride, 2), padding="same", name=f"pooling_{index}")(x)
        mask = mask[:, ::stride] if stride > 1 else mask
    x = keras.layers.Reshape((-1, x.shape[2] * x.shape[3]), name="columns")(x)  # (batch, columns, features)
    return inputs, keras.layers.Dropout(dropout, name="column_dropout")(x), mask


def grid_frontend(*, image_height, image_width, channels, encoder, pretrained, dropout, name="image"):
    """Reads an image as a grid of vectors, row by row.

    Args:
        image_height: height of the images in pixels.
        image_width: width of the images in pixels.
        channels: 1 for grayscale, 3 for RGB.
        encoder: `"cnn"` for a small convolutional network, or the name of a network in `keras.applications`.
        pretrained: whether a network of `keras.applications` uses its ImageNet weights, which are downloaded once and
            not trained further.
        dropout: fraction of features dropped in training, the same features in all cells.
        name: name of the input.

    Returns:
        The Keras input, pixels `(batch, image_height, image_width, channels)` from 0 to 255; the vectors of the cells,
        `(batch, cells, features)`; their boolean mask, true everywhere.

    Raises:
        DataError: the ImageNet weights are not on disk and cannot be downloaded.
    """
    inputs = keras.Input((image_height, image_width, channels), name=name)
    if encoder == "cnn":
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
        for index, (filters, strides) in enumerate(((32, 2), (64, 2), (64, 1), (96, 2), (96, 1)), 1):
            x = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name=f"convolution_{index}")(x)
            # A low momentum, because an epoch of a small dataset has few steps.
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"normalization_{index}")(x)
            x = keras.layers.ReLU(name=f"relu_{index}")(x)
    else:
        x = _application(inputs, encoder, pretrained)
    _, rows, columns, features = x.shape
    x = keras.layers.Reshape((rows * columns, features), name="cells")(x)
    x = keras.layers.SpatialDropout1D(dropout, name="cell_dropout")(x)
    x = CellPositions(rows, columns, name="positions")(x)
    # Cells are never padding. The mask is made from them so that it gets the batch's size.
    return inputs, x, ops.ones_like(x[:, :, 0], dtype="bool")


def _application(inputs, encoder, pretrained):
    x = inputs
    if x.shape[-1] == 1:
        x = keras.layers.Concatenate(name="gray_to_colors")([x, x, x])
    if encoder != "EfficientNetB0":  # EfficientNet rescales pixels itself.
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(x)
    install_offline_guard()
    try:
        network = getattr(keras.applications, encoder)(
            include_top=False, weights="imagenet" if pretrained else None, input_shape=x.shape[1:], name=encoder.lower()
        )
    except Exception as error:
        if not pretrained or isinstance(error, ValueError):
            raise
        offline = isinstance(error, OfflineError)
        reason = "network access is disabled" if offline else str(error).strip().partition("\n")[0]
        raise DataError(
            f"The ImageNet weights of {encoder} are not on disk and could not be downloaded: {reason}. Run the command "
            "again with network access, or train without them (--set pretrained=false)."
        ) from error
    network.trainable = not pretrained
    return network(x)
