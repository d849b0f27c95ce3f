"""Databases of searches that cannot be read or written are errors with advice."""

import contextlib
import sqlite3

import pytest
from studies import studies_in

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.tuning import trials as stored
from keras_rnn_zoo.tuning.trials import storage_faults


@pytest.fixture
def study(tmp_path):
    return studies_in(tmp_path)


def changed(statement):
    """Returns a function that changes a database."""

    def change(file):
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute(statement)
            database.commit()

    return change


def cut(file):
    file.write_bytes(file.read_bytes()[:9000])


def foreign(file):
    file.unlink()
    changed("CREATE TABLE studies (x)")(file)


FAULTY = {
    "truncated": (cut, "cannot be used .*: database disk image is malformed. Fix"),
    "of another program": (foreign, "cannot be used .*: table studies has no column"),
    "of another version": (
        changed("UPDATE alembic_version SET version_num = 'v99.0'"),
        r"cannot be used .*: The runtime optuna version .* is no longer compatible",
    ),
    "without the study": (changed("DELETE FROM studies"), "cannot be used .*: it holds no search of options"),
    "damaged attributes": (
        changed("UPDATE study_user_attributes SET value_json = '{'"),
        r"cannot be used .*: its content is damaged \(Expecting property name",
    ),
    "damaged ranges": (changed("UPDATE trial_params SET distribution_json = '{}'"), "it holds no search of options"),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "cannot be written: unable to open database file. Free"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_database_is_an_error_with_advice(study, tmp_path, name):
    damage, message = FAULTY[name]
    mine = study()
    with mine.next_trial(1) as trial:
        mine.space["units"].suggest(trial)
        mine.finish(trial, 0.5)
    damage(tmp_path / "x.study" / "study.db")
    with pytest.raises(RunError, match=rf"study\.db .*{message}"), storage_faults(tmp_path / "x.study"):
        study().rows()


def test_a_locked_database_is_an_error_after_a_while(study, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "_WAIT", 0.1)
    mine = study()
    with contextlib.closing(sqlite3.connect(tmp_path / "x.study" / "study.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        message = r"study\.db is in use by another program: database is locked\. Close that program"
        with pytest.raises(RunError, match=message), storage_faults(mine.path):
            mine.rows()


@pytest.mark.parametrize("fault", ["database or disk is full", "attempt to write a readonly database"])
def test_a_database_that_cannot_be_written_is_an_error(study, fault, monkeypatch):
    import sqlalchemy

    mine = study()

    def fail(*args, **kwargs):
        raise sqlalchemy.exc.OperationalError("INSERT", {}, sqlite3.OperationalError(fault))

    with mine.next_trial(1) as trial:
        monkeypatch.setattr(mine.study, "tell", fail)
        message = rf"study\.db cannot be written: {fault}\. Free space or change permissions"
        with pytest.raises(RunError, match=message), storage_faults(mine.path):
            mine.finish(trial, 0.5)


def test_other_errors_during_a_search_stay_what_they_are(tmp_path):
    pytest.importorskip("optuna", reason="the extra `tune` is not installed")
    with pytest.raises(KeyError, match="mine"), storage_faults(tmp_path):
        raise KeyError("mine")
