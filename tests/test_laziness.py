"""What must be quick loads no framework, and every import points the right way."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FRAMEWORKS = {"tensorflow", "keras", "tensorflow_datasets", "numpy", "sklearn", "jax", "torch"}
FRAMEWORKS |= {"datasets", "matplotlib", "narwhals", "pandas", "polars", "pyarrow"}
LEVELS = [
    {"artifacts", "atomic_files", "conventions", "display", "entries", "errors", "frameworks", "lazy"}
    | {"memory", "networks", "offline", "option_marks", "options", "packages", "platforms", "registry"},
    {"tfds_builders"},
    {"layers"},
    {"cells", "readers"},
    {"architectures", "tasks", "datasets", "user_data"},
    {
        "batching",
        "beam",
        "building",
        "comparison",
        "distributed",
        "exporting",
        "inference",
        "inspection",
        "listings",
        "plotting",
    }
    | {"run", "serving", "sharing", "streaming", "training", "tuning"},
]


def loaded_after(code: str) -> set[str]:
    """Returns the frameworks that a fresh Python has loaded after running `code`."""
    report = f"\nimport sys\nprint(*(sys.modules.keys() & {FRAMEWORKS!r}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


CLI = "from zoo_cli.main import cli\ncli({args!r}.split(), standalone_mode=False)"


@pytest.mark.parametrize(
    "args",
    [
        "list",
        "list --json",
        "models",
        "models --json",
        "runs",
        "runs --json",
        "show many_to_one",
        "show many_to_one --json",
        "datasets",
        "datasets --json",
        "--help",
    ]
    + ["show sync_many_to_many --dataset tiny_shakespeare", "show ctc --dataset spoken_digit_strings --json"]
    + [f"{name} --help" for name in ("list", "show", "datasets", "train", "evaluate", "predict", "inspect", "plot")]
    + ["export --help"],
)
def test_a_command_that_only_informs_loads_no_framework(args):
    assert loaded_after(CLI.format(args=args)) == set()


def test_importing_the_package_and_its_registry_loads_no_framework():
    code = "import keras_rnn_zoo as zoo\nzoo.list_architectures()\ndir(zoo)\nrepr(zoo.runs())\nrepr(zoo.datasets())\n"
    code += "repr(zoo.models())\nzoo.list_models()\nrepr(zoo.show('toy_reviews'))\n"
    assert loaded_after(code + "repr(zoo.show('ctc'))") == set()


def test_the_package_as_a_program_is_the_command():
    done = subprocess.run([sys.executable, "-m", "keras_rnn_zoo", "list"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "many_to_one" in done.stdout


def test_a_list_of_the_entries_imports_nothing_that_reads_data():
    code = CLI.format(args="list")
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    assert set(re.findall(r"keras_rnn_zoo\.user_data\.\w+", done.stderr)) <= {"keras_rnn_zoo.user_data.time_defaults"}


def test_an_error_is_reported_before_a_framework_is_loaded():
    code = CLI.format(args="train many_to_one --set cell=lstn") + "\n"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=False)
    assert "Option 'cell' expects one of simple_rnn, gru, lstm, mingru, minlstm" in done.stderr
    assert "; received 'lstn'." in done.stderr
    assert "| tensorflow\n" not in done.stderr


def imported_names(path: Path) -> set[str]:
    """Returns the dotted names that a file imports anywhere, except those for type checkers only."""
    names, nodes = set(), list(ast.walk(ast.parse(path.read_text())))
    guards = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    typing_only = {inner for guard in guards for child in guard.body for inner in ast.walk(child)}
    for node in nodes:
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_parts(path: Path) -> set[str]:
    """Returns the modules and folders at the top of the package that a file imports, and `zoo_cli`."""
    names = imported_names(path)
    return {name.split(".")[1] for name in names if name.startswith("keras_rnn_zoo.")} | {
        name.split(".")[0] for name in names if name.startswith("zoo_cli")
    }


COMMANDS_MAY_IMPORT = {
    "artifacts.example_input",
    "artifacts.export",
    "artifacts.run",
    "atomic_files",
    "comparison.curves",
    "entries.catalog",
    "datasets._prepared",
    "distributed.environment",
    "distributed.launch",
    "errors",
    "frameworks.quiet",
    "listings",
    "networks.index",
    "offline",
    "options",
    "entries.plugins",
    "display.printing",
    "display.spelling",
    "registry",
    "display.status",
    "display.text_tables",
    "training.check_arguments",
    "training.config_file",
    "tuning.space",
    "tuning.trials",
    "user_data.encodings",
    "__version__",
}


@pytest.mark.parametrize("path", sorted((ROOT / "zoo_cli").rglob("*.py")), ids=lambda path: path.name)
def test_the_commands_use_public_functions_and_framework_free_modules(path):
    for name in imported_names(path):
        module = name.removeprefix("keras_rnn_zoo.")
        if module != name:
            assert any(f"{module}.".startswith(f"{allowed}.") for allowed in COMMANDS_MAY_IMPORT), name


def level_of(part: str) -> int | None:
    return next((number for number, parts in enumerate(LEVELS) if part in parts), None)


SOURCES = sorted((ROOT / "keras_rnn_zoo").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_to_the_same_level_or_below(path):
    part = path.relative_to(ROOT / "keras_rnn_zoo").parts[0].removesuffix(".py")
    if part in ("__init__", "__main__"):  # The latter is the `zoo` command.
        return
    own = level_of(part)
    assert own is not None, f"{part} has no level: give it one in LEVELS"
    imported = imported_parts(path)
    assert "zoo_cli" not in imported
    for other in imported:
        assert level_of(other) is None or level_of(other) <= own, f"{part} imports {other}"
    if part == "architectures":
        assert not imported & {"datasets", "tasks"}
    if part in ("datasets", "user_data"):
        assert not imported & {"architectures", "tasks"}


def test_sources_are_small():
    """A file over 300 lines needs a reason, and to be named here."""
    tests = Path(__file__).parent.rglob("*.py")
    assert [path.name for path in (*SOURCES, *tests) if len(path.read_text().splitlines()) > 300] == []
