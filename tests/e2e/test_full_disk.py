"""A node on a disk that runs full (the last of eight points).

The disk is a file system of 32 MiB in memory, mounted for the test, for which one has to be root.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e_world import Home, Village, eventually

from swarmnode.errors import NodeError

DISK_MIB = 32


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of its own at `place`."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(disk: Path) -> Path:
    """Take all room that is left."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as out:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while out.write(b"f" * size) == size:
                    pass
            except OSError:
                pass  # no room for so much any more; perhaps for less
    return filler


def _try(home: Home, text: str) -> str:
    """Send a text; gives how it was refused, or nothing."""
    try:
        home.say("1", text)
    except NodeError as e:
        return e.code
    return ""


@pytest.mark.skipif(
    os.geteuid() != 0 and os.environ.get("CI") != "true", reason="only root may mount a small disk"
)
def test_a_full_disk_loses_nothing_and_promises_nothing(tmp_path: Path) -> None:
    with Village(tmp_path) as village, small_disk(tmp_path / "disk") as disk:
        post = village.relay("post")
        ada = village.home("disk/ada")
        ben = village.person("ben", post)
        ada.json("init", "--name", "ada")
        ada.start()
        ada.json("relay", "use", post.json("relay", "ticket")["link"])
        village.meet(ada, ben)
        first = ada.json("send", "ben", "there was room", "--wait")["id"]
        assert ada.json("search", "there")["items"]  # it is in the index now
        filler = _fill(disk)

        # Speaking: what is refused is not there, what is answered for is.
        promised, refused = ["there was room"], ""
        while not refused:
            text = f"no room {len(promised)}: " + "x" * 20_000
            refused = _try(ada, text)
            if not refused:
                promised.append(text)
            assert len(promised) < 2000, "the disk does not get full"
        assert refused == "disk-full"
        code, said = ada.error("send", "ben", "x" * 20_000)
        assert (code, said["code"]) == (1, "disk-full")
        assert "room" in said["hint"]

        # Listening: what cannot be stored is not confirmed.
        unheard = ["do you hear me " + "y" * 20_000, "and now"]
        for text in unheard:
            ben.say("1", text)
        eventually(lambda: [m.state for m in ben.messages("1") if m.mine] == ["sent", "sent"])

        # Reading and deleting go on; to delete, the node takes what it kept back for that.
        assert any(p["code"] == "disk-full" for p in ada.json("status")["problems"])
        assert "there was room" in ada("read", "ben", "--peek", "--limit", "200").stdout
        assert ada.json("search", "there")["items"]
        newest = ada.json("search", promised[-1].split(":")[0])
        assert newest["items"] or "but for the newest" in newest["scope"]
        assert not ada.heard("1")
        ada.json("delete", first[:8])
        assert not any(m.text == "there was room" for m in ada.messages("1"))
        eventually(lambda: ada.heard("1") == unheard, within_s=90)  # with the room that this made

        # A kill on a disk that is fuller still, and room again.
        ada.kill()
        _fill(disk)
        code, said = ada.error("run", "--http", "127.0.0.1:0")
        assert (code, said["code"]) == (1, "disk-full")
        assert "room" in said["hint"]
        filler.unlink()
        ada.start()
        eventually(lambda: ada.heard("1") == unheard, within_s=90)
        assert ada.said("1") == promised[1:]
        ada.json("send", "ben", "there is room again", "--wait")
        eventually(lambda: ben.heard("1") == [*promised, "there is room again"], within_s=90)
        eventually(lambda: all(m.state != "sent" for m in ben.messages("1") if m.mine))
        eventually(lambda: [p["code"] for p in ada.json("status")["problems"]] == ["one-relay"])
