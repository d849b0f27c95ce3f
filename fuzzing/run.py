"""Fuzzes all targets in turns: `python fuzzing/run.py [MINUTES] [NAME]...`."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import endpoints
import findings
import targets

HERE = Path(__file__).parent


def executions(printed: str) -> int:
    """Returns the number that a process told, by us or by libFuzzer."""
    told = re.findall(r"EXECUTIONS (\d+)|stat::number_of_executed_units:\s+(\d+)|Done (\d+) runs", printed)
    return max((int(number) for numbers in told for number in numbers if number), default=0)


def main(minutes: float, names: list[str]) -> int:
    """Runs each target for its share of the time, prints a row for each, and returns how many things were found."""
    everything = [("one_target.py", name) for name in targets.TARGETS] + [("endpoints.py", n) for n in endpoints.RUNS]
    chosen = [(script, name) for script, name in everything if not names or name in names]
    seconds = max(int(minutes * 60 / len(chosen)), 1)
    total, began = 0, time.monotonic()
    root = str(HERE.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    for script, name in chosen:
        done = subprocess.run(
            [sys.executable, HERE / script, name, str(seconds)],
            capture_output=True, text=True, errors="replace", check=False, env=environment,
        )  # fmt: skip
        count = executions(done.stdout + done.stderr)
        total += count
        ended = "" if done.returncode == 0 else f"  ended with {done.returncode}"
        print(f"{script.removesuffix('.py'):>10} {name:14}{count:>10,} executions{ended}", flush=True)
        if ended:
            findings.FINDINGS.mkdir(parents=True, exist_ok=True)
            (findings.FINDINGS / f"{name}-ended.txt").write_text(done.stdout[-20_000:] + done.stderr[-20_000:])
    found = sorted(path.stem for path in findings.FINDINGS.glob("*.txt"))
    spent = (time.monotonic() - began) / 60
    print(
        f"{total:,} executions in {spent:.0f} minutes, {len(found)} findings{': ' if found else ''}{', '.join(found)}"
    )
    return len(found)


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(min(main(float(words[0]) if words else 35, words[1:]), 1))
