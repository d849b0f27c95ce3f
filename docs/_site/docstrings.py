"""An extension of Griffe, which reads the docstrings: what they call "Example:" is a section of code."""

import re
from typing import Any

import griffe


class ExampleSections(griffe.Extension):
    """Names the section of an example as Griffe knows it; under another name, its code would be taken for prose."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Is called for every function and class that is read."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"^( *)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
