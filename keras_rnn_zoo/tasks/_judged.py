"""What plots show of a task: what is predicted, and true, of everything that is scored."""

from typing import Any, Literal, NamedTuple

from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers.reader import Reader


class Verdicts(NamedTuple):
    """What is predicted, and true, of everything that is scored in a batch: of its examples, or of their steps.

    Attributes:
        truth: the indices of the true classes, int `(scored,)`; for labels, which of them apply, 0 or 1
            `(scored, labels)`; or the true numbers in their units, float `(scored, targets)`, NaN where missing.
        values: the probabilities of the classes or labels, or the predicted numbers, float `(scored, names)`.
        chosen: the indices of the predicted classes, int `(scored,)`; for labels and numbers the same as `values`.
        rows: which example of the batch each belongs to, int `(scored,)`.
        steps: which step of it, int `(scored,)`; 0 if an example has one prediction.
    """

    truth: Any
    values: Any
    chosen: Any
    rows: Any
    steps: Any


class Judged:
    """The part of a task that says what plots show of its predictions."""

    reader: Reader
    classes: tuple[str, ...]
    output_form: Literal["class", "labels", "numbers"]
    target_padding: int

    judges_outputs: bool = True
    """Whether targets say what is right at each place of the model's output, so that there are `verdicts`."""

    judges_words: bool = False
    """Whether each step of a target is about a word, whose rank `word_ranks` returns."""

    forecasts: bool = False
    """Whether the model's outputs are quantiles of the steps that follow its input, whose levels are its names."""

    aligns: bool = False
    """Whether `parts` returns the parts of a transcript."""

    def judged_values(self, logits: Any) -> tuple[Any, Any]:
        """Returns the probabilities, or numbers in their units, at each place of the output, and what is chosen there.

        Args:
            logits: the outputs of the model for a batch.

        Returns:
            Values of the shape `(batch, ..., names)`; and for classes the index of the one that is predicted, of the
            shape `(batch, ...)`, else the values again.
        """
        values = np.asarray(self.output_values(tf.constant(np.asarray(logits))))  # type: ignore[attr-defined]
        return values, values.argmax(axis=-1) if self.output_form == "class" else values

    def judged_targets(self, targets: Any) -> Any:
        """Returns the targets of a batch in the form of `judged_values`: indices of classes, or numbers in units."""
        return np.asarray(targets)

    def verdicts(self, targets: Any, logits: Any) -> Verdicts:
        """Returns what is predicted and true of everything that is scored in a batch, if `judges_outputs`.

        Args:
            targets: the targets, as in training.
            logits: the outputs of the model.
        """
        truth = self.judged_targets(targets)
        values, chosen = self.judged_values(logits)
        scored = np.isfinite(truth) if truth.dtype.kind == "f" else truth != self.target_padding
        if self.output_form != "class":
            scored = scored.all(axis=-1) if self.output_form == "labels" else scored.any(axis=-1)
        rows, *steps = np.nonzero(scored)
        return Verdicts(truth[scored], values[scored], chosen[scored], rows, steps[0] if steps else np.zeros_like(rows))

    def word_ranks(self, inputs: Any, targets: Any) -> Any:
        """Returns the ranks of the words of a batch, as `Reader.word_ranks`: of its inputs, or of what it judges."""
        return self.reader.word_ranks(inputs)

    def describe_target(self, reference: Any) -> str:
        """Returns a target of the dataset as a readable line."""
        value = np.asarray(reference)
        if value.dtype.kind in "iu" and self.classes and value.ndim < 2:
            return " ".join(self.classes[index] if index >= 0 else "?" for index in np.ravel(value).tolist())
        if value.dtype.kind in "SO":
            texts = [text.decode("utf-8", "replace") for text in np.ravel(value).tolist()]
            return " / ".join(text for text in texts if text)
        return " ".join(f"{number:.4g}" for number in np.ravel(value).tolist())
