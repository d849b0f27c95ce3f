"""Transcription: the text of speech or handwriting."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.tasks._compared import ScoreParts, ratio_of
from keras_rnn_zoo.tasks._inspected import Part
from keras_rnn_zoo.tasks._text_generation import TextTargetTask, as_texts

BLANK = "<blank>"
"""The name of class 0."""
_SLICES = 8
"""Number of slices of a batch that a beam search processes in parallel, on as many processor cores as there are."""


@registry.task(
    outputs={
        "text": "the transcript: string (batch,)",
        "score": "log-probability of its most likely alignment; with a beam_size above 1, of all alignments in the "
        "beam: float32 (batch,)",
    },
    readers={"image": "line"},
    files=registry.TaskFiles(
        target="text",
        columns={"text": "text transcript transcription sentence label words y target"},
        few_files={
            "audio": {"epochs": 60, "batch_size": 16},
            # With few lines, a network needs many epochs to learn to distinguish letters.
            "image": {"epochs": 150, "patience": 30, "batch_size": 16, "distortion": 0.1},
        },
    ),
    pipeline_tags={"audio": "automatic-speech-recognition", "image": "image-to-text"},
)
class Transcription(TextTargetTask):
    """Transcribes speech or handwriting; training needs no alignment of tokens with the input.

    For each frame, the model predicts a distribution over the tokens and the blank, class 0. The loss sums over all
    alignments of the transcript (connectionist temporal classification, Graves et al. 2006).

    Args:
        target_tokens: kind of tokens of the transcript: characters, spaces (split at spaces), or words (split by the
            rules of English).
        beam_size: number of prefixes in beam search; 1 takes the best class of each frame.
    """

    # Validation loss can rise while accuracy improves, because the few errors left are made with high confidence. So
    # accuracy determines the best epoch.
    monitor, monitor_mode, counts_examples = "val_accuracy", "max", True
    targets_match_input_length = False
    target_padding = 0  # The loss uses it to find the length of a transcript.
    judges_outputs, aligns = False, True

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        target_tokens: Literal["characters", "spaces", "words"] = "characters",
        beam_size: Annotated[int, Range(1, 1000)] = 1,
    ) -> None:
        from keras_rnn_zoo.layers.text import Tokenizer

        super().__init__(reader, classes, Tokenizer(target_tokens, 10_000, 10_000, name="target_vocabulary"))
        self.beam_size = beam_size

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "num_classes": len(self.target_ids.vocabulary)}

    def size_labels(self) -> dict[str, Sequence[str]]:
        return {**super().size_labels(), "num_classes": self.target_ids.vocabulary}

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        return inputs, self.target_ids.look_up(self.target_ids.tokenize(target[None]))[0]

    def fault(self, raw: Any, target: Any, frames_of: Callable[[int], int]) -> str:
        """Returns why a model cannot learn an example, if its transcript needs more frames than there are, or "".

        Args:
            raw: the raw input, as in a dataset.
            target: the transcript.
            frames_of: returns the number of frames in the model's output for a number of input steps.
        """
        (tokens,), (repeated,) = self._tokens_and_repeats([target])
        frames = frames_of(self.reader.steps(tf.convert_to_tensor(raw)))
        if tokens + repeated <= frames:
            return ""
        blanks = f" and {quantity(repeated, 'blank')} between equal ones" if repeated else ""
        needed = f"{quantity(tokens + repeated, 'frame')}, for {quantity(tokens, 'token')}{blanks}"
        return f"the transcript needs {needed}, but the input has only {frames:,}"

    def frames_needed(self, targets: Sequence[Any]) -> Any:
        return np.sum(self._tokens_and_repeats(targets), axis=0)

    def _tokens_and_repeats(self, transcripts: Sequence[Any]) -> tuple[Any, Any]:
        """Returns the number of tokens of each transcript, and the number of those that equal the token before."""
        split = self.target_ids.split(tf.constant(transcripts))
        tokens, rows = split.flat_values.numpy(), split.value_rowids().numpy()
        equal = (tokens[1:] == tokens[:-1]) & (rows[1:] == rows[:-1])
        count = len(transcripts)
        return np.bincount(rows, minlength=count), np.bincount(rows[1:][equal], minlength=count)

    def loss(self) -> Any:
        from keras_rnn_zoo.layers.steps import TranscriptLoss

        return TranscriptLoss()

    def training_metrics(self) -> list[Any]:
        from keras_rnn_zoo.layers.steps import TranscriptAccuracy

        return [TranscriptAccuracy(name="accuracy")]

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.ctc_loss import last_frames, real_frames

        frames, lengths = tf.cast(outputs, tf.float32), last_frames(real_frames(outputs))
        frames = tf.transpose(tf.nn.log_softmax(frames), [1, 0, 2])  # (time, batch, classes)
        if self.beam_size == 1:
            (best,), costs = tf.nn.ctc_greedy_decoder(frames, lengths, blank_index=0)
            ids, score = tf.sparse.to_dense(best), -costs[:, 0]
        else:
            ids, score = _beam_search(frames, lengths, self.beam_size)
        return {"text": self.target_ids.to_text(tf.cast(ids, tf.int32)), "score": score}

    def output_names(self) -> tuple[str, ...]:
        return (BLANK, *self.target_ids.vocabulary[1:])

    def parts(self, chosen: Any) -> list[Part]:
        names, starts = self.output_names(), np.flatnonzero(np.diff(chosen, prepend=-1))
        pairs = zip(starts, [*starts[1:], len(chosen)], strict=True)
        return [Part(names[chosen[start]], int(start), int(end)) for start, end in pairs if chosen[start] != 0]

    answers, answer_end = "steps", ""

    def stream_states(self) -> dict[str, Any]:
        from keras_rnn_zoo.layers.streams import State

        return {"class": State((), tf.int32), "score": State(), "begun": State((), tf.bool, False)}

    def decode_steps(
        self, outputs: Any, inputs: Any, tokens: Any, states: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the text that new frames add, and the score of the whole transcript so far."""
        from keras_rnn_zoo.layers.text import SEPARATORS

        real, frames = outputs.mask, tf.nn.log_softmax(tf.cast(outputs.values, tf.float32))
        best = tf.argmax(frames, axis=-1, output_type=tf.int32)
        before = tf.concat([states["class"][:, None], best[:, :-1]], axis=1)
        written = real & (best != 0) & (best != before)
        text = self.target_ids.to_text(tf.where(written, best, 0))
        added = tf.not_equal(text, "")  # Reserved tokens, such as unknown ones, add nothing.
        separated = tf.strings.join([tf.where(added & states["begun"], SEPARATORS[self.target_ids.tokens], ""), text])
        score = states["score"] + tf.reduce_sum(tf.where(real, tf.reduce_max(frames, axis=-1), 0.0), axis=1)
        last = tf.where(outputs.count > 0, outputs.map(lambda _: best).last(), states["class"])
        return {"text": separated, "score": score}, {"class": last, "score": score, "begun": states["begun"] | added}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        import jiwer

        texts, transcripts = as_texts(predictions["text"]), as_texts(references)
        correct = sum(text == transcript for text, transcript in zip(texts, transcripts, strict=True))
        scores = {
            "cer": float(jiwer.cer(transcripts, texts)),
            "wer": float(jiwer.wer(transcripts, texts)),
            "sequence_accuracy": correct / max(len(texts), 1),
        }
        return scores, {}

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts:
        pairs = zip(as_texts(references), as_texts(predictions["text"]), strict=True)
        return ratio_of("cer", *zip(*(_errors(*pair) for pair in pairs), strict=True), higher_is_better=False)


def _errors(transcript: str, text: str) -> tuple[int, int]:
    """Returns the number of characters that are wrong, missing or too many in a text, and that of the transcript."""
    import jiwer

    counts = jiwer.process_characters(transcript, text)
    errors = counts.substitutions + counts.deletions + counts.insertions
    return errors, counts.hits + counts.substitutions + counts.deletions


def _beam_search(frames: Any, lengths: Any, beam_size: int) -> tuple[Any, Any]:
    """Returns the classes of the most likely transcripts `(batch, length)`, zero for padding, and their scores."""
    # TensorFlow's kernel processes rows one by one, so the batch is split into slices that run in parallel. The rows
    # that pad the last slice have no frames and cost nothing.
    rows = tf.shape(lengths)[0]
    missing = -rows % _SLICES
    lengths, frames = tf.pad(lengths, [[0, missing]]), tf.pad(frames, [[0, 0], [0, missing], [0, 0]])
    frames = tf.roll(frames, -1, axis=-1)  # The kernel expects the blank as the last class.
    best, scores = [], []
    for arguments in zip(tf.split(frames, _SLICES, axis=1), tf.split(lengths, _SLICES), strict=True):
        (transcripts,), score = tf.nn.ctc_beam_search_decoder(*arguments, beam_size, top_paths=1)
        best.append(transcripts)
        scores.append(score[:, 0])
    ids = tf.sparse.to_dense(tf.sparse.concat(0, best, expand_nonconcat_dims=True), default_value=-1) + 1
    return ids[:rows], tf.concat(scores, axis=0)[:rows]
