import keras
import numpy as np
import pytest

from keras_rnn_zoo.layers.characters import CharacterReader

# Two sentences of three words and of one, a character's id in each place.
IDS = np.array([[[3, 4, 5, 6], [7, 0, 0, 0], [8, 3, 0, 0]], [[5, 5, 9, 0], [0, 0, 0, 0], [0, 0, 0, 0]]], "int32")


@pytest.fixture(scope="module")
def reader():
    keras.utils.set_random_seed(0)
    return CharacterReader(vocabulary_size=10, units=3, embedding_dim=4)


def read(reader, ids):
    return keras.ops.convert_to_numpy(reader(ids))


def test_each_word_has_a_vector(reader):
    assert read(reader, IDS).shape == (2, 3, 6)
    assert reader.compute_output_spec(keras.KerasTensor((None, None, None), "int32")).shape == (None, None, 6)


def test_a_word_is_read_the_same_in_any_sentence_and_position(reader):
    together = read(reader, IDS)
    for sentence, word, length in ((0, 0, 4), (0, 1, 1), (0, 2, 2), (1, 0, 3)):
        alone = read(reader, IDS[sentence, word, :length][None, None])
        np.testing.assert_allclose(together[sentence, word], alone[0, 0], atol=1e-6)


def test_the_order_of_the_characters_matters_both_ways(reader):
    there, back = read(reader, np.array([[[3, 4, 5], [5, 4, 3]]], "int32"))[0]
    assert np.abs(there - back)[:3].max() > 1e-4
    assert np.abs(there - back)[3:].max() > 1e-4


def test_the_reader_is_restored_from_its_config(reader):
    again = CharacterReader.from_config(reader.get_config())
    again.build(IDS.shape)
    again.set_weights(reader.get_weights())
    np.testing.assert_array_equal(read(again, IDS), read(reader, IDS))
