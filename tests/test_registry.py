import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, DuplicateNameError, UnknownNameError


def entry(name, *aliases):
    return registry.Entry(name, lambda: None, aliases)


@pytest.fixture
def fruits():
    catalogue = registry.Catalogue("fruit")
    catalogue.add(entry("sour_cherry", "griotte"))
    return catalogue


@pytest.mark.parametrize(
    "name", ["sour_cherry", "sour-cherry", "Sour Cherry", "  SOUR_CHERRY ", "Griotte", "sour -_ cherry"]
)
def test_a_name_is_folded(fruits, name):
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
    home.fruits, home.Entry = registry.Catalogue("fruit", "orchard"), registry.Entry
    monkeypatch.setitem(sys.modules, "test_registry_home", home)
    monkeypatch.syspath_prepend(tmp_path)
    found = home.fruits.get("Plum")
    assert found.summary == "A stone fruit."
    assert found.options["ripe"].default is True


def test_the_embedded_dataset_is_the_default_and_comes_first():
    for architecture in registry.architectures.entries():
        datasets = registry.datasets_of(architecture)
        assert datasets[0].embedded
        assert registry.default_dataset(architecture) is datasets[0]


def test_a_dataset_of_another_task_is_refused():
    architecture = registry.architectures.get("many_to_one")
    other = registry.Dataset("x", lambda: None, task="knitting")
    with pytest.raises(DataError, match=r"'x' is for knitting, which many_to_one does not do.*toy_reviews"):
        registry.check_pair(architecture, other)


def test_no_option_of_a_task_has_another_meaning_than_the_architectures():
    """`options_of` joins both by name; where they share one, it must accept the same values."""
    for architecture in registry.architectures.entries():
        for dataset in registry.datasets_of(architecture):
            for name, option in registry.tasks.get(dataset.task).options.items():
                twin = architecture.options.get(name, option)
                assert (twin.type, twin.default, twin.bounds) == (option.type, option.default, option.bounds)
