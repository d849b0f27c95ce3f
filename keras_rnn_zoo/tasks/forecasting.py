"""Forecasting: the next values of series, from their past."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import damaged, read_values
from keras_rnn_zoo.artifacts.schema import NUMBERS, any_of, dict_of, integer, list_of, null, number, positive
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_json
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers._training_rows import TrainingRows
from keras_rnn_zoo.readers.window import WindowReader
from keras_rnn_zoo.tasks._forecast_scores import (
    LinearForecast,
    past_of,
    per_step,
    point_scores,
    quantile_scores,
    seasonal_differences,
    seasonal_naive,
    spread_of,
)
from keras_rnn_zoo.tasks._inspected import Passage
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.user_data.frequency import find_frequency
from keras_rnn_zoo.user_data.quantiles import DEFAULT_LEVELS, MEDIAN, parse_levels
from keras_rnn_zoo.user_data.target_checks import check_number
from keras_rnn_zoo.user_data.timestamps import SECOND

_SAVED = {
    "season": integer(1),
    "scale": list_of(number),
    "spread": any_of(null, positive),  # Runs of earlier versions were not calibrated.
    "linear": dict_of(any_of(NUMBERS, list_of(NUMBERS))),
}
"""What is kept of a fitted task, and how it is checked."""
BATCH_SIZE = 256
"""Number of windows that the linear forecast reads at once."""
_BASELINES = {"seasonal_naive": "the seasonal naive forecast", "linear": "the linear forecast"}

logger = logging.getLogger(__name__)


@registry.task(
    outputs={
        "forecast": "the medians of the next values: float32 (batch, horizon, targets)",
        "quantiles": "their quantiles, in the order of the levels: float32 (batch, horizon, targets, levels)",
    },
    readers={"window": "window"},
    main_metric="mase",
    files=registry.TaskFiles(
        target="target",
        source="time",
        columns={
            "time": "time date datetime timestamp ds month year week day hour date_time datum",
            "target": "target value y",
            "id": "id unique_id item_id series_id",
            "known": "known",
        },
        check=check_number,
        dtype="float32",
        formats=("csv", "tsv", "jsonl", "json", "parquet", "arrow", "hf", "excel", "sqlite", "memory"),
    ),
    pipeline_tags={"window": "time-series-forecasting"},
)
class Forecasting(Task):
    """Forecasts the next values of series: their medians, and quantiles that say how certain they are.

    Args:
        quantiles: levels of the quantiles, separated by commas; the median is always one of them. Empty for the median
            alone.
        calibration: whether quantiles are spread further around the median if too few values of the validation split
            lie between the lowest and the highest one (conformalized quantile regression; Romano et al. 2019).
        season: steps in a season, for the seasonal naive forecast that every evaluation states; 0 for the usual one: a
            day of shorter steps, a week of days, or a year of weeks, months or quarters.
    """

    gives_logits = False

    FILE = "forecast.json"
    targets_match_input_length = False
    output_form = "numbers"
    forecasts = True

    reader: WindowReader

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        quantiles: str = DEFAULT_LEVELS,
        calibration: bool = True,
        season: Annotated[int, Range(0, 100_000)] = 0,
    ) -> None:
        super().__init__(reader, classes)
        self.levels = parse_levels(quantiles)
        self.calibrates = calibration and len(self.levels) > 1
        self.spread = 1.0
        self.season = season
        self.scale: list[float] = [1.0]
        self.linear: LinearForecast | None = None

    def fit(self, examples: Any) -> str:
        raw, target = examples.element_spec
        rows = TrainingRows(examples)
        learned = self.reader.learn(rows, raw["series"].shape[0], target.shape[0])
        self.season = self.season or usual_season(rows.times)
        self.scale = seasonal_differences(rows.values, rows.starts, self.season).tolist()
        batches = examples.map(self.example).batch(BATCH_SIZE).as_numpy_iterator()
        known = len(self.reader.known_mean)
        self.linear = LinearForecast.fit(batches, self.reader.horizon, self._relative, rows.windows, known)
        return f"{learned}, a season of {quantity(self.season, 'step')}"

    def prepare_model(self, model: Any) -> None:
        """Lets the model add to the linear forecast, which training leaves as it is, if it has such a linear map."""
        layers = [layer for layer in model.layers if layer.name == "autoregression"]
        if layers and self.linear is not None:
            levels = np.asarray(self.levels)
            spread = self.linear.residuals(levels)  # (horizon, levels)
            kernel = np.repeat(self.linear.weights, len(levels), axis=1)
            layers[0].set_weights([kernel, (self.linear.intercept[:, None] + spread).ravel()])
            layers[0].trainable = False

    def calibrate(self, answers: Iterable[tuple[Any, Any]]) -> None:
        pairs = [(np.asarray(targets)[..., 0], np.sort(np.asarray(logits), axis=-1)) for targets, logits in answers]
        truth, quantiles = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        self.spread = spread_of(truth, quantiles, self.levels)
        if self.spread > 1:
            logger.info("Quantiles are spread by %.2f around the median, to cover the validation split.", self.spread)

    @property
    def _relative(self) -> bool:
        return bool(self.reader.normalization == "last_value")

    def model_options(self) -> dict[str, Any]:
        return {**super().model_options(), "head": "forecasting", "levels": len(self.levels)}

    def save(self, folder: Path) -> None:
        super().save(folder)
        assert self.linear is not None  # `fit` was called.
        linear = {"weights": _rounded(self.linear.weights), "intercept": _rounded(self.linear.intercept)}
        learned = {"season": self.season, "scale": self.scale, "spread": self.spread, "linear": linear}
        write_json(folder / self.FILE, learned)

    def load(self, folder: Path | Member) -> None:
        super().load(folder)
        document = read_values(folder / self.FILE, _SAVED)
        self.season, self.scale = document["season"], document["scale"]
        self.spread = document.get("spread") or 1.0
        self.linear = LinearForecast(**document["linear"], known=len(self.reader.known_mean))
        reader = self.reader
        features = reader.history * (1 + len(reader.known_mean)) + reader.horizon * reader.covariates
        fits = self.linear.weights.shape == (features, reader.horizon) == (features, *self.linear.intercept.shape)
        if not fits or len(self.scale) != len(reader.mean):
            raise damaged(Path(folder / self.FILE), f"what it holds is not for the windows of {reader.FILE}")

    def read(self, raw: Any) -> Any:
        return tf.nest.map_structure(lambda tensor: tensor[0], self.preprocess(*self.reader.add_batch_axis(raw)))

    def with_target(self, inputs: Any, target: Any) -> tuple[Any, Any]:
        mean, deviation = (tf.constant(one, tf.float32) for one in (self.reader.mean, self.reader.deviation))
        return inputs, ((target - mean) / deviation)[..., None]

    def lengths(self, inputs: Any, target: Any) -> list[Any]:
        return [tf.constant(self.reader.history)]

    def prediction_signature(self) -> dict[str, Any]:
        shape = [None, self.reader.horizon, len(self.reader.mean)]
        return {
            "forecast": tf.TensorSpec(shape, tf.float32),
            "quantiles": tf.TensorSpec([*shape, len(self.levels)], tf.float32),
        }

    def loss(self) -> Any:
        from keras_rnn_zoo.layers.forecast import PinballLoss

        return PinballLoss(self.levels)

    def loss_weight(self, targets: Any) -> int:
        return int(np.isfinite(targets).sum())

    def decode(self, outputs: Any, inputs: Any) -> dict[str, Any]:
        mean, deviation = (tf.constant(one, tf.float32)[:, None] for one in (self.reader.mean, self.reader.deviation))
        # A model may give quantiles in the wrong order where they are close.
        quantiles, middle = tf.sort(tf.cast(outputs, tf.float32), axis=-1), self.levels.index(MEDIAN)
        if self.spread != 1:
            median = quantiles[..., middle : middle + 1]
            quantiles = median + self.spread * (quantiles - median)
        quantiles = quantiles * deviation + mean
        return {"forecast": quantiles[..., middle], "quantiles": quantiles}

    def output_labels(self, count: int, passage: Passage, *raw: Any) -> list[str]:
        return self.reader.step_labels(self.reader.history + count, *raw)[self.reader.history :]

    def output_names(self) -> tuple[str, ...]:
        return tuple(map(str, self.levels))

    def output_values(self, outputs: Any) -> Any:
        return self.decode(outputs, None)["quantiles"]

    def judged_values(self, logits: Any) -> tuple[Any, Any]:
        forecast = np.asarray(self.decode(logits, None)["forecast"])
        return forecast, forecast

    def judged_targets(self, targets: Any) -> Any:
        scale, offset = (np.asarray(one, "float32") for one in (self.reader.deviation, self.reader.mean))
        return np.asarray(targets)[..., 0] * scale + offset

    def output_units(self) -> tuple[Any, Any]:
        scale, offset = (np.asarray(one, "float32")[:, None] for one in (self.reader.deviation, self.reader.mean))
        return scale, offset

    def predictions_for_scoring(self, generate: Callable[[Any], Any], inputs: Any, logits: Any) -> dict[str, Any]:
        mean, deviation = (np.asarray(one, "float32") for one in (self.reader.mean, self.reader.deviation))
        assert self.linear is not None  # `load` or `fit` was called.
        naive = seasonal_naive(past_of(inputs), self.reader.horizon, self.season)
        linear = self.linear(inputs, self.reader.horizon, self._relative)
        others = {"seasonal_naive": naive * deviation + mean, "linear": linear * deviation + mean}
        return {**self.decode(logits, inputs), **others}

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        truth, scale = np.stack(references), np.asarray(self.scale)
        forecasts = {name: np.stack(predictions[name]) for name in ("forecast", *_BASELINES)}
        scores = {name: point_scores(truth, forecast, scale) for name, forecast in forecasts.items()}
        quantiles = np.stack(predictions["quantiles"])
        of_quantiles, below = quantile_scores(truth, quantiles, self.levels)
        report = {
            "baselines": {name: scores[name] for name in _BASELINES},
            "per_step": per_step(truth, forecasts["forecast"], quantiles, scale, self.levels),
            "below_quantile": below,
            "standardized": self._standardized(truth, forecasts["forecast"]),
            "standardized_baselines": {name: self._standardized(truth, forecasts[name]) for name in _BASELINES},
        }
        if "mase" in scores["forecast"]:
            log_comparison({name: one["mase"] for name, one in scores.items()})
        return {**scores["forecast"], **of_quantiles}, report

    def _standardized(self, truth: Any, forecast: Any) -> dict[str, float]:
        """Returns the errors of values that are scaled by the training split, as papers on long horizons state them."""
        mean, deviation = np.asarray(self.reader.mean), np.asarray(self.reader.deviation)
        ones = np.ones(len(self.scale))
        scores = point_scores((truth - mean) / deviation, (forecast - mean) / deviation, ones)
        return {name: scores[name] for name in ("mse", "mae") if name in scores}

    def describe(self, prediction: Mapping[str, Any]) -> str:
        lines = []
        for step, (values, quantiles) in enumerate(
            zip(prediction["forecast"], prediction["quantiles"], strict=True), 1
        ):
            cells = [
                f"{value:.4g} ({low[0]:.4g} to {low[-1]:.4g})" for value, low in zip(values, quantiles, strict=True)
            ]
            lines.append(f"+{step}: {', '.join(cells)}")
        return "; ".join(lines)


def log_comparison(errors: Mapping[str, float]) -> None:
    """Logs the MASE of a network and of the forecasts that it must beat, and warns if it does not beat one of them.

    Args:
        errors: the MASE of `"forecast"`, `"seasonal_naive"` and `"linear"`.
    """
    ours = errors["forecast"]
    stated = ", ".join(f"{title} {errors[name]:.4f}" for name, title in _BASELINES.items())
    logger.info("MASE of the network %.4f; on the same windows, of %s.", ours, stated)
    better = [title for name, title in _BASELINES.items() if errors[name] <= ours]
    if better:
        logger.warning(
            "The network does not beat %s. Train it longer, on more data or with other options, or use the "
            "simpler forecast.",
            " and ".join(better),
        )


def usual_season(times: Sequence[Any]) -> int:
    """Returns the number of steps in the usual season, 1 if there is none.

    Args:
        times: the wall-clock times of each series in seconds, int64 `(rows,)`.
    """
    frequency = find_frequency([np.unique(one) * SECOND for one in times])
    return frequency.season if frequency else 1


def _rounded(weights: Any) -> Any:
    """Returns an array as nested lists of numbers with the digits of a float32."""
    return [_rounded(row) for row in weights] if weights.ndim > 1 else [float(f"{value:.8g}") for value in weights]
