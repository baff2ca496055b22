"""What is declared is what is imported, and all of it is locked with hashes."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"swarmnode": ROOT, "swarm_protocol": ROOT / "protocol", "swarm_bridges": ROOT / "bridges"}
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
IMPORT_NAMES = {"dnspython": "dns", "pynacl": "nacl"}  # where it is not the distribution's own
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def declared(extra: str | None = None) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0] for line in lines}


def pinned(lock: Path) -> dict[str, str]:
    return {name: version for name, version, _ in PIN.findall(lock.read_text())}


def imported() -> set[str]:
    found = set()
    for package, room in OURS.items():
        for path in (room / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.split(".")[0])
    return found - OURS.keys() - sys.stdlib_module_names


def test_the_runtime_dependencies_are_those_that_are_imported() -> None:
    assert imported() == {IMPORT_NAMES.get(name, name) for name in declared()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_each_line_of_a_lock_is_a_version_with_hashes(lock: Path) -> None:
    bare = PIN.sub("", lock.read_text())
    assert [line for line in bare.splitlines() if line.strip() and not line.lstrip().startswith("#")] == []
    assert pinned(lock)


def test_what_is_declared_is_locked() -> None:
    assert declared() <= pinned(ROOT / "requirements" / "run.txt").keys()
    assert declared() | declared("dev") <= pinned(ROOT / "requirements" / "dev.txt").keys()
    assert declared() | declared("fuzz") <= pinned(ROOT / "requirements" / "fuzz.txt").keys()


def test_tests_run_with_the_versions_that_users_get() -> None:
    assert (
        pinned(ROOT / "requirements" / "run.txt").items() <= pinned(ROOT / "requirements" / "dev.txt").items()
    )
