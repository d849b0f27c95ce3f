"""The settings of a training that are plain values. Imports no framework."""

from dataclasses import dataclass

from keras_rnn_zoo.options import Option, Range, Search


@dataclass(frozen=True)
class _Optimizer:
    """An optimizer that can be named.

    Attributes:
        cls: the name of its class in `keras.optimizers`.
        learning_rate: its default learning rate in Keras; `None` for relatives of Adam, which take that of the dataset.
        has_epsilon: whether it has the `epsilon` of Adam.
    """

    cls: str
    learning_rate: float | None = None
    has_epsilon: bool = False


OPTIMIZERS = {
    "adam": _Optimizer("Adam", has_epsilon=True),
    "adamw": _Optimizer("AdamW", has_epsilon=True),
    "nadam": _Optimizer("Nadam", has_epsilon=True),
    "adamax": _Optimizer("Adamax", has_epsilon=True),
    "adagrad": _Optimizer("Adagrad", 1e-3),
    "rmsprop": _Optimizer("RMSprop", 1e-3),
    "sgd": _Optimizer("SGD", 1e-2),
    "lion": _Optimizer("Lion", 1e-3),
}
"""The optimizers by name."""

_FEW_EXAMPLES = {change: f" The default is {change} for files with few examples." for change in ("more", "less")}

SETTINGS = {
    option.name: option
    for option in (
        Option(
            "epochs",
            int,
            20,
            f"maximum number of passes over the training split.{_FEW_EXAMPLES['more']}",
            bounds=Range(1, 100_000),
        ),
        Option(
            "batch_size",
            int,
            32,
            f"number of examples in a batch.{_FEW_EXAMPLES['less']}",
            bounds=Range(1, 100_000),
            search=Search(16, 128, log=True),
        ),
        Option(
            "patience",
            int,
            3,
            "number of epochs without improvement on the validation split after which training stops; 0 trains all "
            "epochs." + _FEW_EXAMPLES["more"],
            bounds=Range(0, 100_000),
        ),
        Option("optimizer", str, "adam", "the optimizer, as Keras has it", choices=tuple(OPTIMIZERS)),
        Option(
            "learning_rate",
            float,
            3e-3,
            "the optimizer's initial learning rate, which decays to zero along a cosine. The default is Keras's for "
            "adagrad, rmsprop, sgd and lion.",
            bounds=Range(1e-9, 100),
            search=Search(3e-4, 1e-2, log=True),
        ),
        Option(
            "gradient_norm",
            float,
            1.0,
            # Pascanu et al. 2013.
            "global norm to which larger gradients are scaled down; 0 leaves them as they are",
            bounds=Range(0, 1_000_000_000),
        ),
        Option("adam_epsilon", float, 1e-7, "the epsilon of Adam and its variants", bounds=Range(1e-30, 1)),
        Option(
            "warmup",
            float,
            0.0,
            "steps in which the learning rate rises from zero, before it decays; a number below 1 is a fraction of all "
            "steps",
            bounds=Range(0, 1_000_000_000),
        ),
        Option(
            "weight_averaging",
            float,
            0.0,
            # Polyak and Juditsky 1992.
            "decay of an exponential moving average of the weights, such as 0.999, which is validated and kept in "
            "place of the weights of the last step; 0 for none",
            bounds=Range(0, 0.999999),
        ),
        Option(
            "label_smoothing",
            float,
            0.0,
            "probability that the loss in training shares among all classes, such as 0.1 (Szegedy et al. 2016); for "
            "classes and texts",
            bounds=Range(0, 0.9),
            search=Search(0, 0.2),
        ),
        Option(
            "adversarial",
            float,
            0.0,
            "size of the change to the embeddings of a text that raises its loss most, such as 0.3; each step also "
            "trains on the changed text (Miyato et al. 2017). For text; takes up to twice the time",
            bounds=Range(0, 100),
            inputs=("text",),
        ),
        Option(
            "class_weight",
            str,
            "",
            "weights of the classes in the loss of a classification, such as spam=3,ham=1; balanced gives rare classes "
            "more",
        ),
        Option(
            "metrics",
            str,
            "",
            "names of Keras metrics to compute in addition, separated by commas, for classification and regression",
        ),
        Option(
            "dtype_policy",
            str,
            "float32",
            "Keras dtype policy of the model in training; mixed precision is for GPUs, and slower on CPUs",
            choices=("float32", "mixed_bfloat16", "mixed_float16"),
        ),
        Option("seed", int, 0, "seed of all random numbers", bounds=Range(0, 2**32 - 1)),
        Option(
            "save_every_steps",
            int,
            0,
            "number of steps between checkpoints within an epoch; 0 saves one only at the end of each epoch",
            bounds=Range(0, 1_000_000_000),
        ),
        Option(
            "freeze",
            str,
            "nothing",
            "with --from: the part of the model that keeps the weights of the run: frontend, what reads the input "
            "(embeddings, convolutions), or encoder, everything but the head",
            choices=("nothing", "frontend", "encoder"),
        ),
        Option(
            "extend_vocabulary",
            bool,
            True,
            "with --from: whether tokens that only the new data has are added to the vocabulary; by default, those of "
            "a frozen part are not",
        ),
        Option("deterministic", bool, False, "whether to use only deterministic operations, some of which are slower"),
    )
}
"""Settings of a training, in addition to the options of the architecture and the task."""
