"""What plots are drawn from: a run, its predictions for a split, and its inspection of an input."""

import functools
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.example_input import example_path
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError, RunError
from keras_rnn_zoo.inference.load import load_run
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.tuning.trials import read_search, study_of


class Subject:
    """What plots of a run are drawn from. Everything is computed when it is first needed, and then kept.

    Args:
        run: the run, or the object that `zoo.load` returned for one.
        split: the split that scores are of; `None` for that of `metrics.json`, which is the test split, unless training
            was interrupted.
        input: the input that is shown, as for `zoo.inspect`; `None` for the example of the test split in the run, or
            else the first one of the split.
        dataset: labeled data that scores are of, as for `zoo.evaluate`; by default, what the run was trained on.
        data_dir: folder of prepared TFDS datasets; by default, the one that training used.

    Attributes:
        asked: whether the user named the data, the split or the input.
        run: the run.
        data_dir: as the argument.
    """

    def __init__(
        self,
        run: Any,
        *,
        split: str | None = None,
        input: Any = None,
        dataset: Any = None,
        data_dir: str | None = None,
    ) -> None:
        self.run = getattr(run, "run", run)
        self.data_dir = data_dir
        if self.run is not run:
            self.__dict__["loaded"] = run
        self._split, self._input, self._dataset = split, input, dataset
        self.asked = any(given is not None for given in (split, input, dataset))

    @property
    def name(self) -> str:
        """The name of the run."""
        return str(self.run.name)

    @cached_property
    def loaded(self) -> Any:
        """The loaded run."""
        return load_run(self.run)

    @property
    def task(self) -> Any:
        """The fitted task."""
        return self.loaded.task

    @property
    def model(self) -> Any:
        """The Keras model."""
        return self.loaded.model

    @cached_property
    def layers(self) -> list[Any]:
        """The layers of the model, with those inside of others."""
        from keras_rnn_zoo.frameworks.keras_internals import flatten_layers

        return flatten_layers(self.model)

    @property
    def recurrent_layers(self) -> list[Any]:
        """The recurrent layers of the model."""
        return [layer for layer in self.layers if isinstance(layer, keras.layers.RNN)]

    @cached_property
    def search(self) -> Any:
        """The search of options that the run is the result of, `keras_rnn_zoo.tuning.trials.Search`.

        Raises:
            DataError: it cannot be read. Other plots of the run do not need it.
        """
        try:
            return read_search(study_of(self.run.path))
        except RunError as error:
            raise DataError(str(error)) from None

    # Scores

    @property
    def split(self) -> str:
        """The name of the split that scores are of; "all" for other data than the run's own."""
        if self._dataset is not None:
            return str(self.opened.split)
        return self._split or str(self.run.measured["split"])

    @cached_property
    def report(self) -> Mapping[str, Any]:
        """The report of the task on the split, such as its confusion matrix: that of `metrics.json`, or a new one."""
        measured = self.run.measured
        if self._dataset is None and self.split == measured["split"]:
            return dict(measured)
        _, report = self.answers.scored(self.task)
        return dict(report)

    @cached_property
    def answers(self) -> Any:
        """The predictions for the split, `keras_rnn_zoo.inference.answers.Answers`."""
        from keras_rnn_zoo.inference.answers import answers_of

        return answers_of(self.loaded, self.opened)

    @cached_property
    def opened(self) -> Any:
        """The examples of the split, `keras_rnn_zoo.inference.evaluate.OpenedSplit`."""
        from keras_rnn_zoo.inference.evaluate import open_split

        split = self._split if self._dataset is not None else self.split
        return open_split(self.run, self._dataset, split, self.data_dir, {})

    @property
    def verdicts(self) -> Any:
        """What is predicted and true of everything that is scored, `keras_rnn_zoo.tasks._judged.Verdicts`."""
        return self.answers.verdicts

    @property
    def main_metric(self) -> str:
        """The metric that stands for the run, such as "accuracy"."""
        return registry.main_metric(self.run.config.task.name, self.run.metrics)

    def raw_examples(self, places: Any) -> dict[int, Any]:
        """Returns examples of the split, pairs of raw input and target, by their places in it."""
        wanted = set(np.asarray(places).tolist())
        found = {}
        for place, example in enumerate(self.opened.raw.take(max(wanted) + 1)):
            if place in wanted:
                found[place] = example
        return found

    @property
    def about_split(self) -> str:
        """What plots of scores are about, as a line below their titles."""
        return f"{self.name}, {'all rows' if self.split == 'all' else f'{self.split} split'}"

    # An input

    @cached_property
    def input(self) -> Any:
        """The input that is shown, for `zoo.inspect`: the user's, that of the run, or the first of the split."""
        from keras_rnn_zoo.inspection.inspect import by_path, input_of

        if self._input is not None:
            return input_of(self.loaded, self._input)
        path = example_path(self.run.path)
        if path is not None:
            return str(path) if by_path(self.loaded) else path.read_bytes()
        raw, _ = self._first_example
        return keras.tree.map_structure(lambda tensor: tensor.numpy(), raw)

    @cached_property
    def target(self) -> Any:
        """The target of the input that is shown, as the dataset has it; `None` if it is not known."""
        if self._input is not None or example_path(self.run.path) is not None:
            return None
        return np.asarray(self._first_example[1])

    @cached_property
    def _first_example(self) -> Any:
        return next(iter(self.opened.raw))

    @functools.cache  # noqa: B019  A subject lives as long as its plots are drawn.
    def inspection(self, explain: int | None = None, *, importance: bool = False) -> Any:
        """Returns the inspection of the input, `keras_rnn_zoo.inspection.inspection.Inspection`."""
        from keras_rnn_zoo.inspection.inspect import inspect

        options = dict(self.task.export_check_options)  # Enough of a text that a language model writes.
        return inspect(self.loaded, self.input, explain=explain, gates=False, importance=importance, **options)

    @cached_property
    def picture(self) -> Any:
        """The input as something to look at, `keras_rnn_zoo.readers.reader.Picture`."""
        return self.task.reader.picture(*self.task.reader.to_batch([self.input]))

    @property
    def about_input(self) -> str:
        """What plots of an input are about, as a line below their titles."""
        summary = self.inspection().summary
        return f"{self.name}: {summary}" if len(summary) <= 60 else self.name

    def predicted(self, raw: Any) -> str:
        """Returns the prediction for a raw input of the dataset in words; "" if its scores need none."""
        from keras_rnn_zoo.inference.predictor import plain_rows

        if not self.answers.predictions:
            return ""
        predict = self.task.default_endpoint(self.loaded.outputs).call
        (row,) = plain_rows(self.task, predict(*self.task.reader.add_batch_axis(raw)))
        return str(self.task.describe(row))


def count_of(subject: Subject, number: int, noun: str) -> str:
    """Returns the line below a title that also says what is counted: "reviews, test split, 500 examples"."""
    return f"{subject.about_split}, {quantity(number, noun)}"
