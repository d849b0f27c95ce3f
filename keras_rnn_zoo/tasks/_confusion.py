"""Which classes or tags a model confuses."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

MATRIX_CLASSES = 100
"""Maximum number of classes for which there is a full confusion matrix and the area under the ROC curve."""
CONFUSIONS = 50
"""Number of confused pairs of classes that are listed if there are more classes."""


def confusion_report(truth: Any, predicted: Any, classes: Sequence[str]) -> dict[str, Any]:
    """Returns the part of a task's report on confused classes.

    Args:
        truth: the index of the true class of each example: `(examples,)`.
        predicted: the index of its predicted class: `(examples,)`.
        classes: names of the classes.

    Returns:
        For up to `MATRIX_CLASSES` classes, `"confusion_matrix"`: the `"labels"`, and the `"rows"` of counts, one for
        each true class. For more, `"confusions"`: the most frequent pairs of a true and a different predicted class.
    """
    pairs = Counter(zip(truth.tolist(), predicted.tolist(), strict=True))
    if len(classes) <= MATRIX_CLASSES:
        indices = range(len(classes))
        rows = [[pairs[true, prediction] for prediction in indices] for true in indices]
        return {"confusion_matrix": {"labels": list(classes), "rows": rows}}
    confused = sorted(((-count, pair) for pair, count in pairs.items() if pair[0] != pair[1]))[:CONFUSIONS]
    return {
        "confusions": [
            {"true": classes[true], "predicted": classes[prediction], "examples": -count}
            for count, (true, prediction) in confused
        ]
    }
