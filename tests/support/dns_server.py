"""A real name server on loopback: dnsmasq, which knows what it is told and asks nobody else.

    server = NameServer(["srv-host=_imaps._tcp.example.test,mail.example.test,993,0,1"])
    server.start()
    server.place          # for `Resolver`
    ...
    server.stop()

Names end in `.test`; of others it says that it does not know.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from ports import held_port
from xmpp_server import answers

START_S = 60.0
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


class NameServer:
    """`records` are options of dnsmasq, without dashes."""

    def __init__(self, records: Iterable[str]) -> None:
        self._records = list(records)
        self.place = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers.

        Only the half of a port that is TCP's is held: where somebody has the other, it takes the next one.
        """
        limit = time.monotonic() + START_S
        while not self._answers(held_port()):
            if time.monotonic() > limit:
                raise RuntimeError("dnsmasq did not start")

    def _answers(self, port: int) -> bool:
        """Start it there, and wait until it answers or has ended."""
        own = [
            "keep-in-foreground",
            "conf-file=/dev/null",
            "no-resolv",
            "no-hosts",
            "pid-file=",
            "cache-size=0",
        ]
        where = ["listen-address=127.0.0.1", "bind-interfaces", f"port={port}", "local=/test/"]
        user = ["user=root"] if os.geteuid() == 0 else []
        words = [f"--{option}" for option in (*own, *where, *user, *self._records)]
        program = shutil.which("dnsmasq", path=PATH)
        assert program is not None
        self._process = subprocess.Popen([program, *words], stderr=subprocess.DEVNULL)
        while not answers(port):
            if self._process.poll() is not None:
                return False
            time.sleep(0.02)
        self.place = f"127.0.0.1:{port}"
        return True

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


@contextmanager
def name_server(*records: str) -> Iterator[NameServer]:
    """One that runs; where it is not installed, the test is skipped, or fails in CI."""
    if shutil.which("dnsmasq", path=PATH) is None:
        why = "there is no dnsmasq: install Debian's dnsmasq-base"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = NameServer(records)
    try:
        made.start()
        yield made
    finally:
        made.stop()
