"""A file that was cut short or in which a bit was flipped is named, or seen by its digest: no answer is ever wrong."""

import json
import shutil
from pathlib import Path

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import DataError, RunError

TEXT = "the plot is not dull"


def flipped(content, place, bit):
    """Returns a content with one bit of the byte at a place changed."""
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


DAMAGES = {
    "cut to nothing": lambda content: b"",
    "cut to half": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "a bit of the first byte": lambda content: flipped(content, 0, 0),
    "a bit in the middle": lambda content: flipped(content, len(content) // 2, 3),
    "a bit at two thirds": lambda content: flipped(content, 2 * len(content) // 3, 1),
    "a bit of the last byte": lambda content: flipped(content, len(content) - 1, 6),
}
EXPORT_MODEL_FILES = ("config.json", "model.keras", "task/vocabulary.txt", "task/labels.txt")
TELLING = ("metrics.json", "history.csv", "README.md", "logs/train", "logs/validation", "example/input.txt")
COMMANDS = {
    "predict": ["predict", "run", TEXT],
    "evaluate": ["evaluate", "run", "--split", "validation"],
    "export": ["export", "run", "--no-check", "-q"],
}


def in_folder(folder, name):
    """Returns the path of a file, or of the first one in a folder."""
    path = folder / name
    return next(path.iterdir()) if path.is_dir() else path


def damage(path, how):
    content = path.read_bytes()
    path.write_bytes(DAMAGES[how](content))
    assert path.read_bytes() != content


@pytest.fixture(scope="module")
def good(small_run):
    """A small run."""
    return small_run("toy_reviews")


@pytest.fixture(scope="module")
def exported(small_export):
    """An export of it."""
    return small_export("toy_reviews")


@pytest.fixture
def run(good, models_dir):
    """A copy of the run."""
    return Run(Path(shutil.copytree(good.path, models_dir / "run")))


@pytest.fixture
def command():
    """Runs a command line and returns its result."""
    from click.testing import CliRunner

    from zoo_cli.main import cli

    return lambda words: CliRunner().invoke(cli, words, catch_exceptions=False)


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", EXPORT_MODEL_FILES)
def test_a_command_names_the_damaged_file_that_predictions_depend_on(run, command, name, how, words, few_examples):
    damage(run.path / name, how)
    before = sorted(run.path.iterdir())
    result = command(COMMANDS[words])
    assert result.exit_code == 1
    told = result.stderr.strip().splitlines()[-1]
    assert told.startswith(f"Error: The run's file {run.path / name} is damaged: ")
    assert not result.stdout
    assert sorted(run.path.iterdir()) == before


def test_an_architecture_is_shown_whatever_its_runs_are(run, command):
    damage(run.path / "config.json", "cut to half")
    assert command(["show", "many_to_one"]).exit_code == 0


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", TELLING)
def test_a_damaged_report_of_a_run_is_named_in_a_warning(run, name, how, caplog):
    damage(in_folder(run.path, name), how)
    with caplog.at_level("WARNING", "keras_rnn_zoo"):
        run.check()
    (record,) = caplog.records
    assert f"{in_folder(run.path, name)} is damaged: its content is not what was written" in record.getMessage()
    if name == "metrics.json" and how.startswith("cut to"):
        with pytest.raises(RunError, match=r"metrics\.json is damaged"):
            _ = run.metrics


@pytest.fixture(scope="module")
def answered():
    """What commands print of the whole run."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("words", ["predict", "evaluate", "export"])
@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", TELLING)
def test_a_command_without_a_report_predicts_the_same(run, command, name, how, words, answered, few_examples):
    if words not in answered:
        answered[words] = command(COMMANDS[words]).stdout
        shutil.rmtree(run.path / "1", ignore_errors=True)
    path = in_folder(run.path, name)
    damage(path, how)
    result = command(COMMANDS[words])
    assert result.exit_code == 0
    assert f"{path} is damaged: " in result.stderr
    if words != "export":  # It prints a path in the folder of this test.
        assert result.stdout == answered[words]


FILES = (
    "export.json",
    "saved_model.pb",
    "fingerprint.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    "assets/vocabulary.txt",
    "assets/labels.txt",
)
ROWS_LISTED = ("README.md", "DATA_LICENSE.txt", "assets.extra/request.json", "assets.extra/tf_serving_warmup_requests")


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_an_export_is_named(exported, tmp_path, name, how):
    copy = shutil.copytree(exported, tmp_path / "1")
    damage(copy / name, how)
    for ask in (lambda: zoo.load(copy), lambda: zoo.predict(copy, [TEXT])):
        with pytest.raises(RunError, match=f"{name} is damaged: "):
            ask()


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", ROWS_LISTED)
def test_a_damaged_report_of_an_export_is_named_in_a_warning(exported, tmp_path, name, how, caplog):
    from keras_rnn_zoo.artifacts.export import read_export

    copy = shutil.copytree(exported, tmp_path / "1")
    damage(copy / name, how)
    with caplog.at_level("WARNING", "keras_rnn_zoo"):
        read_export(copy)
    assert f"{copy / name} is damaged: its content is not what was written" in caplog.text


@pytest.mark.parametrize("whole", ["run", "export"])
def test_all_files_are_damaged_here(good, exported, whole):
    folder, tried = (good.path, EXPORT_MODEL_FILES + TELLING) if whole == "run" else (exported, FILES + ROWS_LISTED)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    mine = {name for name in there if not name[0].isdigit()}
    assert {name for name in mine if not any(name.startswith(one) for one in tried)} == set()


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """A prepared data set of TFDS, in three files of records."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    features = {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=["bad", "good"])}
    rows = [(n, {"text": f"{'fine' if n % 2 else 'poor'} thing {n}", "label": n % 2}) for n in range(90)]
    tfds.dataset_builders.AdhocBuilder(
        name="stars",
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets={"train": rows},
        data_dir=str(folder),
    ).download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=3))
    return folder


def measured(folder, **options):
    """Trains on the data set in a folder, as far as reading it."""
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.datasets._prepared import translate_record_errors

    options["data_dir"] = str(folder)
    with translate_record_errors("tfds:stars"):
        entry = registry.find_dataset("tfds:stars", ("classification",), options)
        examples = entry.make(str(folder), 0, **{k: v for k, v in options.items() if k != "data_dir"})
        rows = [row for part in ("train", "validation", "test") for row in examples.split(part).as_numpy_iterator()]
    return sorted(rows), examples.classes


def test_records_that_do_not_fit_their_description_are_named(shards, tmp_path):
    copy = shutil.copytree(shards, tmp_path / "tfds")
    (path,) = copy.rglob("features.json")
    description = json.loads(path.read_text())
    features = description["featuresDict"]["features"]
    features["lapel"] = features.pop("label")
    path.write_text(json.dumps(description))
    path.with_name("lapel.labels.txt").write_text("bad\ngood\n")
    with pytest.raises(DataError, match=r"'tfds:stars' does not fit its description.*Feature: lapel .* is required"):
        measured(copy, columns="label=lapel,text=text")


SHARDS = [(number, how) for number in range(3) for how in DAMAGES]


@pytest.mark.parametrize(
    ("number", "how"),
    # Every damage to one of the shards, which are read alike, and one damage to each other.
    [
        pytest.param(*shard, marks=[] if shard[0] == 1 or shard[1] == "cut to half" else pytest.mark.slow)
        for shard in SHARDS
    ],
)
def test_a_shard_is_named(shards, tmp_path, number, how):
    copy = shutil.copytree(shards, tmp_path / "tfds")
    (shard,) = copy.rglob(f"*-0000{number}-of-00003")
    damage(shard, how)
    with pytest.raises(DataError, match=shard.name):
        measured(copy)


@pytest.fixture(scope="module")
def undamaged(shards):
    """What is read of the whole data set."""
    return measured(shards)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", ["dataset_info.json", "features.json", "label.labels.txt"])
def test_a_description_of_the_data_is_named_or_does_not_matter(shards, undamaged, tmp_path, name, how):
    copy = shutil.copytree(shards, tmp_path / "tfds")
    damage(next(copy.rglob(name)), how)
    try:
        rows, classes = measured(copy)
    except DataError as error:
        assert "stars" in str(error)
        return
    # What labels are called is compared with what training saw, and the records are what they were.
    whole, names = undamaged
    assert [text for text, _ in rows] == [text for text, _ in whole]
    assert name == "label.labels.txt" or classes == names
