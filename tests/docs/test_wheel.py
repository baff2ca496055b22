"""The wheel is what `make wheel` promises: three packages that install and import on their own."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_wheel_holds_our_packages_and_installs(tmp_path: Path) -> None:
    subprocess.run(
        ["hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        env={"SWARMNODE_WEB": "auto" if shutil.which("npm") else "skip", **os.environ},
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    tried = subprocess.run(
        [sys.executable, ROOT / "scripts" / "try_wheel.py", wheel],
        check=False,
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for package in ("swarmnode", "swarm_protocol", "swarm_bridges"):
        assert f"{package}/py.typed" in names
    assert "swarmnode/storage/migrations/versions/v0001.sql" in names
    client = {name for name in names if name.startswith("swarmnode/_web/")}
    assert not shutil.which("npm") or "swarmnode/_web/index.html" in client
    names -= client
    texts = "/texts.de.toml"  # what bridges say to people, in German
    shipped = (
        ".py",
        "py.typed",
        ".sql",
        "bridge.toml",
        texts,
        "/README.md",
        ".py.txt",
        ".toml.txt",
        ".md.txt",
    )
    assert [name for name in names if not name.endswith(shipped) and ".dist-info/" not in name] == []
