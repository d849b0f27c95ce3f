"""Invalid tables over time, of many kinds; see `fault_cases`."""

import re

from fault_files import Case

JANUARY = "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 31))


def over_time(name, content, *wants, row=False, form="csv", **options):
    """Returns the case of an invalid table over time, by default with daily rows and a short window."""
    given = {"history": 3, "horizon": 1, "columns": "time=day,target=y", **options}
    return Case(name, f"{form}:data.{form}", {f"data.{form}": content}, wants, "forecasting", given, row)


def january(**changed):
    """Returns a table over time with 30 days; `changed` gives other rows by "line" and their number in the file."""
    rows = JANUARY.splitlines()
    for line, row in changed.items():
        rows[int(line.removeprefix("line")) - 2] = row
    return "day,y\n" + "\n".join(rows) + "\n"


HOURS = "".join(f"2024-10-{day:02} {hour:02}:00,1\n" for day in (26, 27, 28) for hour in range(24))
TWICE = "day,y\n" + HOURS.replace("2024-10-27 02:00,1\n", "2024-10-27 02:00,1\n2024-10-27 02:00,2\n")

CASES = [
    over_time("table over time: an invalid time", january(line7="soon,3"), "line 7", "'day'", "'soon'", row=True),
    over_time(
        "table over time: a missing time", january(line7=",3"), "line 7, column 'day': the time is empty", row=True
    ),
    over_time("table over time: a date that does not exist", january(line7="2024-02-30,3"), "line 7", row=True),
    over_time(
        "table over time: dates with the day first", january().replace("2024-01-", "01/2024/"), "time_format", row=False
    ),
    over_time(
        "table over time: times in two formats",
        january(line9="2024-01-08T00:00Z,3"),
        "line 9",
        "'2024-01-01'",
        row=True,
    ),
    over_time(
        "table over time: times in another format than `time_format`",
        january(),
        "in the format %d.%m.%Y is expected",
        time_format="%d.%m.%Y",
    ),
    over_time(
        "table over time: an unknown time zone", january(), "Did you mean Europe/Berlin", time_zone="Europe/Berlln"
    ),
    over_time(
        "table over time: a time skipped by daylight saving",
        "day,y\n2024-03-31 02:30,1\n" + HOURS,
        "does not exist",
        "line 2",
        time_zone="Europe/Berlin",
        row=True,
    ),
    over_time(
        "table over time: a time repeated by daylight saving", TWICE, "line 29", "line 28", "time_zone=", row=True
    ),
    over_time(
        "table over time: different values for the same time",
        january(line12="2024-01-02,9"),
        "line 12",
        "line 3",
        "id=NAME",
        row=True,
    ),
    over_time(
        "table over time: text instead of a number",
        january(line5="2024-01-04,much"),
        "line 5",
        "'y'",
        "'much'",
        row=True,
    ),
    over_time(
        "table over time: a decimal comma", january(line5='2024-01-04,"3,5"'), "line 5", "decimal point", row=True
    ),
    over_time("table over time: an infinite value", january(line5="2024-01-04,inf"), "line 5", "finite", row=True),
    over_time(
        "table over time: a number too large for float32", january(line5="2024-01-04,1e39"), "line 5", "'y'", row=True
    ),
    over_time(
        "table over time: a time off the grid",
        january(line5="2024-01-03T12:00,1"),
        "line 5",
        "grid of 1 day",
        row=True,
    ),
    over_time(
        "table over time: times without a regular step",
        "day,y\n"
        + "".join(
            f"2024-01-{1 + number * number % 29:02}T{number % 24:02}:{number * 7 % 60:02},1\n" for number in range(24)
        ),
        "no regular step",
    ),
    over_time(
        "table over time: a year with an extra digit",
        january(line31="9024-01-30,1"),
        "far more than rows",
        "9024-01-30",
    ),
    over_time("table over time: a missing column", january(), "'dya'", "'day'", columns="time=dya,target=y"),
    over_time(
        "table over time: no column with a usual name for the target",
        "date,a,b\n2024-01-01,1,2\n",
        "'target'",
        "target=A+B",
        columns="",
    ),
    over_time(
        "table over time: a column named for two words", january(), "'y' twice", columns="time=day,target=y,known=y"
    ),
    over_time(
        "table over time: a series without an id",
        "day,shop,y\n2024-01-01,,1\n" + JANUARY.replace(",", ",a,"),
        "line 2",
        "'shop'",
        columns="time=day,target=y,id=shop",
        row=True,
    ),
    over_time("table over time: a header without rows", "day,y\n", "no rows"),
    over_time(
        "table over time: series shorter than a window", january(), "30 steps of 1 day", "--set history=N", history=60
    ),
    over_time("table over time: a split without a window", january(), "validation", "--set horizon=", horizon=5),
    over_time(
        "table over time: no value at all", re.sub(",.*", ",", january()).replace("day,", "day,y"), "'y' has no value"
    ),
    over_time("table over time: a file for a split", january(), "follow one another", validation="more.csv"),
    over_time("table over time: invalid sizes of splits", january(), "70/10/20", splits="70/30"),
    over_time("table over time: sizes of splits that are far too large", january(), "'1e300/1/1'", splits="1e300/1/1"),
    over_time(
        "table over time: splits larger than the data",
        january(),
        "asks for 140 steps, but there are 30",
        splits="100/20/20",
    ),
    over_time(
        "table over time: a list as the value in JSON",
        "".join(f'{{"day": "2024-01-{day:02}", "y": {day if day != 9 else [1, 2]}}}\n' for day in range(1, 31)),
        "line 9",
        "'y'",
        form="jsonl",
        row=True,
    ),
]
