"""Times in files: how they are written, and what they mean as points in time.

A time is an integer: microseconds since 1970-01-01. For grids it counts in UTC, if the file says which zone or offset
its times have; as wall-clock time, for calendars and for writing, it counts on the clock of that zone.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from keras_rnn_zoo.display.printing import alternatives, short_repr
from keras_rnn_zoo.errors import OptionError, nearest
from keras_rnn_zoo.lazy import np

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1)
_COUNT_DIGITS = 9
"""Maximum number of digits of a count of steps."""
_UNITS = {"s": SECOND, "ms": 1000, "us": 1}
"""Microseconds in the units of numbers that count from 1970."""
_EXPECTED = (
    "a time such as 2024-05-31 or 2024-05-31T18:00 is expected; name another format, such as --set time_format=%d.%m.%Y"
)
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")


class TimeFault(ValueError):
    """A text is not a time in the format of its column."""


class Clock:
    """Reads and writes the times of a column. The first time determines the notation that all others must have.

    Args:
        format: the notation, as for `datetime.strptime`; "" for ISO 8601, years, months, quarters, seconds,
            milliseconds or microseconds since 1970, or a count of steps.
        zone: the time zone, such as `Europe/Berlin`, of times without an offset; "" if they have none.
        counts: whether the times are known to be a count of steps, so that 1990 is not a year.

    Attributes:
        repeated: for each time that was read as the second one of an hour that occurs twice, the first one.
        latest: the time after which all times come that are still to be read, as those of a stream do.

    Raises:
        OptionError: there is no such time zone, or the format has an unknown or repeated directive.

    Example:
        >>> clock = Clock()
        >>> clock.write(clock.read("2024-05-31") + 86_400_000_000)
        '2024-06-01'
    """

    def __init__(self, format: str = "", zone: str = "", *, counts: bool = False) -> None:
        self.format, self.zone = _checked_format(format), _zone(zone)
        self.notation = "count" if counts else ""
        self.repeated: dict[int, int] = {}
        self.latest = -(2**62)
        self.offset: timedelta | None = None
        self._example = ""
        self._separator, self._digits, self._zulu = "T", 0, False

    @property
    def counts(self) -> bool:
        """Whether the times are a count of steps, without a calendar."""
        return self.notation == "count"

    @property
    def in_zone(self) -> bool:
        """Whether the times are points in time of a zone; dates, months and numbers have none."""
        return self.zone is not None and self.notation in ("time", "offset")

    def read(self, text: str, seen: Collection[int] = ()) -> int:
        """Returns the time of a text.

        Args:
            text: the text.
            seen: times of the same series. The hour that occurs twice when daylight saving time ends is the second one
                if the first was seen, or is not after `latest`.

        Raises:
            TimeFault: it is not a time, not in the notation of the others, or does not exist in the time zone.
        """
        text = text.strip()
        notation, moment = self._parse(text)
        if not self.notation:
            self.notation, self._example = notation, text
        elif notation != self.notation and {notation, self.notation} != {"date", "time"}:
            first = f"the first one, {short_repr(self._example)}" if self._example else "those in training, a count"
            raise TimeFault(f"the time is not written like {first}")
        elif notation == "time":
            self.notation = notation
        if isinstance(moment, int):
            return moment
        try:
            if moment.tzinfo is not None:
                time = _microseconds(moment.astimezone(UTC).replace(tzinfo=None))
                self.offset = moment.utcoffset()
                return time
            if self.zone is None or self.notation != "time":
                return _microseconds(moment)
            return self._in_zone(moment, seen)
        except OverflowError:
            raise TimeFault("the time is not between the years 1 and 9999 in UTC") from None

    def _in_zone(self, moment: datetime, seen: Collection[int]) -> int:
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        times = [_microseconds(one.astimezone(UTC).replace(tzinfo=None)) for one in (first, second)]
        if first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != moment:
            raise TimeFault(f"the time does not exist in {self.zone}, where the clock skips it")
        if times[0] not in seen and times[0] > self.latest:
            return times[0]
        if times[1] != times[0]:
            self.repeated[times[1]] = times[0]
        return times[1]

    def _parse(self, text: str) -> tuple[str, datetime | int]:
        """Returns the notation of a text, and its time: microseconds if it has no calendar."""
        try:
            if self.format:
                moment = datetime.strptime(text, self.format)
                return ("offset" if moment.tzinfo else "time"), moment
            if text.isdecimal() and text.isascii():
                return self._parse_number(text)
            if match := _MONTH.fullmatch(text):
                return "month", datetime(int(match[1]), int(match[2]), 1)
            if match := _QUARTER.fullmatch(text):
                return "quarter", datetime(int(match[1]), 3 * int(match[2]) - 2, 1)
            moment = datetime.fromisoformat(text.replace("/", "-"))
        except (ValueError, OverflowError):
            raise TimeFault("the time is empty" if not text else self._expected()) from None
        if len(text) <= 10:
            return "date", moment
        if not text[4].isdecimal():  # Not 20240531T1800.
            self._separator = text[10]
        self._digits = max(self._digits, 6 if moment.microsecond else 2 if text[11:].count(":") < 2 else 0)
        self._zulu = text.endswith(("Z", "z"))
        return ("offset" if moment.tzinfo else "time"), moment

    def _expected(self) -> str:
        return f"a time in the format {self.format} is expected" if self.format else _EXPECTED

    def _parse_number(self, text: str) -> tuple[str, datetime | int]:
        number, digits = int(text), len(text)
        if digits < 4 or (self.notation == "count" and digits <= _COUNT_DIGITS):
            return "count", number * SECOND
        if digits == 4:
            return "year", datetime(number, 1, 1)
        if digits == 8:
            return "date8", datetime.strptime(text, "%Y%m%d")
        for unit, longest in (("s", 10), ("ms", 13), ("us", 16)):
            if longest - 1 <= digits <= longest:
                return unit, number * _UNITS[unit]
        raise ValueError

    def wall(self, times: Any) -> Any:
        """Returns times on the wall clock of the zone, int64 of the same shape.

        Without a zone, times with an offset stay in UTC: their offset may change with the season, and differ in files
        that are predicted.
        """
        if self.in_zone:
            moments = (_moment(int(time)).replace(tzinfo=UTC).astimezone(self.zone) for time in times)
            return np.fromiter((_microseconds(one.replace(tzinfo=None)) for one in moments), "int64", len(times))
        return times

    def forget_zone(self) -> None:
        """Takes the times to be on the wall clock from now on: those of `wall`, which are written without an offset."""
        self.zone, self.offset, self.notation = None, None, "time"

    def write(self, time: int) -> str:
        """Returns a time, as `read` returns it, in the notation of the file.

        Raises:
            OverflowError: it is after the year 9999.
        """
        if self.notation == "count":
            return str(time // SECOND)
        if self.notation in _UNITS:
            return str(time // _UNITS[self.notation])
        moment = self._at(time)
        if self.format:
            return moment.strftime(self.format)
        forms = {"year": "%Y", "month": "%Y-%m", "date": "%Y-%m-%d", "date8": "%Y%m%d"}
        if self.notation == "quarter":
            return f"{moment.year}-Q{(moment.month + 2) // 3}"
        if self.notation in forms:
            return moment.strftime(forms[self.notation])
        spec = {6: "microseconds", 2: "minutes", 0: "seconds"}[self._digits]
        text = moment.replace(tzinfo=None).isoformat(self._separator, spec)
        return text + (self._suffix(moment) if self.notation == "offset" else "")

    def _at(self, time: int) -> datetime:
        moment = _moment(time)
        if self.in_zone:
            return moment.replace(tzinfo=UTC).astimezone(self.zone)
        if self.offset is not None:
            return (moment + self.offset).replace(tzinfo=None if self.format else UTC)
        return moment

    def _suffix(self, moment: datetime) -> str:
        offset = moment.utcoffset() if self.zone is not None else self.offset
        if not offset and self._zulu:
            return "Z"
        minutes = round((offset or timedelta()).total_seconds() / 60)
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _checked_format(format: str) -> str:
    """Returns a format for `datetime.strptime`, or raises `OptionError` if no text can be in it."""
    try:
        datetime.strptime("", format)
    except (ValueError, re.error) as error:
        if isinstance(error, re.error) or "does not match" not in str(error):
            raise OptionError(
                "Option 'time_format' expects the directives of Python's strptime, each of them once, such as "
                f"%d.%m.%Y; received {short_repr(format)}."
            ) from None
    return format


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except Exception:  # Names of folders and damaged data raise other errors than unknown names.
        close = nearest(name, available_timezones())
        hint = f" Did you mean {alternatives(close)}?" if close else ""
        raise OptionError(
            "Option 'time_zone' expects the name of a time zone, such as Europe/Berlin; received "
            f"{short_repr(name)}.{hint}"
        ) from None


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(time: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time)
