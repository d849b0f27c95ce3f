"""Fuzzes one target for some seconds: `one_target.py NAME SECONDS`; prints `EXECUTIONS n`.

Atheris guides the search by coverage; without it, seeds are mutated at random.
"""

import contextlib
import importlib.util
import random
import sys
import time

import findings
import mutations
import watch

LONGEST = 60
"""Maximum seconds for one input."""


def load(name):
    """Returns a target, its seed input, and its dictionary of tokens."""
    import columnar_targets
    import folder_targets
    import targets

    modules = (targets, columnar_targets, folder_targets)
    target, seeds = {key: value for module in modules for key, value in module.TARGETS.items()}[name]
    return target, seeds, {key: value for module in modules for key, value in module.TOKENS.items()}.get(name, ())


def guarded(name, target):
    """Returns the target as a function that saves unexpected exceptions and counts executions."""
    from keras_rnn_zoo.errors import ZooError

    def call(data: bytes) -> None:
        call.count += 1
        began = time.monotonic()
        try:
            with watch.watching(), contextlib.suppress(ZooError):
                target(data)
            assert time.monotonic() - began < LONGEST, f"it took {time.monotonic() - began:.0f} s"
        except Exception as error:  # The finding is saved, and the search continues.
            findings.keep(name, data, error)

    call.count = 0
    return call


def warmed_up(name, target, seeds):
    """Returns the guarded target after running the seeds, so that late imports are done."""
    from keras_rnn_zoo.errors import ZooError

    for seed in seeds:
        try:
            target(seed)
        except ZooError:
            pass
        except Exception as error:
            findings.keep(name, seed, error)
    watch.install()
    return guarded(name, target)


def by_coverage(name: str, seconds: int) -> None:
    """Runs libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["keras_rnn_zoo", "csv", "json", "configparser", "yaml"]):
        target, seeds, tokens = load(name)
    call = warmed_up(name, target, seeds)
    corpus = findings.ROOT / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={LONGEST}",
        f"-artifact_prefix={findings.FINDINGS}/{name}-",
        "-rss_limit_mb=4096",
        "-max_len=4096",
        "-print_final_stats=1",
    ]
    findings.FINDINGS.mkdir(parents=True, exist_ok=True)
    if tokens:
        words = findings.ROOT / f"{name}.dict"
        lines = ["".join(f"\\x{byte:02x}" for byte in token) for token in tokens]
        words.write_text("".join(f'"{line}"\n' for line in lines))
        options.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], str(corpus), *options], call)
    atheris.Fuzz()


def at_random(name: str, seconds: int) -> None:
    """Mutates the seeds and earlier mutations at random."""
    target, seeds, tokens = load(name)
    call = warmed_up(name, target, seeds)
    draw = random.Random(time.time_ns())
    known = [*seeds, b""]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutations.of_bytes(draw.choice(known), draw, tokens)[:4096]
        call(data)
        if len(known) < 1000 and draw.random() < 0.01:
            known.append(data)
    print(f"EXECUTIONS {call.count}")


if __name__ == "__main__":
    find = by_coverage if importlib.util.find_spec("atheris") else at_random
    find(sys.argv[1], int(sys.argv[2]))
