"""An epoch of `zoo train many_to_one --dataset imdb_reviews`, compared to the same training in plain Keras.

Trains two epochs instead of the dataset's five, for each seed. The time of an epoch is that of its training steps: from
its beginning to the end of its last batch, including compilation in the first epoch, without validation. For both, the
vocabulary and the preprocessing before the first epoch are not counted.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from data import folder_with
from fitting import epoch_seconds, fit_replaced
from report import Mark, Row
from timing import Contestant, race

ABOUT = "imdb_reviews: one bidirectional LSTM layer of 64 over the last 400 words of a review, batches of 64"
EPOCHS, ALL = 2, 1_000_000


def ours(data_dir: str, epochs: int, most: int) -> Callable[[], dict[str, Any]]:
    """Returns a function that runs `zoo.train` with the next seed; otherwise like `keras_imdb_example.epochs`."""
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.datasets import imdb_reviews

    read_split = imdb_reviews.read_split
    imdb_reviews.read_split = lambda *arguments: read_split(*arguments).take(most)
    seeds = itertools.count()

    def work() -> dict[str, Any]:
        times = epoch_seconds()

        def timed(fit: Any) -> Any:
            return lambda model, data, callbacks, **settings: fit(
                model, data, callbacks=[*callbacks, times], **settings
            )

        settings = {"dataset": "imdb_reviews", "data_dir": data_dir, "epochs": epochs, "seed": next(seeds)}
        with tempfile.TemporaryDirectory() as folder, fit_replaced(timed):
            run = zoo.train("many_to_one", models_dir=folder, verbose=2, **settings)
            return {"seconds": times.seconds, "accuracy": run.metrics["accuracy"]}

    return work


def measure(seeds: int, data_dirs: Sequence[str], quick: bool) -> Iterator[Row]:
    """Measures both for each seed."""
    what, peer = "an epoch of training", "the same by Keras's layers, padded to 400"
    folder = folder_with("imdb_reviews", data_dirs)
    if folder is None:
        missing = "no --data-dir has imdb_reviews"
        yield Row(what, "s", [], peer, mark=Mark(2.5), missing=missing)
        return
    settings = {"data_dir": folder, "epochs": 1 if quick else EPOCHS, "most": 200 if quick else ALL}
    done = race(
        {
            "ours": Contestant("imdb:ours", **settings),
            "keras": Contestant("keras_imdb_example:epochs", **settings),
        },
        1 if quick else seeds,
        warm_ups=0,
    )
    seconds = {name: [value for run in done.values(name) for value in run["seconds"]] for name in ("ours", "keras")}
    yield Row(what, "s", seconds["ours"], peer, seconds["keras"], mark=Mark(2.5))
    accuracy = {name: [100 * run["accuracy"] for run in done.values(name)] for name in ("ours", "keras")}
    what = f"accuracy on the test split, epochs: {settings['epochs']}, seeds: {len(accuracy['ours'])}"
    yield Row(what, "%", accuracy["ours"], peer, accuracy["keras"], inverse=False)
