"""The files that the recipes in docs/howto/ are about, small."""

import csv
import random

import numpy as np
from PIL import Image
from small_sets import write_recordings, write_words


def write_table(path, columns, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def reviews(count, seed=0):
    """Returns rows of a text and a number of stars."""
    draw = random.Random(seed)
    words = {5: ("fine", "superb", "moving"), 1: ("dull", "awful", "flat")}
    return [
        (f"a {draw.choice(words[stars])} film , number {number} of {count}", stars)
        for number in range(count)
        for stars in (draw.choice((1, 5)),)
    ]


def write_csv(folder):
    write_table(folder / "reviews.csv", ("review", "stars"), reviews(80))
    write_table(folder / "new.csv", ("review",), [(text,) for text, _ in reviews(5, seed=1)])


def write_labeled(folder):
    """Writes reviews whose columns have usual names."""
    for name in ("reviews.csv", "restaurants.csv"):
        rows = [(text, "positive" if stars > 3 else "negative") for text, stars in reviews(80)]
        write_table(folder / name, ("text", "label"), rows)


def write_messages(folder):
    """Writes messages, one in eight of them spam."""
    for name, count in (("messages.csv", 200), ("held_out.csv", 80)):
        kinds = [("see you at noon", "ham"), ("win a prize now", "spam")]
        rows = [(f"{text} {number}", kind) for number in range(count) for text, kind in (kinds[number % 8 == 0],)]
        write_table(folder / name, ("text", "label"), rows)


def write_plates(folder):
    draw = np.random.default_rng(0)
    for number in range(40):
        kind = ("clean", "broken")[number % 2]
        pixels = np.full((24, 24), 200, "uint8")
        if kind == "broken":
            pixels[:, draw.integers(6, 18)] = 20
        (folder / "plates" / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels + draw.integers(0, 20, pixels.shape, "uint8")).save(
            folder / "plates" / kind / f"{number // 2}.png"
        )


def write_sounds(folder):
    write_words(folder / "words", 40, seed=0)
    write_recordings(folder / "sentences", 30, seed=0, words=2)


def write_series(folder, name="motors.npz", steps=40):
    draw = np.random.default_rng(0)
    x = np.empty(120, object)
    x[:] = [np.cumsum(draw.normal(n % 2, 1, (steps + n % 9, 3)), axis=0).astype("float32") for n in range(120)]
    np.savez(folder / name, x=x, y=["drifts" if n % 2 else "wanders" for n in range(120)])


def write_long(folder):
    write_labeled(folder)
    write_series(folder, "long.npz", 150)


def write_sales(folder):
    """Writes 150 days of sales in two shops, and the last days with the promotions of two weeks to come."""
    columns = ("day", "shop", "sales", "promotion")
    days = [(np.datetime64("2024-01-01") + day, day % 2) for day in range(164)]
    rows = [(str(day), shop, number % 7, known) for shop in "ab" for number, (day, known) in enumerate(days)]
    write_table(folder / "sales.csv", columns, [row for row in rows if row[0] < str(days[150][0])])
    to_come = [(day, shop, sales if day < str(days[150][0]) else "", known) for day, shop, sales, known in rows]
    write_table(folder / "history.csv", columns, to_come)


def nothing(folder):
    """For recipes that need no files."""


FILES = {
    "add_an_architecture": nothing,
    "audio": write_sounds,
    "choose_a_cell": nothing,
    "compare_runs": nothing,
    "csv": write_csv,
    "deploy_board": write_series,
    "deploy_browser": write_series,
    "deploy_phone": write_series,
    "fine_tune": write_labeled,
    "images": write_plates,
    "imbalanced_classes": write_messages,
    "long_sequences": write_long,
    "series": nothing,
    "tables_over_time": write_sales,
}
"""What writes the files of each page, into the folder in which its commands run."""
