"""What a run says about every example of a split, with its loss: what plots of scores are drawn from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE, OpenedSplit, answered
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks._judged import Verdicts

MAX_NUMBERS = 2**27
"""Maximum number of probabilities, or predicted numbers, that are held in memory."""
MAX_NAMES = 100
"""Maximum number of classes whose probabilities are held; of more, that of the predicted one."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The predictions for a split. Arrays have the order of the examples in the split.

    Attributes:
        data: the examples.
        predictions: by name, a list with a value for each example, as `Task.score` takes them.
        references: the targets as the dataset has them.
        losses: the loss of each example, float64 `(examples,)`.
        lengths: the length of each input in `step_unit`s of the reader, float64 `(examples,)`; `None` if all have one.
        ranks: the rank of the rarest word of each example, float64 `(examples,)`, or of the word of each verdict if the
            task `judges_words`, `(scored,)`; `None` for other inputs than words.
        verdicts: what is predicted and true of everything that is scored, whose `rows` are places in the split; `None`
            if the task has none. Of more than `MAX_NAMES` classes, `values` has one column, the highest probability.
    """

    data: OpenedSplit
    predictions: dict[str, list[Any]]
    references: list[Any]
    losses: Any
    lengths: Any
    ranks: Any
    verdicts: Verdicts | None

    def scored(self, task: Any, chosen: Any = None) -> tuple[dict[str, float], dict[str, Any]]:
        """Returns the metrics of examples by name, and the report, as the task computes them.

        Args:
            task: the task.
            chosen: the places of the examples, int `(chosen,)`; by default, all.
        """
        chosen = np.arange(len(self.losses)) if chosen is None else chosen
        places = np.asarray(chosen).tolist()
        parts = {name: [values[place] for place in places] for name, values in self.predictions.items()}
        loss = float(np.mean(self.losses[places]))
        metrics, report = task.score(parts, [self.references[place] for place in places], loss)
        return {"loss": loss, **metrics}, report


def answers_of(loaded: Any, data: OpenedSplit) -> Answers:
    """Predicts all examples of a split.

    Args:
        loaded: the loaded run.
        data: the examples.

    Raises:
        RunError: predictions, or the loss, are not finite.
        DataError: an example cannot be read, or there are too many steps to hold in memory.
    """
    task = loaded.task
    with translate_record_errors(data.name):
        batches = make_batches(data.raw, task, BATCH_SIZE, references=True, numbers=True)
    loss_of_each = _losses(task)
    parts: list[dict[str, Any]] = []
    held = 0
    for batch in answered(task, loaded.to_logits, loaded.outputs, batches):
        found = _of_batch(task, batch)
        parts.append({**found, "losses": loss_of_each(batch.targets, batch.logits)})
        held += found["verdicts"].values.size if found["verdicts"] else 0
        if held > MAX_NUMBERS:
            raise DataError(
                f"The {data.split} split of {data.name} has more than {MAX_NUMBERS:,} predicted numbers, which are too "
                "many to hold in memory. Plot a smaller split."
            )
    return _joined(data, parts, task.judges_words)


def _of_batch(task: Any, batch: Any) -> dict[str, Any]:
    """Returns what is kept of a batch, by the attributes of `Answers`."""
    verdicts = task.verdicts(batch.targets, batch.logits) if task.judges_outputs else None
    if verdicts and task.output_form == "class" and verdicts.values.shape[-1] > MAX_NAMES:
        verdicts = verdicts._replace(values=verdicts.values.max(axis=-1, keepdims=True))
    ranks = task.word_ranks(batch.inputs, batch.targets)
    if ranks is not None and verdicts and task.judges_words:
        ranks = ranks[verdicts.rows, verdicts.steps]
    elif ranks is not None:
        ranks = np.where(np.isnan(ranks), 0, ranks).max(axis=1)
    first = keras.tree.flatten(batch.inputs)[0]
    return {
        "numbers": np.asarray(batch.numbers),
        "predictions": batch.predictions,
        "references": batch.references.numpy(),
        "lengths": task.reader.input_lengths(first) if task.reader.variable else None,
        "ranks": ranks,
        "verdicts": verdicts,
    }


def _losses(task: Any) -> Callable[[Any, Any], Any]:
    """Returns the function from the targets and logits of a batch to the loss of each example, float64 `(batch,)`."""
    loss = task.loss()

    def of_one(pair: Any) -> Any:
        targets, logits = pair
        return tf.cast(loss(targets[None], logits[None]), tf.float32)

    if keras.backend.backend() != "tensorflow":
        return lambda targets, logits: np.array(
            [float(loss(np.asarray(targets)[row : row + 1], logits[row : row + 1])) for row in range(len(logits))]
        )
    compute = tf.function(
        lambda targets, logits: tf.map_fn(of_one, (targets, logits), fn_output_signature=tf.float32),
        reduce_retracing=True,
        autograph=False,
    )
    return lambda targets, logits: np.asarray(compute(tf.convert_to_tensor(targets), tf.constant(logits)), "float64")


def _joined(data: OpenedSplit, parts: list[dict[str, Any]], of_verdicts: bool) -> Answers:
    """Joins what is known of batches, in the order of the examples in the split."""
    numbers = np.concatenate([part["numbers"] for part in parts])
    order = np.argsort(numbers)

    def listed(batches: list[Any]) -> list[Any]:
        values = [value for batch in batches for value in batch]
        return [values[place] for place in order]

    def arrayed(name: str) -> Any:
        return None if parts[0][name] is None else np.concatenate([part[name] for part in parts])[order]

    verdicts, ranks = None, None
    if parts[0]["verdicts"]:
        rows = [part["numbers"][part["verdicts"].rows] for part in parts]
        columns = [np.concatenate(values) for values in zip(*(part["verdicts"] for part in parts), strict=True)]
        joined = Verdicts(*columns)._replace(rows=np.concatenate(rows))
        sorting = np.lexsort((joined.steps, joined.rows))
        verdicts = Verdicts(*(column[sorting] for column in joined))
        if parts[0]["ranks"] is not None and of_verdicts:
            ranks = np.concatenate([part["ranks"] for part in parts])[sorting]
    return Answers(
        data,
        {name: listed([part["predictions"][name] for part in parts]) for name in parts[0]["predictions"]},
        listed([part["references"] for part in parts]),
        arrayed("losses"),
        arrayed("lengths"),
        ranks if ranks is not None or of_verdicts else arrayed("ranks"),
        verdicts,
    )
