"""The format `conll`: tagged sentences in CoNLL-2003 or CoNLL-U."""

from collections.abc import Iterator, Mapping
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.conventions import UNSPECIFIED
from keras_rnn_zoo.user_data.conll_file import WORDS, ConllFile
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn, Writer, unsupported_format
from keras_rnn_zoo.user_data.prediction_outputs import Prediction
from keras_rnn_zoo.user_data.rows import BadRow


def sentence_inputs(location: str, trained: TrainedOn, *, columns: str = "", encoding: str = "") -> InputFile:
    """Opens sentences to predict; tags are written as an additional column."""
    if trained.source != WORDS[0]:
        raise unsupported_format(location, trained)
    encoding = trained.encoding_of(location, encoding)
    user_column, (training_column, _) = trained.column_given(columns), trained.known_column("conll")

    def opened(column: str) -> ConllFile:
        tokens = {WORDS[0]: column} if column else {}
        return ConllFile(location, (trained.task,), tokens, encoding, WORDS[:1])

    file = opened(user_column)
    if not user_column and training_column in file.names:
        file = opened(training_column)

    def inputs() -> Iterator[InputRecord | BadRow]:
        for sentence in file.sentences():
            yield sentence.bad or InputRecord(" ".join(sentence.tokens) or None, sentence.lines)

    def writer(output: IO[str]) -> Writer:
        def write(record: InputRecord, prediction: Prediction) -> None:
            tags = iter(prediction.get("tags", ()))
            for line in record.record:
                # Programs such as conlleval require the same number of columns in all lines.
                print(line.with_column(next(tags, UNSPECIFIED) if line.is_token else UNSPECIFIED), file=output)
            print(file=output)

        return write

    return InputFile(str(file.file.path), inputs, writer)


@registry.file_format(
    "conll",
    order=5,
    tasks=("tagging",),
    address="conll:FILE",
    endings=("conll", "conllu", "iob", "bio"),
    unclear_endings=("txt", "tsv"),
    inputs=("text",),
    column_names="conll",
    predict=sentence_inputs,
)
def conll(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """Tagged sentences in CoNLL-2003 or CoNLL-U: a token per line, an empty line after a sentence; gzip or not."""
    return dataset_from_files("conll", ConllFile, location, tasks, options, config)
