"""A process of the demo, and how to ask it and wait for it."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo_texts import LANGUAGE

PROGRAM = [sys.executable, "-m", "swarmnode"]
PATIENCE_S = 120.0
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not re.match("SWARMNODE_(?!TEST)", name)},
    "SWARMNODE_PASSPHRASE": "for the demo",
    "SWARMNODE_LANG": LANGUAGE,
    "SWARMNODE_LOG__LEVEL": "warning",
    "SWARMNODE_TEST_FORWARD_TO_PRIVATE": "1",  # both relays are on this machine
}


class Failed(Exception):
    """Something did not happen as it should; the text says what."""


@dataclass
class Process:
    """A node or a relay, and its folder; `run` starts it, the other verbs ask it."""

    name: str
    home: Path
    running: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    ready: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def log(self) -> Path:
        return self.home.with_suffix(".log")

    def run(self, *flags: str) -> None:
        out = self.home.with_suffix(".out")
        with out.open("wb") as stdout, self.log.open("wb") as stderr:
            command = [*PROGRAM, "--home", str(self.home), "run", "--http", "127.0.0.1:0", "--json", *flags]
            self.running = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=ENVIRONMENT)

    def wait_ready(self) -> None:
        assert self.running is not None
        out = self.home.with_suffix(".out")
        wait_for(f"{self.name} is ready", lambda: out.read_bytes().endswith(b"\n") or self.ended())
        if self.ended():
            raise Failed(f"{self.name} has ended: {self.log.read_text()[-2000:]}")
        self.ready = json.loads(out.read_text())
        print(f"    {self.name:8} {self.ready['url']}  ({self.ready['code']})", flush=True)

    def ended(self) -> bool:
        return self.running is not None and self.running.poll() is not None

    def stop(self) -> None:
        assert self.running is not None
        self.running.terminate()
        if self.running.wait(PATIENCE_S) != 0:
            raise Failed(f"{self.name} did not stop cleanly: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    def call(self, *arguments: str) -> str:
        """Run a command of the node; what it printed."""
        command = [*PROGRAM, "--home", str(self.home), *arguments]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=ENVIRONMENT, timeout=2 * PATIENCE_S
        )
        if done.returncode:
            raise Failed(f"{self.name}: swarmnode {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The same, for this program."""
        return json.loads(self.call(*arguments, "--json"))

    def show(self, *arguments: str) -> None:
        """The same, in sight."""
        typed = " ".join(f"'{word}'" if " " in word else short(word) for word in arguments)
        print(f"  {self.name}$ swarmnode {typed}", flush=True)
        for line in self.call(*arguments).splitlines():
            print(f"      {short(line)}", flush=True)


def short(text: str) -> str:
    """A line without the middle of a link: links are long, and secret."""
    start, swarm, rest = text.partition("swarm:")
    return f"{start}{swarm}{rest[:12]} …" if swarm else text


def wait_for(what: str, happens: Callable[[], bool]) -> None:
    """Look again and again, for as long as anything may take on a machine with much else to do."""
    until = time.monotonic() + PATIENCE_S
    while not happens():
        if time.monotonic() > until:
            raise Failed(f"after {PATIENCE_S:.0f} s it is still not so that {what}")
        time.sleep(0.1)


def confirmed(person: Process) -> bool:
    """Whether the one contact of a person has confirmed."""
    standings = [contact["standing"] for contact in person.json("contacts")["items"]]
    return standings == ["confirmed"]


def connected(person: Process) -> bool:
    """Whether all accounts of a person are connected."""
    return {account["state"] for account in person.json("bridge", "status")["items"]} == {"connected"}


def hears(person: Process, title: str, text: str) -> bool:
    """Whether a conversation is there, and this is its last word."""
    return (title, text) in [(chat["title"], chat["last_text"]) for chat in person.json("inbox")["items"]]


def reads_from(person: Process, count: int) -> bool:
    """Whether a person has queues on so many relays."""
    reading = [relay for relay in person.json("relay", "list")["items"] if relay["queues"]]
    return len(reading) >= count
