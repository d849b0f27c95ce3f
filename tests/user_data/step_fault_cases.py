"""Broken data with a target for each step, of many kinds; see `fault_cases`."""

import numpy as np
from fault_files import Case, npz, ragged

COLUMNS = "id=run,order=t,input=ax+ay,target=state"
RECORDINGS = [
    f"r{number},{t},{number + t}.5,{t - number}.25,{'on' if (number + t) % 2 else 'off'}"
    for number in range(12)
    for t in range(3)
]
"""The rows of twelve recordings of three steps; the first is line 2 of a file."""


def log(**changed):
    """Returns a table of recordings; `changed` gives other rows by "line" and their number in the file."""
    rows = list(RECORDINGS)
    for line, row in changed.items():
        rows[int(line.removeprefix("line")) - 2] = row
    return "run,t,ax,ay,state\n" + "\n".join(rows) + "\n"


def steps(name, content, *wants, row=False, form="csv", task="step_classification", **options):
    """Returns the case of an invalid table with a row for each step."""
    given = {"columns": COLUMNS, **options}
    files = {f"data.{form}": content}
    return Case(f"a target for each step: {name}", f"{form}:data.{form}", files, wants, task, given, row)


def arrays(name, *wants, row=False, task="step_classification", options=None, **content):
    """Returns the case of an invalid archive with a target for each step; by default, 12 series of 4 steps."""
    given = {"x": SERIES, "y": LABELS, **content}
    files = {"data.npz": npz(**{key: value for key, value in given.items() if value is not None})}
    return Case(f"a target for each step: {name}", "npz:data.npz", files, wants, task, options or {}, row)


SERIES = np.arange(96, dtype="float32").reshape(12, 4, 2)
LABELS = np.arange(48).reshape(12, 4) % 3
RAGGED = {"x": ragged(*SERIES), "y": ragged(*LABELS)}


def instead(values, index, value):
    """Returns an object array with another item."""
    changed = values.copy()
    changed[index] = value
    return changed


NUMBERS = log().replace(",on", ",1.5").replace(",off", ",2.5")
CASES = [
    steps("an empty label", log(line5="r1,0,1,1,"), "line 5", "'state'", "the label is empty", row=True),
    steps(
        "NaN among integers as labels",
        log(line5="r1,0,1,1,nan").replace(",on", ",1").replace(",off", ",0"),
        "line 5",
        "'state'",
        "the label is empty",
        row=True,
    ),
    steps(
        "a number too large for float32, in a column that is not named",
        log(line5="r1,0,1e39,1,on"),
        "line 5",
        "'ax'",
        "3.4e+38",
        row=True,
        columns="id=run,order=t",
    ),
    steps("text instead of a number in the input", log(line5="r1,0,much,1,on"), "line 5", "'ax'", "'much'", row=True),
    steps("an infinite number in the input", log(line5="r1,0,inf,1,on"), "line 5", "'ax'", "finite", row=True),
    steps("a decimal comma in the input", log(line5='r1,0,"1,5",1,on'), "line 5", "decimal point", row=True),
    steps("a row without the name of its sequence", log(line5=",0,1,1,on"), "line 5", "'run'", row=True),
    steps("two rows of a sequence in the same place", log(line6="r1,0,1,1,on"), "line 6", "line 5", row=True),
    steps(
        "no rows that show which columns hold numbers",
        "run,t,ax,ay,state\n",
        "no column with numbers is left to read",
        columns="id=run,order=t,target=state",
    ),
    steps(
        "no column that tells sequences apart",
        log().replace("run,", "name,"),
        "line 5",
        "the same order as in line 2",
        "id=NAME",
        columns="order=t,input=ax,target=state",
    ),
    steps(
        "text among the numbers that order the rows", log(line5="r1,first,1,1,on"), "line 5", "'t'", "'first'", row=True
    ),
    steps(
        "a time that is none",
        log(line5="r1,noon,1,1,on")
        .replace(",0,", ",2024-01-01T00:00,")
        .replace(",1,", ",2024-01-01T00:01,")
        .replace(",2,", ",2024-01-01T00:02,"),
        "line 5",
        "'t'",
        "'noon'",
        row=True,
    ),
    steps(
        "text among the numbers to predict",
        NUMBERS.replace("r1,0,1.5,-1.25,1.5", "r1,0,1.5,-1.25,high"),
        "line 5",
        "'state'",
        "'high'",
        row=True,
        task="step_regression",
    ),
    steps(
        "a missing number to predict",
        NUMBERS.replace("r1,0,1.5,-1.25,1.5", "r1,0,1.5,-1.25,"),
        "line 5",
        "'state'",
        "the value is empty",
        row=True,
        task="step_regression",
    ),
    steps(
        "another number among 0 and 1 of classes",
        log(line5="r1,0,1,1,2")
        .replace(",on", ",1")
        .replace(",off", ",0")
        .replace("run,t,ax,ay", "run,t,hot,ay")
        .replace(".5,", ",")
        .replace("r0,0,0", "r0,0,1"),
        "0 or 1 is expected",
        "value=A+B",
        row=True,
        columns="id=run,input=ay,target=hot+state",
    ),
    steps(
        "a list as a label in JSON",
        "".join(f'{{"run": "r{n // 3}", "ax": {n}, "state": {"[1]" if n == 4 else n % 2}}}\n' for n in range(36)),
        "line 5",
        "'state'",
        row=True,
        form="jsonl",
        columns="id=run,input=ax,target=state",
    ),
    steps("a missing column", log(), "no column 'sate'", "'state'", columns="id=run,input=ax,target=sate"),
    steps(
        "no column with a usual name for the target",
        log().replace("state", "what"),
        "'target'",
        "target=NAME",
        columns="id=run,input=ax",
    ),
    steps(
        "no column with numbers", "run,label\nr0,on\nr0,off\n", "no column with numbers", "input=A+B", columns="id=run"
    ),
    steps("a column named for two words", log(), "'ax' twice", columns="id=run,input=ax,target=ax"),
    steps("two kinds of target", log(), "'label'", "'value'", columns="id=run,input=ax,label=state,value=ay"),
    steps(
        "a sequence in every row",
        "run,ax,state\n" + "".join(f"r{n},{n},{'on' if n % 2 else 'off'}\n" for n in range(36)),
        "a single step",
        "id=NAME",
        columns="id=run,input=ax,target=state",
    ),
    steps("a single class", log().replace(",off", ",on"), "only one class", "'on'"),
    steps(
        "too few sequences",
        "run,t,ax,ay,state\n" + "\n".join(RECORDINGS[:3]) + "\n",
        "too few sequences",
        "id=NAME",
        "--validation",
    ),
    steps("a header without rows", "run,t,ax,ay,state\n", "no sequence to learn from"),
    steps(
        "several classes at once in one column", log(), "multilabel=true", "0 and 1 for each class", multilabel="true"
    ),
    arrays("fewer targets than series", "11 targets", "12 series", y=LABELS[:11]),
    arrays(
        "fewer targets than steps in one series",
        "example 2",
        "3 targets for 4 steps",
        row=True,
        x=RAGGED["x"],
        y=instead(RAGGED["y"], 2, LABELS[2][:3]),
    ),
    arrays(
        "concatenated targets that differ in number from the steps",
        "47 targets",
        "48 steps",
        x=SERIES.reshape(48, 2),
        y=LABELS.ravel()[:47],
        lengths=np.full(12, 4),
    ),
    arrays("one target for each series", "(series, steps)", "many_to_one", y=np.arange(12) % 2),
    arrays(
        "NaN as a label",
        "example 3, step 1",
        "the label is empty",
        row=True,
        y=np.where(np.arange(48).reshape(12, 4) == 13, np.nan, LABELS),
    ),
    arrays(
        "NaN as a number to predict",
        "example 3, step 1",
        "finite",
        row=True,
        task="step_regression",
        y=np.where(np.arange(48).reshape(12, 4) == 13, np.nan, LABELS + 0.5),
    ),
    arrays(
        "texts as numbers to predict",
        "example 0",
        "numbers are expected",
        task="step_regression",
        y=np.full((12, 4), "high"),
    ),
    arrays(
        "another number among 0 and 1",
        "example 0, step 1",
        "0 or 1",
        row=True,
        y=np.where(np.arange(96).reshape(12, 4, 2) == 3, 2, 1),
        options={"multilabel": "true"},
    ),
    arrays(
        "series of different width",
        "example 4",
        "the shape (4, 3)",
        row=True,
        x=instead(RAGGED["x"], 4, np.zeros((4, 3))),
        y=RAGGED["y"],
    ),
    arrays("dates as targets", "datetime64", y=np.zeros((12, 4), "datetime64[D]")),
]
