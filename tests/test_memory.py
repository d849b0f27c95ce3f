import subprocess
import sys

import pytest

from keras_rnn_zoo import memory


def write_group(folder, names, limit, used, cached):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{names[2]} {cached}\n")


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("", ("memory.max", "memory.current", "inactive_file")),
        ("memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")),
    ],
)
def test_the_tightest_group_around_the_process_counts(tmp_path, monkeypatch, place, names):
    root, cgroup = tmp_path / place, tmp_path / "cgroup"
    cgroup.write_text(f"4:{place}:/outer/inner\n3:cpuset:/elsewhere\n")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_MEMBERSHIP", cgroup)
    write_group(root / "outer" / "inner", names, "max", 10, 0)
    write_group(root / "outer", names, 5000, 1200, 200)
    write_group(root, names, 9000, 1000, 0)
    assert memory.available() == 5000 - (1200 - 200)
    cgroup.write_text(f"4:{place}:/../of the host\n")  # What is mounted is the process's own.
    assert memory.available() == 9000 - 1000
    write_group(root, names, 500, 1000, 0)
    assert memory.available() == 0


def test_limits_of_the_process_count():
    code = (
        "import resource\nfrom keras_rnn_zoo.memory import available\n"
        "resource.setrlimit(resource.{0}, (2**31, 2**31))\nprint(available())"
    )
    for limit in ("RLIMIT_AS", "RLIMIT_DATA"):
        done = subprocess.run([sys.executable, "-c", code.format(limit)], capture_output=True, text=True, check=True)
        assert 0 < int(done.stdout) < 2**31


def test_without_any_limit_the_memory_of_the_system_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_MEMBERSHIP", tmp_path / "none")
    assert 0 < memory.available() < sys.maxsize
