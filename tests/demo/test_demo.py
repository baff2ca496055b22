"""`make demo` and `make run` do what the README says of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running_make import MAKE, ROOT, environment, make
from xmpp_server import Prosody

WEAK = {"SWARMNODE_TEST_WEAK_KEYS": "1"}
PASSPHRASE = {"SWARMNODE_PASSPHRASE": "of nobody"}


@pytest.mark.timeout(600)
def test_the_demo_runs_through(tmp_path: Path) -> None:
    done = make("demo", "DEMO_EXIT=1", LANG="en_GB.UTF-8", LC_ALL="", TMPDIR=str(tmp_path), **WEAK)
    assert done.returncode == 0, done.stdout + done.stderr
    after = done.stdout.partition("SIGKILL")[2]
    assert after.count(": So it does.") == 2, "both sides see what was said after the relay died"
    assert "All processes have stopped cleanly." in after
    if Prosody.missing():
        assert "apt-get install prosody" in after
    else:
        assert "[xmpp] carl: Hello Ada, I have no node, I have Jabber." in after
        assert "carl, in his client, reads: That will do. My node speaks it." in after
        private, _, kept = after.partition("What the XMPP server has kept of it all")
        assert "We meet at seven, in the old school." in private
        assert "proven both ways" in private
        assert "anna: And now it is over XMPP again." in private
        assert re.search(r"[1-9] x Hello Ben, it is Anna, from the choir\.", kept)
        assert kept.count(" 0 x ") == 4
        archived = kept.partition("as it is stored")[2]
        assert '"A private message. It is for a program of the other side: swarmnode.";' in archived
        assert '["to"] = "anna@localhost";' in archived
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_a_demo_that_fails_says_so(tmp_path: Path) -> None:
    # Files of at most 1 KiB: no home can be made, and no compiled code is to be cut off there for others.
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *MAKE, "demo", "DEMO_EXIT=1"],
        cwd=ROOT,
        env=environment(
            LANG="de_DE.UTF-8", LC_ALL="", TMPDIR=str(tmp_path), PYTHONDONTWRITEBYTECODE="1", **WEAK
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "Die Vorführung ist gescheitert: ada: swarmnode init" in done.stderr
    assert list(tmp_path.iterdir()) == []


@contextmanager
def running(home: Path) -> Iterator[subprocess.Popen[str]]:
    """`make run` on a home, on a free port."""
    started = subprocess.Popen(
        [*MAKE, "run"],
        cwd=ROOT,
        env=environment(SWARMNODE_HOME=str(home), SWARMNODE_HTTP__PORT="0", SWARMNODE_LANG="en", **WEAK),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(60)
        for stream in (started.stdout, started.stderr):
            assert stream is not None
            stream.close()


def swarmnode(home: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "swarmnode", "--home", home, *arguments],
        env=environment(**PASSPHRASE, SWARMNODE_LANG="en"),
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_make_run_starts_a_node_that_init_can_use(tmp_path: Path) -> None:
    with running(tmp_path / "home") as node:
        assert node.stdout is not None
        address, code, state = (node.stdout.readline() for _ in range(3))
        assert re.fullmatch(r"The node runs: http://127\.0\.0\.1:\d+\n", address)
        assert re.fullmatch(r"Pairing code: [A-Z0-9]{4}-[A-Z0-9]{4}\n", code)
        assert "swarmnode init" in state
        with urllib.request.urlopen(address.split()[-1]) as page:  # noqa: S310 - our own
            built = (ROOT / "web" / "dist" / "index.html").is_file()
            assert ('id="app"' if built else "make web") in page.read().decode()
        assert "24." in swarmnode(tmp_path / "home", "init", "--name", "Ana")
        assert "Ana  Ready." in swarmnode(tmp_path / "home", "status")
    with running(tmp_path / "home") as node:
        assert node.stdout is not None
        assert [node.stdout.readline() for _ in range(3)][2].startswith("The store is locked")
        swarmnode(tmp_path / "home", "unlock")
        assert "Ana  Ready." in swarmnode(tmp_path / "home", "status")
