"""Files of tagged sentences: what is read of them, in training and to predict, and how predictions are written."""

import gzip
import io

import pytest
import tensorflow as tf
from descriptions import run_config

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.readers.words import WordsReader
from keras_rnn_zoo.user_data.conll_file import ConllFile
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.rows import BadRow

NBSP = "\N{NO-BREAK SPACE}"


def word(number, form, upos="NOUN", xpos="_"):
    return f"{number}\t{form}\t{form.lower()}\t{upos}\t{xpos}" + "\t_" * 5 + "\n"


FRENCH = (
    "#newpar\n# text = du pain\n"
    + word("1-2", "du", "_") + word(1, "de", "ADP") + word(2, "le", "DET") + word(3, "pain") + word("3.1", "null")
    + "\n"
)  # fmt: skip


def in_file(folder, content, name="a.conll"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def sentences(folder, content, **given):
    """Returns the sentences and tags that training reads."""
    return [tuple(row[1:]) for row in ConllFile(in_file(folder, content), ("tagging",), given, "").rows()]


def config(form="conll", **columns):
    """Returns what a run says of the data it was trained on."""
    return run_config(f"{form}:train", "tagging", columns=columns)


def predicted(folder, content, run=None, name="a.conll", **options):
    """Returns the inputs that a file gives to a run, and what is written with the tags T1, T2 and so on."""
    source, out = open_inputs(in_file(folder, content, name), run or config(), **options), io.StringIO()
    write, inputs = source.writer(out), []
    for asked in source.inputs():
        assert not isinstance(asked, BadRow), asked
        count = len((asked.input or "").split(" ")) if asked.input is not None else 0
        inputs += [asked.input] if count else []
        write(asked, {"tags": [f"T{number + 1}" for number in range(count)]} if count else {})
    return inputs, out.getvalue()


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("#monday\tB-TAG\nfeels\tO\n\n# \tO\n", [("#monday feels", "B-TAG O"), ("#", "O")]),
        ("#a B-X\n#b O\n", [("#a #b", "B-X O")]),
        ("# id = 1\nAda B-PER\n", [("Ada", "B-PER")]),
        ("# sent\nAda\tB-PER\n\n# two\twords\n", [("Ada", "B-PER"), ("#\N{NO-BREAK SPACE}two", "words")]),
        ("# id 5-a domain=en\nAda _ _ B-PER\n\n# SYM _ O\n", [("Ada", "B-PER"), ("#", "O")]),
        ("# sent_id = 12\n# newdoc id = a\nAda _ _ B-PER\n", [("Ada", "B-PER")]),
        ("# newpar\nAda B-PER\n", [("Ada", "B-PER")]),
        ("# text = one two three four five six seven\n" + word(1, "a"), [("a", "NOUN")]),
        ("#\thttp://a.example [2009]\n1\tAda\tB-PER\n", [("1", "B-PER")]),
        ("# id 5-a\tdomain=en\nAda _ _ B-PER\n", [("Ada", "B-PER")]),
        ("#begin document (bc/cctv); part 000\na NN O\n\n#end document\n", [("a", "O")]),
        (f"10{NBSP}000 B-N\neuros O\n\n", [(f"10{NBSP}000 euros", "B-N O")]),
        ("東京\tB-L\n\u3000\tO\n\n", [("東京 \u3000", "B-L O")]),
        ("a\x85b O\nc\x1cd O\n", [("a\x85b c\x1cd", "O O")]),
        ("10 000\tB-N\neuros\tO\n", [(f"10{NBSP}000 euros", "B-N O")]),
        ("EU  NNP   B-ORG \r\nsaid VBD O\r\n", [("EU said", "B-ORG O")]),
        ("-DOCSTART- -X- O O\n\n\n\nEU NNP I-NP B-ORG", [("EU", "B-ORG")]),
        ("-DOCSTART-\tO\nEU\tO\n \t \nUN\tO", [("EU", "O"), ("UN", "O")]),
        (FRENCH, [("de le pain", "ADP DET NOUN")]),
        (
            "# only\n\n" + FRENCH + "# sent_id = 2\n" + word(1, "#", "SYM"),
            [("de le pain", "ADP DET NOUN"), ("#", "SYM")],
        ),
        (FRENCH.replace("\n", "\r\n"), [("de le pain", "ADP DET NOUN")]),
    ],
)
def test_training_reads_tokens_and_leaves_out_other_lines(content, read, tmp_path):
    assert sentences(tmp_path, content) == read
    # The model sees as many words, whatever spaces of Unicode are in them.
    for text, tags in read:
        assert WordsReader().tokens(tf.constant([text]))[0].shape[0] == len(tags.split(" "))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Ada B-PER\nis\n", "line 2: 1 field, but the first line has 2"),
        ("feels O\n#monday\n", "line 2: 1 field"),
        ("Ada\tO\n\n#monday\n", "line 3: 1 field"),
        ("Ada O\n# in a sentence\n", "line 2: 4 fields"),
        ("Ada O\n" + "a " * 20_000 + "O\n", "line 2: more than 16,384 fields, but the first line has 2"),
        ("Ada\tO\n" + "a\t" * 20_000 + "O\n", "line 2: more than 16,384 fields, but the first line has 2"),
        ("EU NNP O\nrejects\tVBZ\n", "line 2: 2 fields, but the first line has 3"),
        ("New York\tB\tO\nEU NNP\tO\n", "line 2: 2 fields, but the first line has 3"),
        ("Ada\tO\n\tO\n", "line 2, column '1': the token is empty"),
        (word(1, "a") + word("x", "b"), "line 2: the ID 'x' is not a number"),
        (b"Ada\tO\ncaf\xe9\tO\n", "line 2, column '1': byte 0xe9"),
    ],
)
def test_training_and_prediction_name_the_same_faults(content, told, tmp_path):
    path = in_file(tmp_path, content)
    (bad,) = [row for row in ConllFile(path, ("tagging",), {}, "").rows() if isinstance(row, BadRow)]
    assert told in bad.describe(path)
    (bad,) = [row for row in open_inputs(path, config()).inputs() if isinstance(row, BadRow)]
    assert told in bad.describe(path)


def test_columns_have_the_names_of_conllu_or_numbers(tmp_path):
    content = word(1, "Ada", "PROPN", "NNP")
    assert sentences(tmp_path, content, tokens="lemma", tags="xpos") == [("ada", "NNP")]
    assert sentences(tmp_path, content, tokens="3", tags="XPOS") == [("ada", "NNP")]
    assert ConllFile(in_file(tmp_path, content), ("tagging",), {"tokens": "3"}, "").columns["tokens"] == "lemma"
    with pytest.raises(DataError, match="no column 'pos'"):
        sentences(tmp_path, content, tags="pos")
    with pytest.raises(OptionError, match="names 'text'; for tagging the words are tokens, tags"):
        sentences(tmp_path, content, text="form")


def opened(path, **options):
    entry = registry.find_dataset(f"conll:{path}", ("tagging",), options)
    return entry, entry.make(None, 0, **options)


def test_words_without_a_tag_are_read_and_make_no_class(tmp_path):
    partly = "".join(word(1, f"the{n}", "_") + word(2, f"cat{n}") + "\n" + word(1, "hm", "_") + "\n" for n in range(30))
    _, examples = opened(in_file(tmp_path, partly))
    assert examples.classes == ("NOUN",)
    found = [pair for part in examples.splits for pair in examples.split(part).as_numpy_iterator()]
    assert len(found) == 30  # Sentences in which no word has a tag are left out.
    assert {target for _, target in found} == {b"_ NOUN"}
    test = in_file(tmp_path, word(1, "a", "_") + word(2, "b"), "test.conllu")
    assert len(list(opened(tmp_path / "a.conll", test=test)[1].split("test"))) == 1
    plain = "".join(f"the{n} _\ncat{n} NOUN\n\n" for n in range(30))
    assert opened(in_file(tmp_path, plain))[1].classes == ("NOUN", "_")  # An ordinary tag outside CoNLL-U.
    with pytest.raises(DataError, match="has no tags: the column 'xpos' contains only '_'"):
        opened(in_file(tmp_path, partly), columns="tags=xpos")


def test_defaults_follow_the_data_and_not_the_name(tmp_path):
    names, parts = (registry.datasets.get(name).defaults for name in ("conll2003", "universal_dependencies"))
    assert names != parts
    for content, wanted in (("EU NNP I-NP B-ORG\n\n", names), ("EU NNP I-NP I-ORG\n\n", names), (FRENCH, parts)):
        assert registry.find_dataset(f"conll:{in_file(tmp_path, content)}", ("tagging",)).defaults == wanted


@pytest.mark.parametrize(
    ("content", "inputs", "written"),
    [
        ("EU NNP B-ORG\nrejects VBZ O\n\n", ["EU rejects"], "EU NNP B-ORG T1\nrejects VBZ O T2\n\n"),
        ("EU\tB-ORG\r\nsaid O \r\n", ["EU said"], "EU\tB-ORG\tT1\nsaid O T2\n\n"),
        ("EU\nrejects\n\n\nUN\n", ["EU rejects", "UN"], "EU\tT1\nrejects\tT2\n\n\nUN\tT1\n\n"),
        ("-DOCSTART-\tO\n\nde\tO\n", ["de"], "-DOCSTART-\tO\t_\n\nde\tO\tT1\n\n"),
        ("-DOCSTART-\n\nde O\n\n", ["de"], "-DOCSTART-\n\nde O T1\n\n"),
        ("#monday\tO\nfeels\tO\n", ["#monday feels"], "#monday\tO\tT1\nfeels\tO\tT2\n\n"),
        ("# id = 1\na O\n\n# the end\n", ["a"], "# id = 1\na O T1\n\n# the end\n\n"),
        ("EU NNP\tB-ORG\nsays VBZ O\n", ["EU says"], "EU NNP\tB-ORG\tT1\nsays VBZ O T2\n\n"),
        ("says VBZ O\nEU \tNNP B-ORG\n", ["says EU"], "says VBZ O T1\nEU \tNNP B-ORG\tT2\n\n"),
        ("New York\tO\nis\tO\n", [f"New{NBSP}York is"], "New York\tO\tT1\nis\tO\tT2\n\n"),
        (f"10{NBSP}000 X\n\n", [f"10{NBSP}000"], f"10{NBSP}000 X T1\n\n"),
    ],
)
def test_predictions_are_a_further_column_of_the_lines_that_are_read(content, inputs, written, tmp_path):
    assert predicted(tmp_path, content) == (inputs, written)


def test_conllu_is_written_so_that_it_is_read_again(tmp_path):
    inputs, written = predicted(tmp_path, FRENCH, name="a.conllu")
    assert inputs == ["de le pain"]
    lines, before = written.splitlines(), FRENCH.splitlines()
    assert lines[:2] == before[:2]
    assert lines[2:8] == [
        f"{line}\t{tag}" for line, tag in zip(before[2:7], ["_", "T1", "T2", "T3", "_"], strict=True)
    ] + [""]
    assert sentences(tmp_path, written) == [("de le pain", "ADP DET NOUN")]
    assert sentences(tmp_path, written, tags="11") == [("de le pain", "T1 T2 T3")]
    again = predicted(tmp_path, written)[1]
    assert again.splitlines()[3].endswith("\tT1\tT1")


def test_words_that_the_model_does_not_read_get_no_tag(tmp_path):
    source, out = open_inputs(in_file(tmp_path, "a O\nb O\n"), config()), io.StringIO()
    (asked,) = source.inputs()
    source.writer(out)(asked, {"tags": ["T 1"]})
    assert out.getvalue() == f"a O T{NBSP}1\nb O _\n\n"


def test_bytes_of_unused_columns_are_copied(tmp_path):
    foreign = b"# caf\xe9\nAda NNP\xe9 O\n\n"
    assert sentences(tmp_path, foreign) == [("Ada", "O")]
    inputs, written = predicted(tmp_path, foreign)
    assert inputs == ["Ada"]
    assert written.encode("utf-8", "surrogateescape") == b"# caf\xe9\nAda NNP\xe9 O T1\n\n"


def test_the_columns_of_training_are_read_where_the_file_has_them(tmp_path):
    content = word(1, "Ada")
    assert predicted(tmp_path, content, config(tokens="lemma", tags="xpos"))[0] == ["ada"]
    assert predicted(tmp_path, content, config(tokens="1", tags="2"))[0] == ["Ada"]
    assert predicted(tmp_path, content, config("csv", tokens="lemma"))[0] == ["Ada"]
    assert predicted(tmp_path, content, config(tokens="form"), columns="tokens=lemma,tags=xpos")[0] == ["ada"]
    assert predicted(tmp_path, "x Ada O\n", config(tokens="2", tags="3"))[0] == ["Ada"]
    assert predicted(tmp_path, "Ada O\n", config(tokens="lemma", tags="xpos"))[0] == ["Ada"]


def test_compressed_files_and_byte_order_marks(tmp_path):
    assert predicted(tmp_path, gzip.compress(b"Ada O\n"), name="a.conll.gz")[0] == ["Ada"]
    assert predicted(tmp_path, b"\xef\xbb\xbfAda O\n")[0] == ["Ada"]
