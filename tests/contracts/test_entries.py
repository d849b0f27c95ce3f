"""What every data set keeps to, with its architecture and its default options: training and evaluation."""

import pytest
from entry_runs import ENTRIES, EXAMPLES, open_small

import keras_rnn_zoo as zoo


@pytest.mark.parametrize(("name", "dataset"), ENTRIES)
def test_the_loss_falls(runs, name, dataset):
    rows = (runs(name, dataset).path / "history.csv").read_text().splitlines()
    column = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert losses[-1] < 0.99 * losses[0]


@pytest.mark.parametrize(("name", "dataset"), ENTRIES)
def test_evaluation_repeats_the_metrics_of_training(runs, name, dataset, monkeypatch):
    run = runs(name, dataset)
    open_small(monkeypatch)
    scorecard = zoo.evaluate(run)
    assert scorecard.examples == EXAMPLES["test"]
    assert scorecard.metrics == pytest.approx(run.metrics, abs=1e-5)
    known = "loss accuracy macro_f1 f1 roc_auc mse mae bleu chrf cider exact_match perplexity bits_per_character"
    assert set(scorecard.metrics) <= {*known.split(), *"rmse smape mase wql coverage cer wer sequence_accuracy".split()}
    assert len(scorecard.metrics) > 1
