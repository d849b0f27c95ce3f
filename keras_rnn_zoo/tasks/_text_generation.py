"""The base classes of tasks that predict texts, token by token."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks._endpoint import Endpoint
from keras_rnn_zoo.tasks._inspected import Passage
from keras_rnn_zoo.tasks._token_level import TokenLevelTask
from keras_rnn_zoo.tasks.task import Task, raw_alone

N_BEST = 5
"""Number of texts that the endpoint `beam` of an export returns, or the beam size if it is larger."""

END_LABEL = "<end>"
"""How inspections show the end token."""

OUTPUTS = {
    "text": "the text: string (batch,)",
    "score": "its log-probability, divided by the length penalty: float32 (batch,)",
}


class TextTargetTask(Task):
    """A task whose targets are texts, with their own vocabulary.

    Args:
        reader: reads the source.
        classes: empty.
        target_ids: a `Tokenizer`, whose vocabulary `fit` learns from the targets.
    """

    target_limit: int | None = None
    """Maximum number of tokens of a target that are learned; `None` for no limit."""

    def __init__(self, reader: Any, classes: tuple[str, ...], target_ids: Any) -> None:
        super().__init__(reader, classes)
        self.target_ids = target_ids

    def fit(self, examples: Any) -> str:
        from keras_rnn_zoo.readers.text import learn_vocabulary

        texts = examples.flat_map(lambda raw, target: tf.data.Dataset.from_tensor_slices(tf.reshape(target, [-1])))
        learned = self.reader.fit(raw_alone(examples)), learn_vocabulary(self.target_ids, texts)
        return "; ".join(filter(None, learned))

    def resources(self) -> list[Any]:
        return [*super().resources(), self.target_ids]

    def save(self, folder: Path) -> None:
        super().save(folder)
        self.target_ids.save_files(folder)

    def load(self, folder: Path | Member) -> None:
        super().load(folder)
        self.target_ids.load_files(folder)

    def prediction_signature(self) -> dict[str, Any]:
        return {"text": tf.TensorSpec([None], tf.string), "score": tf.TensorSpec([None], tf.float32)}

    def describe(self, prediction: Mapping[str, Any]) -> str:
        return str(prediction["text"])


class TextGenerationTask(TokenLevelTask, TextTargetTask):
    """A task that generates texts.

    In training, the model reads the source and the text so far, and predicts the next token (teacher forcing). For
    prediction, beam search generates the text step by step.

    Args:
        reader: reads the source.
        classes: empty.
        tokens: kind of tokens of the text.
        vocabulary_size: maximum number of distinct tokens.
        max_length: maximum number of tokens to generate.
        beam_size: number of hypotheses in beam search; 1 is greedy search.
        length_penalty: exponent of the length penalty.
    """

    generates = True
    answers = ""

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        tokens: str,
        vocabulary_size: int,
        max_length: int,
        beam_size: int,
        length_penalty: float,
    ) -> None:
        from keras_rnn_zoo.layers.text import Tokenizer

        target_ids = Tokenizer(tokens, vocabulary_size, max_length, with_markers=True, name="target_vocabulary")
        super().__init__(reader, classes, target_ids)
        self.target_limit = max_length
        self.search_options = {"max_length": max_length, "beam_size": beam_size, "length_penalty": length_penalty}

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "target_vocabulary_size": len(self.target_ids.vocabulary)}

    def size_labels(self) -> dict[str, Sequence[str]]:
        return {**super().size_labels(), "target_vocabulary_size": self.target_ids.vocabulary}

    def preprocess(self, *raw: Any) -> Any:
        return {"source": self.reader(*raw)}

    def read(self, raw: Any) -> Any:
        return self.reader(*self.reader.add_batch_axis(raw))[0]

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        from keras_rnn_zoo.layers.text import END, START

        text = tf.reshape(target, [-1])[:1]  # The first one if there are several references.
        ids = self.target_ids.look_up(self.target_ids.tokenize(text))[0]
        # Truncated texts have no end token: the model should not learn to stop there.
        ids = tf.concat([ids, [END]], 0)[: self.target_ids.max_length + 1]
        return {"source": inputs, "target": tf.concat([[START], ids[:-1]], 0)}, ids

    @property
    def variable_length(self) -> bool:
        return True

    def lengths(self, inputs: Any, target: Any) -> list[Any]:
        steps = tf.shape(target)[0]
        return [steps, tf.shape(inputs["source"])[0]] if self.reader.variable else [steps]

    def outputs(self, model: Any, inputs: Any) -> Any:
        from keras_rnn_zoo.layers.search import search_text

        return search_text(model, inputs["source"], **self.search_options)

    def model_inputs(self, *raw: Any) -> Any:
        from keras_rnn_zoo.layers.text import START

        source = self.reader(*raw)
        text = tf.range(START, len(self.target_ids.vocabulary))[:6]  # There is no target: use the first tokens.
        return {"source": source, "target": tf.tile(text[None], [tf.shape(source)[0], 1])}

    def passage(self, inputs: Any, outputs: Any) -> Passage:
        from keras_rnn_zoo.layers.text import START

        ids = np.asarray(outputs["ids"])[0, 0]
        ids = ids[: max(1, int((ids != 0).sum()))]  # With the end token, unless the text was cut.
        return Passage({"source": inputs["source"], "target": tf.constant([[START, *ids[:-1]]], tf.int32)}, ids)

    def output_labels(self, count: int, passage: Passage, *raw: Any) -> list[str]:
        tokens = self.target_ids.to_tokens(tf.constant(passage.chosen)).numpy()
        return [token.decode("utf-8", "replace") or END_LABEL for token in tokens]

    def output_names(self) -> tuple[str, ...]:
        return tuple(END_LABEL if name == self.target_ids.reserved[-1] else name for name in self.target_ids.vocabulary)

    def word_ranks(self, inputs: Any, targets: Any) -> Any:
        return self.reader.word_ranks(inputs["source"])

    def alternatives(self, model: Any, inputs: Any) -> list[tuple[str, Sequence[str], float]]:
        from keras_rnn_zoo.layers.search import search_text

        count = max(N_BEST, self.search_options["beam_size"])
        found = search_text(model, inputs["source"], **{**self.search_options, "beam_size": count})
        ids, scores = tf.constant(np.asarray(found["ids"])[0]), np.asarray(found["scores"])[0]
        texts, tokens = self.target_ids.to_text(ids).numpy(), self.target_ids.to_tokens(ids).numpy()
        rows = zip(texts, tokens, scores, strict=True)
        return [(text.decode(), [one.decode() for one in row if one], float(score)) for text, row, score in rows]

    def endpoints(self, model: Any) -> dict[str, Endpoint]:
        from keras_rnn_zoo.layers.model_parts import attends

        endpoints = super().endpoints(model)
        endpoints["beam"] = self.reading_endpoint(lambda source, *raw: self._n_best(model, source))
        if attends(model):
            endpoints["attention"] = self.reading_endpoint(lambda source, *raw: self._attention(model, source, *raw))
        return endpoints

    def _n_best(self, model: Any, source: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.search import search_text

        count = max(N_BEST, self.search_options["beam_size"])
        hypotheses = search_text(model, source, **{**self.search_options, "beam_size": count})
        texts = self.target_ids.to_text(tf.reshape(hypotheses["ids"], [-1, self.search_options["max_length"]]))
        return {"texts": tf.reshape(texts, [-1, count]), "scores": hypotheses["scores"]}

    def _attention(self, model: Any, source: Any, *raw: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.model_parts import attention_of
        from keras_rnn_zoo.layers.text import END

        hypotheses = self.outputs(model, {"source": source})
        ids = hypotheses["ids"][:, 0]
        is_token = ids > END
        steps = tf.reduce_max(tf.reduce_sum(tf.cast(is_token, tf.int32), axis=1))
        ids, is_token = ids[:, :steps], is_token[:, :steps]
        weights = tf.where(is_token[:, :, None], attention_of(model, source, ids), 0.0)
        tokens = {"tokens": self.target_ids.to_tokens(ids), "weights": self.attended(model, weights)}
        return {**self.decode(hypotheses, {"source": source}), **tokens, **self.reader.source_tokens(*raw)}

    def attended(self, model: Any, weights: Any) -> Any:
        """Returns attention weights `(batch, steps, source steps)` in the shape of the endpoint's output."""
        return weights

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        return {"text": self.target_ids.to_text(outputs["ids"][:, 0]), "score": outputs["scores"][:, 0]}

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        source = {"source": inputs["source"]}
        return self.decode(generate(source), source)


def as_texts(values: Sequence[Any]) -> list[str]:
    """Returns texts as Python strings."""
    return [value.decode("utf-8", "replace") for value in values]


def exact_match(texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Returns the fraction of texts that equal one of their references."""
    return sum(text in accepted for text, accepted in zip(texts, references, strict=True)) / max(len(texts), 1)
