"""The examples of an opened dataset."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_rnn_zoo.errors import DataError, name_hint
from keras_rnn_zoo.lazy import np, tf

if TYPE_CHECKING:
    from keras_rnn_zoo.artifacts.run_config import RowsConfig


MAX_BYTES_IN_MEMORY = 2**22
"""Maximum size of a split that `held_in_memory` accepts."""


class SplitPart(NamedTuple):
    """One of several parts of a split, which have about as many examples each.

    Attributes:
        place: its place among the parts, from 0.
        number: number of parts.
    """

    place: int
    number: int


@dataclass(frozen=True)
class Examples:
    """An opened dataset.

    Attributes:
        version: version of the data.
        checksum: SHA-256 digest of the data, in hexadecimal.
        input: kind of raw input: `"text"`, `"image"`, `"audio"`, `"series"` or `"window"`.
        splits: for each split (`"train"`, `"validation"`, `"test"`), a function that returns its examples as a
            `tf.data.Dataset` of `(raw, target)`, always in the same order.
        classes: names of the classes, in the order of their indices.
        recorded: what a run records of a user's files, to open them in the same way again; `None` for other datasets.
        report: a function of the fitted task that prints statistics and possible problems of the data, or `None`.
        parts: for splits of which a part can be read without the others, a function that returns the examples of a
            `SplitPart`, as those of `splits`, but in any order.
    """

    version: str
    checksum: str
    input: str
    splits: Mapping[str, Callable[[], Any]]
    classes: tuple[str, ...] = ()
    recorded: "RowsConfig | None" = None
    report: Callable[[Any], None] | None = None
    parts: Mapping[str, Callable[[SplitPart], Any]] = field(default_factory=dict)
    _opened: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def split(self, name: str) -> Any:
        """Returns the examples of a split. Each split is opened on first use and then kept.

        Raises:
            DataError: the split does not exist or is empty.
        """
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def part(self, name: str, part: SplitPart) -> Any:
        """Returns a part of the examples of a split; all parts together have each example once. It may be empty.

        Raises:
            DataError: the split does not exist or is empty.
        """
        if name in self.parts:
            return self.parts[name](part)
        return self.split(name).shard(part.number, part.place)

    def _open(self, name: str) -> Any:
        if name not in self.splits:
            raise DataError(f"The dataset has no split {name!r}. {name_hint(name, self.splits)}")
        examples = self.splits[name]()
        if not any(True for _ in examples.take(1)):
            raise DataError(
                f"The split {name!r} of the dataset is empty. Use another split, or a dataset with examples in each of "
                "train, validation and test."
            )
        return examples


def as_dataset(rows: Sequence[tuple[Any, Any]]) -> Any:
    """Returns a `tf.data.Dataset` of pairs of raw input and target."""
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


def joined_splits(splits: Sequence[Any]) -> Any:
    """Returns the examples of several splits, one after another, as a `tf.data.Dataset`."""
    joined = splits[0]
    for split in splits[1:]:
        joined = joined.concatenate(split)
    return joined


def count_of(data: Any) -> int:
    """Returns the number of elements of a `tf.data.Dataset`, which are counted if it is not known."""
    known = int(data.cardinality())
    return known if known >= 0 else int(data.reduce(np.int64(0), lambda total, _: total + 1))


def held_in_memory(rows: Iterable[tuple[bytes, Any]], dtype: Any) -> Any:
    """Returns texts or files and their targets as a `tf.data.Dataset`, or `None` if they exceed `MAX_BYTES_IN_MEMORY`.

    A small split is thus read and checked only once instead of in every pass, and needs no generator.

    Args:
        rows: pairs of raw input and target.
        dtype: the TensorFlow dtype of targets.
    """
    pairs: list[tuple[bytes, Any]] = []
    size = 0
    for raw, target in rows:
        pairs.append((raw, target))
        size += len(raw) + (len(target) if dtype == tf.string else dtype.size)
        if size > MAX_BYTES_IN_MEMORY:
            return None
    raws, targets = zip(*pairs, strict=True) if pairs else ((), ())
    return tf.data.Dataset.from_tensor_slices((tf.constant(raws, tf.string), tf.constant(targets, dtype)))


def split_off_validation(examples: Any, size: int, share: float, seed: int) -> dict[str, Callable[[], Any]]:
    """Randomly splits a training set into training and validation examples.

    Args:
        examples: a `tf.data.Dataset` with a fixed order.
        size: its number of examples.
        share: the fraction for the validation split, from 0 to 1.
        seed: seed of the split.

    Returns:
        The splits `"train"` and `"validation"`.
    """
    in_validation = np.zeros(size, bool)
    in_validation[np.random.default_rng(seed).permutation(size)[: round(size * share)]] = True

    def split(validation: bool) -> Any:
        is_member = tf.constant(in_validation == validation)
        return examples.enumerate().filter(lambda index, _: is_member[index]).map(lambda _, example: example)

    return {"train": lambda: split(False), "validation": lambda: split(True)}
