"""Fuzzes all targets: `python fuzzing/run.py [MINUTES] [NAME]...`.

Each target gets the same time, in separate processes. A process that ends early, because a library crashed or memory
ran out, is a finding, and another one takes its place.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import columnar_targets
import endpoints
import findings
import folder_targets
import saved
import targets

HERE = Path(__file__).parent
MOST_STARTS = 10
"""Maximum number of processes for a target."""
START = 600
"""Maximum seconds for a process to import frameworks, prepare its target, and end."""


def executions(printed: str) -> int:
    """Returns the number of executions that a process printed, ours or libFuzzer's."""
    printed_numbers = re.findall(r"EXECUTIONS (\d+)|stat::number_of_executed_units:\s+(\d+)|Done (\d+) runs", printed)
    if not printed_numbers:  # It ended early, but libFuzzer prints its count regularly.
        printed_numbers = re.findall(r"^#(\d+)()()\s", printed, re.MULTILINE)
    return max((int(number) for numbers in printed_numbers for number in numbers if number), default=0)


def search(script: str, name: str, seconds: float, shared: str) -> int:
    """Fuzzes a target for some seconds, and returns the number of executions."""
    root = str(HERE.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "ZOO_OFFLINE": "1", saved.SHARED: shared}
    count, end = 0, time.monotonic() + seconds
    for start in range(MOST_STARTS):
        left = max(int(end - time.monotonic()), 1)
        command = [sys.executable, str(HERE / script), name, str(left)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False, env=environment,
                timeout=left + START,
            )  # fmt: skip
            printed, status = done.stdout + done.stderr, f"ended with {done.returncode}" if done.returncode else ""
        except subprocess.TimeoutExpired as error:
            parts = [part if isinstance(part, bytes) else b"" for part in (error.stdout, error.stderr)]
            printed, status = b"".join(parts).decode(errors="replace"), f"did not end after {left + START} s"
        count += executions(printed)
        if status:
            findings.keep_process(name, start, status, printed)
        if not status or time.monotonic() > end - 1:
            break
    return count


def main(minutes: float, names: list[str]) -> int:
    """Fuzzes all targets, or the named ones, prints a row for each, and returns the number of findings."""
    of_bytes = [*targets.TARGETS, *columnar_targets.TARGETS, *folder_targets.TARGETS]
    scripts = {"one_target.py": of_bytes, "saved.py": list(saved.TARGETS), "endpoints.py": list(endpoints.RUNS)}
    chosen = [
        (script, name) for script, all_names in scripts.items() for name in all_names if not names or name in names
    ]
    if unknown := set(names) - {name for _, name in chosen}:
        sys.exit(f"There is no target {', '.join(sorted(unknown))}.")
    findings.put_aside()
    seconds = max(minutes * 60 / len(chosen), 1)
    total, began = 0, time.monotonic()
    print(f"{len(chosen)} targets, {seconds:.0f} s each", flush=True)
    shared = tempfile.mkdtemp(prefix="zoo-fuzzing-")
    for script, name in chosen:
        count = search(script, name, seconds, shared)
        total += count
        found = findings.of_target(name if script != "endpoints.py" else f"endpoint-{name}")
        told = f"{len(found)} findings: {', '.join(found)}" if found else "nothing found"
        print(f"{script.removesuffix('.py'):>10} {name:14}{count:>10,} executions  {told}", flush=True)
    shutil.rmtree(shared)
    spent = (time.monotonic() - began) / 60
    found = findings.of_target("")
    print(
        f"{total:,} executions in {spent:.0f} minutes, {len(found)} findings"
        + (f" in {findings.FINDINGS}" if found else "")
    )
    return len(found)


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(min(main(float(words[0]) if words else 35, words[1:]), 1))
