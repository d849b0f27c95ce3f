"""How well a run answers, by the metrics of its task."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.loading import LoadedRun, load_run
from keras_rnn_zoo.pipeline import Batches, make_batches
from keras_rnn_zoo.runs import Run, open_run

BATCH_SIZE = 128


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


def evaluate(run: Run | str | None = None, *, split: str = "test", models_dir: str | None = None) -> Scorecard:
    """Measures a run on a split of the data set it was trained on.

    Args:
        run: the run or its name; `None` for the only one there is.
        split: `"test"`, `"validation"` or `"train"`.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Raises:
        RunError: no such run, or a damaged one.
        DataError: the data set or the split is not there.
    """
    run = open_run(run, models_dir)
    dataset = run.config["dataset"]
    entry = registry.datasets.get(dataset["name"])
    examples = entry.make(dataset["data_dir"], run.config["seed"]).split(split)
    loaded = load_run(run)
    batches = make_batches(examples, loaded.task, BATCH_SIZE)
    metrics, report = score(loaded, batches)
    return Scorecard(run.name, run.config["architecture"], entry.name, split, batches.examples, metrics, report)


def score(loaded: LoadedRun, batches: Batches) -> tuple[dict[str, float], dict[str, Any]]:
    """Returns the loss and the task's metrics over batches, and the task's fuller report."""
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
    return {"loss": loss, **metrics}, report
