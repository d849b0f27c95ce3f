"""Unsegmented many to many: from a sequence to a shorter one, without an alignment."""

from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Bidirectional,
    Block,
    Cell,
    Distortion,
    Dropout,
    Elastic,
    Features,
    NumClasses,
    NumLayers,
    SpectrogramMasks,
    Subsampling,
    Units,
)
from keras_rnn_zoo.conventions import AUDIO_SUBSAMPLING, LINE_STRIDES, after_strides, frame_stride, subsampling_strides
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA
from keras_rnn_zoo.readers._options import Channels, ImageHeight, SampleRate


def frames_of(steps: int, *, input: str, sample_rate: int = 0, subsampling: int = 1, **others: Any) -> int:
    """Returns the number of frames in the model's output for a number of input columns, samples or steps."""
    strides = {
        "image": LINE_STRIDES,
        "audio": (frame_stride(sample_rate), *subsampling_strides(AUDIO_SUBSAMPLING)),
        "series": subsampling_strides(subsampling),
    }
    return after_strides(steps, strides[input])


@registry.architecture(
    order=6,
    aliases=("unsegmented_many_to_many", "handwriting", "speech"),
    tasks=("transcription",),
    default_dataset="digit_lines",
    alias_datasets={"speech": "spoken_digit_strings"},
    frames=frames_of,
)
def ctc(
    *,
    input: Annotated[Literal["image", "audio", "series"], FROM_DATA] = "image",
    num_classes: NumClasses = 12,
    cell: Cell = "lstm",
    block: Block = "plain",
    units: Units = 96,
    num_layers: NumLayers = 1,
    bidirectional: Bidirectional = True,
    dropout: Dropout = 0.2,
    distortion: Distortion = 0.0,
    elastic: Elastic = 0.0,
    image_height: ImageHeight = 32,
    channels: Channels = 1,
    sample_rate: SampleRate = 16_000,
    spectrogram_masks: SpectrogramMasks = 0.0,
    features: Features = 2,
    subsampling: Subsampling = 1,
) -> "keras.Model":
    """Transcribes a sequence without an alignment of characters, as in handwriting and speech recognition.

    For each frame, it predicts a distribution over the characters and the blank (connectionist temporal classification,
    Graves et al. 2006). The transcript is the most likely classes without repetitions and blanks.

    Args:
        input: kind of input, which determines the frontend.
        num_classes: number of classes, including the blank (0).
        dropout: fraction of features dropped in training: of the frames, between layers and before the head.

    Returns:
        A model whose output is float32 logits `(batch, frames, num_classes)`; frames of padding are always blank. The
        input is images, float32 pixels `(batch, width, image_height, channels)` from 0 to 255, with a frame per four
        columns; audio, waveforms `(batch, samples)`, with a frame per 40 ms; or series `(batch, time, features)`, with
        a frame per `subsampling` steps. Padding is NaN.

    Example:
        >>> ctc(num_classes=30, image_height=48).output_shape
        (None, None, 30)
    """
    from keras_rnn_zoo.layers.frontends import audio_frontend, line_frontend, normalization, series_frontend
    from keras_rnn_zoo.layers.masking import BlankPadding
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    # Frontend
    if input == "image":
        inputs, x, mask = line_frontend(
            image_height=image_height, channels=channels, dropout=dropout, distortion=distortion, elastic=elastic
        )
    elif input == "audio":
        inputs, x, mask = audio_frontend(
            sample_rate=sample_rate,
            dropout=dropout,
            subsampling=AUDIO_SUBSAMPLING,
            normalized=normalization(bidirectional),
            spectrogram_masks=spectrogram_masks,
        )
    else:
        inputs, x, mask = series_frontend(features=features, subsampling=subsampling)

    # Topology
    recurrent = {"cell": cell, "block": block, "units": units, "num_layers": num_layers, "dropout": dropout}
    x = recurrent_stack(x, mask, bidirectional=bidirectional, **recurrent)  # (batch, frames, features)

    # Head
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    x = keras.layers.Dense(num_classes, dtype="float32", name="scores")(x)
    logits = BlankPadding(dtype="float32", name="logits")(x, mask=mask)
    return keras.Model(inputs, logits, name="ctc")
