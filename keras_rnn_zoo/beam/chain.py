"""Runs a chain of transforms as a pipeline, and what its handlers of models share."""

from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineState

from keras_rnn_zoo.beam.runner_options import LOCAL
from keras_rnn_zoo.errors import ZooError


class BatchHandler(ModelHandler):
    """Answers elements that are batches, with a model that each worker process loads once."""

    def __init__(self) -> None:
        super().__init__(env_vars={"TF_CPP_MIN_LOG_LEVEL": "3"})

    def should_skip_batching(self) -> bool:
        return True  # An element is a batch, whose rows are those of the same batch without Beam.

    def get_num_bytes(self, batch: Sequence[Any]) -> int:
        return 0  # They are not known before an element is read.

    def get_metrics_namespace(self) -> str:
        return "KerasRNNZoo"


def run_chain(transforms: Mapping[str, Any], options: PipelineOptions) -> None:
    """Runs transforms one after another, each on the output of the one before, and waits for the end.

    Args:
        transforms: the transforms by their labels, in order.
        options: the options of Beam.

    Raises:
        ZooError: the runner reports that the pipeline failed. Other errors are those of the runner.
    """
    pipeline = beam.Pipeline(runner=_runner(options), options=options)
    collection: Any = pipeline
    for name, transform in transforms.items():
        collection = collection | name >> transform
    result = pipeline.run()
    state = result.wait_until_finish() or result.state
    if state != PipelineState.DONE:
        raise ZooError(f"The pipeline ended in the state {state}. See the messages of its runner.")


def _runner(options: PipelineOptions) -> Any:
    """Returns the runner on this machine, which passes the options on to its workers; `None` for another one."""
    if options.view_as(StandardOptions).runner != LOCAL:
        return None
    from apache_beam.portability.api import beam_provision_api_pb2
    from apache_beam.runners.portability.fn_api_runner import fn_runner
    from apache_beam.runners.portability.portable_runner import JobServiceHandle

    encoded = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    provision = beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    return fn_runner.FnApiRunner(provision_info=fn_runner.ExtendedProvisionInfo(provision))
