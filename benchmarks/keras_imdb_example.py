"""The peer of `imdb.py`: training on the reviews as in Keras's examples, with Keras's own recurrent layers.

It uses `tf.data`, reviews padded to 400 words in batches of mixed lengths, `compile` and `fit`. Network, words, splits,
loss, optimizer and batch size are those of `zoo train many_to_one --dataset imdb_reviews`. (Keras's own example stacks
two such layers, reads 200 words and takes batches of 32.)
"""

import itertools
from collections.abc import Callable
from typing import Any

from fitting import epoch_seconds
from networks import use_keras_layers

WORDS = 400


def epochs(data_dir: str, epochs: int, most: int) -> Callable[[], dict[str, Any]]:
    """Returns a function that trains with the next seed and returns the seconds of each epoch and the test accuracy.

    Args:
        data_dir: the folder of prepared datasets.
        epochs: passes over the training split.
        most: maximum number of examples of a split.
    """
    import keras
    import tensorflow as tf

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.readers.text import TextReader
    from keras_rnn_zoo.training.settings import SETTINGS

    use_keras_layers()
    defaults = {name: option.default for name, option in SETTINGS.items()}
    chosen = {**defaults, **registry.datasets.get("imdb_reviews").defaults}
    seeds = itertools.count()

    def work() -> dict[str, Any]:
        seed = next(seeds)
        keras.utils.set_random_seed(seed)
        reviews = registry.datasets.get("imdb_reviews").make(data_dir, seed)
        train, test = (reviews.split(split).take(most) for split in ("train", "test"))
        words = TextReader(max_length=WORDS)
        words.fit(train.map(lambda text, label: text))

        def prepared(split: Any) -> Any:
            ids = split.batch(256).map(lambda text, label: (words(text), label), num_parallel_calls=tf.data.AUTOTUNE)
            padded = ids.map(lambda ids, label: (tf.pad(ids, [[0, 0], [0, WORDS - tf.shape(ids)[1]]]), label))
            return padded.unbatch().cache()

        train = prepared(train)
        count = sum(1 for _ in train)  # Fills the cache before the first epoch.
        shape = ([WORDS], [])
        batches = train.shuffle(count, seed=seed).padded_batch(chosen["batch_size"], shape).prefetch(2)
        options = {name: chosen[name] for name in ("dropout", "word_dropout")}
        model = zoo.build("many_to_one", vocabulary_size=len(words.ids.vocabulary), **options)
        schedule = keras.optimizers.schedules.CosineDecay(
            chosen["learning_rate"], -(-count // chosen["batch_size"]) * epochs
        )
        model.compile(
            optimizer=keras.optimizers.Adam(
                schedule, epsilon=chosen["adam_epsilon"], global_clipnorm=chosen["gradient_norm"]
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        times = epoch_seconds()
        model.fit(batches, epochs=epochs, verbose=2, callbacks=[times])
        accuracy = model.evaluate(prepared(test).batch(128).prefetch(2), verbose=0)[1]
        return {"seconds": times.seconds, "accuracy": float(accuracy)}

    return work
