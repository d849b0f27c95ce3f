"""Queries of SQLite databases: which rows they select, and that they can do nothing else."""

import sqlite3

import pytest
from columnar_files import ROWS, examples, opened, write_sqlite

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.formats.sqlite import QueryRows


def test_a_query_selects_the_rows(as_csv, tmp_path):
    write_sqlite(tmp_path / "a.db")
    query = "SELECT review AS text, stars AS label FROM reviews -- the whole table;"
    entry, data = opened(f"sqlite:{tmp_path / 'a.db'}?{query}")
    assert entry.name == f"sqlite:{tmp_path / 'a.db'}?{query}"
    assert examples(data) == examples(opened(f"csv:{as_csv}")[1])
    few = opened(f"sqlite:{tmp_path / 'a.db'}?SELECT review AS text, stars AS label FROM reviews WHERE id % 2")[1]
    assert sum(few.recorded.rows.values()) == 300


def test_a_query_runs_unchanged(tmp_path):
    """Comments end with their lines, and texts keep their spaces."""
    rows = [*ROWS[:30], {"id": 30, "review": "a  b", "stars": "good"}, {"id": 31, "review": "c\nd", "stars": "bad"}]
    write_sqlite(tmp_path / "a.db", rows)
    select = "SELECT review AS text, stars AS label FROM reviews"
    for query in (f"{select} -- no spaces\nWHERE text != 'a  b'", f"{select} WHERE text != 'c\nd' ;\n"):
        entry, data = opened(f"sqlite:{tmp_path / 'a.db'}?{query}")
        assert entry.name == f"sqlite:{tmp_path / 'a.db'}?{query.strip()}"
        assert sum(data.recorded.rows.values()) == 31


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("ATTACH 'other.db' AS other", "syntax error"),
        ("SELECT load_extension('./evil.so')", "only SELECT is allowed"),
        ("SELECT 1) LIMIT 1; DELETE FROM reviews; --", "one statement"),
        ("DELETE FROM reviews", "syntax error"),
        ("PRAGMA user_version = 7", "syntax error"),
        # Python's SQLite refuses this when it compiles the query. TensorFlow contains a newer SQLite, which replaces
        # Python's if TensorFlow is imported first, and which refuses it when it reads the first row.
        ("SELECT name AS text, type AS label FROM pragma_table_info('reviews')", "only SELECT is allowed"),
        ("SELECT writefile('a', 'b')", "no such function"),
        ("SELECT zeroblob(1000000000) AS text, 1 AS label", "too big"),
        ("", "a query is expected"),
        ("SELECT stars FROM reviewz", "no such table: reviewz"),
    ],
)
def test_a_query_can_only_read_its_own_database(query, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_sqlite(tmp_path / "a.db")
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(DataError, match=message):
        opened(f"sqlite:{tmp_path / 'a.db'}?{query}")
    assert (tmp_path / "a.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "models"] == ["a.db"]


def test_the_checksum_covers_rows_that_are_only_in_the_write_ahead_log(tmp_path):
    write_sqlite(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA journal_mode = WAL")
    checksums = []
    for label in ("good", "bad"):
        checksums.append(opened(f"sqlite:{tmp_path / 'a.db'}")[1].checksum)
        connection.execute(f"UPDATE reviews SET stars = '{label}' WHERE id < 5")
        connection.commit()
    checksums.append(opened(f"sqlite:{tmp_path / 'a.db'}")[1].checksum)
    connection.close()
    assert len(set(checksums)) == 3


def test_a_database_with_several_tables_needs_a_query(tmp_path):
    write_sqlite(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE more (a)")
    connection.close()
    with pytest.raises(DataError, match=r"the tables 'reviews', 'more'.*\?SELECT \* FROM reviews"):
        opened(f"sqlite:{tmp_path / 'a.db'}")


def test_long_values_of_a_query_are_fetched_a_few_at_a_time(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute(
        "CREATE VIEW long AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 30) "
        "SELECT hex(zeroblob(4000000)) || x AS text, x % 2 AS label FROM n"
    )
    connection.close()
    rows = QueryRows(str(tmp_path / "a.db"), ("classification",), {}, "")
    assert [len(batch[0]) for batch in rows.read_group(0, ["text", "label"], 0)] == [3] * 10


def test_a_row_of_computed_columns_is_no_larger_than_a_database_may_compute(tmp_path):
    """A small file could otherwise use up the memory: 100 columns of 60 MB each are computed when a row is read."""
    connection = sqlite3.connect(tmp_path / "a.db")
    computed = ", ".join(f"c{number} AS (zeroblob(60000000))" for number in range(100))
    connection.execute(f"CREATE TABLE reviews (text, label, {computed})")
    connection.executemany("INSERT INTO reviews VALUES (?, ?)", [("fine", 1), ("dull", 0)])
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="too big"):
        opened(f"sqlite:{tmp_path / 'a.db'}")
