"""Dates as people write them in English and Japanese, to be converted to ISO 8601."""

import datetime
import functools
from typing import TYPE_CHECKING

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples, as_dataset

if TYPE_CHECKING:
    import random

SIZES = {"train": 10_000, "validation": 1000, "test": 1000}
SEED = 8601
FIRST, LAST = datetime.date(1930, 1, 1), datetime.date(2069, 12, 31)

ENGLISH = (
    "{d} {month} {y}",
    "{d} {mon} {y}",
    "{mon} {d} {y}",
    "{month} {d}, {y}",
    "{mon} {d}, {y}",
    "{abbr} {d}, {y}",
    "{nth} {month} {y}",
    "{nth} of {mon} {y}",
    "{month} {nth}, {y}",
    "the {nth} of {month}, {y}",
    "{month} the {nth}, {y}",
    "{weekday}, {d} {month} {y}",
    "{weekday}, {month} {d}, {y}",
    "{weekday} the {nth} of {month} {y}",
    "{wday}, {dd} {mon} {y}",
    "{wday} {mon} {d} {y}",
    "{d}-{mon}-{y}",
    "{dd}{mon}{y}",
    "{mon} {d} '{yy}",
    "{d} {month} '{yy}",
)
NUMERIC = (
    "{y}-{mm}-{dd}",
    "{y}/{m}/{d}",
    "{y}/{mm}/{dd}",
    "{y}.{m}.{d}",
    "{d}.{m}.{y}",
    "{dd}.{mm}.{y}",
    "{y}{mm}{dd}",
)
JAPANESE = (
    "{y}年{m}月{d}日",
    "{y}年{mm}月{dd}日",
    "{y}年{m}月{d}日({曜})",
    "{y}年{m}月{d}日 {曜}曜日",
    "{y}/{mm}/{dd}({曜})",
    "{wide y}年{wide m}月{wide d}日",
    "{wide y}\uff0f{wide m}\uff0f{wide d}",
    "{kanji y}年{kanji m}月{kanji d}日",
    "{era}{era year}年{m}月{d}日",
    "{era}{era year}年{m}月{d}日({曜})",
    "{era}{wide era year}年{wide m}月{wide d}日",
    "{era}{kanji era year}年{kanji m}月{kanji d}日",
    "{era letter}{era number}.{m}.{d}",
)
"""Unambiguous forms only. They exclude 3/4/2024, which is in March in the US and in April elsewhere."""

FORMS = ENGLISH + NUMERIC + JAPANESE

SHORT_YEARS = range(1970, 2030)
"""Years between `FIRST` and `LAST` that are identified by their last two digits."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ERAS = (
    (datetime.date(2019, 5, 1), "令和", "R"),
    (datetime.date(1989, 1, 8), "平成", "H"),
    (datetime.date(1926, 12, 25), "昭和", "S"),
)
"""First day, name and letter of Japanese eras, newest first. Future dates are assumed to be in the newest era."""
WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
"""Translation table from ASCII digits to the full-width digits of Japanese text."""
KANJI = "〇一二三四五六七八九"


@registry.dataset(
    task="translation",
    size="10,000 train, 1,000 validation, 1,000 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "text"},
    defaults={"tokens": "characters", "target_tokens": "characters", "max_length": 40, "batch_size": 64, "epochs": 12},
)
def dates(data_dir: str | None, seed: int) -> Examples:
    """Dates as people write them in English and Japanese, to ISO 8601: "the 29th of February, 2024" to "2024-02-29".

    Dates are from 1930 to 2069, each in one of forty forms. No date occurs in two splits, in any form. The dates do not
    depend on the training seed.
    """
    import hashlib

    splits = generate()
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(repr(splits).encode()).hexdigest(),
        input="text",
        splits={name: functools.partial(as_dataset, rows) for name, rows in splits.items()},
    )


def generate(seed: int = SEED) -> dict[str, list[tuple[str, str]]]:
    """Returns written dates and their ISO 8601 form for each split; each date occurs once."""
    import random

    draw = random.Random(seed)
    days = draw.sample(range(FIRST.toordinal(), LAST.toordinal() + 1), sum(SIZES.values()))
    rows = [_example(draw, datetime.date.fromordinal(day)) for day in days]
    splits = {}
    for name, size in SIZES.items():
        splits[name], rows = rows[:size], rows[size:]
    return splits


def _example(draw: "random.Random", day: datetime.date) -> tuple[str, str]:
    forms = [form for form in FORMS if day.year in SHORT_YEARS or "{yy}" not in form]
    # The first year of an era has a special name, which would otherwise be very rare in the training split.
    if any(day.year == start.year for start, *_ in ERAS) and draw.random() < 0.5:
        forms = [form for form in forms if "era year" in form]
    form = draw.choice(forms)
    text = write(form, day)
    if form in ENGLISH:
        text = draw.choice((text, text, text, text.lower(), text.upper()))
    return text, day.isoformat()


def write(form: str, day: datetime.date) -> str:
    """Returns a date in one of the forms, such as `"{d} {month} {y}"`."""
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    start, era, letter = next(entry for entry in ERAS if entry[0] <= day)
    era_year = day.year - start.year + 1
    fields = {
        "y": f"{day.year}",
        "yy": f"{day.year % 100:02}",
        "m": f"{day.month}",
        "mm": f"{day.month:02}",
        "month": month,
        "mon": month[:3],
        "abbr": month if len(month) == 3 else f"{month[:3]}.",
        "d": f"{day.day}",
        "dd": f"{day.day:02}",
        "nth": _ordinal(day.day),
        "weekday": weekday,
        "wday": weekday[:3],
        "曜": "月火水木金土日"[day.weekday()],
        "era": era,
        "era letter": letter,
        "era number": f"{era_year}",
        "era year": "元" if era_year == 1 else f"{era_year}",
        "kanji y": "".join(KANJI[int(digit)] for digit in f"{day.year}"),
        "kanji m": _kanji(day.month),
        "kanji d": _kanji(day.day),
        "kanji era year": "元" if era_year == 1 else _kanji(era_year),
    }
    fields |= {f"wide {name}": fields[name].translate(WIDE) for name in ("y", "m", "d", "era year")}
    return form.format_map(fields)


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _kanji(number: int) -> str:
    """Returns a number below 100 in Japanese numerals: 29 as two-ten-nine."""
    tens, ones = divmod(number, 10)
    return (KANJI[tens] if tens > 1 else "") + ("十" if tens else "") + (KANJI[ones] if ones else "")
