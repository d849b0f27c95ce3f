"""What opening a data set gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.errors import DataError, name_hint
from keras_rnn_zoo.lazy import np, tf

HELD = 2**22
"""Most bytes of a split that `held_in_memory` holds."""


@dataclass(frozen=True)
class Examples:
    """An opened data set.

    Attributes:
        version: version of the data.
        checksum: SHA-256 of the data, in hexadecimal digits.
        input: kind of raw input: `"text"`, `"image"`, `"audio"` or `"series"`.
        splits: for each split (`"train"`, `"validation"`, `"test"`), a function that gives its examples as a
            `tf.data.Dataset` of `(raw, target)`, always in the same order.
        classes: names of the classes, in the order of their numbers.
        facts: what a run notes of the data beside these, to open it in the same way again; plain values.
        report: reports what the data is like and what is odd about it, given the fitted task; `None` for nothing.
    """

    version: str
    checksum: str
    input: str
    splits: Mapping[str, Callable[[], Any]]
    classes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    report: Callable[[Any], None] | None = None
    _opened: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def split(self, name: str) -> Any:
        """Returns the examples of a split. Each split is opened on first use and kept.

        Raises:
            DataError: there is no such split, or no example in it.
        """
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> Any:
        if name not in self.splits:
            raise DataError(f"The dataset has no split {name!r}. {name_hint(name, self.splits)}")
        examples = self.splits[name]()
        if not any(True for _ in examples.take(1)):
            raise DataError(
                f"The split {name!r} of the dataset has no example to learn from or to measure. Use another split, or "
                "a dataset with examples in all of train, validation and test."
            )
        return examples


def as_dataset(rows: Sequence[tuple[Any, Any]]) -> Any:
    """Returns pairs of raw input and target as a `tf.data.Dataset`."""
    raw, targets = zip(*rows, strict=True)
    return tf.data.Dataset.from_tensor_slices((list(raw), list(targets)))


def one_target_each(examples: Any) -> Any:
    """Returns a `tf.data.Dataset` of `(raw, targets)` as one of `(raw, target)`, each target of the shape (1,).

    The examples of one raw input follow one another and share its memory.
    """

    def pairs(raw: Any, targets: Any) -> Any:
        one_each = tf.data.Dataset.from_tensor_slices(targets[:, None])
        return one_each.map(tf.autograph.experimental.do_not_convert(lambda target: (raw, target)))

    return examples.flat_map(tf.autograph.experimental.do_not_convert(pairs))


def held_in_memory(rows: Iterable[tuple[bytes, Any]], dtype: Any) -> Any:
    """Returns texts or files and their targets as a `tf.data.Dataset`, or `None` if they have more than `HELD` bytes.

    A small split is thus read and checked once and not in every pass, and no generator is traced for it.

    Args:
        rows: pairs of raw input and target.
        dtype: the TensorFlow type of targets.
    """
    held: list[tuple[bytes, Any]] = []
    size = 0
    for raw, target in rows:
        held.append((raw, target))
        size += len(raw) + (len(target) if dtype == tf.string else dtype.size)
        if size > HELD:
            return None
    raws, targets = zip(*held, strict=True) if held else ((), ())
    return tf.data.Dataset.from_tensor_slices((tf.constant(raws, tf.string), tf.constant(targets, dtype)))


def split_off_validation(examples: Any, size: int, share: float, seed: int) -> dict[str, Callable[[], Any]]:
    """Splits a training set in two at random.

    Args:
        examples: a `tf.data.Dataset` with a fixed order.
        size: its number of examples.
        share: the share that becomes the validation split, from 0 to 1.
        seed: seed of the draw.

    Returns:
        The splits `"train"` and `"validation"`.
    """
    chosen = np.zeros(size, bool)
    chosen[np.random.default_rng(seed).permutation(size)[: round(size * share)]] = True

    def part(validation: bool) -> Any:
        member = tf.constant(chosen == validation)
        return examples.enumerate().filter(lambda index, _: member[index]).map(lambda _, example: example)

    return {"train": lambda: part(False), "validation": lambda: part(True)}
