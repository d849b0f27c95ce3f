"""Files to predict, and how their predictions are read."""

import csv
import io

TEXTS = ["the cast is superb", 'a "dull" plot,\nand long', "", "the film is not boring"]
ONE_LINE = [" ".join(text.split()) for text in TEXTS]


def as_csv(rows, delimiter=","):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()
