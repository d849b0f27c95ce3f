"""The metadata at the top of a model card, as the Hugging Face Hub reads them. Imports no framework."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig


def registered_dataset(data: DatasetConfig) -> registry.Dataset | None:
    """Returns the registered dataset of a run; `None` for a user's own files, or if a plugin is missing."""
    known = registry.datasets
    return known.get(data.name) if data.name in known.names() else None


def front_matter(config: RunConfig, measured: Mapping[str, Any]) -> str:
    """Returns the metadata of a model card as YAML between two lines of dashes.

    The names and the layout are those of https://huggingface.co/docs/hub/model-cards. Of a user's own data, only the
    scores are named: the path of a file means nothing elsewhere, and may be private.

    Args:
        config: the description of the run.
        measured: its `metrics.json`.
    """
    import yaml

    dataset = registered_dataset(config.dataset)
    tag = registry.tasks.get(config.task.name).pipeline_tags.get(config.task.input, "")
    metadata: dict[str, Any] = {**_license(dataset), "library_name": "keras"}
    if tag:
        metadata["pipeline_tag"] = tag
    metadata["tags"] = ["keras-rnn-zoo", config.architecture, config.task.name]
    if dataset:
        metadata["datasets"] = [dataset.name]
    scores = {name: value for name, value in measured["metrics"].items() if name != "loss"}
    metadata["metrics"] = list(scores)
    if scores:
        metadata["model-index"] = [{"name": config.run, "results": [_result(config, measured, scores, tag, dataset)]}]
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)}---\n"


def _license(dataset: registry.Dataset | None) -> dict[str, str]:
    if dataset is None:
        return {}
    if dataset.license_id != "other":
        return {"license": dataset.license_id}
    link = {"license_link": dataset.terms} if dataset.terms else {}
    return {"license": "other", "license_name": dataset.license.split(";")[0], **link}


def _result(
    config: RunConfig,
    measured: Mapping[str, Any],
    scores: Mapping[str, float],
    tag: str,
    dataset: registry.Dataset | None,
) -> dict[str, Any]:
    name = dataset.name if dataset else "own data"
    return {
        "task": {"type": tag or config.task.name.replace("_", "-"), "name": config.task.name.replace("_", " ")},
        "dataset": {"type": name.replace(" ", "-"), "name": name, "split": measured["split"]},
        "metrics": [{"type": metric, "name": metric, "value": float(value)} for metric, value in scores.items()],
    }
