"""Each form of files, opened and, in small, trained on."""

import json

import numpy as np
import pytest
from fault_files import PIXEL, npz, ragged, wav
from format_files import X, opened, rows, texts, write

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.rebuild import open_examples
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.plan import Request, make_plan
from keras_rnn_zoo.training.prepare import open_examples as open_for_training
from keras_rnn_zoo.training.progress import Progress


def test_two_files_make_a_translation(tmp_path):
    write(
        tmp_path, {"a.ja": "".join(f"猫 {n}\r\n" for n in range(20)), "a.en": "".join(f"cat {n}\n" for n in range(20))}
    )
    entry, examples = opened(f"text:{tmp_path}/a.ja,{tmp_path}/a.en", "translation")
    assert entry.name == f"text:{tmp_path}/a.ja,{tmp_path}/a.en"
    assert texts(examples) == sorted((f"猫 {n}", f"cat {n}") for n in range(20))


def test_untokenized_japanese_is_read_and_written_by_characters(tmp_path):
    lines = {"a.ja": "これは猫です。\n" * 9, "a.en": "this is a cat\n" * 9, "b.ja": "これ は 猫 です 。\n" * 9}
    write(tmp_path, lines)
    found = registry.find_dataset(f"text:{tmp_path}/a.ja,{tmp_path}/a.en", ("translation",)).defaults
    assert found["tokens"] == "characters"
    assert "target_tokens" not in found
    found = registry.find_dataset(f"text:{tmp_path}/a.en,{tmp_path}/a.ja", ("translation",)).defaults
    assert (found["target_tokens"], found["bleu_tokenize"]) == ("characters", "char")
    found = registry.find_dataset(f"text:{tmp_path}/b.ja,{tmp_path}/a.en", ("translation",)).defaults
    assert "tokens" not in found  # It is split already.


def test_large_splits_are_read_again_in_every_pass_and_small_ones_are_held(tmp_path, monkeypatch):
    lines = "".join(f"text {n},{n % 2}\n" for n in range(40))
    write(tmp_path, {"a.csv": f"text,label\n{lines}", "book.txt": "a line of it\n" * 200})
    addresses = (f"csv:{tmp_path}/a.csv", "classification"), (f"text:{tmp_path}/book.txt", "language_modeling")
    held = [opened(*address)[1] for address in addresses]
    found = [rows(examples) for examples in held]
    monkeypatch.setattr("keras_rnn_zoo.datasets.examples.MAX_BYTES_IN_MEMORY", 20)
    streamed = [opened(*address)[1] for address in addresses]
    assert [rows(examples) for examples in streamed] == found
    for before, after in zip(held, streamed, strict=True):
        kinds = [type(data.split("train")).__name__ for data in (before, after)]
        assert kinds[0] != kinds[1]
        assert before.split("train").element_spec == after.split("train").element_spec
        assert before.split("train") is before.split("train")


def test_a_book_is_cut_into_stretches_that_overlap_by_a_character(tmp_path):
    text = "".join(f"{n} is a number.\n" for n in range(1000))
    write(tmp_path, {"book.txt": text.replace("\n", "\r\n")})
    _, examples = opened(f"text:{tmp_path}/book.txt", "language_modeling", chunk_length=50)
    parts = {part: [raw.decode() for raw, _ in examples.split(part).as_numpy_iterator()] for part in examples.splits}
    joined = {part: "".join([stretches[0], *(s[1:] for s in stretches[1:])]) for part, stretches in parts.items()}
    assert "".join(joined[part] for part in ("train", "validation", "test")) == text
    assert {len(stretch) for stretch in parts["train"][:-1]} == {50}
    for part, stretches in parts.items():
        assert int(examples.split(part).cardinality()) == len(stretches)
    assert len(joined["test"]) == pytest.approx(len(text) / 20, abs=1)


CONLL = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\n" + "".join(
    f"w{n} NN I-NP O\n\n" for n in range(20)
)
CONLLU = (
    "# text = vámonos\n1-2\tvámonos" + "\t_" * 8 + "\n1\tvamos\tir\tVERB\tV" + "\t_" * 5 + "\n2\tnos\tnos\tPRON\tP"
    + "\t_" * 5 + "\n\n" + "".join(f"1\tw{n}\tw{n}\tNOUN\tN" + "\t_" * 5 + "\n\n" for n in range(20))
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "options", "sentence", "classes"),
    [
        (CONLL, {}, ("EU rejects", "B-ORG O"), ("B-ORG", "O")),
        (CONLL, {"columns": "tags=2"}, ("EU rejects", "NNP VBZ"), ("NN", "NNP", "VBZ")),
        (CONLLU, {}, ("vamos nos", "VERB PRON"), ("NOUN", "PRON", "VERB")),
        (CONLLU, {"columns": "tags=xpos,tokens=lemma"}, ("ir nos", "V P"), ("N", "P", "V")),
    ],
)
def test_tagged_sentences_are_read(content, options, sentence, classes, tmp_path):
    write(tmp_path, {"a.conll": content})
    _, examples = opened(f"conll:{tmp_path}/a.conll", "tagging", **options)
    assert sentence in texts(examples)
    assert len(rows(examples)) == 21
    assert examples.classes == classes


@pytest.fixture
def pictures(tmp_path):
    """A folder of images in two folders."""
    return write(
        tmp_path / "pics", {f"{kind}/{n}.png": PIXEL + bytes([n]) for kind in ("cat", "dog") for n in range(15)}
    )


def test_each_folder_is_a_class(pictures):
    _, examples = opened(f"images:{pictures}", "classification")
    assert examples.classes == ("cat", "dog")
    assert examples.recorded.rows == {"train": 24, "validation": 3, "test": 3}
    assert sorted(target for _, target in rows(examples)) == [0] * 15 + [1] * 15


def test_a_table_lists_classes_or_transcripts(pictures):
    write(pictures, {"labels.csv": "file,label\n" + "".join(f"cat/{n}.png,{'ab'[n % 2]}{n}\n" for n in range(15))})
    _, examples = opened(f"images:{pictures}", "transcription")
    assert sorted(target.decode() for _, target in rows(examples)) == sorted(f"{'ab'[n % 2]}{n}" for n in range(15))
    write(pictures, {"labels.csv": "file,label\n" + "".join(f"dog/{n},{'ab'[n % 2]}\n" for n in range(15))})
    assert opened(f"images:{pictures}", "classification")[1].classes == ("a", "b")


def test_the_name_of_a_file_is_its_transcript(pictures):
    _, examples = opened(f"images:{pictures}/cat", "transcription")
    assert sorted(target.decode() for _, target in rows(examples)) == sorted(map(str, range(15)))


@pytest.mark.parametrize("flickr", [False, True])
def test_captions_are_in_a_table_or_a_token_file(flickr, pictures):
    if flickr:
        lines = [f"{n}.png#{k}\tcaption {n} {k}" for n in range(15) for k in range(2)]
        write(pictures / "cat", {"Flickr8k.token.txt": "\n".join(lines)})
    else:
        lines = ["image,caption", *(f"{n}.png,caption {n} {k}" for n in range(15) for k in range(2))]
        write(pictures / "cat", {"captions.csv": "\n".join(lines)})
    _, examples = opened(f"images:{pictures}/cat", "captioning")
    training = list(examples.split("train").as_numpy_iterator())
    assert all(target.shape == (1,) for _, target in training)
    held_out = [target for part in ("validation", "test") for _, target in examples.split(part).as_numpy_iterator()]
    assert all(target.shape == (2,) for target in held_out)
    assert len(training) + 2 * len(held_out) == 30


def test_a_token_file_is_read_in_its_encoding_line_by_line(pictures):
    captions = [f"caf\u00e9 {n}\x85\u00a0x" for n in range(15)]
    lines = "".join(f"{n}.png#0\t{caption}\r\n" for n, caption in enumerate(captions))
    for encoding, option in (("utf-16", ""), ("latin-1", "latin-1")):
        write(pictures / "cat", {"Flickr8k.token.txt": lines.encode(encoding)})
        _, examples = opened(f"images:{pictures}/cat", "captioning", encoding=option)
        assert sorted(target[0].decode() for _, target in rows(examples)) == sorted(captions)
    with pytest.raises(DataError, match=r"token\.txt line 1: byte 0xe9 .* not utf-8"):
        opened(f"images:{pictures}/cat", "captioning")


def test_recordings_are_brought_to_one_rate(tmp_path):
    files = {f"{'ab'[n % 2]}/{n}.wav": wav(samples=800 + n, rate=(8000, 16_000)[n % 2]) for n in range(20)}
    write(tmp_path, files)
    entry, examples = opened(f"audio:{tmp_path}", "classification", sample_rate=8000)
    assert entry.defaults["sample_rate"] in (8000, 16_000)
    assert sorted(len(raw) for raw, _ in rows(examples)) == sorted(
        800 + n if n % 2 == 0 else -(-(800 + n) // 2) for n in range(20)
    )


@pytest.fixture(scope="module")
def own_sets(tmp_path_factory):
    """Two data sets of TFDS that the zoo has no entry for: texts with stars, and recordings with their words."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    random = np.random.default_rng(0)
    texts = [(f"{'fine' if n % 2 else 'poor'} thing number {n}", ("bad", "good")[n % 2]) for n in range(60)]
    sounds = [(random.integers(-999, 999, 2500 + n), f"word {n % 3}") for n in range(40)]
    for name, features, pairs in (
        ("stars", {"content": tfds.features.Text(), "grade": tfds.features.ClassLabel(names=["bad", "good"])}, texts),
        ("words", {"speech": tfds.features.Audio(sample_rate=8000), "said": tfds.features.Text()}, sounds),
    ):
        builder = tfds.dataset_builders.AdhocBuilder(
            name=name,
            version="1.0.0",
            features=tfds.features.FeaturesDict(features),
            split_datasets={"train": [(n, dict(zip(features, row, strict=True))) for n, row in enumerate(pairs)]},
            data_dir=str(folder),
        )
        builder.download_and_prepare()
    return folder


def test_any_tfds_dataset_is_read_by_its_features(own_sets):
    entry, examples = opened("tfds:stars", "classification", "regression", data_dir=str(own_sets))
    assert (entry.task, entry.model_options["input"]) == ("classification", "text")
    assert examples.recorded.columns == {"text": "content", "label": "grade"}
    assert examples.recorded.rows == {"train": 48, "validation": 6, "test": 6}
    entry, examples = opened("tfds:words", "transcription", data_dir=str(own_sets))
    assert entry.model_options["input"] == "audio"
    assert {target.decode() for _, target in rows(examples)} == {"word 0", "word 1", "word 2"}
    with pytest.raises(DataError, match=r"no column 'stars'.*'grade'"):
        registry.find_dataset("tfds:stars", ("classification",), {"data_dir": str(own_sets), "columns": "label=stars"})


def test_the_splits_of_a_tfds_dataset_are_used(tfds_dir):
    _, examples = opened("tfds:universal_dependencies/en_ewt", "tagging", data_dir=str(tfds_dir), columns="tags=upos")
    assert examples.recorded.rows == {"train": 12_544, "validation": 2001, "test": 2077}


SMALL = {"units": 4, "epochs": 1, "verbose": 0}
TRAINED = [
    ("many_to_one", "tfds:stars", {"embedding_dim": 4}),
    ("ctc", "tfds:words", {}),
    ("many_to_one", "npz:a.npz", {}),
    ("one_to_many", "images:pics", {"embedding_dim": 4, "image_height": 16, "image_width": 16}),
    ("sync_many_to_many", "text:book.txt", {"embedding_dim": 4}),
    ("many_to_many", "text:a.txt,b.txt", {"embedding_dim": 4, "beam_size": 1}),
]


@pytest.fixture
def trainable(own_sets, tmp_path, monkeypatch):
    """A function that gives the folder of an address of `TRAINED`, which is written into the current folder."""
    monkeypatch.chdir(tmp_path)
    captions = "image,caption\n" + "".join(f"{n}.png,a dot {n % 3}\n" for n in range(15))
    write(tmp_path / "pics", {**{f"{n}.png": PIXEL for n in range(15)}, "captions.csv": captions})
    lines = [f"line {n % 37} of {n}" for n in range(60)]
    write(tmp_path, {"a.txt": "\n".join(lines), "b.txt": "\n".join(line.upper() for line in lines)})
    write(tmp_path, {"book.txt": "\n".join(lines * 9), "a.npz": npz(x=ragged(*X), y=np.arange(20) / 7)})
    return lambda address: str(own_sets) if address.startswith("tfds") else None


@pytest.mark.parametrize(("architecture", "address", "options"), TRAINED)
def test_what_a_run_records_opens_the_same_rows_again(architecture, address, options, trainable):
    request = Request(architecture, address, trainable(address), {}, options, None, None)
    plan = make_plan(request, resume=False, overwrite=False)
    progress = Progress(plan, KerasObjects())
    examples = open_for_training(progress)
    document = json.loads(json.dumps(progress.config.to_json()))
    config = RunConfig.from_json(document)
    again = open_examples(config, config.dataset.data_dir)
    assert again.checksum == examples.checksum
    assert again.recorded == examples.recorded
    for part in ("train", "validation", "test"):
        first, second = (list(one.split(part).as_numpy_iterator()) for one in (examples, again))
        assert len(first) > 0
        for row, other in zip(first, second, strict=True):
            np.testing.assert_equal(row, other)


@pytest.mark.parametrize(
    ("architecture", "address", "options"), [TRAINED[1], pytest.param(*TRAINED[3], marks=pytest.mark.slow)]
)
def test_a_run_is_evaluated_on_the_same_rows(architecture, address, options, trainable):
    run = zoo.train(architecture, dataset=address, **SMALL, **options, data_dir=trainable(address))
    again = zoo.evaluate(run)
    assert again.examples == run.measured["examples"]
    assert again.metrics == pytest.approx(run.metrics, rel=1e-4)


def test_moved_files_are_found_in_the_given_folder(tmp_path):
    table = "text,label\n" + "".join(f"text {n},{n % 2}\n" for n in range(40))
    write(tmp_path / "old", {"a.csv": table, "b.csv": table})
    old = tmp_path / "old"
    run = zoo.train("many_to_one", dataset=f"csv:{old}/a.csv", test=f"{old}/b.csv", embedding_dim=4, **SMALL)
    old.rename(tmp_path / "new")
    with pytest.raises(DataError, match=r"There is no .*a\.csv"):
        zoo.evaluate(run)
    assert zoo.evaluate(run, data_dir=str(tmp_path / "new")).metrics == pytest.approx(run.metrics, rel=1e-4)
