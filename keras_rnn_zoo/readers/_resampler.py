"""Resamples a recording that is still coming in."""

from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.readers._wav import check_rate, ratio

_HALF_LENGTH = 10
"""Half the length of the filter of `scipy.signal.resample_poly`, in samples at the lower of the two rates."""


class Resampler:
    """Resamples a waveform in parts, to what `keras_rnn_zoo.readers._wav.resample` makes of the whole.

    Args:
        rate: the sample rate of the parts.
        target_rate: that of the results.

    Raises:
        DataError: the sample rate is implausible.
    """

    def __init__(self, rate: int, target_rate: int) -> None:
        check_rate(rate)
        self._up, self._down = ratio(rate, target_rate)
        self._half = _HALF_LENGTH * max(self._up, self._down)  # In samples at the common multiple of the rates.
        self.reset()

    def reset(self) -> None:
        """Forgets the waveform so far."""
        self._held: Any = np.zeros(0, "float32")
        self._first = self._given = 0  # The index of the first sample held, and the number of samples returned.

    def feed(self, samples: Any, *, final: bool = False) -> Any:
        """Returns what a part adds to the result, float32 `(samples,)`.

        Args:
            samples: the part, float32 `(samples,)`.
            final: whether the waveform ends with it; if not, what depends on later samples is held back.
        """
        if self._up == self._down:
            return samples
        from scipy.signal import resample_poly

        self._held = np.concatenate([self._held, samples])
        end = self._first + len(self._held)
        settled = -(-end * self._up // self._down) if final else ((end - 1) * self._up - self._half) // self._down + 1
        if settled <= self._given:
            return np.zeros(0, "float32")
        # The first sample held is also one of the result: their indices are multiples of the terms of the ratio.
        offset = self._first // self._down * self._up
        result = resample_poly(self._held, self._up, self._down)[self._given - offset : settled - offset]
        self._given = settled
        needed = max((self._given * self._down - self._half) // self._up, 0) // self._down * self._down
        self._held, self._first = self._held[needed - self._first :], needed
        return result.astype("float32", copy=False)
