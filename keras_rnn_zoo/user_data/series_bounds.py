"""Where the series in an array begin and end: in its rows, padded or not, or concatenated."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Whole:
    """Series in the rows of an array."""

    count: int

    def __len__(self) -> int:
        return self.count

    def cut(self, x: Any, index: int) -> Any:
        return x[index]


@dataclasses.dataclass(frozen=True)
class Padded:
    """Padded series in the rows of an array, with their lengths."""

    lengths: Any

    def __len__(self) -> int:
        return len(self.lengths)

    def cut(self, x: Any, index: int) -> Any:
        return x[index][: self.lengths[index]]


@dataclasses.dataclass(frozen=True)
class Joined:
    """Concatenated series, with the step at which each ends."""

    ends: Any

    def __len__(self) -> int:
        return len(self.ends)

    def cut(self, x: Any, index: int) -> Any:
        return x[self.ends[index - 1] if index else 0 : self.ends[index]]
