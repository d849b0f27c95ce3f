import calendar
import datetime
import re
import unicodedata
from collections import Counter

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.dates import FIRST, FORMS, LAST, SHORT_YEARS, generate, write

ENTRY = registry.datasets.get("dates")
DAYS = [datetime.date.fromordinal(day) for day in range(FIRST.toordinal(), LAST.toordinal() + 1)]
EDGES = [
    *(FIRST, LAST, datetime.date(2024, 2, 29), datetime.date(2000, 2, 29), datetime.date(1970, 1, 1)),
    *(datetime.date(1989, 1, 7), datetime.date(1989, 1, 8), datetime.date(1989, 12, 31), datetime.date(1990, 1, 1)),
    *(datetime.date(2019, 4, 30), datetime.date(2019, 5, 1), datetime.date(2019, 12, 31), datetime.date(2020, 1, 1)),
    *(datetime.date(2023, 3, day) for day in range(1, 32)),
]

PARSES = {
    "{d} {month} {y}": "%d %B %Y",
    "{d} {mon} {y}": "%d %b %Y",
    "{mon} {d} {y}": "%b %d %Y",
    "{month} {d}, {y}": "%B %d, %Y",
    "{mon} {d}, {y}": "%b %d, %Y",
    "{abbr} {d}, {y}": "%b %d, %Y",
    "{nth} {month} {y}": "%d %B %Y",
    "{nth} of {mon} {y}": "%d of %b %Y",
    "{month} {nth}, {y}": "%B %d, %Y",
    "the {nth} of {month}, {y}": "the %d of %B, %Y",
    "{month} the {nth}, {y}": "%B the %d, %Y",
    "{weekday}, {d} {month} {y}": "%A, %d %B %Y",
    "{weekday}, {month} {d}, {y}": "%A, %B %d, %Y",
    "{weekday} the {nth} of {month} {y}": "%A the %d of %B %Y",
    "{wday}, {dd} {mon} {y}": "%a, %d %b %Y",
    "{wday} {mon} {d} {y}": "%a %b %d %Y",
    "{d}-{mon}-{y}": "%d-%b-%Y",
    "{dd}{mon}{y}": "%d%b%Y",
    "{mon} {d} '{yy}": "%b %d '%y",
    "{d} {month} '{yy}": "%d %B '%y",
    "{y}-{mm}-{dd}": "%Y-%m-%d",
    "{y}/{m}/{d}": "%Y/%m/%d",
    "{y}/{mm}/{dd}": "%Y/%m/%d",
    "{y}.{m}.{d}": "%Y.%m.%d",
    "{d}.{m}.{y}": "%d.%m.%Y",
    "{dd}.{mm}.{y}": "%d.%m.%Y",
    "{y}{mm}{dd}": "%Y%m%d",
    "{y}年{m}月{d}日": "%Y年%m月%d日",
    "{y}年{mm}月{dd}日": "%Y年%m月%d日",
    "{y}年{m}月{d}日({曜})": "%Y年%m月%d日(%A)",
    "{y}年{m}月{d}日 {曜}曜日": "%Y年%m月%d日 %A",
    "{y}/{mm}/{dd}({曜})": "%Y/%m/%d(%A)",
    "{wide y}年{wide m}月{wide d}日": "%Y年%m月%d日",
    "{wide y}\uff0f{wide m}\uff0f{wide d}": "%Y/%m/%d",
    "{kanji y}年{kanji m}月{kanji d}日": "%Y年%m月%d日",
    "{era}{era year}年{m}月{d}日": "%Y年%m月%d日",
    "{era}{era year}年{m}月{d}日({曜})": "%Y年%m月%d日(%A)",
    "{era}{wide era year}年{wide m}月{wide d}日": "%Y年%m月%d日",
    "{era}{kanji era year}年{kanji m}月{kanji d}日": "%Y年%m月%d日",
    "{era letter}{era number}.{m}.{d}": "%Y.%m.%d",
}
"""How `strptime` reads each form, once what it does not know is made what it knows."""
BEFORE_ERA = {"昭和": 1925, "平成": 1988, "令和": 2018, "S": 1925, "H": 1988, "R": 2018}


def arabic(number):
    """A kanji number in digits: 二〇二四 place by place, 二十九 by tens."""
    values = [int(unicodedata.numeric(character)) for character in number]
    if 10 not in values:
        return "".join(map(str, values))
    ten = values.index(10)
    return str((values[0] if ten else 1) * 10 + (values[-1] if ten < len(values) - 1 else 0))


def plain(text):
    """A written date without what `strptime` does not know: ordinals, kanji numbers, full width and eras."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(
        r"([月火水木金土日])(?=曜日$|\)$)", lambda match: calendar.day_name["月火水木金土日".index(match[1])], text
    )
    text = text.removesuffix("曜日").replace("元", "1")
    text = re.sub(r"[〇一二三四五六七八九十]+", lambda match: arabic(match[0]), text)
    text = re.sub(r"^(昭和|平成|令和|[SHR](?=\d))(\d+)", lambda match: str(BEFORE_ERA[match[1]] + int(match[2])), text)
    text = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", text, flags=re.IGNORECASE)
    return re.sub(r"([A-Za-z])\. ", r"\1 ", text)


@pytest.fixture(scope="module")
def splits():
    examples, parts = ENTRY.make(None, 0), {}
    for name in ("train", "validation", "test"):
        texts, days = examples.split(name).batch(100_000).get_single_element()
        parts[name] = [(text.decode(), day.decode()) for text, day in zip(texts.numpy(), days.numpy(), strict=True)]
    return parts


def test_every_form_has_an_independent_parse():
    assert set(PARSES) == set(FORMS)
    assert len(FORMS) == len(set(FORMS)) == 40


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_read_as_the_day_it_was_written_from(form):
    for day in DAYS[::97] + EDGES:
        if "{yy}" in form and day.year not in SHORT_YEARS:
            continue
        text = write(form, day)
        assert datetime.datetime.strptime(plain(text), PARSES[form]).date() == day, text


@pytest.mark.parametrize("form", [form for form in FORMS if "day}" in form or "曜" in form])
def test_the_weekday_is_the_true_one(form):
    """`strptime` reads the weekday without checking it."""
    for day in DAYS[::191]:
        names = re.findall(r"[A-Z][a-z]+day|^[A-Z][a-z]{2}(?=,? )", plain(write(form, day)))
        assert len(names) == 1
        assert calendar.day_name[day.weekday()].startswith(names[0])


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("昭和5年1月1日", "{era}{era year}年{m}月{d}日", "1930-01-01"),
        ("昭和64年1月7日", "{era}{era year}年{m}月{d}日", "1989-01-07"),
        ("平成元年1月8日", "{era}{era year}年{m}月{d}日", "1989-01-08"),
        ("平成31年4月30日(火)", "{era}{era year}年{m}月{d}日({曜})", "2019-04-30"),
        ("令和元年五月一日", "{era}{kanji era year}年{kanji m}月{kanji d}日", "2019-05-01"),
        ("令和六年二月二十九日", "{era}{kanji era year}年{kanji m}月{kanji d}日", "2024-02-29"),
        ("令和１０年１２月３１日", "{era}{wide era year}年{wide m}月{wide d}日", "2028-12-31"),
        ("二〇三〇年十月二十日", "{kanji y}年{kanji m}月{kanji d}日", "2030-10-20"),
        ("2024年2月29日 木曜日", "{y}年{m}月{d}日 {曜}曜日", "2024-02-29"),
        ("S54.5.29", "{era letter}{era number}.{m}.{d}", "1979-05-29"),
        ("the 11th of May, 1950", "the {nth} of {month}, {y}", "1950-05-11"),
        ("the 22nd of June, 2069", "the {nth} of {month}, {y}", "2069-06-22"),
        ("Feb. 3, 2001", "{abbr} {d}, {y}", "2001-02-03"),
        ("May 3, 2001", "{abbr} {d}, {y}", "2001-05-03"),
        ("Feb 29 '00", "{mon} {d} '{yy}", "2000-02-29"),
    ],
)
def test_dates_whose_writing_is_known(text, form, day):
    assert write(form, datetime.date.fromisoformat(day)) == text


def test_no_text_means_two_days():
    """Two days are written alike, if ever, with their months, days or parts of the year swapped."""
    days = [day for day in DAYS if day.month in (1, 2, 11, 12) and day.day in (1, 2, 11, 12, 21, 22)]
    meaning = {}
    for day in days:
        for form in FORMS:
            if "{yy}" not in form or day.year in SHORT_YEARS:
                assert meaning.setdefault(write(form, day).lower(), day) == day, (form, day)
    assert len(meaning) > 100_000


def test_the_texts_of_the_splits_are_read_as_their_targets(splits):
    for rows in splits.values():
        for text, target in rows[:2000]:
            readings = set()
            for form in set(PARSES.values()):
                try:
                    readings.add(datetime.datetime.strptime(plain(text), form).date().isoformat())
                except ValueError:
                    continue
            assert readings == {target}, text


def test_every_date_comes_once_and_lies_in_range(splits):
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 10_000, "validation": 1000, "test": 1000}
    days = [target for rows in splits.values() for _, target in rows]
    assert len(set(days)) == 12_000
    assert min(days) >= "1930-01-01"
    assert max(days) <= "2069-12-31"


def test_all_decades_and_days_and_writings_are_there(splits):
    texts, days = zip(*splits["train"], strict=True)
    assert min(Counter(day[:3] for day in days).values()) > 500
    assert len({day[5:] for day in days}) == 366
    assert 0.25 < sum(not re.search(r"[A-Za-z]", text) and not text.isascii() for text in texts) / 10_000 < 0.4
    assert sum("元年" in text for text in texts) > 50
    assert sum(text.isupper() for text in texts) > 500
    assert sum(text.islower() for text in texts) > 500
    assert sum(text.isdecimal() for text in texts) > 150


def test_they_are_the_same_everywhere_and_whatever_the_seed_of_training(splits):
    first, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert first.checksum == other.checksum == "016f7b66661b4dc74d54ecfa3a1728211cbd55d1be088bafb4ba27e3dadb045f"
    assert generate()["test"] == splits["test"]
    assert generate(seed=1)["test"] != splits["test"]
