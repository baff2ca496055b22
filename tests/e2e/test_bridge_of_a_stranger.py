"""What bridges/README.md tells somebody who writes a bridge: from `bridge new` to words that go both ways."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e_world import ENVIRONMENT, STOP_S, Village, eventually

from swarmnode.domain.bridge_views import AccountView


@contextmanager
def by_hand(folder: Path, *, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m pigeon.fake`, at which somebody types."""
    with out.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "pigeon.fake"],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=said,
        )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(STOP_S) == 0


def test_a_package_that_was_just_written_carries_words_both_ways(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        folder = tmp_path / "pigeon"
        home = village.home("olga", PYTHONPATH=str(folder))
        assert home("bridge", "new", "pigeon", "--style", "poll").returncode == 0
        installed = folder / "swarmnode_bridge_pigeon-0.1.0.dist-info"  # what an installer leaves
        installed.mkdir()
        installed.joinpath("METADATA").write_text(
            "Metadata-Version: 2.1\nName: swarmnode-bridge-pigeon\nVersion: 0.1.0\n"
        )
        installed.joinpath("entry_points.txt").write_text("[swarmnode.bridges]\npigeon = pigeon\n")
        home.json("init", "--name", "olga")
        home.start()
        assert "pigeon" in home("bridge", "list").stdout
        with by_hand(folder, out=tmp_path / "answers") as ada:
            eventually(lambda: (tmp_path / "answers").read_text().count("\n") == 3)
            account = home.json(
                "bridge", "add", "pigeon", "--answers", str(tmp_path / "answers"), "--at-home"
            )["id"]
            assert ada.stdin is not None
            ada.stdin.write(b"hello from Ada\n")
            ada.stdin.flush()

            def came() -> bool:
                home.client.call("POST", f"/accounts/{account}/resume", None, AccountView)
                return "hello from Ada" in home("inbox").stdout

            eventually(came)
            (room,) = [c["id"] for c in home.json("inbox")["items"] if c["network"] == "pigeon"]
            assert home.json("send", room, "and back to Ada", "--wait")["state"] == "sent"
            eventually(lambda: "Olga: and back to Ada\n" in (tmp_path / "answers").read_text())
