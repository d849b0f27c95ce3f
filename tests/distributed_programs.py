"""Programs on JAX that tests of training by several processes run in processes of their own."""

ON_TWO_DEVICES = """
import json, sys
import jax, keras, numpy as np, tensorflow as tf
import keras_rnn_zoo as zoo
from keras_rnn_zoo.distributed.peers import _SeveralPeers, Peers

assert jax.device_count() == 2
peers = _SeveralPeers()
options = {"units": 4, "embedding_dim": 4, "bidirectional": False, "dropout": 0.0}
options |= {"vocabulary_size": 30, "num_classes": 3}


def step(peers, cell, count):
    "Returns the loss and the gradients of a batch, from a step of plain gradient descent."
    keras.utils.set_random_seed(1)
    with peers.sharing():
        model = zoo.build("many_to_one", cell=cell, **options)
        peers.split_loops(model)
        model.compile(keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        before = [np.array(weight) for weight in model.get_weights()]
        rows = np.random.default_rng(0)
        ids = rows.integers(1, 30, (count, 7)).astype("int32") * (np.arange(7) < rows.integers(1, 8, (count, 1)))
        batch = tf.data.Dataset.from_tensors((ids.astype("int32"), rows.integers(0, 3, count).astype("int32")))
        loss = model.fit(batch, verbose=0, shuffle=False).history["loss"][0]
        return loss, [old - np.array(new) for old, new in zip(before, model.get_weights(), strict=True)]


found = {}
for cell in sys.argv[1].split(","):
    for count in (8,) if sys.argv[2:] else (8, 5):
        alone, shared = step(Peers(), cell, count), step(peers, cell, count)
        found[f"{cell} {count}"] = {
            "loss": abs(alone[0] - shared[0]),
            "gradient": max(float(np.abs(a - b).max()) for a, b in zip(alone[1], shared[1], strict=True)),
            "size": max(float(np.abs(a).max()) for a in alone[1]),
        }
if len(sys.argv) > 2:
    zoo.train("many_to_one", run="alone", verbose=0, **json.loads(sys.argv[2]))
print(json.dumps(found))
"""
"""Compares a step on two devices with one on one device, then maybe trains a run by itself."""

EVERY_ARCHITECTURE = """
import json, os, sys
if int(os.environ.get("JAX_NUM_PROCESSES", "1")) > 1:
    import jax
    jax.distributed.initialize(num_processes=2, process_id=int(os.environ["JAX_PROCESS_ID"]))
import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry

small = {"units": 4, "embedding_dim": 4, "max_length": 8, "dropout": 0.2, "hidden_layers": 1}
metrics = {}
for name in sys.argv[1].split(","):
    architecture = registry.architectures.get(name)
    dataset = registry.default_dataset(architecture)
    known = registry.options_of(architecture, dataset)
    sys.modules[dataset.make.__module__].SIZES = {"train": 70, "validation": 33, "test": 16}
    options = {key: value for key, value in small.items() if key in known}
    run = zoo.train(name, run=sys.argv[2] + name, epochs=2, batch_size=16, verbose=0, **options)
    metrics[name] = [run.metrics, {"val_loss": run.history["val_loss"]}]
print(json.dumps(metrics))
"""
"""Trains every architecture, with one process or as one of two, and prints the metrics."""
