"""Addresses of repositories on the Hugging Face Hub: `hf://OWNER/NAME`, for reading also `hf://OWNER/NAME@REVISION`."""

import re
from dataclasses import dataclass

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError

_PREFIX = "hf://"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_ADDRESS = re.compile(
    rf"{_PREFIX}(?P<repository>{_NAME}/{_NAME})(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]{{0,199}}))?"
)


@dataclass(frozen=True)
class Address:
    """The address of a repository.

    Attributes:
        repository: its owner and name, such as `"jane/reviews"`.
        revision: a branch, a tag or a commit; `None` for the main branch.
    """

    repository: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Returns the address in a text; raises `OptionError` if it is not one."""
        match = _ADDRESS.fullmatch(text) if isinstance(text, str) else None
        if match is None or ".." in text or "--" in match["repository"]:
            raise OptionError(
                "The address of a repository is expected, such as hf://jane/reviews or hf://jane/reviews@main; "
                f"received {short_repr(text)}. Names have up to 96 letters, digits, hyphens, dots, and underscores, "
                "begin with a letter or digit, and contain neither '--' nor '..'."
            )
        return cls(match["repository"], match["revision"])

    @property
    def name(self) -> str:
        """The name of the repository without its owner."""
        return self.repository.partition("/")[2]

    def __str__(self) -> str:
        return f"{_PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")
