"""Classifies a text that is still coming in, with TensorFlow alone. Usage: stream_text.py FOLDER < FILE."""

import sys

import tensorflow as tf

signatures = tf.saved_model.load(sys.argv[1]).signatures
states = signatures["start"](rows=tf.constant(1))
while part := sys.stdin.buffer.read1(64):
    outputs = signatures["step"](**states, text=tf.constant([part]))
    states = {name: outputs[name] for name in states}
    label, probabilities = outputs["label"][0].numpy().decode(), outputs["probabilities"][0].numpy()
    print(f"{label} ({max(probabilities):.1%})", flush=True)
