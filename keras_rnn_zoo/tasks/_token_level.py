"""The base class of tasks whose targets are a class for each step."""

from typing import Any

from keras_rnn_zoo.tasks.task import Task


class TokenLevelTask(Task):
    """A task whose targets are int32 class indices `(batch, time)`; `IGNORED` marks steps that are not scored."""

    answers = "steps"
    smooths_labels = True

    def loss(self) -> Any:
        from keras_rnn_zoo.layers.steps import StepCrossentropy

        return StepCrossentropy()

    def smoothed_loss(self, smoothing: float) -> Any:
        from keras_rnn_zoo.layers.steps import StepCrossentropy

        return StepCrossentropy(smoothing)

    def loss_weight(self, targets: Any) -> int:
        from keras_rnn_zoo.layers.steps import counted_steps

        return int(counted_steps(targets))

    def training_metrics(self) -> list[Any]:
        from keras_rnn_zoo.layers.steps import StepAccuracy

        return [StepAccuracy(name="accuracy")]
