"""Files in parts that many workers answer: what needs no Apache Beam. With it: `make test-beam`."""

import csv
import gzip
import io
import re

import pytest
from click.testing import CliRunner
from pages import commands_of, programs_of, read, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo.beam import parts as parts_module
from keras_rnn_zoo.beam.answers import answered, faults_text, written
from keras_rnn_zoo.beam.failures import as_zoo_error
from keras_rnn_zoo.beam.job import Job, columns_of
from keras_rnn_zoo.beam.parts import Chunk, Part, chunks_of, parts_of, rows_of
from keras_rnn_zoo.beam.runner_options import check_form, runner_of
from keras_rnn_zoo.beam.shards import ERRORS, Piece, complete, counts_of, errors_path, shard_paths, shards_of
from keras_rnn_zoo.errors import DataError, OptionError, RunError, ZooError
from keras_rnn_zoo.packages import is_installed
from keras_rnn_zoo.user_data.rows import BadRow
from zoo_cli.main import cli

PAGE = text_of("beam.md")
RUNS = {"beam.md": [*commands_of(PAGE), *programs_of(PAGE)]}
ROWS = 4
"""Rows of a chunk in these tests."""


@pytest.fixture
def small_parts(monkeypatch):
    """Makes parts and batches of a few rows."""
    for module in ("beam.parts", "beam.answers", "inference.predict_file"):
        monkeypatch.setattr(f"keras_rnn_zoo.{module}.CHUNK_SIZE", ROWS)
    monkeypatch.setattr(parts_module, "ROWS", ROWS)


@pytest.fixture
def table(tmp_path):
    """A table of 23 rows, some with line breaks, blank, or such that they cannot be read."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["id", "text"])
    for number in range(23):
        rows.writerow([number, f"a {'very ' * (number % 5)}good film" + '\nwith "quotes"\n\n' * (number % 3 == 0)])
        if number % 7 == 6:
            text.write(f"{number},one,field too many\r\n\r\n")
    path = tmp_path / "in.csv"
    path.write_bytes(text.getvalue().encode().replace(b"17,a", b"17,\xff"))
    return path


def job_of(trained, path, output="out.csv", **settings):
    return Job(str(trained.path), trained.config, "csv", str(path.parent / output), **settings)


def text_in_parts(job, path, loaded):
    """Returns the text and the bad rows of all parts of a file, each read and written by itself."""
    pieces = []
    for part in parts_of(job.open(path), str(path)):
        for chunk in chunks_of(job.open(path), part):
            pieces.append(written(job, job.open(path), str(path), answered(loaded, chunk, {})))
    headers = {piece.header for piece in pieces if piece.answered}
    assert len(headers) <= 1
    return b"".join([*headers, *(piece.body for piece in pieces)]), [row for piece in pieces for row in piece.faults]


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl"])
def test_parts_together_are_the_answers_of_zoo_predict(name, trained, loaded, table, small_parts, tmp_path):
    counts = zoo.predict_file(loaded, str(table), str(tmp_path / name), skip_bad_rows=True)
    text, bad = text_in_parts(job_of(trained, table, name), table, loaded)
    assert text == (tmp_path / name).read_bytes()
    assert counts == {"predicted": 22, "skipped": len(bad)}
    assert len(bad) == 4
    assert {file for file, _, _ in bad} == {str(table)}
    assert bad[0][1:] == (
        "line 18",
        "3 fields, but the header has 2: a text that contains the separator or a line break needs quotes "
        "('6, one, field too many')",
    )
    assert any(reason.startswith("column 'text': byte 0xff at character 1 is not utf-8") for *_, reason in bad)


def test_parts_are_read_by_themselves_in_any_order(trained, table, small_parts):
    job = job_of(trained, table)
    found = list(parts_of(job.open(table), str(table), 5))
    assert [part.number for part in found] == list(range(5, 5 + len(found)))
    assert len(found) == 6
    alone = {part.number: list(rows_of(job.open(table), part)) for part in reversed(found)}
    assert [row for number in sorted(alone) for row in alone[number]] == list(job.open(table).inputs())


def test_a_compressed_file_is_one_part_in_several_chunks(trained, loaded, table, small_parts):
    zipped = table.with_suffix(".csv.gz")
    zipped.write_bytes(gzip.compress(table.read_bytes()))
    job = job_of(trained, table)
    (part,) = parts_of(job.open(zipped), str(zipped))
    assert part == Part(0, str(zipped))
    chunks = list(chunks_of(job.open(zipped), part))
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert [row for chunk in chunks for row in chunk.rows] == list(job.open(zipped).inputs())
    assert text_in_parts(job, zipped, loaded) == (
        text_in_parts(job, table, loaded)[0],
        [(str(zipped), *fault[1:]) for fault in text_in_parts(job, table, loaded)[1]],
    )


def test_a_file_of_only_bad_rows_has_no_answers(trained, loaded, small_parts, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("id,text\n" + "1,two,3\n" * 10)
    text, bad = text_in_parts(job_of(trained, path), path, loaded)
    assert text == b""
    assert [where for _, where, _ in bad] == [f"line {number}" for number in range(2, 12)]


def test_columns_of_further_files_follow_the_first(trained, loaded, tmp_path):
    for name, content in (("a.csv", "id,text\n1,good\n"), ("b.csv", "text,id\nbad,2\n")):
        (tmp_path / name).write_text(content)
    first = job_of(trained, tmp_path / "a.csv").open(tmp_path / "a.csv")
    job = job_of(trained, tmp_path / "a.csv", names=columns_of(first))
    text = b"".join(text_in_parts(job, tmp_path / name, loaded)[0] for name in ("a.csv", "b.csv")).decode()
    zoo.predict_file(loaded, str(tmp_path / "?.csv"), str(tmp_path / "both.csv"))
    header, *lines = (tmp_path / "both.csv").read_text().splitlines()
    assert [line for line in text.splitlines() if line != header] == lines


def test_a_row_that_cannot_be_predicted_leaves_the_others(loaded, monkeypatch):
    from keras_rnn_zoo.beam import answers
    from keras_rnn_zoo.user_data.prediction_inputs import InputRecord

    def predictions(loaded, records, options):
        if any(record.input == "worst" for record in records):
            raise DataError("It cannot be predicted.")
        return [{"label": record.input} for record in records]

    monkeypatch.setattr(answers, "predictions_of", predictions)
    rows = [InputRecord("a", None), BadRow("line 2", "", "", "it is bad"), InputRecord("worst", None)]
    found = answered(loaded, Chunk(Part(0, "x"), 0, [*rows, InputRecord("b", None)], last=True), {})
    assert found.predictions == [{"label": "a"}, "it is bad", "It cannot be predicted.", {"label": "b"}]


def test_formats_that_are_no_lines_are_refused(trained, loaded, table):
    job = job_of(trained, table, "out.json")
    chunk = next(chunks_of(job.open(table), Part(0, str(table))))
    with pytest.raises(DataError, match=r"out\.json' cannot be written in parts"):
        written(job, job.open(table), str(table), answered(loaded, chunk, {}))
    with pytest.raises(DataError, match=r"out\.npz' cannot be written in parts"):
        job_of(trained, table, "out.npz").output_of(job.open(table))


def piece(part, chunk, last, answered=2, bad=0):
    return Piece(part, chunk, last, f"{part}.{chunk}", b"h\n" if answered else b"", "", answered, bad)


def test_repeated_answers_count_once_and_missing_ones_are_noticed():
    pieces = [piece(1, 0, True), piece(0, 1, True, 0, 3), piece(0, 0, False), piece(1, 0, True)]
    found = complete(pieces, 2)
    assert [(one.part, one.chunk) for one in found] == [(0, 0), (0, 1), (1, 0)]
    assert counts_of(found) == {"predicted": 4, "skipped": 3}
    for missing in (pieces[1:3], pieces[:2], [pieces[2], pieces[0]]):
        with pytest.raises(ZooError, match="lost the answers to chunk"):
            complete(missing, 2)
    with pytest.raises(ZooError, match="chunk 0 of part 2"):
        complete(pieces, 3)


def test_shards_are_successive_and_about_as_large():
    pieces = [piece(number, 0, True) for number in range(10)]
    shards = shards_of(pieces, 3, b"file\n")
    assert [shard.number for shard in shards] == [0, 1, 2, ERRORS]
    assert [len(shard.pieces) for shard in shards[:3]] == [4, 3, 3]
    assert [path for shard in shards[:3] for path in shard.pieces] == [one.path for one in pieces]
    assert {shard.header for shard in shards[:3]} == {b"h\n"}
    assert [len(shard.pieces) for shard in shards_of(pieces[:1], 3, b"")] == [1, 0, 0, 0]
    with pytest.raises(DataError, match="different columns: 'g' and 'h'"):
        shards_of([*pieces, piece(10, 0, True)._replace(header=b"g\n")], 2, b"")


def test_names_of_the_files():
    assert shard_paths("gs://b/out.csv", 1) == ["gs://b/out.csv"]
    assert shard_paths("/a.b/out.csv.gz", 2) == [
        "/a.b/out-00000-of-00002.csv.gz",
        "/a.b/out-00001-of-00002.csv.gz",
    ]
    assert shard_paths("/a.b/out", 2)[1] == "/a.b/out-00001-of-00002"
    assert errors_path("/a.b/out.csv.gz") == "/a.b/out.errors.csv"
    assert errors_path("gs://b/out.jsonl") == "gs://b/out.errors.csv"
    assert errors_path("/a.b/out") == "/a.b/out.errors.csv"


def test_the_side_output_is_a_table():
    rows = [("a,b.csv", "line 1", 'a "reason"\nof two lines'), ("\udcff", "", "")]
    read = list(csv.reader(io.StringIO(faults_text(rows).decode(), newline="")))
    assert read[0] == list(rows[0])
    assert read[1][0] == "\\udcff"


@pytest.mark.parametrize("arguments", [["x"], ["-v"], ["--a=1", "b"], ["--a", "b", "c"], ["--"]])
def test_arguments_that_are_no_options_are_refused(arguments):
    with pytest.raises(OptionError, match="expects options of its runner"):
        check_form(arguments)


def test_options_of_the_runner_have_the_form_of_beam():
    check_form(["--runner", "FlinkRunner", "--streaming", "--parallelism=4"])
    assert runner_of(["--parallelism=4", "--runner", "FlinkRunner"]) == "FlinkRunner"
    assert runner_of([]) == ""


def test_the_error_of_a_worker_is_found_in_its_traceback():
    text = "Traceback:\n  File x\nkeras_rnn_zoo.errors.RunError: The export is damaged. [while running 'Answer/x']\n"
    assert repr(as_zoo_error(RuntimeError(text))) == repr(RunError("The export is damaged."))
    inner = RuntimeError("outer")
    inner.__cause__ = DataError("It is damaged.")
    assert as_zoo_error(inner) is inner.__cause__
    other = as_zoo_error(RuntimeError("bundle failed:\nValueError: x is bad"))
    assert str(other) == (
        "The Beam pipeline failed: ValueError: x is bad. For the messages of its workers, add --verbose."
    )


@pytest.mark.skipif(is_installed("apache_beam"), reason="apache_beam is installed, so nothing is missing")
def test_a_missing_beam_is_reported_with_what_installs_it(trained, table, tmp_path):
    with pytest.raises(ZooError, match=re.escape('apache_beam: pip install "keras-rnn-zoo[beam]"')):
        zoo.predict_file(trained, str(table), str(tmp_path / "out.csv"), engine="beam")
    assert not (tmp_path / "out.csv").exists()


def test_engines_and_what_goes_with_them(trained, table):
    for settings, message in (
        ({"engine": "spark"}, "expects 'beam'; received 'spark'"),
        ({"shards": 2}, "the options shards and runner require it"),
        ({"runner": ["--x"]}, "the options shards and runner require it"),
        ({"engine": "beam", "skip_bad_rows": True}, "Omit --skip-bad-rows|Omit skip_bad_rows"),
    ):
        with pytest.raises(OptionError, match=message):
            zoo.predict_file(trained, str(table), "out.csv", **settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shards", "2"], "--shards requires --engine beam"),
        (["--engine", "beam", "--input", "a.csv"], "requires --input FILE and --output FILE"),
        (["--engine", "beam", "--output", "a.csv"], "requires --input FILE and --output FILE"),
        (["--engine", "beam", "--json"], "cannot be combined with --stream, --rate, or --json"),
        (["--engine", "flink"], "'flink' is not 'beam'"),
    ],
)
def test_options_of_the_command_that_do_not_go_together(arguments, message):
    result = CliRunner().invoke(cli, ["predict", "run", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_file_through_an_export_is_answered_as_through_its_run(trained, loaded, table, copied, tmp_path):
    export = zoo.export(copied, check=False)
    for name, run in (("export.csv", str(export)), ("loaded.csv", zoo.load(export)), ("run.csv", loaded)):
        zoo.predict_file(run, str(table), str(tmp_path / name), skip_bad_rows=True)
    graph_order = {"probabilities": 1, "other": 2, "label": 3}  # It depends on the hashes of a process.
    assert list(zoo.load(export).in_order(graph_order)) == ["label", "probabilities", "other"]
    texts = [(tmp_path / name).read_text() for name in ("export.csv", "loaded.csv", "run.csv")]
    assert texts[0] == texts[1]
    rows = [list(csv.DictReader(io.StringIO(text, newline=""))) for text in texts[1:]]
    assert [list(row)[:4] for row in rows[0]] == [list(row)[:4] for row in rows[1]]
    for ours, theirs in zip(*rows, strict=True):
        assert ours["predicted_label"] == theirs["predicted_label"]
        assert float(ours["predicted_probability"]) == pytest.approx(float(theirs["predicted_probability"]), abs=1e-6)


@pytest.mark.parametrize("command", RUNS["beam.md"][:-1])
def test_the_commands_of_the_page_are_read(command):
    """tests/beam runs the first one, and the program."""
    read(command)
