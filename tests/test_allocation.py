"""The allocator is set while a model is trained, and set back afterwards."""

import ctypes
import platform
import resource
import threading

import pytest

from keras_rnn_zoo.training import allocation
from keras_rnn_zoo.training.allocation import SWITCH, freed_memory_kept

glibc_alone = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the limits are those of glibc's allocator")
MIB = 2**20


@pytest.fixture
def limits_set(monkeypatch):
    """Returns a list that gets each table of limits that is set."""
    for name in (SWITCH, "GLIBC_TUNABLES", *allocation._SET_BY_USER):
        monkeypatch.delenv(name, raising=False)
    found = []
    set_limits = allocation._set
    monkeypatch.setattr(allocation, "_set", lambda libc, limits: (found.append(limits), set_limits(libc, limits)))
    return found


def faults_of(repetitions: int) -> int:
    """Returns the page faults of taking, filling and freeing 64 MiB a few times."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(repetitions):
        block = libc.malloc(64 * MIB)
        ctypes.memset(block, 1, 64 * MIB)
        libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@glibc_alone
def test_freed_memory_is_used_again_within_and_given_back_at_the_end(limits_set):
    anew = faults_of(4)
    with freed_memory_kept():
        faults_of(1)
        kept = faults_of(4)
    assert kept < anew / 4
    assert faults_of(4) > 4 * kept
    assert limits_set == [allocation._KEEP, allocation._GIVE_BACK]


@glibc_alone
def test_trainings_in_several_threads_set_the_limits_once_and_the_last_one_sets_them_back(limits_set):
    inside, leave = threading.Event(), threading.Event()

    def train() -> None:
        with freed_memory_kept():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=train)
    with freed_memory_kept():
        thread.start()
        inside.wait()
    assert limits_set == [allocation._KEEP]
    leave.set()
    thread.join()
    assert limits_set == [allocation._KEEP, allocation._GIVE_BACK]


@glibc_alone
def test_the_limits_are_set_back_after_an_error(limits_set):
    with pytest.raises(KeyError), freed_memory_kept():
        raise KeyError
    assert limits_set == [allocation._KEEP, allocation._GIVE_BACK]


@pytest.mark.parametrize(
    ("name", "value"),
    [(SWITCH, "0"), ("GLIBC_TUNABLES", "glibc.malloc.mmap_max=10"), ("MALLOC_TRIM_THRESHOLD_", "1000")],
)
def test_limits_that_the_user_has_set_are_left_alone(limits_set, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with freed_memory_kept():
        pass
    assert limits_set == []


def test_other_c_libraries_are_left_alone(limits_set, monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with freed_memory_kept():
        pass
    assert limits_set == []
