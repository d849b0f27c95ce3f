# ruff: noqa: RUF001 - the texts are in many scripts.
"""Texts that several tests share."""

import tensorflow as tf
from hypothesis import strategies as st

ANY_TEXT = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            ["Hello", "isn't", "L'été", "ПРИВЕТ", "今日は", "สวัสดี", "नमस्ते", "می\u200cخواهم", "שלום", "한국어"]
        ),
        st.sampled_from([" ", "  ", "\n", "\t", "\r\n", "\x00", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u00ad"]),
        st.sampled_from(
            [".", " ?", "...", '"', "\u2019", "-", "<br>", "[UNK]", "1998", "½", "👩\u200d❤\ufe0f", "🇫🇷", "\\n"]
        ),
    )
).map("".join)


def texts_of(ids, rows):
    return [text.decode() for text in ids.to_text(tf.constant(rows, tf.int32)).numpy()]
