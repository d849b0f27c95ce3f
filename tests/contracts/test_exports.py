"""What every kind of export keeps to: untrained models of each task and kind of input, exported and asked."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from keras_rnn_zoo import exporting, registry
from keras_rnn_zoo.loading import LoadedRun, make_task
from keras_rnn_zoo.runs import Run

WORDS = "the cat sat on a mat and sang of fish".split()


def png(pixels):
    return tf.io.encode_png(np.asarray(pixels, "uint8")).numpy()


RANDOM = np.random.default_rng(0)
TEXTS = [b"the cat sat", b"a mat and fish of the mat", b"sang"]
IMAGES = [png(RANDOM.integers(0, 255, (size, 2 * size, 3))) for size in (20, 12, 33)]
AUDIO = [RANDOM.uniform(-1, 1, size).astype("float32") for size in (900, 2500, 1600)]
SERIES = [RANDOM.normal(0, 1, (size, 2)).astype("float32") for size in (4, 9, 6)]
RAW = {"text": TEXTS, "image": IMAGES, "audio": AUDIO, "series": SERIES}
TARGETS = {
    "classification": [0, 1, 0],
    "regression": [0.5, 2.0, -1.0],
    "captioning": [[b"a fish"], [b"the cat"], [b"a mat"]],
    "translation": [b"der Hund", b"eine Matte", b"Fisch und Hund"],
    "tagging": [b"O B-X O", b"O O O B-X O O O", b"O"],
    "language_modelling": TEXTS,
    "transcription": [b"ab", b"c", b"ba"],
}
CLASSES = {"classification": ["no", "yes"], "tagging": ["O", "B-X"]}
SMALL = {
    "units": 6,
    "embedding_dim": 5,
    "sample_rate": 4000,
    "image_height": 16,
    "image_width": 16,
    "max_length": 8,
    "hidden_layers": 1,
}
KINDS = [
    ("one_to_one", "classification", "image"),
    ("one_to_many", "captioning", "image"),
    ("many_to_one", "classification", "text"),
    ("many_to_one", "classification", "audio"),
    ("many_to_one", "regression", "series"),
    ("many_to_many", "translation", "text"),
    ("sync_many_to_many", "tagging", "text"),
    ("sync_many_to_many", "language_modelling", "text"),
    ("ctc", "transcription", "image"),
    ("ctc", "transcription", "audio"),
]
IDS = ["-".join(kind) for kind in KINDS]
OF_TEXT = [kind for kind in KINDS if kind[2] == "text"]
OF_IMAGES = [kind for kind in KINDS if kind[2] == "image"]
PADDED = [kind for kind in KINDS if kind[2] in ("audio", "series")]


def load(architecture, task_name, input):
    """Returns an untrained model of a kind with its fitted task, as a loaded run."""
    task_entry = registry.tasks.get(task_name)
    reader = registry.reader_of(task_entry, input)

    def small(entry):
        return {key: value for key, value in SMALL.items() if key in entry.options}

    facts = {
        "name": task_name,
        "input": input,
        "classes": CLASSES.get(task_name, []),
        "options": small(task_entry),
        "reader": small(reader),
    }
    task = make_task({"task": facts})
    rows = list(zip(RAW[input], TARGETS[task_name], strict=True))
    first = [tf.convert_to_tensor(value) for value in rows[0]]
    specs = tuple(tf.TensorSpec([None] * len(value.shape), value.dtype) for value in first)
    task.fit(tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=specs))
    keras.utils.set_random_seed(0)
    model_entry = registry.architectures.get(architecture)
    return LoadedRun(Run(None), task, model_entry.make(**{**small(model_entry), **task.sizes()}))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A function that gives the loaded run of a kind, and the signatures of its export."""
    made = {}

    def export(kind):
        if kind not in made:
            loaded = load(*kind)
            loaded = LoadedRun(Run(tmp_path_factory.mktemp("-".join(kind))), loaded.task, loaded.model)
            folder = loaded.run.path / "1"
            exporting.write_saved_model(loaded, exporting.all_endpoints(loaded), folder)
            made[kind] = loaded, tf.saved_model.load(str(folder))
        return made[kind]

    return export


def ask(saved, signature="serving_default", **inputs):
    answers = saved.signatures[signature](**{name: tf.convert_to_tensor(value) for name, value in inputs.items()})
    return {name: value.numpy() for name, value in answers.items()}


def batch_of(loaded, raws):
    names = [spec.name for spec in loaded.task.input_signature()]
    return dict(zip(names, loaded.task.to_batch(raws, **loaded.task.check_options), strict=True))


def rows_of(answers, task):
    from keras_rnn_zoo.loading import plain_rows

    return plain_rows(task, answers)


def assert_same(row, other):
    assert row.keys() == other.keys()
    for name, value in row.items():
        if np.asarray(value).dtype.kind == "f":
            np.testing.assert_allclose(value, other[name], atol=1e-5, rtol=1e-5)
        else:
            assert value == other[name], name


def test_every_task_and_kind_of_input_is_among_them():
    assert {kind[0] for kind in KINDS} == {entry.name for entry in registry.architectures.entries()}
    assert {kind[1] for kind in KINDS} == {entry.name for entry in registry.tasks.entries()}
    assert {kind[2] for kind in KINDS} == {"text", "image", "audio", "series"}


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_the_signatures_are_those_of_the_endpoints(exported, kind):
    _loaded, saved = exported(kind)
    architecture, task, input = kind
    expected = {"serve", "serving_default", "logits"}
    expected |= {"plain"} if input in ("audio", "series") or task == "language_modelling" else set()
    expected |= {"classes"} if task in CLASSES else set()
    expected |= {"encode"} if architecture in ("many_to_one", "many_to_many", "one_to_many") else set()
    expected |= {"beam", "attention"} if task in ("translation", "captioning") else set()
    expected |= {"tokens"} if task == "tagging" else set()
    assert set(saved.signatures) == expected
    # The outputs are those that `zoo show` tells.
    assert set(saved.signatures["serving_default"].structured_outputs) == set(registry.tasks.get(task).outputs)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_an_empty_batch_has_no_answers(exported, kind):
    loaded, saved = exported(kind)
    for answers in ask(saved, **batch_of(loaded, [])).values():
        assert answers.shape[0] == 0
    reading = dict(zip([s.name for s in loaded.task.reader.signature()], loaded.task.reader.to_batch([]), strict=True))
    for name in {"encode", "beam", "attention"} & set(saved.signatures):
        assert all(answers.shape[0] == 0 for answers in ask(saved, name, **reading).values())


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_an_export_answers_as_predict_does_in_any_company(exported, kind):
    loaded, saved = exported(kind)
    raws = RAW[kind[2]]
    wanted = loaded.predict(raws, **loaded.task.check_options)
    together = rows_of(ask(saved, **batch_of(loaded, raws)), loaded.task)
    for raw, row, expected in zip(raws, together, wanted, strict=True):
        assert_same(row, expected)
        assert_same(rows_of(ask(saved, **batch_of(loaded, [raw])), loaded.task)[0], expected)


# Optional inputs


@pytest.mark.parametrize("kind", PADDED, ids="-".join)
def test_lengths_may_be_left_out(exported, kind):
    loaded, saved = exported(kind)
    raw = RAW[kind[2]][1]
    wanted = ask(saved, **batch_of(loaded, [raw]))
    for got in (
        ask(saved, "plain", **{kind[2]: raw[None]}),
        ask(saved, **{kind[2]: raw[None]}, lengths=np.zeros(0, "int32")),
        {name: value.numpy() for name, value in saved.serve(raw[None]).items()},
    ):
        assert_same(rows_of(got, loaded.task)[0], rows_of(wanted, loaded.task)[0])


def test_the_signature_carries_the_defaults_for_clients_of_any_language(exported):
    from tensorflow.python.tools import saved_model_utils

    loaded, _ = exported(("sync_many_to_many", "language_modelling", "text"))
    graph = saved_model_utils.get_meta_graph_def(str(loaded.run.path / "1"), "serve")
    defaults = graph.signature_def["serving_default"].defaults
    assert {name: tf.make_ndarray(value).item() for name, value in defaults.items()} == {
        "temperature": pytest.approx(0.8),
        "seed": 0,
        "length": 300,
    }


def test_a_language_model_goes_on_with_a_prompt_alone(exported):
    loaded, saved = exported(("sync_many_to_many", "language_modelling", "text"))
    (text,) = ask(saved, "plain", text=[b"the"])["text"]
    assert len(text.split()) == 1 + 300
    assert [text.decode()] == [answer["text"] for answer in loaded.predict(["the"])]


# Further endpoints


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_logits_are_those_of_the_model(exported, kind):
    loaded, saved = exported(kind)
    endpoint = exporting.all_endpoints(loaded)["logits"]
    batch = endpoint.sample(*loaded.task.to_batch(RAW[kind[2]], **loaded.task.check_options))
    got = ask(saved, "logits", **{spec.name: value for spec, value in zip(endpoint.signature, batch, strict=True)})
    inputs = loaded.task.model_inputs(*loaded.task.to_batch(RAW[kind[2]], **loaded.task.check_options))
    np.testing.assert_allclose(got["logits"], loaded.to_logits(inputs), atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[1] in CLASSES], ids="-".join)
def test_class_names_are_told_once(exported, kind):
    _, saved = exported(kind)
    names = CLASSES[kind[1]]
    assert ask(saved, "classes", numbers=np.zeros(0, "int32"))["names"].tolist() == [name.encode() for name in names]
    assert ask(saved, "classes", numbers=np.array([1, 0, 1], "int32"))["names"].tolist() == [
        names[number].encode() for number in (1, 0, 1)
    ]


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if kind[0] in ("many_to_one", "many_to_many", "one_to_many")],
    ids="-".join,
)
def test_an_input_is_encoded_as_one_vector_whatever_its_company(exported, kind):
    loaded, saved = exported(kind)
    raws = RAW[kind[2]]
    names = [spec.name for spec in loaded.task.reader.signature()]

    def encode(raws):
        return ask(saved, "encode", **dict(zip(names, loaded.task.reader.to_batch(raws), strict=True)))["vector"]

    together = encode(raws)
    assert together.dtype == "float32"
    assert together.ndim == 2
    assert len(np.unique(together.round(4), axis=0)) == len(raws)
    np.testing.assert_allclose(together, np.concatenate([encode([raw]) for raw in raws]), atol=1e-5)
    if kind[0] == "many_to_one":  # It is what the head makes its answer of.
        head = loaded.model.layers[-1]
        logits = loaded.to_logits(loaded.task.model_inputs(*loaded.task.to_batch(raws)))
        np.testing.assert_allclose(head(together), logits, atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[1] in ("translation", "captioning")], ids="-".join)
def test_beam_gives_the_best_texts_and_their_scores(exported, kind):
    from keras_rnn_zoo.layers.search import search_text
    from keras_rnn_zoo.tasks.writing import N_BEST

    loaded, saved = exported(kind)
    names = [spec.name for spec in loaded.task.reader.signature()]
    raw = loaded.task.reader.to_batch(RAW[kind[2]])
    got = ask(saved, "beam", **dict(zip(names, raw, strict=True)))
    assert got["texts"].shape == got["scores"].shape == (3, N_BEST)
    assert (np.diff(got["scores"], axis=1) <= 0).all()
    options = {**loaded.task.search_options, "beam_size": N_BEST}
    found = search_text(loaded.model, loaded.task.reader(*raw), **options)
    assert got["texts"][:, 0].tolist() == loaded.task.target_ids.to_text(found["ids"][:, 0]).numpy().tolist()
    assert all(len(set(texts)) == N_BEST for texts in got["texts"].tolist())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[1] in ("translation", "captioning")], ids="-".join)
def test_attention_has_a_weight_for_each_token_and_step_of_the_source(exported, kind):
    loaded, saved = exported(kind)
    names = [spec.name for spec in loaded.task.reader.signature()]
    raws = RAW[kind[2]]
    got = ask(saved, "attention", **dict(zip(names, loaded.task.reader.to_batch(raws), strict=True)))
    plain = ask(saved, **batch_of(loaded, raws))
    assert got["text"].tolist() == plain["text"].tolist()
    separator = b" "
    assert [separator.join(filter(None, tokens)) for tokens in got["tokens"].tolist()] == got["text"].tolist()
    sums = got["weights"].reshape(*got["weights"].shape[:2], -1).sum(-1)
    np.testing.assert_allclose(sums, got["tokens"] != b"", atol=1e-5)
    if kind[2] == "image":
        assert got["weights"].ndim == 4  # Over rows and columns of the image.
    if kind[2] == "text":
        assert [b" ".join(filter(None, row)) for row in got["source_tokens"].tolist()] == TEXTS
        padding = got["source_tokens"] == b""
        assert got["weights"].transpose(0, 2, 1)[padding].max(initial=0) < 1e-6


def test_attention_shows_what_the_decoder_attended_to_step_by_step(exported):
    """The weights come from one pass over the whole text; the search took single steps."""
    from keras_rnn_zoo.layers.parts import read_source
    from keras_rnn_zoo.layers.text import START

    loaded, saved = exported(("many_to_many", "translation", "text"))
    got = ask(saved, "attention", text=TEXTS[:1])
    decoder = loaded.model.get_layer("decoder")
    memory, mask = read_source(loaded.model, loaded.task.reader(tf.constant(TEXTS[:1])))
    context, states = decoder.start(memory, memory, mask)
    seen = []
    attend = decoder.attention.__class__.call

    def spy(self, *arguments, **named):
        result = attend(self, *arguments, **named)
        seen.append(result[1][0, 0].numpy())
        return result

    ids = [START, *[loaded.task.target_ids.vocabulary.index(token.decode()) for token in got["tokens"][0].tolist()]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder.attention.__class__, "call", spy)
        for token in ids[:-1]:
            _, states = decoder.step(tf.constant([token]), context, states)
    np.testing.assert_allclose(got["weights"][0], seen, atol=1e-5)


def test_tagging_takes_words_that_were_split_elsewhere(exported):
    loaded, saved = exported(("sync_many_to_many", "tagging", "text"))
    words = np.array([[b"the", b"cat", b"sat", b""], [b"a", b"mat", b"", b""], [b"", b"", b"", b""]], object)
    got = rows_of(ask(saved, "tokens", tokens=words), loaded.task)
    for row, text in zip(got, ["the cat sat", "a mat", ""], strict=True):
        assert row == loaded.predict([text])[0]
    assert ask(saved, "tokens", tokens=np.array([[b"ice cream", b"\xff"]], object))["tokens"].tolist() == [
        [b"ice cream", "\N{REPLACEMENT CHARACTER}".encode()]
    ]


# Bad input

BEGINNINGS = [b"", b"no image", b"\x89PN", IMAGES[0][8:], b"\x00" * 1000, b"BM", b"GIF8"]


@pytest.mark.parametrize("kind", OF_IMAGES, ids="-".join)
@pytest.mark.parametrize("bad", BEGINNINGS, ids=lambda bad: repr(bad[:8]))
def test_bytes_that_are_no_image_get_an_empty_answer_beside_those_of_the_others(exported, kind, bad):
    _loaded, saved = exported(kind)
    good = ask(saved, image=IMAGES[:2])
    got = ask(saved, image=[IMAGES[0], bad, IMAGES[1]])
    for name, values in got.items():
        filler = b"" if values.dtype == object else np.nan
        np.testing.assert_array_equal(values[1], np.full_like(values[1], filler) if values.ndim > 1 else filler)
        if values.dtype == object:
            assert values[[0, 2]].tolist() == good[name].tolist()
        else:
            np.testing.assert_allclose(values[[0, 2]], good[name], atol=1e-5)


@pytest.mark.parametrize("kind", OF_IMAGES, ids="-".join)
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_damaged_image_raises_an_error_that_names_the_input(exported, kind, kept):
    _, saved = exported(kind)
    damaged = IMAGES[0][: int(kept * len(IMAGES[0]))]
    with pytest.raises(tf.errors.InvalidArgumentError, match="the_input_named_image"):
        ask(saved, image=[IMAGES[1], damaged])


@pytest.mark.parametrize("kind", OF_IMAGES, ids="-".join)
def test_an_image_of_one_pixel_is_answered(exported, kind):
    _, saved = exported(kind)
    for channels in (1, 3, 4):
        for values in ask(saved, image=[png(np.full((1, 1, channels), 9))]).values():
            assert len(values) == 1
            assert values.dtype == object or np.isfinite(values).all()


@pytest.mark.parametrize("kind", PADDED, ids="-".join)
def test_an_input_of_no_steps_is_answered_and_changes_no_other(exported, kind):
    loaded, saved = exported(kind)
    raw = RAW[kind[2]][0]
    empty = raw[:0]
    alone = rows_of(ask(saved, **batch_of(loaded, [empty])), loaded.task)[0]
    both = rows_of(ask(saved, **batch_of(loaded, [raw, empty])), loaded.task)
    assert_same(both[1], alone)
    assert_same(both[0], rows_of(ask(saved, **batch_of(loaded, [raw])), loaded.task)[0])
    assert all(np.isfinite(value).all() for value in alone.values() if isinstance(value, float | list))


@pytest.mark.parametrize("kind", PADDED, ids="-".join)
def test_what_is_no_number_counts_as_zero_and_changes_no_other(exported, kind):
    loaded, saved = exported(kind)
    good, other = RAW[kind[2]][:2]
    for bad in (np.nan, np.inf, -np.inf):
        broken, zeroed = good.copy(), good.copy()
        broken[1], zeroed[1] = bad, 0
        got = rows_of(ask(saved, **batch_of(loaded, [broken, other])), loaded.task)
        wanted = rows_of(ask(saved, **batch_of(loaded, [zeroed, other])), loaded.task)
        assert_same(got[1], wanted[1])
        if kind[2] == "audio":  # Scaling of series makes of 0 another number.
            assert_same(got[0], wanted[0])
        assert all(np.isfinite(value).all() for value in got[0].values() if isinstance(value, float | list))


@pytest.mark.parametrize("kind", PADDED, ids="-".join)
def test_wrong_lengths_raise_an_error_that_names_them(exported, kind):
    loaded, saved = exported(kind)
    batch = batch_of(loaded, RAW[kind[2]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="The input `lengths` needs a number for each row"):
        ask(saved, **{**batch, "lengths": np.array([3, 2], "int32")})


@pytest.mark.parametrize("kind", PADDED, ids="-".join)
def test_lengths_out_of_range_read_all_or_nothing(exported, kind):
    loaded, saved = exported(kind)
    raw = RAW[kind[2]][0]
    for length, kept in ((10**6, len(raw)), (-5, 0)):
        got = ask(saved, **{kind[2]: raw[None], "lengths": np.array([length], "int32")})
        wanted = ask(saved, **{kind[2]: raw[None], "lengths": np.array([kept], "int32")})
        assert_same(rows_of(got, loaded.task)[0], rows_of(wanted, loaded.task)[0])


ODD_TEXTS = {
    "empty": b"",
    "blank": b" \t\n ",
    "invalid UTF-8": b"\xff\xfe\x80 cat",
    "NUL": b"the\x00cat",
    "100,000 words": b"the cat " * 50_000,
    "one word of 100,000 letters": b"x" * 100_000,
}


@pytest.mark.parametrize("kind", OF_TEXT, ids="-".join)
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_an_odd_text_is_answered_and_changes_no_other(exported, kind, name):
    loaded, saved = exported(kind)
    got = rows_of(ask(saved, **batch_of(loaded, [TEXTS[0], ODD_TEXTS[name], TEXTS[1]])), loaded.task)
    wanted = rows_of(ask(saved, **batch_of(loaded, TEXTS[:2])), loaded.task)
    assert_same(got[0], wanted[0])
    assert_same(got[2], wanted[1])
    assert_same(got[1], rows_of(ask(saved, **batch_of(loaded, [ODD_TEXTS[name]])), loaded.task)[0])


def test_of_a_long_text_the_last_words_are_read(exported):
    kind = ("many_to_one", "classification", "text")
    _loaded, saved = exported(kind)
    long = b"fish " * 100_000 + b"the cat sat on a mat and sang"
    got = ask(saved, text=[long, b"the cat sat on a mat and sang"])["probabilities"]
    np.testing.assert_allclose(got[0], got[1], atol=1e-6)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"length": 0}, "The input `length` lies from 1 to 100,000; received"),
        ({"length": 10**9}, "The input `length` lies from 1 to 100,000; received"),
        ({"temperature": -1.0}, "The input `temperature` is a number of 0 or more; received"),
        ({"temperature": float("nan")}, "The input `temperature` is a number of 0 or more; received"),
    ],
)
def test_a_wrong_setting_of_a_language_model_is_named(exported, setting, told):
    loaded, saved = exported(("sync_many_to_many", "language_modelling", "text"))
    values = {name: tf.constant(value, tf.int32 if name == "length" else tf.float32) for name, value in setting.items()}
    with pytest.raises(tf.errors.InvalidArgumentError, match=told):
        ask(saved, **{**batch_of(loaded, TEXTS), **values})


# What TensorFlow Serving reads


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_each_request_for_warming_up_and_the_one_by_rest_is_answered(exported, kind):
    loaded, saved = exported(kind)
    extra = loaded.run.path / "1" / "assets.extra"
    records = [
        read_log(record.numpy()) for record in tf.data.TFRecordDataset(str(extra / "tf_serving_warmup_requests"))
    ]
    assert {name for name, _ in records} == set(saved.signatures) - {"serve"}
    for name, inputs in records:
        if "length" in inputs:
            inputs["length"] = tf.constant(5)
        assert ask(saved, name, **inputs)
    document = json.loads((extra / "request.json").read_text())["inputs"]
    assert set(document) == {spec.name for spec in loaded.task.input_signature()}
    if kind[2] == "image":
        assert set(document["image"][0]) == {"b64"}


def read_log(record):
    """Returns the signature's name and the inputs of a `PredictionLog`, by TensorFlow's own reader of messages."""

    def fields(message, descriptor):
        """Decodes a message by field names and numbers: `{number: [values]}`."""
        found, at = {}, 0
        while at < len(message):
            key, at = varint(message, at)
            assert key & 7 == 2
            size, at = varint(message, at)
            found.setdefault(key >> 3, []).append(message[at : at + size])
            at += size
        assert set(found) <= set(descriptor)
        return found

    (log,) = fields(record, {6})[6]
    (request,) = fields(log, {1})[1]
    parts = fields(request, {1, 2})
    spec = fields(parts[1][0], {1, 3})
    inputs = {}
    for entry in parts[2]:
        entry = fields(entry, {1, 2})
        tensor = tensor_pb2.TensorProto.FromString(entry[2][0])
        inputs[entry[1][0].decode()] = tf.constant(tf.make_ndarray(tensor))
    return spec[3][0].decode(), inputs


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
