"""The figure of a network reads a text as the network does: the same tokens, and the same ids."""

import random

import numpy as np
from live_pages import served

import keras_rnn_zoo as zoo
from keras_rnn_zoo.networks.index import shipped_folder

PARTS = (
    *(
        "the film",
        "Not dull",
        "isn't",
        "CAN'T",
        "they're 'fine'",
        "rock'n'roll",
        "o\u2019clock",
        "it\u00b4s",
        "…",
        "10/10",
        "e.g.",
    ),
    *(
        "<br /><br />",
        '<a href="x">',
        "a <b and c> d",
        "<!-- no\nword -->",
        "<!DOCTYPE html>",
        "<input disabled>",
        "<p",
    ),
    *(
        "İstanbul",
        "ΟΔΟΣ",
        "straße",
        "naïve",
        "e\u0301",
        "中文 字",
        "می‌خواهم",
        "हिन्दी",
        "👩‍👩‍👧",
        "👍🏽",
        "🇯🇵🇫🇷",
        "©",
        "½",
        "Ⅻ",
    ),
    *(
        "\u00ad",
        "soft\u00adhyphen",
        "\u200b",
        "\u200d",
        "\u200c",
        "\ufeff",
        "\u2028",
        "\x00",
        "\t",
        "\r\n",
        "\x85",
        "\u3000",
    ),
    *("[UNK]", "''", "``", "n't", "'s", "''s", "--", "!?", "[", "]", "\\", "$1", "\\1"),
)
RANGES = (
    (0x20, 0x7F),
    (0xA0, 0x250),
    (0x300, 0x530),
    (0x590, 0x700),
    (0x900, 0xA00),
    (0x2000, 0x2C00),
    (0x1F300, 0x1F700),
)
PROGRAM = """async ([facts, texts]) => {
  const { Reader } = await import("./tokens.js");
  const reader = new Reader(facts);
  return texts.map((text) => { const tokens = reader.tokens(text); return [tokens, reader.lookUp(tokens)]; });
}"""


def texts():
    """Returns a few hundred texts: reviews, what is hard to split, both mixed, and random characters."""
    draw = random.Random(0)
    words = (shipped_folder() / "imdb_reviews" / "task" / "vocabulary.txt").read_text().split("\n")[2:-1]
    made = ["", " ", *PARTS]
    for _ in range(300):
        parts = draw.choices(PARTS, k=draw.randint(1, 12)) + draw.choices(words, k=draw.randint(0, 12))
        draw.shuffle(parts)
        made.append(draw.choice(("", " ", " ")).join(parts))
    for _ in range(200):
        made.append("".join(chr(draw.randrange(*draw.choice(RANGES))) for _ in range(draw.randint(1, 40))))
    return [*made, " ".join(draw.choices(words, k=900))]


def test_tokens_and_ids_are_those_of_the_network(tmp_path, browser):
    from live import reader_facts, write_modules

    write_modules(tmp_path)
    (tmp_path / "index.html").write_text("<!doctype html>")
    tokenizer = zoo.load("imdb_reviews").task.reader.ids
    given = texts()
    with served(tmp_path) as url:
        page = browser.new_page()
        page.goto(f"{url}/index.html")
        found = page.evaluate(PROGRAM, [reader_facts(tokenizer), given])
    tokens = tokenizer.read(given).to_list()
    rows = tokenizer(np.array(given, object)).numpy()
    assert len({token for row in tokens for token in row}) > 1000
    for text, expected, row, (own_tokens, own_ids) in zip(given, tokens, rows, found, strict=True):
        assert [token.encode() for token in own_tokens] == expected, repr(text)
        assert own_ids == row[: max(1, len(expected))].tolist(), repr(text)


def test_patterns_of_re2_become_those_of_javascript():
    from live import javascript_pattern

    assert (
        javascript_pattern(r"[^\pL\s]\x{2019}(?s:.*?)\s\"\.")
        == r"[^\p{L}\t\n\f\r ]\u{2019}[^]*?[\t\n\f\r ]" + '"' + r"\."
    )
