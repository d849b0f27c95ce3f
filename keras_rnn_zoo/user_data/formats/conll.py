"""Tagged sentences in CoNLL-2003 or CoNLL-U."""

from collections.abc import Iterator, Mapping
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.conventions import UNSPECIFIED
from keras_rnn_zoo.user_data.conll_file import WORDS, ConllFile
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn, Writer, unfit
from keras_rnn_zoo.user_data.prediction_outputs import Prediction
from keras_rnn_zoo.user_data.rows import BadRow


def sentence_inputs(place: str, trained: TrainedOn, *, columns: str = "", encoding: str = "") -> InputFile:
    """Opens sentences to predict; tags are written as a further column."""
    if trained.source != WORDS[0]:
        raise unfit(place, trained)
    encoding = trained.encoding_of(place, encoding)
    given, (known, _) = trained.column_given(columns), trained.known_column("conll")

    def opened(column: str) -> ConllFile:
        tokens = {WORDS[0]: column} if column else {}
        return ConllFile(place, (trained.task,), tokens, encoding, WORDS[:1])

    found = opened(given)
    if not given and known in found.names:
        found = opened(known)

    def inputs() -> Iterator[InputRecord | BadRow]:
        for sentence in found.sentences():
            yield sentence.bad or InputRecord(" ".join(sentence.tokens) or None, sentence.lines)

    def writer(file: IO[str]) -> Writer:
        def write(record: InputRecord, prediction: Prediction) -> None:
            tags = iter(prediction.get("tags", ()))
            for line in record.beside:
                # All lines get as many columns, which programs such as conlleval require.
                print(line.with_column(next(tags, UNSPECIFIED) if line.is_token else UNSPECIFIED), file=file)
            print(file=file)

        return write

    return InputFile(str(found.file.path), inputs, writer)


@registry.file_format(
    "conll",
    order=5,
    tasks=("tagging",),
    address="conll:FILE",
    endings=("conll", "conllu", "iob", "bio"),
    inputs=("text",),
    column_names="conll",
    predict=sentence_inputs,
)
def conll(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """Tagged sentences in CoNLL-2003 or CoNLL-U: a token a line, an empty line after a sentence; gzip or not."""
    return dataset_from_files("conll", ConllFile, place, tasks, options, config)
