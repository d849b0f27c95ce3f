from typing import Literal

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, DuplicateNameError, UnknownNameError
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.training.settings import SETTINGS


def entry(name, *aliases):
    return registry.Entry(name, lambda: None, aliases)


@pytest.fixture
def fruits():
    catalog = registry.Catalog("fruit")
    catalog.add(entry("sour_cherry", "griotte"))
    return catalog


@pytest.mark.parametrize(
    "name", ["sour_cherry", "sour-cherry", "Sour Cherry", "  SOUR_CHERRY ", "Griotte", "sour -_ cherry"]
)
def test_a_name_is_normalized(fruits, name):
    assert fruits.get(name).name == "sour_cherry"


@pytest.mark.parametrize("names", [("sour_cherry",), ("Griotte",), ("plum", "Sour-Cherry"), ("plum", "griotte")])
def test_a_taken_name_raises_and_names_both_places(fruits, names):
    with pytest.raises(DuplicateNameError, match=r"test_registry.entry.*has it, .*test_registry.entry"):
        fruits.add(entry(*names))
    assert [e.name for e in fruits.entries()] == ["sour_cherry"]


def test_an_unknown_name_raises_with_the_nearest(fruits):
    with pytest.raises(
        UnknownNameError, match=r"no fruit named 'sour-chery'. Did you mean 'sour_cherry'\? Known names: "
    ):
        fruits.get("sour-chery")


def test_a_far_name_raises_with_all_names(fruits):
    with pytest.raises(UnknownNameError, match=r"named 'zzz'. Known names: griotte, sour_cherry\."):
        fruits.get("zzz")


def test_an_entry_is_added_by_one_file(tmp_path, monkeypatch):
    package = tmp_path / "orchard"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "plums.py").write_text(
        "import test_registry_home\n\n\ndef plum(*, ripe: bool = True):\n"
        '    """A stone fruit.\n\n    Args:\n        ripe: whether it can be eaten.\n    """\n\n\n'
        'test_registry_home.fruits.add(test_registry_home.Entry("plum", plum))\n'
    )
    import sys
    import types

    home = types.ModuleType("test_registry_home")
    home.fruits, home.Entry = registry.Catalog("fruit", "orchard"), registry.Entry
    monkeypatch.setitem(sys.modules, "test_registry_home", home)
    monkeypatch.syspath_prepend(tmp_path)
    found = home.fruits.get("Plum")
    assert found.summary == "A stone fruit."
    assert found.options["ripe"].default is True


def catalog(kind, *entries):
    made = registry.Catalog(kind)
    for entry in entries:
        made.add(entry)
    return made


def test_architectures_are_listed_in_their_order_and_those_without_one_by_name(monkeypatch):
    orders = {"zigzag": {}, "ctc": {"order": 3}, "many_to_one": {"order": 2}, "all_to_all": {}}
    made = [registry.Architecture(name, lambda: None, **facts) for name, facts in orders.items()]
    monkeypatch.setattr(registry, "architectures", catalog("architecture", *made))
    assert registry.list_architectures() == ["many_to_one", "ctc", "all_to_all", "zigzag"]


def test_the_datasets_of_an_architecture_are_the_default_other_embedded_ones_and_the_rest(monkeypatch):
    def dataset(name, source, task="classification", input="text"):
        return registry.Dataset(name, lambda: None, source=source, task=task, model_options={"input": input})

    def mill(*, input: Literal["text", "series"] = "text"):
        """A mill.

        Args:
            input: kind of input.
        """

    datasets = [
        dataset("acorns", "tfds"),
        dataset("barley", "embedded", input="series"),
        dataset("corn", "embedded"),
        dataset("grapes", "embedded", task="tagging"),
        dataset("hops", "embedded", input="image"),
        dataset("oats", "tfds"),
    ]
    monkeypatch.setattr(registry, "datasets", catalog("dataset", *datasets))
    architecture = registry.Architecture("mill", mill, tasks=("classification",), default_dataset="corn")
    assert [entry.name for entry in registry.datasets_of(architecture)] == ["corn", "barley", "acorns", "oats"]
    assert registry.default_dataset(architecture).name == "corn"
    alone = registry.Architecture("mill", mill, tasks=("captioning",))
    assert registry.datasets_of(alone) == []
    with pytest.raises(DataError, match=r"'mill' has no default dataset\. Name one with dataset"):
        registry.default_dataset(alone)


PAIRS = [
    pytest.param(architecture, dataset, id=f"{architecture.name}-{dataset.name}")
    for architecture in registry.architectures.entries()
    for dataset in registry.datasets_of(architecture)
]


@pytest.mark.parametrize("architecture", registry.architectures.entries(), ids=lambda entry: entry.name)
def test_the_default_dataset_is_embedded_and_comes_first(architecture):
    first = registry.datasets_of(architecture)[0]
    assert first.embedded
    assert first.name == architecture.default_dataset
    assert registry.default_dataset(architecture) is first


@pytest.mark.parametrize(("architecture", "dataset"), PAIRS)
def test_a_dataset_suits_the_architectures_that_list_it(architecture, dataset):
    registry.check_pair(architecture, dataset)
    known = {**registry.options_of(architecture, dataset), **SETTINGS}
    defaults = registry.defaults_of(architecture, dataset)
    check_options(known, defaults, dataset.name)
    assert not any(known[name].from_data for name in defaults)
    endpoint = registry.endpoint_of(dataset)
    assert all(": " in meaning and "(" in meaning for side in endpoint.values() for meaning in side.values())


@pytest.mark.parametrize("dataset", registry.datasets.entries(), ids=lambda entry: entry.name)
def test_each_default_of_a_dataset_is_an_option_of_an_architecture_that_lists_it(dataset):
    lists = [entry for entry in registry.architectures.entries() if dataset in registry.datasets_of(entry)]
    known = {name for entry in lists for name in registry.options_of(entry, dataset)} | {*SETTINGS}
    assert set(dataset.defaults) <= known


def test_options_are_those_of_architecture_task_reader_and_dataset():
    many_to_one = registry.architectures.get("many_to_one")
    adding, reviews = map(registry.datasets.get, ("adding", "toy_reviews"))
    with_series = registry.options_of(many_to_one, adding)
    assert list(with_series) == [*many_to_one.options, "target_names", "max_steps", "normalization", "sequence_length"]
    with_text = registry.options_of(many_to_one, reviews)
    assert list(with_text) == [*many_to_one.options, "tokens", "max_length", "vectors", "words_from_vectors"]
    many_to_many = registry.architectures.get("many_to_many")
    sums = registry.options_of(many_to_many, registry.datasets.get("addition"))
    task = registry.tasks.get("translation")
    assert set(sums) == {*many_to_many.options, *task.options, "tokens", "vectors", "words_from_vectors"}
    # Text that is read and text that is written share an option: the task's comes first.
    assert sums["max_length"] is task.options["max_length"]


def test_an_input_is_read_by_the_reader_of_its_kind_unless_the_task_names_another():
    def reader(task, input):
        return registry.reader_of(registry.tasks.get(task), input).name

    assert reader("classification", "text") == "text"
    assert reader("tagging", "text") == "words"
    assert reader("classification", "image") == "image"
    assert reader("transcription", "image") == "line"
    assert reader("transcription", "audio") == "audio"


def test_the_endpoint_has_the_readers_inputs_and_the_tasks():
    plays = registry.endpoint_of(registry.datasets.get("tiny_shakespeare"))
    assert {side: list(tensors) for side, tensors in plays.items()} == {
        "inputs": ["text", "temperature", "seed", "max_new_tokens"],
        "outputs": ["text"],
    }
    recordings = registry.endpoint_of(registry.datasets.get("spoken_digit"))
    assert list(recordings["inputs"]) == ["audio", "lengths"]
    assert list(recordings["outputs"]) == ["label", "probabilities"]


def test_a_dataset_of_another_task_is_refused():
    architecture = registry.architectures.get("many_to_one")
    other = registry.Dataset("x", lambda: None, task="knitting")
    with pytest.raises(DataError, match=r"'x' is for knitting, which many_to_one does not support\..*toy_reviews"):
        registry.check_pair(architecture, other)


def test_a_dataset_of_another_kind_of_input_is_refused():
    architecture, images = registry.architectures.get("many_to_one"), registry.datasets.get("digits")
    assert images.task in architecture.tasks
    told = (
        r"has inputs of the kind image, which many_to_one does not support\. Arch.* one_to_one\. Datasets .*toy_reviews"
    )
    with pytest.raises(DataError, match=told):
        registry.check_pair(architecture, images)


@pytest.mark.parametrize(("architecture", "dataset"), PAIRS)
def test_an_option_that_several_share_has_one_meaning(architecture, dataset):
    """`options_of` joins them by name: what the first accepts, the others must accept, too."""
    task = registry.tasks.get(dataset.task)
    joined = registry.options_of(architecture, dataset)
    for owner in (architecture, task, registry.reader_of(task, dataset.model_options["input"]), dataset):
        for name, option in owner.options.items():
            first = joined[name]
            assert (first.type, first.choices) == (option.type, option.choices), name
            for value in (first.default, first.bounds.minimum, first.bounds.maximum):
                assert value is None or option.check(value) == value, name
