"""What is being done while nothing else is printed. On a terminal, the commands show it. Imports no framework."""

import logging

logger = logging.getLogger("keras_rnn_zoo.display.status")
"""Its records replace one another on a status line, so they have the lowest level."""


def announce(activity: str) -> None:
    """Announces what is done until the next announcement or message, such as "Compiling the training step"."""
    logger.debug("%s", activity)
