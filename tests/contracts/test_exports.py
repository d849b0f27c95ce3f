"""The contract of exports, over every task and kind of input: signatures, and answers as by `predict`."""

import numpy as np
import pytest
import tensorflow as tf
from export_kinds import (
    CLASSES,
    KINDS,
    LIKE_OTHERS,
    RAW,
    TEXTS,
    ask,
    assert_same,
    batch_of,
    every_kind,
    on_kinds,
    padded,
    rows_of,
)
from stock import answers_of

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting.formats import saved_model as exporting


def test_every_task_and_kind_of_input_is_covered():
    assert set(LIKE_OTHERS) < set(KINDS)
    quick = set(KINDS).difference(LIKE_OTHERS)
    assert {kind[0] for kind in quick} == {entry.name for entry in registry.architectures.entries()}
    assert {kind[1] for kind in quick} == {entry.name for entry in registry.tasks.entries()}
    assert {kind[2] for kind in quick} == {"text", "image", "audio", "series", "window"}


@every_kind
def test_the_signatures_are_those_of_the_endpoints(exported, kind):
    _loaded, saved = exported(kind)
    architecture, task, input = kind
    expected = {"serve", "serving_default", "logits"}
    expected |= {"plain"} if input in ("audio", "series") or task == "language_modeling" else set()
    expected |= {"classes"} if task in CLASSES else set()
    expected |= {"encode"} if architecture in ("many_to_one", "many_to_many", "one_to_many") else set()
    expected |= {"beam", "attention"} if task in ("translation", "captioning") else set()
    expected |= {"tokens"} if task == "tagging" else set()
    assert set(saved.signatures) == expected
    # The outputs are those that `zoo show` tells.
    assert set(saved.signatures["serving_default"].structured_outputs) == set(registry.tasks.get(task).outputs)


@every_kind
def test_an_empty_batch_has_no_predictions(exported, kind):
    loaded, saved = exported(kind)
    for answers in ask(saved, **batch_of(loaded, [])).values():
        assert answers.shape[0] == 0
    reading = dict(zip([s.name for s in loaded.task.reader.signature()], loaded.task.reader.to_batch([]), strict=True))
    for name in {"encode", "beam", "attention"} & set(saved.signatures):
        assert all(answers.shape[0] == 0 for answers in ask(saved, name, **reading).values())


@every_kind
def test_an_export_predicts_like_its_run_in_any_batch(exported, kind):
    loaded, saved = exported(kind)
    raws = RAW[kind[2]]
    wanted = loaded.predict(raws, **loaded.task.export_check_options)
    together = rows_of(ask(saved, **batch_of(loaded, raws)), loaded.task)
    for raw, row, expected in zip(raws, together, wanted, strict=True):
        assert_same(row, expected)
        assert_same(rows_of(ask(saved, **batch_of(loaded, [raw])), loaded.task)[0], expected)


def test_an_export_predicts_like_its_run_with_stock_tensorflow(exported, tmp_path):
    questions, expected = [], []
    for kind in KINDS:
        if kind in LIKE_OTHERS:
            continue
        loaded, _ = exported(kind)
        for size in (1, 3):
            raws = RAW[kind[2]][:size]
            questions.append((loaded.run.path / "1", loaded.task, batch_of(loaded, raws)))
            expected.append(loaded.predict(raws, **loaded.task.export_check_options))
    for mine, theirs in zip(expected, answers_of(questions, tmp_path), strict=True):
        for row, other in zip(theirs, mine, strict=True):
            assert_same(row, other)


# Optional inputs


@padded
def test_lengths_are_optional(exported, kind):
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

    loaded, _ = exported(("sync_many_to_many", "language_modeling", "text"))
    graph = saved_model_utils.get_meta_graph_def(str(loaded.run.path / "1"), "serve")
    defaults = graph.signature_def["serving_default"].defaults
    assert {name: tf.make_ndarray(value).item() for name, value in defaults.items()} == {
        "temperature": pytest.approx(0.8),
        "seed": 0,
        "max_new_tokens": 300,
    }


def test_a_language_model_continues_a_prompt_without_other_inputs(exported):
    loaded, saved = exported(("sync_many_to_many", "language_modeling", "text"))
    (text,) = ask(saved, "plain", text=[b"the"])["text"]
    assert len(text.split()) == 1 + 300
    assert [text.decode()] == [answer["text"] for answer in loaded.predict(["the"])]


# Further endpoints


@every_kind
def test_logits_are_those_of_the_model(exported, kind):
    loaded, saved = exported(kind)
    endpoint = exporting.all_endpoints(loaded)["logits"]
    batch = endpoint.sample(*loaded.task.to_batch(RAW[kind[2]], **loaded.task.export_check_options))
    got = ask(saved, "logits", **{spec.name: value for spec, value in zip(endpoint.signature, batch, strict=True)})
    inputs = loaded.task.model_inputs(*loaded.task.to_batch(RAW[kind[2]], **loaded.task.export_check_options))
    np.testing.assert_allclose(got["logits"], loaded.to_logits(inputs), atol=1e-5)


@on_kinds(lambda kind: kind[1] in CLASSES)
def test_class_names_are_listed_once(exported, kind):
    _, saved = exported(kind)
    names = CLASSES[kind[1]]
    assert ask(saved, "classes", numbers=np.zeros(0, "int32"))["names"].tolist() == [name.encode() for name in names]
    assert ask(saved, "classes", numbers=np.array([1, 0, 1], "int32"))["names"].tolist() == [
        names[number].encode() for number in (1, 0, 1)
    ]


@on_kinds(lambda kind: kind[0] in ("many_to_one", "many_to_many", "one_to_many"))
def test_an_input_is_encoded_as_one_vector_in_any_batch(exported, kind):
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
    if kind[0] == "many_to_one" and kind[1] != "forecasting":  # It is what the head makes its answer of.
        head = loaded.model.layers[-1]
        logits = loaded.to_logits(loaded.task.model_inputs(*loaded.task.to_batch(raws)))
        np.testing.assert_allclose(head(together), logits, atol=1e-5)


@on_kinds(lambda kind: kind[1] in ("translation", "captioning"))
def test_beam_gives_the_best_texts_and_their_scores(exported, kind):
    from keras_rnn_zoo.layers.search import search_text
    from keras_rnn_zoo.tasks._text_generation import N_BEST

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


@on_kinds(lambda kind: kind[1] in ("translation", "captioning"))
def test_attention_has_a_weight_for_each_token_and_step_of_the_source(exported, kind):
    loaded, saved = exported(kind)
    names = [spec.name for spec in loaded.task.reader.signature()]
    raws = RAW[kind[2]]
    got = ask(saved, "attention", **dict(zip(names, loaded.task.reader.to_batch(raws), strict=True)))
    plain = ask(saved, **batch_of(loaded, raws))
    assert got["text"].tolist() == plain["text"].tolist()
    assert [b"".join(tokens) for tokens in got["tokens"].tolist()] == got["text"].tolist()
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
    from keras_rnn_zoo.layers.model_parts import read_source
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


def test_tagging_accepts_words_that_are_already_split(exported):
    loaded, saved = exported(("sync_many_to_many", "tagging", "text"))
    words = np.array([[b"the", b"cat", b"sat", b""], [b"a", b"mat", b"", b""], [b"", b"", b"", b""]], object)
    got = rows_of(ask(saved, "tokens", tokens=words), loaded.task)
    for row, text in zip(got, ["the cat sat", "a mat", ""], strict=True):
        assert row == loaded.predict([text])[0]
    assert ask(saved, "tokens", tokens=np.array([[b"ice cream", b"\xff"]], object))["tokens"].tolist() == [
        [b"ice cream", "\N{REPLACEMENT CHARACTER}".encode()]
    ]
