"""The options of Beam and its runners, as on the command line of any Beam pipeline."""

import argparse
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError, nearest
from keras_rnn_zoo.packages import require_packages

DIRECT = ("directrunner", "fnapirunner", "")
"""Names of the runner on this machine. Beam 2 would first download another one, Prism, from the network."""
LOCAL, DASK = "FnApiRunner", "daskrunner"
RUNNERS = {**dict.fromkeys(DIRECT, LOCAL), DASK: "apache_beam.runners.dask.dask_runner.DaskRunner"}
"""Other names by which Beam finds a runner."""
CHECKED = (*DIRECT, DASK)
"""Runners whose options Beam knows completely; those of others may be those of a job server."""


def check_form(arguments: Sequence[str]) -> None:
    """Raises `OptionError` unless arguments have the form of options, as in `--runner=FlinkRunner --parallelism 4`."""
    value_may_follow = False
    for argument in arguments:
        is_option = argument.startswith("--") and len(argument) > 2
        if not is_option and not (value_may_follow and not argument.startswith("-")):
            raise OptionError(
                f"After --, --engine beam expects options of its runner, such as --runner=FlinkRunner; received "
                f"{short_repr(argument)}."
            )
        value_may_follow = is_option and "=" not in argument


def runner_of(arguments: Sequence[str]) -> str:
    """Returns the name of the runner that arguments choose; "" for none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", default="")
    return str(parser.parse_known_args(list(arguments))[0].runner)


def pipeline_options(arguments: Sequence[str]) -> Any:
    """Returns the `PipelineOptions` of arguments.

    Args:
        arguments: the options, as on the command line.

    Raises:
        OptionError: an option is unknown to Beam and to the runner, has no valid value, or is no option.
    """
    check_form(arguments)
    arguments = list(arguments)
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, WorkerOptions

    kind = runner_of(arguments).rpartition(".")[2].lower()
    if kind == DASK:
        require_packages(["distributed"], "", "The runner DaskRunner", OptionError)
        from apache_beam.runners.dask.dask_runner import DaskOptions  # noqa: F401  It defines the runner's options.

        if not any(argument.startswith(("--dask_npartitions", "--dask_partition_size")) for argument in arguments):
            arguments.append("--dask_partition_size=1")  # Else 128 parts are one task, which holds all their rows.
    _check_known(arguments, unknown_allowed=kind not in CHECKED)
    options = PipelineOptions(list(arguments))
    workers = options.view_as(WorkerOptions)
    workers.default_sdk_harness_log_level = workers.default_sdk_harness_log_level or "WARNING"
    if kind in RUNNERS:
        options.view_as(StandardOptions).runner = RUNNERS[kind]
    return options


def _check_known(arguments: Sequence[str], *, unknown_allowed: bool) -> None:
    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

    class Parser(_BeamArgumentParser):
        def error(self, message: str) -> Any:
            raise OptionError(f"Beam refuses the options of its runner: {message}. Correct them.")

    parser = Parser(allow_abbrev=False)
    for kind in {str(kind): kind for kind in PipelineOptions.__subclasses__()}.values():
        kind._add_argparse_args(parser)
    unknown = [argument for argument in parser.parse_known_args(list(arguments))[1] if argument.startswith("--")]
    if unknown and not unknown_allowed:
        name = unknown[0].partition("=")[0]
        close = nearest(name, [option for action in parser._actions for option in action.option_strings])
        hint = f"Did you mean {close[0]}? " if close else ""
        raise OptionError(f"Beam has no option {name}. {hint}See the options of the runner in Beam's documentation.")
