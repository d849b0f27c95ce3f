"""The pipeline of an evaluation: workers answer the parts of labeled data.

    parts ─▶ Reshuffle ─▶ RunInference ─▶ GroupByKey ─▶ ListParts

As in `pipeline.py`, it is a single chain, and only the names of temporary files go between workers.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from keras_rnn_zoo.beam import storage
from keras_rnn_zoo.beam.chain import BatchHandler, run_chain
from keras_rnn_zoo.beam.evaluation import (
    Evaluated,
    EvaluationJob,
    OpenedJob,
    batches_of,
    in_order,
    open_job,
    write_batch,
)
from keras_rnn_zoo.datasets.examples import SplitPart

LIST = "parts.json"


class Evaluator(BatchHandler):
    """Answers parts with the run of a job, which each worker process loads once, as it opens the data once."""

    def __init__(self, job: EvaluationJob, parts: int, folder: str) -> None:
        super().__init__()
        self._job, self._parts, self._folder = job, parts, folder

    def load_model(self) -> OpenedJob:
        return open_job(self._job)

    def run_inference(
        self, batch: Sequence[int], model: OpenedJob, inference_args: Mapping[str, Any] | None = None
    ) -> Iterable[tuple[int, Evaluated]]:
        return [(0, self._evaluated(model, part)) for part in batch]

    def _evaluated(self, opened: OpenedJob, part: int) -> Evaluated:
        examples = 0
        with storage.new_file(self._folder, f"answers-{part:09}") as (path, file):
            for answers in batches_of(opened, self._job.split, SplitPart(part, self._parts)):
                write_batch(file, answers, outputs=self._job.outputs)
                examples += len(answers.references)
        return Evaluated(part, path, examples)


class ListParts(beam.DoFn):
    """Checks that there are answers to all parts, and writes where they are."""

    def __init__(self, parts: int, folder: str) -> None:
        super().__init__()
        self._parts, self._folder = parts, folder

    def process(self, keyed: tuple[int, Iterable[Evaluated]]) -> Iterator[int]:
        # If a worker repeats a part, all of its files are complete, and one of them counts.
        found = {part.part: part for part in sorted(Evaluated(*part) for part in keyed[1])}
        with storage.written(f"{self._folder}/{LIST}") as file:
            file.write(json.dumps(in_order(found, self._parts)).encode())
        yield len(found)


def run_evaluation(job: EvaluationJob, parts: int, folder: str, options: PipelineOptions) -> list[Evaluated]:
    """Answers the parts of labeled data.

    Args:
        job: the job.
        parts: number of parts.
        folder: the folder for the answers, which all workers must reach.
        options: the options of Beam.

    Returns:
        The parts in order.

    Raises:
        ZooError: the runner reports that the pipeline failed. Other errors are those of the runner.
    """
    transforms = {
        "Parts": beam.Create([[part] for part in range(parts)], reshuffle=False).with_output_types(Any),
        "Distribute": beam.Reshuffle(),
        "Answer": RunInference(Evaluator(job, parts, folder)).with_output_types(tuple[int, Any]),
        "Collect": beam.GroupByKey(),
        "List": beam.ParDo(ListParts(parts, folder)).with_output_types(int),
    }
    run_chain(transforms, options)
    return [Evaluated(*part) for part in json.loads(storage.read(f"{folder}/{LIST}"))]
