"""The example notebook and ten mistakes, executed by a kernel: what its cells show."""

import html
import re
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parent.parent / "docs" / "examples" / "notebook.ipynb"
FRAMEWORK_LINE = re.compile(
    r"(?i)\b(tensorflow|oneDNN|cuda|xla|absl|retracing|StreamExecutor|INFO:|WARNING:|I0000|E0000)"
)

MISTAKES = {
    'zoo.train("many_to_won")': ("UnknownNameError", "Did you mean 'many_to_one'"),
    'zoo.train("many_to_one", dataset="imdb")': ("UnknownNameError", "'imdb_reviews'"),
    'zoo.train("many_to_one", dataset="csv:review.csv")': ("DataError", "review.csv"),
    'zoo.train("many_to_one", dataset="csv:reviews.csv", columns="text=text")': ("ColumnError", "'text'"),
    'zoo.train("many_to_one", dataset="csv:unlabeled.csv", columns=COLUMNS)': ("DataError", "line 3"),
    'zoo.train("many_to_one", unit=3)': ("OptionError", "Did you mean 'units'?"),
    'zoo.train("many_to_one", cell="lstn")': ("OptionError", "received 'lstn'"),
    'zoo.train("many_to_one", optimizer="adan")': ("OptionError", "received 'adan'"),
    'zoo.train("many_to_one", callbacks=print)': ("OptionError", "Put it in a list."),
    'zoo.load("opinion")': ("RunError", "Did you mean 'opinions'?"),
    'run.predict("a dull film")': ("DataError", "Put it in a list."),
    "zoo.predict(run, [3])": ("DataError", "3"),
}
PREPARED = """
COLUMNS = "text=review,label=opinion"
lines = Path("reviews.csv").read_text().splitlines()
lines[2] = "a film without an opinion,"
Path("unlabeled.csv").write_text("\\n".join(lines));
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The cells of the notebook and of the mistakes with their outputs."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in (PREPARED, *MISTAKES)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ZOO_MODELS_DIR", raising=False)
        patch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        client = nbclient.NotebookClient(
            notebook,
            timeout=600,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute()
    return {cell.source: cell.outputs for cell in notebook.cells}


def shown(outputs):
    """Returns the text that a cell shows, and that of its error, without colors."""
    parts = [output.get("text") or "\n".join(output.get("traceback", ())) for output in outputs]
    parts += [output["data"]["text/plain"] for output in outputs if "data" in output]
    return re.sub(r"\x1b\[[0-9;]*m", "", "".join(parts))


def cell(executed, beginning):
    return next(outputs for source, outputs in executed.items() if source.startswith(beginning))


def test_the_notebook_is_kept_without_outputs_and_names_no_machine():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert sys.prefix not in NOTEBOOK.read_text()


@pytest.mark.slow
def test_no_cell_shows_a_line_of_a_framework_or_writes_to_standard_error(executed):
    for source, outputs in executed.items():
        assert not FRAMEWORK_LINE.search(shown(outputs)), source
        assert not [output for output in outputs if output.get("name") == "stderr"], source


@pytest.mark.slow
def test_a_training_shows_the_data_each_epoch_and_the_result(executed):
    lines = shown(cell(executed, "run = zoo.train(")).splitlines()
    text = "\n".join(lines)
    assert "bad 40 (50.0%)" in text and "good 40 (50.0%)" in text
    assert "As the model sees it: " in text
    assert [line for line in lines if line.startswith("Epoch ")] == [f"Epoch {n}/4" for n in range(1, 5)]
    assert re.search(r"^All 4 epochs done; the best was epoch \d\.", text, re.MULTILINE)
    assert re.match(r"Test split \(8 examples\): loss \d\.\d{4}, accuracy ", lines[-1])
    assert not re.search(r"[\b\r\x1b]", text)


@pytest.mark.slow
def test_objects_are_shown_as_tables(executed):
    (described,), (history,) = executed["run"], executed["run.history"]
    assert described["data"]["text/html"].startswith("<table>")
    assert "opinions" in html.unescape(described["data"]["text/html"])
    assert history["data"]["text/html"].count("<tr>") == 5
    assert shown(cell(executed, "run.predict([")).startswith("[{'label': '")
    assert float(shown(cell(executed, "run.evaluate("))) >= 0.5
    assert shown(cell(executed, "run.export(")).endswith("saved_models/opinions/1')")


@pytest.mark.slow
@pytest.mark.parametrize("source", MISTAKES)
def test_an_error_is_one_paragraph(source, executed):
    kind, message = MISTAKES[source]
    (output,) = executed[source]
    assert output["output_type"] == "error"
    text = shown([output])
    assert text.startswith(f"{kind}: ")
    assert message in text
    assert "Traceback" not in text and "\n" not in text


@pytest.mark.slow
def test_the_cell_that_is_meant_to_fail_fails_shortly(executed):
    (output,) = cell(executed, 'zoo.train("many_to_one", dataset="csv:reviews.csv", columns="text=reviews')
    assert "'reviews'" in shown([output]) and len(output["traceback"]) == 1
