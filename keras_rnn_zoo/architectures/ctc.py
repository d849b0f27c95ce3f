"""Unsegmented many to many: a long sequence in, a shorter one out, nobody says where."""

from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Bidirectional,
    Cell,
    Dropout,
    Features,
    NumClasses,
    NumLayers,
    Subsampling,
    Units,
)
from keras_rnn_zoo.conventions import LINE_STRIDES, after_strides, frame_stride, subsampling_strides
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, Range
from keras_rnn_zoo.readers._options import Channels, ImageHeight, SampleRate

_AUDIO_SUBSAMPLING = 4
"""The factor by which convolutions thin the frames of a spectrogram."""


def frames_of(steps: int, *, input: str, sample_rate: int = 0, subsampling: int = 1, **others: Any) -> int:
    """Returns the number of frames that the model makes of an input of so many columns, samples or steps."""
    strides = {
        "image": LINE_STRIDES,
        "audio": (frame_stride(sample_rate), *subsampling_strides(_AUDIO_SUBSAMPLING)),
        "series": subsampling_strides(subsampling),
    }
    return after_strides(steps, strides[input])


@registry.architecture(
    order=6,
    aliases=("unsegmented_many_to_many", "handwriting", "speech"),
    tasks=("transcription",),
    default_dataset="digit_lines",
    frames=frames_of,
)
def ctc(
    *,
    input: Annotated[Literal["image", "audio", "series"], FROM_DATA] = "image",
    num_classes: NumClasses = 12,
    cell: Cell = "lstm",
    units: Units = 96,
    num_layers: NumLayers = 1,
    bidirectional: Bidirectional = True,
    dropout: Dropout = 0.2,
    distortion: Annotated[float, Range(0, 0.5)] = 0.0,
    image_height: ImageHeight = 32,
    channels: Channels = 1,
    sample_rate: SampleRate = 16_000,
    features: Features = 2,
    subsampling: Subsampling = 1,
) -> "keras.Model":
    """Writes down what it reads without knowing where each character stands, as in handwriting and speech.

    For each frame it gives a distribution over the characters and the blank (connectionist temporal classification,
    Graves et al. 2006). A transcript is what remains of the frames without repetitions and blanks.

    Args:
        input: kind of input, which picks the frontend.
        num_classes: number of classes, the blank (0) among them.
        dropout: share of features dropped in training: of the frames, between layers and before the head.
        distortion: share by which images are stretched, slanted and shifted in training; for few images.

    Returns:
        A model to float32 logits `(batch, frames, num_classes)`; frames of padding are certain to be blank. Images are
        float32 pixels `(batch, width, image_height, channels)` from 0 to 255 with a frame for every four columns, audio
        waveforms `(batch, samples)` with a frame every 40 ms, series `(batch, time, features)` with a frame for every
        `subsampling` steps; NaN is padding.

    Example:
        >>> ctc(num_classes=30, image_height=48).output_shape
        (None, None, 30)
    """
    from keras_rnn_zoo.layers.frontends import audio_frontend, line_frontend, series_frontend
    from keras_rnn_zoo.layers.masking import BlankPadding
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    # Frontend
    if input == "image":
        inputs, x, mask = line_frontend(
            image_height=image_height, channels=channels, dropout=dropout, distortion=distortion
        )
    elif input == "audio":
        inputs, x, mask = audio_frontend(sample_rate=sample_rate, dropout=dropout, subsampling=_AUDIO_SUBSAMPLING)
    else:
        inputs, x, mask = series_frontend(features=features, subsampling=subsampling)

    # Topology
    x = recurrent_stack(
        x, mask, cell=cell, units=units, num_layers=num_layers, bidirectional=bidirectional, dropout=dropout
    )  # (batch, frames, features)

    # Head
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    x = keras.layers.Dense(num_classes, dtype="float32", name="scores")(x)
    logits = BlankPadding(dtype="float32", name="logits")(x, mask=mask)
    return keras.Model(inputs, logits, name="ctc")
