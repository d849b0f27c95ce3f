"""Training: from the name of an architecture to a trained run. Independent of particular architectures and tasks."""

import contextlib
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.run import is_resumable
from keras_rnn_zoo.atomic_files import translate_os_errors
from keras_rnn_zoo.batching.batches import Batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.display.notebook import in_notebook, only_warnings, show
from keras_rnn_zoo.distributed.peers import Peers, joined
from keras_rnn_zoo.errors import OptionError, TrainingError, TrainingInterrupted
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.allocation import freed_memory_kept
from keras_rnn_zoo.training.keras_objects import separate_objects
from keras_rnn_zoo.training.plan import Request, make_plan
from keras_rnn_zoo.training.prepare import make_model, open_data, split_batches
from keras_rnn_zoo.training.progress import Progress
from keras_rnn_zoo.training.settings import SETTINGS
from keras_rnn_zoo.training.small_data import tie
from keras_rnn_zoo.training.source import find_source
from keras_rnn_zoo.training.trackers import check_trackers, tracking
from keras_rnn_zoo.training.write_run import write_run
from keras_rnn_zoo.user_data.python_data import bind_data

if TYPE_CHECKING:
    from keras_rnn_zoo.training.callbacks import BestCheckpoint
    from keras_rnn_zoo.training.fit import Fitting

logger = logging.getLogger(__name__)


def train(
    name: str | None = None,
    *,
    dataset: Any = None,
    data_dir: str | None = None,
    from_run: Any = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    optimizer: Any = None,
    learning_rate: Any = None,
    gradient_norm: float | None = None,
    adam_epsilon: float | None = None,
    warmup: float | None = None,
    weight_averaging: float | None = None,
    label_smoothing: float | None = None,
    adversarial: float | None = None,
    class_weight: str | Mapping[str, float] | None = None,
    metrics: str | Sequence[Any] | None = None,
    callbacks: Sequence[Any] | None = None,
    dtype_policy: str | None = None,
    patience: int | None = None,
    freeze: str | None = None,
    extend_vocabulary: bool | None = None,
    seed: int | None = None,
    run: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    save_every_steps: int | None = None,
    deterministic: bool | None = None,
    track: str | Sequence[str] = (),
    models_dir: str | None = None,
    verbose: int | str = "auto",
    **options: Any,
) -> Run:
    """Trains an architecture on a dataset, evaluates it on the test split and writes the run.

    On the JAX backend, several processes can train together: each makes the same call, with the address of process 0 in
    its environment, and process 0 writes the run. See docs/distributed.md.

    Args:
        name: the architecture's name or an alias; by default, the architecture of `from_run`.
        dataset: the dataset's name, the address of files, such as `csv:reviews.csv`, data in memory, such as a
            DataFrame or `(x, y)` (see docs/data.md), or a `registry.Dataset`; by default, the embedded dataset.
        data_dir: folder of prepared TFDS datasets; by default, that of TFDS.
        from_run: a run, or its name, whose weights the training starts from (fine-tuning). The model has its options
            unless others are passed; layers that it lacks, such as the head for other classes, are new.
        epochs: maximum number of passes over the training split; see `patience`.
        batch_size: number of examples in a batch.
        optimizer: a name listed by `zoo show`, such as `"sgd"`, or a `keras.optimizers.Optimizer`.
        learning_rate: the optimizer's initial learning rate, which decays to zero along a cosine; or a
            `keras.optimizers.schedules.LearningRateSchedule`.
        gradient_norm: global norm to which larger gradients are scaled down; 0 leaves them as they are.
        adam_epsilon: the epsilon of Adam and its variants.
        warmup: steps in which the learning rate rises from zero, before it decays; a number below 1 is a fraction of
            all steps.
        weight_averaging: decay of an exponential moving average of the weights, such as 0.999, which is validated and
            kept in place of the weights of the last step.
        label_smoothing: probability that the loss in training shares among all classes, such as 0.1; validation and
            evaluation report the loss without it.
        adversarial: size of the change to the embeddings of a text that raises its loss most, such as 0.3; each step
            also trains on the changed text. For text inputs.
        class_weight: for classification, how much each class counts in the loss: a mapping from class names to weights
            (1 for those left out), the same as text (`"spam=3,ham=1"`), or `"balanced"`.
        metrics: for classification and regression, further metrics of Keras: names, or objects that take class indices
            `(batch,)` and logits `(batch, classes)`, or numbers `(batch, targets)`.
        callbacks: further `keras.callbacks.Callback` objects.
        dtype_policy: Keras dtype policy of the model in training: `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`.
            Weights, predictions and exports stay in float32.
        patience: number of epochs without improvement on the validation split after which training stops; 0 trains all
            epochs. For files with few examples, the defaults of `epochs`, `batch_size` and `patience` are adapted, so
            that there are enough optimizer steps.
        freeze: with `from_run`, the part that keeps the weights of the run: `"frontend"`, what reads the input, or
            `"encoder"`, everything but the head.
        extend_vocabulary: with `from_run`, whether tokens that only the new data has are added to the vocabulary; by
            default they are, except to that of a frozen part.
        seed: seed of the weights, the order of the examples, dropout and the validation split.
        run: name of the run; by default, that of the architecture.
        resume: whether to resume an interrupted training, with its settings. Objects that were passed to it must be
            passed again, because they cannot be saved.
        overwrite: whether to discard an unfinished training of the same name.
        save_every_steps: number of steps between checkpoints within an epoch; by default, a checkpoint is saved only at
            the end of each epoch.
        deterministic: whether TensorFlow uses only deterministic operations, some of which are slower. This stays in
            effect until the process ends.
        track: experiment trackers to record the settings and metrics in, as addresses: `"mlflow:"` or
            `"mlflow:http://localhost:5000"`, `"wandb:"` or `"wandb:PROJECT"`; see docs/comparing.md.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        verbose: as in `keras.Model.fit`: 0 for no output, 1 for a progress bar, 2 for a line per epoch. `"auto"` is 2
            in a notebook, otherwise 1.
        **options: options of the architecture, the task and the dataset, as listed by `zoo show NAME --dataset D`. For
            your own data, these include `columns` (a dict or text), `validation`, `test` and `skip_bad_rows`.

    Returns:
        The run. An earlier finished run of the same name is kept next to it, as `<run>.1`.

    Raises:
        UnknownNameError: the architecture or dataset is unknown.
        OptionError: an option is unknown, or its value is invalid.
        DataError: the dataset cannot be read.
        RunError: there is an unfinished training of this name, or none to resume; or another process writes the run.
        TrainingError: the loss is not finite, a file cannot be written after a checkpoint was saved, or another process
            of the training failed or was lost.
        TrainingInterrupted: Ctrl-C was pressed. After at least one epoch, the best weights so far are kept as the run.
            The attribute `resumable` states whether the training can be resumed.
    """
    settings = {"epochs": epochs, "batch_size": batch_size, "optimizer": optimizer, "learning_rate": learning_rate}
    settings |= {"gradient_norm": gradient_norm, "adam_epsilon": adam_epsilon, "metrics": metrics}
    settings |= {"warmup": warmup, "weight_averaging": weight_averaging, "label_smoothing": label_smoothing}
    settings |= {"adversarial": adversarial, "class_weight": class_weight}
    settings |= {"dtype_policy": dtype_policy, "patience": patience}
    settings |= {"seed": seed, "save_every_steps": save_every_steps, "deterministic": deterministic}
    settings |= {"freeze": freeze, "extend_vocabulary": extend_vocabulary}
    source = None if from_run is None else find_source(from_run, models_dir)
    if name is None and source:
        name = source.config.architecture
    if name is None:
        known = ", ".join(registry.list_architectures())
        raise OptionError(f'Name the architecture, as in zoo.train("many_to_one", ...). There are {known}.')
    plain, objects = separate_objects({**settings, "callbacks": callbacks}, SETTINGS)
    trackers = (track,) if isinstance(track, str) else tuple(track)
    check_trackers(trackers)
    dataset, options = bind_data(dataset, options)
    request = Request(name, dataset, data_dir, plain, options, run, models_dir, objects, source, trackers)
    if verbose == "auto" and in_notebook():  # A progress bar would fill the saved notebook with control characters.
        verbose = 2
    with joined() as peers:
        return train_request(request, resume=resume, overwrite=overwrite, verbose=verbose, peers=peers)


def train_request(
    request: Request,
    *,
    resume: bool = False,
    overwrite: bool = False,
    verbose: int | str = 0,
    split: str = "test",
    peers: Peers | None = None,
) -> Run:
    """Trains as requested, and returns the run; what fails leaves a checkpoint and says how to resume.

    Args:
        request: the arguments of the user.
        resume: as in `train`.
        overwrite: as in `train`.
        verbose: as in `train`, but not `"auto"`.
        split: the split that the run is measured on at the end. Only after `"test"` is the run finished.
        peers: the processes that train together; `None` for this one alone.

    Raises:
        ZooError: as `train`.
    """
    peers = peers or Peers()
    verbose = verbose if peers.chief else 0
    with contextlib.ExitStack() as lock, only_warnings(verbose == 0):
        with peers.together("plan"):
            if peers.chief:
                lock.enter_context(run_lock(request.path))
            peers.check_objects(request.objects.descriptions())
            plan = make_plan(request, resume=resume, overwrite=overwrite)
        finished = _train_plan(Progress(plan, request.objects, peers, trackers=request.trackers), verbose, split)
        if verbose:
            show(finished.result)
        return finished


def _train_plan(progress: Progress, verbose: int | str, split: str) -> Run:
    plan = progress.plan
    try:
        with translate_record_errors(plan.config.dataset.name), translate_os_errors(), freed_memory_kept():
            _train(progress, verbose, split)
    except KeyboardInterrupt:  # Ctrl-C before the first step, or pressed again.
        kept = progress.resume_advice("No checkpoint was saved.")
        raise TrainingInterrupted(f"Interrupted. {kept}", resumable=progress.has_checkpoint) from None
    except OSError as error:
        if not progress.has_checkpoint:
            raise
        raise TrainingError(
            f"The training of {plan.path.name!r} stopped: the system reported {error}. Its last checkpoint is in "
            f"{plan.unfinished}. Fix that and continue with --resume."
        ) from error
    finally:
        if progress.peers.chief and not is_resumable(plan.path):
            shutil.rmtree(plan.unfinished, ignore_errors=True)
    return Run(plan.path)


def _train(progress: Progress, verbose: int | str, split: str) -> None:
    peers = progress.peers
    examples, task, source = open_data(progress)
    training, validation = split_batches(progress.config, task, examples, peers.share())

    from keras_rnn_zoo.training.fit import fit

    with peers.sharing():
        fitting = _to_fit(progress, task, source, validation)
    del source
    model, keeper = fitting.model, fitting.keeper
    try:
        with tracking(progress.trackers if peers.chief else (), progress.config) as trackers:
            with peers.sharing():
                fit(replace(fitting, trackers=trackers), training, validation, verbose, resume=progress.plan.resumed)
            with peers.together("run"):
                if peers.chief:
                    write_run(progress, task, model, keeper, split, examples)
            for tracked in trackers:
                tracked.record({f"{split}_{name}": value for name, value in Run(progress.plan.path).metrics.items()})
    except KeyboardInterrupt:
        if not peers.chief:
            raise
        message = _keep_interrupted(progress, task, model, keeper, examples)
        raise TrainingInterrupted(message, resumable=progress.has_checkpoint) from None
    if peers.chief:
        progress.remove_unfinished()


def _to_fit(progress: Progress, task: Task, source: LoadedRun | None, validation: Batches) -> "Fitting":
    """Returns the model of a training before its first step, and what is needed to fit it."""
    from keras_rnn_zoo.training.callbacks import BestCheckpoint
    from keras_rnn_zoo.training.fine_tuning import freeze, start_from
    from keras_rnn_zoo.training.fit import Fitting

    plan, config, peers = progress.plan, progress.config, progress.peers
    model = make_model(config, task)
    task.prepare_model(model)
    if progress.vectors:
        progress.vectors.assign(model)
    if source:
        start_from(model, task, config, source)
    freeze(model, config.training.freeze)
    peers.split_loops(model)
    logger.info("%s: %s weights.", model.name, f"{model.count_params():,}")
    margin = tie(validation.examples) if task.counts_examples else 0.0
    keeper = BestCheckpoint(
        plan.unfinished, task.monitor, task.monitor_mode, config.training.patience, margin, peers.chief
    )
    return Fitting(plan.unfinished, config.training, progress.objects, model, task, keeper, writes=peers.chief)


def _keep_interrupted(progress: Progress, task: Task, model: Any, keeper: "BestCheckpoint", examples: Examples) -> str:
    """Writes the best weights so far as the run, and returns a message for the user."""
    if not keeper.rows:
        return f"Interrupted before the end of the first epoch. {progress.resume_advice('Nothing was saved.')}"
    write_run(progress, task, model, keeper, "validation", examples)
    advice = " Resume the training to continue." if progress.has_checkpoint else ""
    path = progress.plan.path
    return (
        f"Interrupted after epoch {len(keeper.rows)} of {progress.config.training.epochs}. The best weights so far "
        f"are the run {path.name!r} in {path.parent}.{advice}"
    )
