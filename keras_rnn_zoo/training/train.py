"""From a name to a trained run. The trainer knows no architecture and no task."""

import logging
import shutil
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.model_card import model_card
from keras_rnn_zoo.artifacts.publish_run import atomic_run, check_config, write_config
from keras_rnn_zoo.artifacts.run import STATE, Run, is_resumable
from keras_rnn_zoo.atomic_files import remove_partial, translate_os_errors, write_json, write_text
from keras_rnn_zoo.batching import Batches, make_batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import DataError, TrainingError, TrainingInterrupted
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE as EVALUATION_BATCH_SIZE
from keras_rnn_zoo.inference.evaluate import score
from keras_rnn_zoo.inference.load import LoadedRun, make_task, open_examples
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.allocation import freed_memory_kept
from keras_rnn_zoo.training.checkpoint import write_model
from keras_rnn_zoo.training.plan import Plan, Request, make_plan
from keras_rnn_zoo.training.small_data import ADAPTED, adapted_settings, enough_examples, tie
from keras_rnn_zoo.training.subsampling import choose_subsampling

if TYPE_CHECKING:
    from keras_rnn_zoo.training.callbacks import BestCheckpoint

logger = logging.getLogger(__name__)


def train(
    name: str,
    *,
    dataset: str | None = None,
    data_dir: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    patience: int | None = None,
    seed: int | None = None,
    run: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    save_every_steps: int | None = None,
    deterministic: bool | None = None,
    models_dir: str | None = None,
    verbose: int | str = "auto",
    **options: Any,
) -> Run:
    """Trains an architecture, measures it on the test split and writes the run.

    Args:
        name: the architecture's name or an alias.
        dataset: the data set's name, or the address of files of your own, such as `csv:reviews.csv`; the
            architecture's embedded one by default.
        data_dir: folder of prepared TFDS data sets; TFDS's own by default.
        epochs: most passes over the training split; see `patience`.
        batch_size: examples in a batch.
        learning_rate: the optimizer's first learning rate, which falls to zero along a cosine.
        patience: epochs without improvement on the validation split after which training stops; 0 trains all epochs.
            For files with few examples, the defaults of `epochs`, `batch_size` and `patience` make enough optimizer
            steps to learn from them.
        seed: seed of the weights, the order of the examples, dropout and the validation split.
        run: name of the run; the architecture's by default.
        resume: whether to go on with an interrupted training, whose settings are used.
        overwrite: whether to discard an unfinished training of that name.
        save_every_steps: also save the training state every so many steps within an epoch; by default it is saved only
            at the end of each epoch.
        deterministic: whether TensorFlow uses only operations that give the same numbers each time, some of which are
            slower. It then does so until the process ends.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.
        verbose: as in `keras.Model.fit`: 0 for silence, 1 for a progress bar, 2 for a line an epoch.
        **options: options of the architecture, the task and the data set, as `zoo show NAME --dataset D` lists them;
            for files among them `columns`, `validation`, `test` and `skip_bad_rows`.

    Returns:
        The run. A finished run of the same name is kept beside it, as `<run>.1`.

    Raises:
        UnknownNameError: an unknown architecture or data set.
        OptionError: an unknown option, or a value that it does not accept.
        DataError: the data set cannot be read.
        RunError: an unfinished training stands in the way, or there is none to resume; another process writes the run.
        TrainingError: the loss is not finite, or the system refuses a file after some epochs are done.
        TrainingInterrupted: Ctrl-C; after an epoch or more, the best weights so far are kept as the run. Its attribute
            `resumable` tells whether the training can be resumed.
    """
    settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    settings |= {"patience": patience, "save_every_steps": save_every_steps, "deterministic": deterministic}
    request = Request(name, dataset, data_dir, settings, options, run, models_dir)
    with run_lock(request.path):
        plan = make_plan(request, resume=resume, overwrite=overwrite)
        try:
            with (
                translate_record_errors(plan.config["dataset"]["name"]),
                translate_os_errors(),
                freed_memory_kept(),
            ):
                _train(plan, verbose)
        except KeyboardInterrupt:  # Before the first step, or for a second time.
            kept = "its state is kept; resume the training to go on" if _has_state(plan) else "no state of it was kept"
            raise TrainingInterrupted(f"The training was interrupted: {kept}.", resumable=_has_state(plan)) from None
        except OSError as error:
            if not _has_state(plan):
                raise
            raise TrainingError(
                f"The training of {plan.path.name!r} stopped, for the system refused: {error}. What was done until its "
                f"state was last saved is in {plan.unfinished}: mend that, and go on by --resume."
            ) from error
        finally:
            if not is_resumable(plan.path):
                shutil.rmtree(plan.unfinished, ignore_errors=True)
        return Run(plan.path)


def _has_state(plan: Plan) -> bool:
    """Whether a state of this training was saved, to resume it from.

    Until the data is open, an earlier unfinished training that `overwrite` will discard is still there.
    """
    has_begun = plan.resumed or "backend" in plan.config["versions"]
    return has_begun and is_resumable(plan.path)


def _train(plan: Plan, verbose: int | str) -> None:
    examples = _open_examples(plan)  # First, since a data set that is missing is found before a framework is loaded.
    _adapt_settings(plan, examples)
    if plan.config["training"]["deterministic"]:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(plan.config["seed"])
    task = _fitted_task(plan, examples)

    from keras_rnn_zoo.training.callbacks import BestCheckpoint
    from keras_rnn_zoo.training.fit import fit

    training, validation = _make_batches(plan, task, examples)
    model = registry.architectures.get(plan.config["architecture"]).make(
        **{**plan.config["options"], **task.model_options()}
    )
    logger.info("%s: %s weights.", model.name, f"{model.count_params():,}")
    loaded = LoadedRun(Run(plan.unfinished), task, model)
    keeper = BestCheckpoint(
        plan.unfinished,
        task.monitor,
        task.monitor_mode,
        plan.config["training"]["patience"],
        tie(validation.examples) if task.counts_examples else 0.0,
    )
    try:
        fit(plan, model, task, keeper, training, validation, verbose)
        test = make_batches(examples.split("test"), task, EVALUATION_BATCH_SIZE, references=True)
        _write_run(plan, loaded, keeper, "test", test)
    except KeyboardInterrupt:
        message = _keep_interrupted(plan, loaded, keeper, examples)
        raise TrainingInterrupted(message, resumable=_has_state(plan)) from None
    _forget(plan)


def _forget(plan: Plan) -> None:
    """Removes what an interruption would go on from."""
    (plan.unfinished / STATE).unlink(missing_ok=True)  # First, for without it nothing of the rest is gone on with.
    shutil.rmtree(plan.unfinished)


def _open_examples(plan: Plan) -> Examples:
    examples = open_examples(plan.config, plan.config["dataset"]["data_dir"])
    dataset = plan.config["dataset"]
    facts = {"version": examples.version, "checksum": examples.checksum, **examples.facts}
    if plan.resumed and any(dataset[key] != value for key, value in facts.items()):
        raise DataError(
            f"The dataset {dataset['name']!r} differs from the one this training began with (SHA-256 "
            f"{examples.checksum}, then {dataset['checksum']}). Bring that one back, or train anew with --overwrite."
        )
    dataset.update(facts)
    plan.config["task"]["classes"] = list(examples.classes)
    check_config(plan.config)
    return examples


def _adapt_settings(plan: Plan, examples: Examples) -> None:
    """Adapts the settings that the user left to the data to the number of training examples."""
    settings = plan.config["training"]
    free = plan.free & ADAPTED.keys()
    if not free:
        return
    training, enough = examples.split("train"), enough_examples(settings)
    count = int(training.cardinality())
    if count < 0:
        count = int(training.take(enough).reduce(np.int64(0), lambda total, *_: total + 1))
    adapted = adapted_settings(count, settings, free)
    if adapted != settings:
        logger.info(
            "With %s examples to train on, the defaults are %s.",
            f"{count:,}",
            ", ".join(f"{name}={adapted[name]}" for name in ADAPTED if name in free),
        )
    settings.update(adapted)


def _fitted_task(plan: Plan, examples: Examples) -> Task:
    """Returns the task, fitted on the training split or as fitted before the interruption."""
    task = make_task(plan.config)
    run = Run(plan.unfinished)
    if plan.resumed:
        logger.info("Resuming the training of %s.", plan.path.name)
        remove_partial(run.path)
        task.load(run.task_path)
        return task
    shutil.rmtree(run.path, ignore_errors=True)
    run.task_path.mkdir(parents=True)
    logger.info("%s: %s.", plan.config["dataset"]["name"], task.fit(examples.split("train")))
    task.save(run.task_path)
    if examples.report:
        examples.report(task)
    if "subsampling" in plan.free:
        plan.config["options"]["subsampling"], reason = choose_subsampling(examples, task)
        logger.info("%s", reason)
    plan.config["versions"]["backend"] = keras.backend.backend()
    write_config(run, plan.config)
    return task


def _make_batches(plan: Plan, task: Task, examples: Examples) -> tuple[Batches, Batches]:
    batch_size = plan.config["training"]["batch_size"]
    training = make_batches(examples.split("train"), task, batch_size, shuffle_seed=plan.config["seed"])
    validation = make_batches(examples.split("validation"), task, EVALUATION_BATCH_SIZE)
    logger.info(
        "%s: %s examples to train on, in %s batches of up to %s with %.1f%% padding; %s to validate on.",
        plan.config["dataset"]["name"],
        f"{training.examples:,}",
        f"{training.count:,}",
        batch_size,
        100 * training.padding,
        f"{validation.examples:,}",
    )
    return training, validation


def _keep_interrupted(plan: Plan, loaded: LoadedRun, keeper: "BestCheckpoint", examples: Examples) -> str:
    """Writes the best weights so far as the run, and returns what to tell the user."""
    if not keeper.rows:
        kept = "its state is kept; resume the training to go on" if _has_state(plan) else "nothing was kept"
        return f"Interrupted before the first epoch ended: {kept}."
    validation = make_batches(examples.split("validation"), loaded.task, EVALUATION_BATCH_SIZE, references=True)
    _write_run(plan, loaded, keeper, "validation", validation)
    advice = "; resume the training to go on" if _has_state(plan) else ""
    return (
        f"Interrupted after epoch {len(keeper.rows)} of {plan.config['training']['epochs']}. The best weights so far "
        f"are the run {plan.path.name!r} in {plan.path.parent}{advice}."
    )


def _write_run(plan: Plan, loaded: LoadedRun, keeper: "BestCheckpoint", split: str, batches: Batches) -> None:
    """Writes the run's folder, with the best weights and what they reach on a split."""
    keeper.load_best(loaded.model)
    metrics, report = score(loaded, batches)
    config = {**plan.config, "finished": split == "test", "epochs_trained": len(keeper.rows)}
    config["best_epoch"] = int(keeper.best["epoch"])
    with atomic_run(plan.path, again=plan.resumed) as folder:
        run = Run(folder)
        write_model(loaded.model, run.model_path)
        for name in ("task", "logs"):
            shutil.copytree(plan.unfinished / name, folder / name)
        shutil.copy(keeper.history_path, folder)
        write_json(
            folder / "metrics.json", {"split": split, "examples": batches.examples, "metrics": metrics, **report}
        )
        write_text(folder / "README.md", model_card(config, run.metrics))
        write_config(run, config)
