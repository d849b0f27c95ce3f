"""Language modeling: prediction of the next token, and text generation by sampling."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Option, Range
from keras_rnn_zoo.readers.reader import require
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks._inspected import Passage
from keras_rnn_zoo.tasks._token_level import TokenLevelTask


@registry.task(
    outputs={"text": "the prompt and its continuation: string (batch,)"},
    inputs={
        "temperature": "divides the logits; 0 always takes the most likely token; by default 0.8: float32 ()",
        "seed": "the same seed gives the same text; by default 0: int32 ()",
        "max_new_tokens": "number of tokens to generate; by default 300: int32 ()",
    },
    files=registry.TaskFiles(),
    pipeline_tags={"text": "text-generation"},
    main_metric="bits_per_character",  # Comparable across kinds of tokens.
)
class LanguageModeling(TokenLevelTask):
    """Predicts each token from those before it, and continues prompts."""

    prediction_options: ClassVar[Mapping[str, Option]] = {
        option.name: option
        for option in (
            Option("temperature", float, 0.8, "divides the logits; 0 takes the most likely", bounds=Range(0, 100)),
            Option("seed", int, 0, "the same seed gives the same text", bounds=Range(0, 2**31 - 1)),
            Option("max_new_tokens", int, 300, "number of tokens to generate", bounds=Range(1, 100_000)),
        )
    }
    export_check_options: ClassVar[Mapping[str, Any]] = {"max_new_tokens": 20}
    reader: TextReader
    judges_words = True

    def model_options(self) -> dict[str, Any]:
        sizes = super().model_options()
        return {**sizes, "num_classes": sizes["vocabulary_size"], "causal": True}

    def input_signature(self) -> list[Any]:
        return [
            *super().input_signature(),
            tf.TensorSpec([], tf.float32, name="temperature"),
            tf.TensorSpec([], tf.int32, name="seed"),
            tf.TensorSpec([], tf.int32, name="max_new_tokens"),
        ]

    def input_defaults(self) -> dict[str, Any]:
        return dict(zip(("temperature", "seed", "max_new_tokens"), self._settings(), strict=True))

    def to_batch(self, inputs: Sequence[Any], **options: Any) -> tuple[Any, ...]:
        return (*super().to_batch(inputs), *self._settings(**options))

    def prediction_signature(self) -> dict[str, Any]:
        return {"text": tf.TensorSpec([None], tf.string)}

    def _settings(self, **options: Any) -> tuple[Any, Any, Any]:
        chosen = {**{name: option.default for name, option in self.prediction_options.items()}, **options}
        temperature = tf.constant(chosen["temperature"], tf.float32)
        return temperature, tf.constant(chosen["seed"]), tf.constant(chosen["max_new_tokens"])

    def preprocess(self, *raw: Any) -> Any:
        texts, temperature, seed, length = raw
        bounds = self.prediction_options["max_new_tokens"].bounds
        is_valid = tf.logical_and(length >= bounds.minimum, length <= bounds.maximum)
        length = require(is_valid, "The input `max_new_tokens` must be from 1 to 100,000; received", length)
        is_valid = tf.logical_and(temperature >= 0, tf.math.is_finite(temperature))
        temperature = require(is_valid, "The input `temperature` must be 0 or more; received", temperature)
        draws = tf.random.stateless_uniform(length[None], tf.stack([seed, 0]))
        return {"ids": self.reader(texts), "temperature": temperature, "max_new_tokens": length, "draws": draws}

    def model_inputs(self, *raw: Any) -> Any:
        from keras_rnn_zoo.layers.search import shift_right

        return shift_right(self.reader(raw[0]))

    def example(self, raw: Any, target: Any) -> tuple[Any, Any]:
        from keras_rnn_zoo.layers.text import PADDING

        ids = self.reader(*self.reader.add_batch_axis(raw))[0]
        return tf.concat([[PADDING], ids[:-1]], 0), ids  # Padding marks the start of the text.

    def passage(self, inputs: Any, outputs: Any) -> Passage:
        from keras_rnn_zoo.layers.search import shift_right

        ids = tf.convert_to_tensor(outputs)
        ids = ids[:, : max(1, int(tf.reduce_sum(tf.cast(ids != 0, tf.int32))))]
        prompt = int(tf.reduce_sum(tf.cast(inputs["ids"] != 0, tf.int32)))
        return Passage(shift_right(ids)[:, :-1], ids[0].numpy(), min(prompt, ids.shape[1] - 1))

    def input_labels(self, count: int, passage: Passage, *raw: Any) -> list[str]:
        ids = passage.inputs[0, 1:]
        return ["<start>", *(token.decode("utf-8", "replace") for token in self.reader.ids.to_tokens(ids).numpy())]

    def output_names(self) -> tuple[str, ...]:
        return tuple(self.reader.ids.vocabulary)

    def output_values(self, outputs: Any) -> Any:
        from keras_rnn_zoo.layers.search import writable_only

        return tf.nn.softmax(writable_only(tf.cast(outputs, tf.float32)))

    def outputs(self, model: Any, inputs: Any) -> Any:
        from keras_rnn_zoo.layers.search import sample_text

        return sample_text(model, **inputs)

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        return {"text": self.reader.ids.to_text(outputs)}

    answers = "next"

    def stream_signature(self) -> dict[str, Any]:
        probabilities = tf.TensorSpec([None, len(self.reader.ids.vocabulary)], tf.float32)
        return {"token": tf.TensorSpec([None], tf.string), "probabilities": probabilities}

    def decode_next(self, outputs: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.search import writable_only
        from keras_rnn_zoo.layers.steps import most_likely

        logits = writable_only(outputs)
        token = self.reader.ids.to_tokens(most_likely(logits))
        return {"token": token, "probabilities": tf.nn.softmax(logits)}

    def describe_answer(self, answer: Mapping[str, Any]) -> str:
        return f"{answer['token']!r} ({max(answer['probabilities'].values()):.1%})"

    def trim_answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Names the probabilities of the tokens that can be written."""
        reserved, vocabulary = len(self.reader.ids.reserved), self.reader.ids.vocabulary
        named = dict(zip(vocabulary[reserved:], answer["probabilities"][reserved:], strict=True))
        return {**answer, "probabilities": named}

    def word_ranks(self, inputs: Any, targets: Any) -> Any:
        return self.reader.word_ranks(np.where(np.asarray(targets) == self.target_padding, 0, targets))

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        return {}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from keras_rnn_zoo.layers.text import LOSSLESS

        scores = {"perplexity": math.exp(loss) if loss < 700 else math.inf}  # `exp` overflows at about 709.
        if self.reader.ids.tokens in LOSSLESS:
            scores["bits_per_character"] = loss * self._tokens_per_character(references) / math.log(2)
        return scores, {}

    def _tokens_per_character(self, texts: Sequence[bytes]) -> float:
        """Returns the mean number of tokens that are scored for a character, by which kinds of tokens compare."""
        if self.reader.ids.tokens == "characters":
            return 1.0
        tokens = self.reader.ids.read(tf.constant(texts, tf.string))
        characters = tf.strings.length(tf.strings.reduce_join(tokens, axis=1), unit="UTF8_CHAR")
        return float(tf.size(tokens.flat_values) / tf.maximum(tf.reduce_sum(characters), 1))

    def describe(self, prediction: Mapping[str, Any]) -> str:
        return str(prediction["text"])
