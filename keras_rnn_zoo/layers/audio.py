"""Log-mel spectrograms of waveforms."""

import keras
from keras import ops

from keras_rnn_zoo.conventions import frame_stride

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
        return ops.log(ops.matmul(power, self.matrix) + SILENCE)

    def compute_output_spec(self, waveforms):
        samples = waveforms.shape[1]
        frames = None if samples is None else -(-samples // self.stride)
        return keras.KerasTensor((waveforms.shape[0], frames, self.bands), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "sample_rate": self.sample_rate, "bands": self.bands}
