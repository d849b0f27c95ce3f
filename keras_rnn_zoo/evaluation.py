"""How well a run answers, by the metrics of its task."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.datasets.prepared import naming_damaged_records
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.loading import LoadedRun, load_run, open_examples
from keras_rnn_zoo.pipeline import Batches, make_batches
from keras_rnn_zoo.runs import Run, open_run

BATCH_SIZE = 128

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scorecard(Mapping[str, float]):
    """The metrics of a run on a split, by name: `scorecard["accuracy"]`."""

    run: str
    architecture: str
    dataset: str
    split: str
    examples: int
    metrics: dict[str, float]
    report: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return self.metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)

    def as_json(self) -> dict[str, Any]:
        """The scorecard as plain values, for `zoo evaluate --json`."""
        names = ("run", "architecture", "dataset", "split", "examples", "metrics")
        return {name: getattr(self, name) for name in names}


def evaluate(
    run: Run | str | LoadedRun | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    models_dir: str | None = None,
) -> Scorecard:
    """Measures a run on a split of the data set it was trained on. Warns where the data is no longer the same.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        split: `"test"`, `"validation"` or `"train"`.
        data_dir: folder of prepared TFDS data sets; the one that training used by default.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: the data set or the split is not there.
    """
    found = run.run if isinstance(run, LoadedRun) else open_run(run, models_dir)
    dataset = found.config["dataset"]
    examples = open_examples(found.config, data_dir)
    if examples.checksum != dataset["checksum"]:
        logger.warning(
            "The dataset %s is not what %s was trained on (version %s, then %s): the figures do not compare.",
            dataset["name"],
            found.name,
            examples.version,
            dataset["version"],
        )
    raw = examples.split(split)
    loaded = run if isinstance(run, LoadedRun) else load_run(found)
    with naming_damaged_records(dataset["name"]):
        batches = make_batches(raw, loaded.task, BATCH_SIZE)
    metrics, report = score(loaded, batches)
    return Scorecard(
        found.name, found.config["architecture"], dataset["name"], split, batches.examples, metrics, report
    )


def score(loaded: LoadedRun, batches: Batches) -> tuple[dict[str, float], dict[str, Any]]:
    """Returns the loss and the task's metrics over batches, as far as they are finite, and the task's fuller report."""
    loss_function = loaded.task.loss()
    loss = 0.0
    collected: dict[str, list[Any]] = {}
    targets = []
    for inputs, target in batches.data.as_numpy_iterator():
        logits = loaded.to_logits(inputs)
        loss += float(loss_function(target, logits)) * len(target) / batches.examples
        for name, values in loaded.task.decode(logits).items():
            collected.setdefault(name, []).append(values.numpy())
        targets.append(target)
    answers = {name: np.concatenate(values) for name, values in collected.items()}
    metrics, report = loaded.task.score(answers, np.concatenate(targets))
    return {name: value for name, value in {"loss": loss, **metrics}.items() if np.isfinite(value)}, report
