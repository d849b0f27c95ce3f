"""Tables over time that several tests write and open."""

import numpy as np

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.inference.rebuild import make_task
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.time_source import open_time_source
from keras_rnn_zoo.user_data.time_table import read_time_table
from keras_rnn_zoo.user_data.timestamps import Clock

SMALL = {"columns": "time=day,target=y", "history": 4, "horizon": 2}


def days(count, first="2024-01-01"):
    return np.arange(np.datetime64(first), np.datetime64(first) + count).astype(str).tolist()


def table(rows, header="day,y"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def read(tmp_path, text, clock=None, **given):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return read_time_table(*source_of(path, given or {"time": "day", "target": "y"}), clock or Clock())


def source_of(path, columns):
    """Returns the source of a CSV file, and its columns."""
    return open_time_source(CsvTable, False, str(path), columns, encoding="")


def opened(tmp_path, text, **options):
    path = tmp_path / "data.csv"
    path.write_text(text)
    options = {**SMALL, **options}
    return registry.find_dataset(f"csv:{path}", ("forecasting",), options).open(None, 0, options)


def fitted(examples):
    task = make_task(TaskConfig("forecasting", "window", {}, {}))
    return task, task.fit(examples.split("train"))
