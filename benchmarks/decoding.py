"""Translation of 500 sentences: our search, in the graph and in batches, compared to a Python loop over the decoder.

The network is that of small_parallel_enja: one layer of 256 units, embeddings of 256, vocabularies of 8,000. Its
weights are untrained and its end token is suppressed, so all translations have the same number of tokens.

The loop is the one of Keras's example "English-to-Spanish translation with a sequence-to-sequence Transformer": one
sentence at a time. In each step, the model is called on source and prefix, padded to the maximum length, and the most
likely token is appended to the prefix. For beam search, the prefixes of a beam form a batch. It translates a few
sentences, from which the total time is extrapolated. It runs twice: with the model called as in the example, and with
the call wrapped in a `tf.function`, which is faster than the example.
"""

from collections.abc import Callable, Iterator
from typing import Any

from networks import use_keras_layers
from report import Mark, Row
from timing import Contestant, race

ABOUT = "sentences of 9 words to translations of 10, one layer of 256 units, vocabularies of 8,000, untrained"
SENTENCES, SOURCE, WRITTEN = 500, 9, 10
IMPOSSIBLE = -1e9


def _model_and_sources() -> tuple[Any, Any]:
    import keras
    import numpy as np

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.layers.text import END

    keras.utils.set_random_seed(0)
    sizes = {"units": 256, "embedding_dim": 256, "vocabulary_size": 8000, "target_vocabulary_size": 8000}
    model = zoo.build("many_to_many", **sizes)
    bias = np.zeros(8000, "float32")
    bias[: END + 1] = IMPOSSIBLE
    model.get_layer("decoder").bias.assign(bias)
    return model, np.random.default_rng(0).integers(4, 8000, (SENTENCES, SOURCE)).astype("int32")


def ours(beam_size: int) -> Callable[[], list[int]]:
    """Returns a function that translates all sentences and returns the first translation."""
    import tensorflow as tf

    from keras_rnn_zoo.inference.evaluate import BATCH_SIZE
    from keras_rnn_zoo.layers.search import search_text

    model, sources = _model_and_sources()

    @tf.function(reduce_retracing=True)
    def translate(batch: Any) -> Any:
        return search_text(model, batch, max_length=WRITTEN, beam_size=beam_size, length_penalty=1.0)["ids"][:, 0]

    def work() -> list[int]:
        starts = range(0, SENTENCES, BATCH_SIZE)
        batches = [translate(sources[start : start + BATCH_SIZE]).numpy() for start in starts]
        return batches[0][0].tolist()

    return work


def python_loop(beam_size: int, sentences: int, graph: bool) -> Callable[[], list[int]]:
    """Returns a function that translates a few sentences in a Python loop and returns the first translation."""
    import numpy as np
    import tensorflow as tf

    from keras_rnn_zoo.layers.text import START

    use_keras_layers()
    model, sources = _model_and_sources()
    call = tf.function(model) if graph else model

    def translate(source: Any) -> list[int]:
        texts, scores = [[START]], np.zeros(1)
        for position in range(WRITTEN):
            target = np.zeros((len(texts), WRITTEN), "int32")
            target[:, : position + 1] = texts
            logits = call({"source": np.repeat(source[None], len(texts), axis=0), "target": target})[:, position]
            logits = np.asarray(logits, "float64")
            largest = logits.max(axis=1, keepdims=True)
            chances = logits - largest - np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))
            totals = (scores[:, None] + chances).ravel()
            best = np.argpartition(-totals, beam_size)[:beam_size]
            best = best[np.argsort(-totals[best])]
            texts = [[*texts[row], int(token)] for row, token in zip(*np.divmod(best, logits.shape[1]), strict=True)]
            scores = totals[best]
        return texts[0][1:]

    def work() -> list[int]:
        texts = [translate(source) for source in sources[:sentences]]
        return texts[0]

    return work


def measure(rounds: int, quick: bool) -> Iterator[Row]:
    """Measures greedy search and beam search with 5 hypotheses."""
    for beam_size, name in ((1, "greedy"), (5, "beam of 5")):
        loops = {"called as it is": (1 if quick else 2, False), "called as a tf.function": (2 if quick else 20, True)}
        done = race(
            {
                "ours": Contestant("decoding:ours", beam_size=beam_size),
                **{
                    how: Contestant("decoding:python_loop", beam_size=beam_size, sentences=count, graph=graph)
                    for how, (count, graph) in loops.items()
                },
            },
            rounds,
            warm_ups=1,
        )
        for how, (count, graph) in loops.items():
            theirs = [value * SENTENCES / count for value in done.seconds(how)]
            same = done.values("ours")[0] == done.values(how)[0]
            note = "" if same else f"{name}: the loop's first translation differs from ours"
            what = f"{SENTENCES} sentences, {name}"
            mark = None if graph else Mark(30)  # The mark refers to the example as it is.
            yield Row(what, "s", done.seconds("ours"), f"Python loop, model {how}", theirs, mark=mark, note=note)
