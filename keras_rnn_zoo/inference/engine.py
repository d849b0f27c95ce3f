"""The engine that predicts and evaluates with many workers."""

from keras_rnn_zoo.errors import OptionError

ENGINE = "beam"


def check_engine(engine: str, others: str) -> None:
    """Raises `OptionError` unless the engine exists.

    Args:
        engine: the engine; "" for none, although an option was set that requires it.
        others: the options that require it, for the message, such as "the options shards and runner require it".
    """
    if engine != ENGINE:
        received = f"received {engine!r}" if engine else others
        raise OptionError(f"Option 'engine' expects {ENGINE!r}; {received}.")
