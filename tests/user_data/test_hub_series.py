"""Saved datasets of Hugging Face that hold series: over time, or with a row for each step."""

import numpy as np
import pandas as pd
import pytest

from keras_rnn_zoo import registry

datasets = pytest.importorskip("datasets", reason="the extra `hub` is not installed")

DRAW = np.random.default_rng(0)
DAYS = pd.DataFrame(
    {
        "day": pd.date_range("2024-01-01", periods=60).repeat(2),
        "shop": ["north", "south"] * 60,
        "sales": DRAW.normal(size=120).astype("float32"),
        "promotion": DRAW.random(120) < 0.3,
    }
)
DAYS.loc[7, "sales"] = np.nan
STEPS = pd.DataFrame(
    {
        "recording": np.repeat([f"r{number}" for number in range(24)], 5),
        "t": np.tile(np.arange(5), 24),
        "ax": DRAW.normal(size=120),
        "state": ["idle", "busy", "busy", "idle", "off"] * 24,
    }
)


def pairs(data, tasks, options):
    """Returns the examples of each split as lists of arrays."""
    dataset = registry.find_dataset(data, tasks, options)
    chosen = {**dataset.defaults, **options}
    examples = dataset.open(None, 0, {name: value for name, value in chosen.items() if name in dataset.options})
    found = {}
    for name in examples.splits:
        rows = examples.split(name).as_numpy_iterator()
        found[name] = [[*(raw.values() if isinstance(raw, dict) else [raw]), target] for raw, target in rows]
    return found, examples


@pytest.mark.parametrize(
    ("table", "tasks", "options"),
    [
        (
            DAYS,
            ("forecasting",),
            {"columns": "time=day,target=sales,id=shop,known=promotion", "history": 6, "horizon": 3},
        ),
        (STEPS, ("step_classification", "step_regression"), {"columns": "id=recording,order=t,input=ax,target=state"}),
    ],
    ids=["time", "steps"],
)
def test_a_saved_dataset_has_the_examples_of_the_csv_file(table, tasks, options, tmp_path):
    table.to_csv(tmp_path / "a.csv", index=False)
    expected, of_file = pairs(f"csv:{tmp_path / 'a.csv'}", tasks, options)
    hub = datasets.Dataset.from_pandas(table, preserve_index=False)
    hub.save_to_disk(tmp_path / "saved")
    for data in (f"hf:{tmp_path / 'saved'}", hub):
        found, examples = pairs(data, tasks, options)
        assert examples.recorded == of_file.recorded
        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            for row, other in zip(found[name], rows, strict=True):
                for array, wanted in zip(row, other, strict=True):
                    np.testing.assert_array_equal(array, wanted)
