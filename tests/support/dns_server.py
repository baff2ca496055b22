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
from xmpp_server import answers, free_port

START_S = 30.0
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


class NameServer:
    """`records` are options of dnsmasq, without dashes."""

    def __init__(self, records: Iterable[str]) -> None:
        self._records = list(records)
        self.port = free_port()
        self.place = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        own = [
            "keep-in-foreground",
            "conf-file=/dev/null",
            "no-resolv",
            "no-hosts",
            "pid-file=",
            "cache-size=0",
        ]
        where = ["listen-address=127.0.0.1", "bind-interfaces", f"port={self.port}", "local=/test/"]
        user = ["user=root"] if os.geteuid() == 0 else []
        words = [f"--{option}" for option in (*own, *where, *user, *self._records)]
        program = shutil.which("dnsmasq", path=PATH)
        assert program is not None
        self._process = subprocess.Popen([program, *words], stderr=subprocess.DEVNULL)
        limit = time.monotonic() + START_S
        while not answers(self.port):
            if self._process.poll() is not None or time.monotonic() > limit:
                self.stop()
                raise RuntimeError("dnsmasq did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextmanager
def name_server(*records: str) -> Iterator[NameServer]:
    """One that runs; where it is not installed, the test is skipped, or fails in CI."""
    if shutil.which("dnsmasq", path=PATH) is None:
        why = "there is no dnsmasq: install Debian's dnsmasq-base"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = NameServer(records)
    made.start()
    try:
        yield made
    finally:
        made.stop()
