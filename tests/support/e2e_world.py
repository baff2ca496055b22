"""Nodes and relays as processes of their own, on loopback, each in a home under one folder.

What people do goes through the command line, one process per call as on their machines. `Home.client` is the
class that the command line itself calls the node with; what is none of a test's point is done with it
directly, to save a process each: people are made, and meet, before most tests begin.

    with Village(tmp_path) as village:
        relay = village.relay("post")
        ada, ben = village.person("ada", relay), village.person("ben", relay)
        village.meet(ada, ben)
"""

from __future__ import annotations

import codecs
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ports import held_port

from swarmnode.api.about_node import Links
from swarmnode.cli.client import Client
from swarmnode.domain.views import ContactView, InviteView, Items, MessageView, Page, StatusView

T = TypeVar("T")

SOAK = os.environ.get("SWARMNODE_SOAK") == "1"
"""Whether the long forms run."""
START_S, STOP_S, CALL_S = 60.0, 60.0, 120.0
PROGRAM = (sys.executable, "-m", "swarmnode")
PASSPHRASE = "which everybody knows"  # noqa: S105 - of homes of tests
ENVIRONMENT: Mapping[str, str] = {
    **{name: value for name, value in os.environ.items() if not name.startswith("SWARMNODE_")},
    "SWARMNODE_TEST_WEAK_KEYS": "1",
    "SWARMNODE_PASSPHRASE": PASSPHRASE,
    "SWARMNODE_LANG": "en",
}
RECORDER = (sys.executable, str(Path(__file__).with_name("e2e_recorder.py")))
"""The program with an ear; its file is `Home.record`."""
HASTY = (sys.executable, str(Path(__file__).with_name("e2e_hasty.py")))
"""The program that gives up in seconds what it otherwise waits hours for."""


def eventually(look: Callable[[], T], *, within_s: float = 60.0) -> T:
    """The first answer of `look` that says something; time enough for a machine with much else to do.

    Raises:
        AssertionError: it said nothing in that time.
    """
    end = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {within_s:g} s: {found!r}"
        time.sleep(0.05)


def contents(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """All files below these folders, of which programs that still run may take some away meanwhile."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                with suppress(FileNotFoundError):
                    yield path, path.read_bytes()


@dataclass
class Home:
    """A home, and the process that runs on it."""

    path: Path
    program: tuple[str, ...] = PROGRAM
    flags: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    ready: dict[str, str] = field(default_factory=dict)
    """What it printed when it could be reached."""

    @property
    def log(self) -> Path:
        """What all processes on this home wrote to stderr."""
        return self.path.with_name(self.path.name + ".log")

    @property
    def record(self) -> Path:
        """What a recorder wrote."""
        return self.path.with_name(self.path.name + ".record")

    @property
    def _environment(self) -> Mapping[str, str]:
        return {**ENVIRONMENT, "SWARMNODE_TEST_RECORD": str(self.record), **self.environment}

    # The command line

    def __call__(self, *said: str) -> subprocess.CompletedProcess[str]:
        """Run `swarmnode` on this home."""
        return subprocess.run(
            [*self.program, "--home", str(self.path), *said],
            env=self._environment,
            cwd=self.path.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CALL_S,
            check=False,
        )

    def at_terminal(self, *said: str, answer: Callable[[str], str]) -> str:
        """Run `swarmnode` where somebody sits, who answers each question; gives all that stood there."""
        here, there = os.openpty()
        process = subprocess.Popen(
            [*self.program, "--home", str(self.path), *said],
            env={**self._environment, "TERM": "dumb"},
            cwd=self.path.parent,
            stdin=there,
            stdout=there,
            stderr=there,
            start_new_session=True,
        )
        os.close(there)
        shown, answered = "", 0
        text = codecs.getincrementaldecoder("utf-8")()  # what is read may end within a character
        try:
            while True:
                if select.select([here], [], [], 0.1)[0]:
                    shown += text.decode(os.read(here, 65_536))
                elif shown[answered:].endswith(": "):
                    answered = len(shown)
                    os.write(here, f"{answer(shown)}\n".encode())
                assert len(shown) < 65_536, "it asks without end"
        except OSError:  # it has ended, and the terminal with it
            assert process.wait(CALL_S) == 0, shown
        finally:
            process.kill()
            os.close(here)
        return shown.replace("\r\n", "\n")

    def json(self, *said: str) -> Any:
        """What a command prints for programs."""
        done = self(*said, "--json")
        assert done.returncode == 0, f"{said[0]}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout else None

    def error(self, *said: str) -> tuple[int, dict[str, Any]]:
        """How a command fails: its exit code and what it says for programs."""
        done = self(*said, "--json")
        assert done.returncode, done.stdout
        assert not done.stdout
        return done.returncode, json.loads(done.stderr)["error"]

    # The process

    def start(self) -> Self:
        """Run the node, until it can be reached.

        Raises:
            AssertionError: it ended before that, or needs too long; its log is in the text.
        """
        out = self.path.with_name(self.path.name + ".out")
        with out.open("wb") as said, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self.program,
                    "--home",
                    str(self.path),
                    "--json",
                    "run",
                    "--http",
                    "127.0.0.1:0",
                    *self.flags,
                ],
                env=self._environment,
                cwd=self.path.parent,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
            )
        process = self.process
        eventually(lambda: out.read_bytes().endswith(b"\n") or process.poll() is not None, within_s=START_S)
        assert process.poll() is None, f"ended with {process.returncode}: {self.log.read_text()[-2000:]}"
        self.ready = json.loads(out.read_bytes())
        return self

    def stop(self) -> None:
        """Ask it to end: it does so in time, with exit code 0."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(STOP_S)
        self.process = None
        assert code == 0, f"ended with {code}: {self.log.read_text()[-2000:]}"

    def kill(self) -> None:
        """SIGKILL: it has no moment left for anything."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(STOP_S)
            self.process = None

    # What is done often

    @property
    def client(self) -> Client:
        """The way to the running node."""
        return Client(self.path)

    def say(self, chat: str, text: str) -> MessageView:
        """Send a text without a process for it; the node has stored it when this returns."""
        return self.client.call("POST", f"/chats/{chat}/messages", {"text": text}, MessageView)

    def messages(self, chat: str) -> list[MessageView]:
        """A whole conversation, in the order of the screen."""
        found: list[MessageView] = []
        before = ""
        while True:
            page = self.client.get(f"/chats/{chat}/messages", Page, before=before, limit=200)
            found[:0] = page.items
            if not page.prev or not page.items:
                return found
            before = page.prev

    def heard(self, chat: str) -> list[str]:
        """The texts of the others in a conversation."""
        return [m.text for m in self.messages(chat) if not m.mine and m.kind == "text"]

    def said(self, chat: str) -> list[str]:
        """One's own texts in a conversation."""
        return [m.text for m in self.messages(chat) if m.mine and m.kind == "text"]

    def standing(self, name: str) -> str:
        """How far a contact of this name is; empty where there is none."""
        contacts = self.client.get("/contacts", Items[ContactView]).items
        return next((contact.standing for contact in contacts if contact.name == name), "")


class Village:
    """Homes under a folder; when the block ends, so does every process that was started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.homes: list[Home] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for home in self.homes:
            home.kill()

    def home(self, name: str, *flags: str, program: tuple[str, ...] = PROGRAM, **environment: str) -> Home:
        """A home that is not made yet; `flags` are those of `run`."""
        home = Home(self.folder / name, program, flags, dict(environment))
        self.homes.append(home)
        return home

    def relay(self, name: str, *, public: str = "", program: tuple[str, ...] = PROGRAM) -> Home:
        """A running relay, at an address that it keeps; `public` is where others are to call instead."""
        said = {"SWARMNODE_LINK__PUBLIC": public} if public else {}
        port = 0 if public else held_port()
        return self.home(
            name, "--role", "relay", "--link", f"127.0.0.1:{port}", program=program, **said
        ).start()

    def person(
        self, name: str, *relays: Home, program: tuple[str, ...] = PROGRAM, **environment: str
    ) -> Home:
        """A running node of somebody who uses these relays."""
        person = self.home(name, program=program, **environment).start()
        person.client.do("POST", "/identity", {"name": name, "passphrase": PASSPHRASE})
        for relay in relays:
            person.client.do("POST", "/relays", {"link": ticket(relay)})
        return person

    def meet(self, one: Home, other: Home) -> None:
        """One invites the other; both have each other as a contact then."""
        one_name, other_name = (home.client.get("/status", StatusView).name for home in (one, other))
        invite = one.client.call("POST", "/invites", {}, InviteView)
        other.client.do("POST", "/invites/accept", {"link": invite.link})
        eventually(lambda: one.standing(other_name) == other.standing(one_name) == "confirmed")


def ticket(relay: Home) -> str:
    """A relay's link, with tickets."""
    (link,) = relay.client.call("POST", "/relays/tickets", {"count": 1}, Links).links
    return link
