"""Tagging: a tag for each word or step of an input."""

import functools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import compress
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.conventions import IGNORED, UNSPECIFIED
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.readers._options import Crf
from keras_rnn_zoo.readers.words import WordsReader
from keras_rnn_zoo.tasks._compared import ScoreParts, ratio_of
from keras_rnn_zoo.tasks._confusion import confusion_report
from keras_rnn_zoo.tasks._endpoint import Endpoint
from keras_rnn_zoo.tasks._inspected import Passage
from keras_rnn_zoo.tasks._spans import invalid_transitions
from keras_rnn_zoo.tasks._token_level import TokenLevelTask
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.target_checks import check_tags


@registry.task(
    outputs={
        "tokens": "the words of the sentence: string (batch, words), padded with empty strings",
        "tags": "the tag of each word: string (batch, words), padded with empty strings",
        "lengths": "the number of words: int32 (batch,)",
    },
    readers={"text": "words"},
    main_metric="f1",
    files=registry.TaskFiles(
        source="tokens",
        target="tags",
        columns={
            "tokens": "tokens token form word words",
            "tags": "tags tag ner_tags ner upos pos xpos label",
        },
        check=check_tags,
        classes="several",
    ),
    pipeline_tags={"text": "token-classification"},
)
class Tagging(TokenLevelTask):
    """Predicts a tag for each word of a sentence.

    A word whose tag is not one of the classes is read, but is ignored by the loss and by the accuracy in training. If
    "_" is not a class, as in CoNLL-U, it marks words without a tag, which are excluded from all metrics.

    Args:
        valid_spans: with crf, whether only valid sequences of B- and I- tags are predicted: I-X follows B-X or I-X.
    """

    monitor, monitor_mode = "val_accuracy", "max"
    judges_words = True
    reader: WordsReader

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        crf: Crf = False,
        valid_spans: bool = False,
    ) -> None:
        super().__init__(reader, classes)
        if valid_spans and not crf:
            raise OptionError("Option 'valid_spans' works only with crf=true. Set both, or omit valid_spans.")
        self.crf = crf
        self.forbidden = invalid_transitions(classes) if valid_spans and classes else None

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "num_classes": len(self.classes)}

    class_outputs = ("tags",)

    def prediction_signature(self) -> dict[str, Any]:
        words = tf.TensorSpec([None, None], tf.string)
        return {"tokens": words, "tags": words, "lengths": tf.TensorSpec([None], tf.int32)}

    def example(self, raw: Any, target: Any) -> tuple[Any, Any]:
        inputs = self.preprocess(*self.reader.add_batch_axis(raw))[0]
        tags = tf.strings.split(target)
        counts = tf.size(self.reader.words.split(raw[None]).flat_values), tf.size(tags)
        of_words, of_tags = map(tf.strings.as_string, counts)
        fault = tf.strings.join(["a sentence of ", of_words, " words has ", of_tags, " tags: ", raw])
        tf.debugging.Assert(tf.equal(*counts), [fault])
        return inputs, self._numbers.lookup(tags[: self.reader.max_length])

    @cached_property
    def _numbers(self) -> Any:
        """The table from tags to their indices."""
        with tf.init_scope():  # The table must outlive the graph of the dataset that uses it first.
            numbers = tf.range(len(self.classes), dtype=tf.int32)
            initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(self.classes), numbers)
            return tf.lookup.StaticHashTable(initializer, IGNORED)

    def loss(self) -> Any:
        from keras_rnn_zoo.layers.crf import CrfLoss

        return CrfLoss() if self.crf else super().loss()

    def smoothed_loss(self, smoothing: float) -> Any:
        return None if self.crf else super().smoothed_loss(smoothing)

    def training_metrics(self) -> list[Any]:
        from keras_rnn_zoo.layers.crf import SequenceAccuracy

        return [SequenceAccuracy(self.forbidden, name="accuracy")] if self.crf else super().training_metrics()

    def standalone(self, model: Any) -> tuple[Task, Any]:
        from keras_rnn_zoo.layers.crf import BestTags

        if not self.crf:
            return super().standalone(model)
        return Tagging(self.reader, self.classes), _followed_by(BestTags(self.forbidden, name="best_tags"), model)

    def inspected_model(self, model: Any) -> Any:
        from keras_rnn_zoo.layers.crf import TagLogits

        return _followed_by(TagLogits(name="tag_logits"), model) if self.crf else model

    def passage(self, inputs: Any, outputs: Any) -> Passage:
        return Passage(inputs, np.asarray(outputs)[0].argmax(axis=-1))

    def outputs(self, model: Any, inputs: Any) -> Any:
        outputs = super().outputs(model, inputs)
        return self._best_tags(outputs) if self.crf else outputs

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        return self.decode(keras.ops.convert_to_numpy(self._best_tags(logits)) if self.crf else logits, inputs)

    def judged_values(self, logits: Any) -> tuple[Any, Any]:
        from keras_rnn_zoo.layers.crf import marginals

        if not self.crf:
            return super().judged_values(logits)
        best = keras.ops.convert_to_numpy(self._best_tags(logits)).argmax(axis=-1)
        return keras.ops.convert_to_numpy(marginals(logits)), best

    @cached_property
    def _best_tags(self) -> Any:
        """The function from the potentials of a CRF to scores of its tags."""
        from keras_rnn_zoo.layers.crf import best_tags

        find = functools.partial(best_tags, forbidden=self.forbidden)
        if keras.backend.backend() != "tensorflow":
            return find
        return tf.function(find, reduce_retracing=True, autograph=False)

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        real = tf.not_equal(inputs[:, :, 0] if len(inputs.shape) == 3 else inputs, 0)
        tags = tf.gather(tf.constant(self.classes), tf.argmax(outputs, axis=-1))
        return {"tags": tf.where(real, tags, ""), "lengths": tf.reduce_sum(tf.cast(real, tf.int32), axis=1)}

    def decode_steps(
        self, outputs: Any, inputs: Any, tokens: Any, states: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        decoded, states = super().decode_steps(outputs, inputs, tokens, states)
        return {**({} if tokens is None else {"tokens": tokens.padded("")}), **decoded}, states

    def endpoints(self, model: Any) -> dict[str, Endpoint]:
        def split(*raw: Any) -> list[Any]:
            return [self.echoed_inputs(*raw)["tokens"]]

        def predict(tokens: Any) -> dict[str, Any]:
            from keras_rnn_zoo.layers.text import at_least_one_step

            words = self.reader.given(tokens)
            inputs = self.reader.look_up(words)
            predictions = self.decode(self.outputs(model, inputs), inputs)
            return {"tokens": at_least_one_step(words.to_tensor("")), **predictions}

        signature = [tf.TensorSpec([None, None], tf.string, name="tokens")]
        endpoints = {**super().endpoints(model), "tokens": Endpoint(predict, signature, sample=split)}
        if self.crf:
            endpoints["probabilities"] = self.reading_endpoint(functools.partial(self._probabilities, model))
        return endpoints

    def _probabilities(self, model: Any, inputs: Any, *raw: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.crf import marginals

        return {**self.echoed_inputs(*raw), "probabilities": marginals(model(inputs, training=False))}

    def echoed_inputs(self, *raw: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.text import at_least_one_step

        return {"tokens": at_least_one_step(self.reader.tokens(*raw).to_tensor(""))}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        truth, predicted = self._compared_tags(predictions, references)
        is_correct = np.concatenate(truth) == np.concatenate(predicted)
        scores = {"accuracy": float(is_correct.mean())}
        if any(name.startswith("B-") for name in self.classes):
            from seqeval import metrics

            scores["f1"] = float(metrics.f1_score(truth, [[tag or "O" for tag in tags] for tags in predicted]))
        return scores, self._confusion(np.concatenate(truth), np.concatenate(predicted))

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts:
        truth, predicted = self._compared_tags(predictions, references)
        if not any(name.startswith("B-") for name in self.classes):
            correct = [sum(map(str.__eq__, *pair)) for pair in zip(truth, predicted, strict=True)]
            return ratio_of("accuracy", correct, [len(tags) for tags in truth])
        from seqeval.metrics.sequence_labeling import get_entities

        spans = [[set(get_entities([tag or "O" for tag in tags])) for tags in both] for both in (truth, predicted)]
        found = [(2 * len(true & guessed), len(true) + len(guessed)) for true, guessed in zip(*spans, strict=True)]
        return ratio_of("f1", *zip(*found, strict=True))

    def _compared_tags(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Returns the true and predicted tags of the words that are scored, sentence by sentence."""
        truth = [reference.decode().split(" ") for reference in references]
        predicted = [[tag.decode() for tag in tags] for tags in predictions["tags"]]
        # Words beyond the maximum length have no prediction, and count as errors.
        predicted = [(tags + [""] * len(true))[: len(true)] for tags, true in zip(predicted, truth, strict=True)]
        return self._tagged(truth, predicted)

    def _confusion(self, truth: Any, predicted: Any) -> dict[str, Any]:
        """Returns the confusion matrix of tags, or the most frequent confusions if there are many tags."""
        known = np.isin(predicted, self.classes) & np.isin(truth, self.classes)  # Cut words have no prediction.
        index_of = {name: index for index, name in enumerate(self.classes)}
        true, found = (np.array([index_of[tag] for tag in tags[known]], "int64") for tags in (truth, predicted))
        return confusion_report(true, found, self.classes)

    def _tagged(self, truth: list[list[str]], predicted: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
        """Returns the true and predicted tags of the words that have a tag in the data."""
        if UNSPECIFIED in self.classes:
            return truth, predicted
        kept = [[tag != UNSPECIFIED for tag in tags] for tags in truth]
        return _compressed(truth, kept), _compressed(predicted, kept)

    def describe(self, prediction: Mapping[str, Any]) -> str:
        return " ".join(f"{token}/{tag}" for token, tag in zip(prediction["tokens"], prediction["tags"], strict=True))

    def trim(self, prediction: dict[str, Any]) -> dict[str, Any]:
        length = prediction["lengths"]
        return {"tokens": prediction["tokens"][:length], "tags": prediction["tags"][:length], "lengths": length}


def _followed_by(layer: Any, model: Any) -> Any:
    return keras.Model(model.input, layer(model.output), name=model.name)


def _compressed(rows: list[list[str]], kept: list[list[bool]]) -> list[list[str]]:
    return [list(compress(*pair)) for pair in zip(rows, kept, strict=True)]
