"""Fuzzes one target for some seconds: `one_target.py NAME SECONDS`; prints `EXECUTIONS n`.

Atheris leads the search by coverage; without it, hypothesis mutates the seeds at random.
"""

import importlib.util
import sys
import time

import findings


def guarded(name, target):
    """Returns the target as a function that keeps what it did not expect, and counts."""
    from keras_rnn_zoo.errors import ZooError

    def call(data: bytes) -> None:
        call.count += 1
        try:
            target(data)
        except ZooError:
            pass
        except Exception as error:  # The search goes on; the finding is kept.
            findings.keep(name, data, error)

    call.count = 0
    return call


def by_coverage(name: str, seconds: int) -> None:
    """Runs libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["keras_rnn_zoo", "csv", "json", "configparser"]):
        import targets
    target, seeds = targets.TARGETS[name]
    call = guarded(name, target)
    corpus = findings.ROOT / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
        call(seed)  # Also loads what is imported late.
    options = [
        f"-max_total_time={seconds}",
        "-rss_limit_mb=4096",
        "-timeout=60",
        "-max_len=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={findings.ROOT}/{name}-", *options], call)
    atheris.Fuzz()


def at_random(name: str, seconds: int) -> None:
    """Cuts, joins and changes seeds as hypothesis draws it."""
    import targets
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    target, seeds = targets.TARGETS[name]
    call = guarded(name, target)
    base = st.sampled_from([*seeds, b""])
    edits = st.lists(st.tuples(st.integers(0, 4096), st.integers(0, 9), st.binary(max_size=9)), max_size=5)
    end = time.monotonic() + seconds

    @settings(max_examples=500, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(base, edits)
    def search(data, changes):
        for place, removed, added in changes:
            place %= len(data) + 1
            data = data[:place] + added + data[place + removed :]
        call(data)

    while time.monotonic() < end:
        search()
    print(f"EXECUTIONS {call.count}")


if __name__ == "__main__":
    find = by_coverage if importlib.util.find_spec("atheris") else at_random
    find(sys.argv[1], int(sys.argv[2]))
