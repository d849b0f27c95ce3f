"""Log-mel spectrograms of waveforms."""

import keras
from keras import ops

from keras_rnn_zoo.conventions import frame_stride
from keras_rnn_zoo.layers.masking import Masked

WINDOW_SECONDS = 0.025
SILENCE = 1e-6
"""Added to the power of each band before the logarithm: anything far below a full-scale sine counts as silence."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class LogMel(keras.layers.Layer):
    """Log-mel spectrogram: float waveforms `(batch, samples)` to `(batch, ceil(samples / stride), bands)`.

    A frame starts every 10 ms and covers 25 ms under a Hann window; past the last sample there is silence. Frames
    therefore do not depend on zeros that pad a recording. Those of `keras.layers.MelSpectrogram` do, because it mirrors
    the recording at its ends and scales by the loudest frame.

    Args:
        sample_rate: samples per second.
        bands: number of mel bands, from 20 Hz to half the sample rate.

    Example:
        >>> tuple(LogMel(8000)(keras.ops.zeros((1, 8000))).shape)
        (1, 100, 40)
    """

    def __init__(self, sample_rate, bands=40, **kwargs):
        super().__init__(**kwargs)
        self.sample_rate, self.bands = sample_rate, bands
        self.stride = frame_stride(sample_rate)
        self.window = round(sample_rate * WINDOW_SECONDS)
        self.fft_length = 2 ** (self.window - 1).bit_length()

    def build(self, input_shape):
        mel = keras.layers.MelSpectrogram(
            num_mel_bins=self.bands, sampling_rate=self.sample_rate, min_freq=20, fft_length=self.fft_length
        )
        matrix = mel.linear_to_mel_weight_matrix(
            num_mel_bins=self.bands,
            num_spectrogram_bins=self.fft_length // 2 + 1,
            sampling_rate=self.sample_rate,
            lower_edge_hertz=20.0,
            upper_edge_hertz=self.sample_rate / 2,
        )
        self.matrix = ops.convert_to_numpy(matrix)

    def call(self, waveforms):
        frames = -(-ops.shape(waveforms)[1] // self.stride)
        padded = ops.pad(waveforms, [[0, 0], [0, self.fft_length]])  # `stft` reads `fft_length` samples per frame.
        real, imaginary = ops.stft(padded, self.window, self.stride, self.fft_length, window="hann", center=False)
        power = (ops.square(real) + ops.square(imaginary))[:, :frames]  # (batch, frames, fft_length // 2 + 1)
        # With the matrix on the left, LiteRT keeps this product in float32 where weights are quantized: power spans too
        # many orders of magnitude for 8 bits.
        bands = ops.matmul(self.matrix.T, ops.transpose(power, (0, 2, 1)))  # (batch, bands, frames)
        return ops.log(ops.transpose(bands, (0, 2, 1)) + SILENCE)

    def compute_output_spec(self, waveforms):
        samples = waveforms.shape[1]
        frames = None if samples is None else -(-samples // self.stride)
        return keras.KerasTensor((waveforms.shape[0], frames, self.bands), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "sample_rate": self.sample_rate, "bands": self.bands}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SpectrogramMasks(Masked):
    """Hides random bands and random stretches of time in training: SpecAugment (Park et al. 2019), without warping.

    Frames `(batch, time, bands)` get two masks of each kind, drawn for each recording: the hidden values become zero,
    the mean of a normalized spectrogram. In time, masks lie within the recording, so padding does not count.

    Args:
        share: the largest width of a mask, as a fraction of the bands, or of the frames of the recording.

    Example:
        >>> frames, mask = keras.ops.ones((1, 50, 40)), keras.ops.ones((1, 50), "bool")
        >>> float(keras.ops.mean(SpectrogramMasks(0.2)(frames, mask=mask)))
        1.0
    """

    MASKS = 2
    """Number of masks of each kind, as in the policies LD and SM of Park et al."""

    def __init__(self, share, **kwargs):
        super().__init__(**kwargs)
        self.share = share
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, frames, mask, training=False):
        if not training:
            return frames
        batch, time, bands = ops.shape(frames)
        lengths = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
        draws = keras.random.uniform((4, batch, self.MASKS), seed=self.seed_generator)
        hidden_times = self._hidden(time, lengths, draws[0], draws[1])  # (batch, time)
        hidden_bands = self._hidden(bands, ops.full_like(lengths, bands), draws[2], draws[3])  # (batch, bands)
        hidden = ops.logical_or(ops.expand_dims(hidden_times, 2), ops.expand_dims(hidden_bands, 1))
        return ops.where(hidden, ops.cast(0, frames.dtype), frames)

    def _hidden(self, size, within, width, start):
        """Returns which of `size` places are hidden, `(batch, size)`, by draws from 0 to 1, each `(batch, masks)`.

        Masks lie within the first places, whose number is `within`, `(batch, 1)`.
        """
        width = width * self.share * within
        start = start * (within - width)
        places = ops.reshape(ops.cast(ops.arange(size), "float32"), (1, -1, 1))
        after, before = places >= ops.expand_dims(start, 1), places < ops.expand_dims(start + width, 1)
        return ops.any(ops.logical_and(after, before), axis=2)

    def compute_output_spec(self, frames, mask, training=False):
        return keras.KerasTensor(frames.shape, dtype=frames.dtype)

    def get_config(self):
        return {**super().get_config(), "share": self.share}
