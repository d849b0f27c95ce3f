"""From waveforms to log-mel spectrograms."""

import keras
from keras import ops

from keras_rnn_zoo.conventions import frame_stride

WINDOW_SECONDS = 0.025
SILENCE = 1e-6
"""Added to the power of a band: what is much quieter than a full-scale sine counts as silence."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class LogMel(keras.layers.Layer):
    """Log-power in mel bands: waveforms `(batch, samples)` to `(batch, ceil(samples / stride), bands)`.

    A frame begins every 10 ms and is 25 ms long under a Hann window; what a frame reaches beyond the last sample is
    silence. So frames do not depend on what zeros follow a recording, as those of `keras.layers.MelSpectrogram` do,
    which mirrors the recording at its ends and scales it by its loudest frame.

    Args:
        sample_rate: samples a second.
        bands: number of mel bands, from 20 Hz to half the sample rate.
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
        padded = ops.pad(waveforms, [[0, 0], [0, self.fft_length]])  # `stft` takes in so many samples a frame.
        real, imaginary = ops.stft(padded, self.window, self.stride, self.fft_length, window="hann", center=False)
        power = (ops.square(real) + ops.square(imaginary))[:, :frames]
        return ops.log(ops.matmul(power, self.matrix) + SILENCE)

    def compute_output_spec(self, waveforms):
        samples = waveforms.shape[1]
        frames = None if samples is None else -(-samples // self.stride)
        return keras.KerasTensor((waveforms.shape[0], frames, self.bands), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "sample_rate": self.sample_rate, "bands": self.bands}
