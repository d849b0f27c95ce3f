"""What differs from one execution to the next, or comes from the frameworks, and is left out of a lesson's outputs."""

import datetime
import re

_NOISE = re.compile(
    r"^(?:[IWEF]\d{4} \d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] |WARNING: All log messages before absl"
    r"|(?:WARNING|INFO):(?:tensorflow|absl):|To enable the following instructions|Skipping registering GPU devices)"
    r".*\n?",
    re.MULTILINE,
)
# In a line of Keras, such as "40/40 - 5s - 118ms/step - accuracy: 0.68".
_DURATION = re.compile(r"(?<=\d) - \d+(?:\.\d+)?(?:s|ms|us) - \d+(?:\.\d+)?(?:s|ms|us)/(?:step|epoch)")
_COLOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NOW = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d(?::\d\d)?(?![\d:])")
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-f]{6,}")
_PROGRESS = re.compile(r"[^\n]*\r(?!\n)")


def without_noise(text: str, folder: str) -> str:
    """Returns the text of an output without log lines of the frameworks, durations, times, addresses, and its folder.

    Args:
        text: the output, as the block printed it.
        folder: the temporary folder that the lesson was executed in. It becomes `/home/you/lesson`.
    """
    text = _COLOR.sub("", text.replace("\r\n", "\n"))
    text = _DURATION.sub("", _NOISE.sub("", _PROGRESS.sub("", text)))
    text = _ADDRESS.sub("0x…", text)
    text = _NOW.sub(_a_fixed_time, text)
    return text.replace(folder, "/home/you/lesson")


def _a_fixed_time(found: re.Match[str]) -> str:
    """Replaces a time within the last day by a fixed one of the same form; other times are data and stay."""
    time = datetime.datetime.fromisoformat(found[0])
    age = datetime.datetime.now() - time
    return "2026-01-01 12:00" if abs(age) < datetime.timedelta(days=2) else found[0]
