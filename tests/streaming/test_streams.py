import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from tests.streaming_models import reader, untrained
