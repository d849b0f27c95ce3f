"""Writes the generated pages of the reference, so that they cannot differ from the code."""

from pathlib import Path

import reference_commands
import reference_datasets
import reference_entries
import reference_formats
import reference_python

RUN_FOLDER = Path(__file__).parent / "run_folder.md"
GENERATED = ("architectures.md", "commands.md", "datasets.md", "formats.md", "functions.md", "layers.md")


def write_reference(folder: Path) -> None:
    """Writes the pages in `GENERATED` to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "architectures.md": reference_entries.page(),
        "commands.md": reference_commands.page(),
        "datasets.md": reference_datasets.page(),
        "formats.md": reference_formats.page(RUN_FOLDER.read_text(encoding="utf-8")),
        "functions.md": reference_python.functions_page(),
        "layers.md": reference_python.layers_page(),
    }
    for name in GENERATED:
        (folder / name).write_text(pages[name], encoding="utf-8")
