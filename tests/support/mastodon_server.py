"""A real snac2 on loopback, in either of two versions, with its files in a folder of its own.

    server = Snac("new", folder)
    server.start()
    password = server.add("ada")
    ...
    server.stop()

It reads a mention only of a host without a port, so it listens at port 80 of an address of its own. It sleeps
for three seconds between two looks at what is to be delivered; where there is a C compiler, it is made less.
`scripts/set_up_snac2` brings the program.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = Path(sys.prefix) / "servers" / "snac2"
START_S = 60.0
QUEUED_S = 600.0
"""What is queued for later than this waits for its time, not for the server."""
FOLDERS = ["followers", "following", "muted", "hidden", "public", "private", "queue", "history", "static"]
HURRY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>
typedef int wait_fn(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    wait_fn *wait = (wait_fn *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec soon;
    (void)until;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 100000000;
    if (soon.tv_nsec >= 1000000000) { soon.tv_sec += 1; soon.tv_nsec -= 1000000000; }
    return wait(cond, mutex, &soon);
}
"""
"""A library that is loaded before the server's own: its only sleep ends after a tenth of a second."""


class Snac:
    """A server. `version` is `old` or `new`; `base` its URL, `host` the host in its addresses."""

    def __init__(self, version: str, folder: Path) -> None:
        self.version, self.folder = version, folder
        self.program = PROGRAMS / version / "snac"
        self.host = free_address()
        self.base = f"http://{self.host}"
        self._files = folder / "base"
        self._process: subprocess.Popen[bytes] | None = None

    def missing(self) -> str:
        """Why it cannot be started here, or nothing."""
        if not self.program.exists():
            return "there is no snac2: scripts/set_up_snac2 brings it"
        return "" if self.host else "nobody here may listen at port 80"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if not self._files.exists():
            self._make()
        environment = {**os.environ, "DEBUG": "0", **self._hurry()}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program, "httpd", self._files], env=environment, stdout=log, stderr=log
            )
        limit = time.monotonic() + START_S
        while not answers(self.host):
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"snac2 did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def _hurry(self) -> dict[str, str]:
        """What makes it sleep less, in the environment."""
        compiler, library = shutil.which("cc"), self.folder / "hurry.so"
        if compiler and not library.exists():
            words: list[str | Path] = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", library]
            subprocess.run(words, input=HURRY, text=True, check=True)
        return {"LD_PRELOAD": str(library)} if library.exists() else {}

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run("init", self._files, given=f"{self.host}\n80\n{self.host}\n\n\n")
        path = self._files / "server.json"
        settings = json.loads(path.read_text())
        settings |= {"address": self.host, "port": 80, "host": self.host, "prefix": "", "protocol": "http"}
        settings |= {"disable_email_notifications": True, "disable_inbox_collection": True, "num_threads": 4}
        settings |= {"queue_retry_minutes": 0, "queue_timeout": 3, "badlogin_retries": 1000}
        path.write_text(json.dumps(settings))

    def stop(self, *, kill: bool = False) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
            self._process = None

    def add(self, name: str) -> str:
        """A new account; gives its password. All have the first one's key: making one takes half a second."""
        first = self._files / "user" / "first"
        if not first.exists():
            self._run("adduser", self._files, "first")
        password, nonce = os.urandom(8).hex(), os.urandom(4).hex()
        hashed = hashlib.sha1(f"{nonce}:{name}:{password}".encode()).hexdigest()  # noqa: S324 - as it does
        about = json.loads((first / "user.json").read_text())
        about |= {"uid": name, "name": name, "passwd": f"{nonce}:{hashed}"}
        made = self._files / "user" / f".{name}"  # which is no name of an account
        for folder in FOLDERS:
            (made / folder).mkdir(parents=True)
        (made / "user.json").write_text(json.dumps(about))
        shutil.copy(first / "key.json", made)
        made.rename(made.with_name(name))
        return password

    def remove(self, name: str) -> None:
        """Delete an account."""
        self._run("deluser", self._files, name)

    def settle(self) -> None:
        """Wait until nothing is left to be delivered; the end of a poll waits for its hour, by its name."""
        limit, quiet = time.monotonic() + START_S, 0
        while quiet < 3 and time.monotonic() < limit:
            queued = [*self._files.glob("queue/*"), *self._files.glob("user/*/queue/*")]
            waiting = [path for path in queued if path.name < f"{time.time() + QUEUED_S:f}"]
            quiet = 0 if waiting else quiet + 1
            time.sleep(0.05)

    def _run(self, *words: str | Path, given: str = "") -> str:
        done = subprocess.run(
            [self.program, *words], input=given, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def started(version: str, folder: Path) -> Snac:
    """A server that runs; where it cannot, the test is skipped, or fails in CI."""
    made = Snac(version, folder / "snac2")
    if missing := made.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    made.start()
    return made


def free_address() -> str:
    """An address of 127.0.0.0/8 at whose port 80 nobody listens, or nothing where nobody may."""
    dice = random.Random(os.urandom(8))
    for _ in range(20):
        address = f"127.{dice.randint(1, 250)}.{dice.randint(0, 250)}.{dice.randint(2, 250)}"
        with socket.socket() as probe:
            try:
                probe.bind((address, 80))
            except PermissionError:
                return ""
            except OSError:
                continue
            return address
    return ""


def answers(host: str) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection((host, 80), timeout=1):
        return True
    return False
