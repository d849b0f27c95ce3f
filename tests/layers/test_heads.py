import keras
import pytest

from keras_rnn_zoo.layers.heads import output_head


@pytest.mark.parametrize(("head", "outputs"), [("classification", 7), ("regression", 1)])
def test_a_head_gives_float32_in_any_precision(head, outputs):
    x = keras.Input((3,), dtype="float16")
    answer = output_head(x, head=head, num_classes=7)
    assert answer.shape == (None, outputs)
    assert answer.dtype == "float32"
