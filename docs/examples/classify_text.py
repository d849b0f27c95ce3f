"""Runs an exported text classifier with TensorFlow alone. Usage: classify_text.py FOLDER TEXT..."""

import sys

import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
outputs = model.signatures["serving_default"](text=tf.constant(sys.argv[2:]))
for text, label, probabilities in zip(sys.argv[2:], outputs["label"], outputs["probabilities"], strict=True):
    print(f"{label.numpy().decode()} ({max(probabilities.numpy()):.1%})  {text}")
