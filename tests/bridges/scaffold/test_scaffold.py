"""What `bridge new` writes, as its author finds it: outside of this repository, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from swarm_bridges.scaffold import STYLES, CannotWrite, write


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where only what is installed, and the package of the folder, can be imported."""
    environment = {**os.environ, "PYTHONPATH": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("style", STYLES)
def test_a_new_bridge_passes_bronze_at_once(style: str, tmp_path: Path) -> None:
    root = write(tmp_path, "pigeon", style)
    installed = root / "swarmnode_bridge_pigeon-0.1.0.dist-info"  # what an installer leaves
    installed.mkdir()
    (installed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: swarmnode-bridge-pigeon\nVersion: 0.1.0\n"
    )
    (installed / "entry_points.txt").write_text("[swarmnode.bridges]\npigeon = pigeon\n")

    tests = run(root, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    assert tests.returncode == 0, tests.stdout[-3000:]
    assert "12 passed" in tests.stdout

    found = run(root, "-m", "swarmnode", "bridge", "check", "pigeon", "--tier", "bronze")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Pigeon is bronze." in found.stdout

    known = run(root, "-c", "from swarmnode.bridging.host.packages import discover; print(*discover().found)")
    assert "pigeon" in known.stdout, known.stderr


@pytest.mark.parametrize("style", STYLES)
def test_what_is_written_is_short(style: str, tmp_path: Path) -> None:
    code = (write(tmp_path, "pigeon", style) / "pigeon" / "__init__.py").read_text()
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= {"poll": 75, "stream": 85, "webhook": 90}[style]
    assert max(map(len, lines)) <= 112


@pytest.mark.parametrize(
    ("name", "style"),
    [("Pigeon", "poll"), ("a", "poll"), ("a-b", "poll"), ("../x", "poll"), ("pigeon", "carrier")],
)
def test_what_cannot_be_made_is_not_begun(name: str, style: str, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        write(tmp_path, name, style)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write(tmp_path, "pigeon", "poll")
    with pytest.raises(CannotWrite, match="there already"):
        write(tmp_path, "pigeon", "stream")


def test_the_command_writes_a_package_and_says_what_comes_next(tmp_path: Path) -> None:
    made = run(tmp_path, "-m", "swarmnode", "bridge", "new", "pigeon", "--style", "webhook")
    assert made.returncode == 0, made.stderr
    assert "swarmnode bridge check pigeon" in made.stdout
    assert 'style = "webhook"' in (tmp_path / "pigeon" / "pigeon" / "bridge.toml").read_text()
    again = run(tmp_path, "-m", "swarmnode", "bridge", "new", "pigeon")
    assert again.returncode == 2
    assert "there already" in again.stderr


def test_a_bridge_with_a_mistake_does_not_pass(tmp_path: Path) -> None:
    root = write(tmp_path, "pigeon", "poll")
    code = root / "pigeon" / "__init__.py"
    code.write_text(code.read_text().replace("is_owner=mine", "is_owner=False"))
    found = run(root, "-m", "swarmnode", "--json", "bridge", "check", "pigeon", "--tier", "bronze")
    assert found.returncode == 1
    told = json.loads(found.stdout)
    assert told["tier"] == "none"
    assert told["checks"]["sends"] == "it does not stand on the owner's side"
    assert told["checks"]["receives"] == "passed"


def test_what_is_no_bridge_is_said_to_be_none(tmp_path: Path) -> None:
    found = run(tmp_path, "-m", "swarmnode", "bridge", "check", "json")
    assert found.returncode == 2
    assert "no bridge" in found.stderr
