"""Keras's example "Bidirectional LSTM on IMDB": its network, words, batch size and epochs, on TFDS's reviews.

Usage: keras_imdb_example.py DATA_DIR. Prints a JSON object with the seconds and the accuracy on the test split.
"""

import json
import sys
import time

import keras
import tensorflow_datasets as tfds

VOCABULARY, WORDS, BATCH, EPOCHS = 20_000, 200, 32, 2


def main(data_dir: str) -> None:
    """Trains and tests the example."""
    start = time.perf_counter()
    keras.utils.set_random_seed(0)
    train, test = tfds.load(
        "imdb_reviews", data_dir=data_dir, download=False, split=["train", "test"], as_supervised=True
    )
    words = keras.layers.TextVectorization(max_tokens=VOCABULARY)
    words.adapt(train.map(lambda text, _: text).batch(1024))

    def last_words(text, label):
        ids = words(text)[-WORDS:]
        return keras.ops.pad(ids, [[WORDS - keras.ops.shape(ids)[0], 0]]), label  # Keras pads at the front.

    train = train.map(last_words).cache().shuffle(25_000, seed=0).batch(BATCH).prefetch(2)
    test = test.map(last_words).batch(BATCH).prefetch(2)
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(VOCABULARY, 128)(inputs)
    x = keras.layers.Bidirectional(keras.layers.LSTM(64, return_sequences=True))(x)
    x = keras.layers.Bidirectional(keras.layers.LSTM(64))(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=EPOCHS, verbose=2)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "accuracy": model.evaluate(test, verbose=0)[1]}))


if __name__ == "__main__":
    main(sys.argv[1])
