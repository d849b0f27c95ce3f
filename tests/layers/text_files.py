"""Texts that several tests share."""

import tensorflow as tf


def texts_of(ids, rows):
    return [text.decode() for text in ids.to_text(tf.constant(rows, tf.int32)).numpy()]
