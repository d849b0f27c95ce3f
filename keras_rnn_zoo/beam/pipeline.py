"""The pipeline: parts of files are read, answered by `RunInference`, and written.

    parts ─▶ Reshuffle ─▶ ReadPart ─▶ RunInference ─▶ WriteAnswers ─▶ GroupByKey
          ─▶ PlanShards ─▶ Reshuffle ─▶ WriteShard

It is a single chain without further outputs: a chunk's answers and bad rows are committed together, and it runs on
runners that support little more, such as Dask's. Between workers go the places of rows and the names of temporary
files, never the rows: a runner may hold what goes between them in memory.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from keras_rnn_zoo.beam import storage
from keras_rnn_zoo.beam.answers import ERRORS as ERRORS_HEADER
from keras_rnn_zoo.beam.answers import Answers, answered, faults_text, written
from keras_rnn_zoo.beam.chain import BatchHandler, run_chain
from keras_rnn_zoo.beam.job import Job
from keras_rnn_zoo.beam.parts import Chunk, Part, chunks_of
from keras_rnn_zoo.beam.shards import ERRORS, Piece, Shard, complete, counts_of, shards_of
from keras_rnn_zoo.inference.predictor import Predictor

COUNTS = "counts.json"


class ReadPart(beam.DoFn):
    """Reads a part in chunks, each as a batch of its own."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def setup(self) -> None:
        self._files = storage.OpenFiles(self._job)

    def process(self, part: Part) -> Iterator[list[Chunk]]:
        for chunk in chunks_of(self._files.open(part.path), part):
            yield [chunk]  # A batch, for `RunInference`.

    def teardown(self) -> None:
        self._files.close()


class Answerer(BatchHandler):
    """Answers chunks with the model of a job, which each worker process loads once."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def load_model(self) -> Predictor:
        from keras_rnn_zoo.inference.load import load

        with storage.local_folder(self._job.model) as folder:
            return load(str(folder))

    def run_inference(
        self, batch: Sequence[Chunk], model: Predictor, inference_args: Mapping[str, Any] | None = None
    ) -> Iterable[Answers]:
        return [answered(model, chunk, self._job.options) for chunk in batch]

    def get_num_bytes(self, batch: Sequence[Chunk]) -> int:
        inputs = [getattr(row, "input", "") for chunk in batch for row in chunk.rows]
        return sum(len(input) for input in inputs if isinstance(input, str | bytes))


class WriteAnswers(beam.DoFn):
    """Writes the answers to a chunk to a temporary file."""

    def __init__(self, job: Job, folder: str) -> None:
        super().__init__()
        self._job, self._folder = job, folder

    def setup(self) -> None:
        self._files = storage.OpenFiles(self._job)

    def process(self, answers: Answers) -> Iterator[tuple[int, Piece]]:
        chunk = answers.chunk
        text = written(self._job, self._files.open(chunk.part.path), chunk.part.path, answers)
        name = f"{chunk.part.number:09}-{chunk.number:06}"
        path = storage.write_new(self._folder, f"answers-{name}", text.body)
        faults = storage.write_new(self._folder, f"errors-{name}", faults_text(text.faults))
        counts = text.answered, len(text.faults)
        yield 0, Piece(chunk.part.number, chunk.number, chunk.last, path, text.header, faults, *counts)

    def teardown(self) -> None:
        self._files.close()


class PlanShards(beam.DoFn):
    """Checks that there are answers to all chunks, and divides them between the files of the output."""

    def __init__(self, parts: int, number: int, folder: str) -> None:
        super().__init__()
        self._parts, self._number, self._folder = parts, number, folder

    def process(self, keyed: tuple[int, Iterable[Piece]]) -> Iterator[Shard]:
        pieces = complete((Piece(*piece) for piece in keyed[1]), self._parts)
        with storage.written(f"{self._folder}/{COUNTS}") as file:
            file.write(json.dumps(counts_of(pieces)).encode())
        yield from shards_of(pieces, self._number, faults_text([ERRORS_HEADER]))


class WriteShard(beam.DoFn):
    """Writes a file of the output under a temporary name."""

    def __init__(self, folder: str, zipped: bool) -> None:
        super().__init__()
        self._folder, self._zipped = folder, zipped

    def process(self, shard: Shard) -> Iterator[int]:
        number, header, pieces = shard
        zipped = self._zipped and number != ERRORS
        storage.write_shard(shard_file(self._folder, number), Shard(number, header, pieces), zipped=zipped)
        yield number


def shard_file(folder: str, number: int) -> str:
    """Returns where a file of the output is until all are complete."""
    return f"{folder}/{'errors' if number == ERRORS else f'shard-{number:05}'}"


def run_pipeline(
    job: Job, parts: Sequence[Part], folder: str, shards: int, options: PipelineOptions
) -> Mapping[str, int]:
    """Answers parts of files, and writes the files of the output to a temporary folder; see `shard_file`.

    Args:
        job: the job.
        parts: all parts.
        folder: the folder, which all workers must reach.
        shards: number of files, not counting the one of bad rows.
        options: the options of Beam.

    Returns:
        The numbers of rows that were answered, `predicted`, and of those in the side output, `skipped`.

    Raises:
        ZooError: the runner reports that the pipeline failed. Other errors are those of the runner.
    """
    transforms = {
        "Parts": beam.Create(list(parts), reshuffle=False).with_output_types(Any),
        "Distribute": beam.Reshuffle(),
        "Read": beam.ParDo(ReadPart(job)).with_output_types(Any),
        "Answer": RunInference(Answerer(job)).with_output_types(Any),
        "WriteAnswers": beam.ParDo(WriteAnswers(job, folder)).with_output_types(tuple[int, Any]),
        "Collect": beam.GroupByKey(),
        "Plan": beam.ParDo(PlanShards(len(parts), shards, folder)).with_output_types(Any),
        "DistributeShards": beam.Reshuffle(),
        "WriteShards": beam.ParDo(WriteShard(folder, job.output.endswith(".gz"))).with_output_types(int),
    }
    run_chain(transforms, options)
    counts: Mapping[str, int] = json.loads(storage.read(f"{folder}/{COUNTS}"))
    return counts
