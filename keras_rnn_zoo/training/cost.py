"""What a training takes: processor time and memory. Imports no framework."""

import sys
import time

from keras_rnn_zoo.artifacts.run_config import CostConfig


def cost_since(began: float) -> CostConfig:
    """Returns the processor time of this process, of all its threads, since a moment, and its peak memory.

    Args:
        began: what `time.process_time` returned then.
    """
    return CostConfig(round((time.process_time() - began) / 60, 3), _peak_memory())


def _peak_memory() -> int:
    try:
        import resource
    except ImportError:  # Windows.
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB.
