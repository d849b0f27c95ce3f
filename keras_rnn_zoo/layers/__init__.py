"""Keras layers shared by architectures and tasks. Each public name is imported, with Keras, on first use."""

import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

if _TYPE_CHECKING:
    from keras_rnn_zoo.layers.cfc import CfC as CfC
    from keras_rnn_zoo.layers.delta_net import DeltaNet as DeltaNet
    from keras_rnn_zoo.layers.ind_rnn import IndRNN as IndRNN
    from keras_rnn_zoo.layers.lru import LRU as LRU
    from keras_rnn_zoo.layers.mamba import Mamba as Mamba
    from keras_rnn_zoo.layers.min_rnn import MinGRU as MinGRU
    from keras_rnn_zoo.layers.min_rnn import MinLSTM as MinLSTM
    from keras_rnn_zoo.layers.recurrent import GRU as GRU
    from keras_rnn_zoo.layers.recurrent import LSTM as LSTM
    from keras_rnn_zoo.layers.recurrent import SimpleRNN as SimpleRNN
    from keras_rnn_zoo.layers.rglru import RGLRU as RGLRU
    from keras_rnn_zoo.layers.sru import SRU as SRU
    from keras_rnn_zoo.layers.xlstm import MLSTM as MLSTM
    from keras_rnn_zoo.layers.xlstm import SLSTM as SLSTM

_HOMES = {
    "GRU": "recurrent",
    "LRU": "lru",
    "LSTM": "recurrent",
    "Mamba": "mamba",
    "MinGRU": "min_rnn",
    "MinLSTM": "min_rnn",
    "RGLRU": "rglru",
    "SimpleRNN": "recurrent",
    "MLSTM": "xlstm",
    "SLSTM": "xlstm",
    "IndRNN": "ind_rnn",
    "SRU": "sru",
    "DeltaNet": "delta_net",
    "CfC": "cfc",
}
"""The module of each public name: a layer for each of the zoo's cells."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> _Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)  # Completion shows these.
