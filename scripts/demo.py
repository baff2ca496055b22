"""Two people's nodes talk over two relays, all real processes; one relay is killed, and the talk goes on.

Then one of them adds an account on another network, XMPP, over a real server, if there is one: what somebody
with an ordinary client writes is in the same inbox, and the answer goes back.

Usage: demo.py

Everything happens on loopback and in a temporary folder, which is removed in the end. With DEMO_EXIT=1 it
ends by itself, with 0, or with 1 and what failed; otherwise it waits for Ctrl-C, so that one can try things.
It speaks English or German, as LANG says.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from demo_xmpp import Friend, Prosody

from swarmnode.texts import language_of

LANGUAGE = language_of(None, os.environ)
PROGRAM = [sys.executable, "-m", "swarmnode"]
PATIENCE_S = 60.0

TEXTS = {
    "starts": (
        "Two relays and two nodes, each a process of its own, each with an empty folder.",
        "Zwei Relays und zwei Knoten, jeder ein eigener Prozess mit einem leeren Ordner.",
    ),
    "relays": (
        "Relays keep sealed messages for who is away. Ada and Ben both use both of them.",
        "Relays bewahren versiegelte Nachrichten auf, solange jemand fort ist. Ada und Ben nutzen beide.",
    ),
    "meets": (
        "Ada invites Ben. The link is a secret between the two, and good for one person.",
        "Ada lädt Ben ein. Der Link ist ein Geheimnis der beiden und gilt für eine Person.",
    ),
    "verifies": (
        "Both compare words, by voice. The same words: nobody stands in between.",
        "Beide vergleichen Wörter, mit der Stimme. Sind sie gleich, steht niemand dazwischen.",
    ),
    "talks": (
        "They talk. `delivered` means that the other node has stored it.",
        "Sie reden. „zugestellt“ heißt, dass der andere Knoten die Nachricht gespeichert hat.",
    ),
    "kills": (
        "The first relay dies (SIGKILL). Nobody does anything about it. They talk on.",
        "Das erste Relay stirbt (SIGKILL). Niemand tut etwas dagegen. Sie reden weiter.",
    ),
    "same": (
        "Both sides show the same {n} messages, each once, in the same order.",
        "Beide Seiten zeigen dieselben {n} Nachrichten, jede einmal, in derselben Reihenfolge.",
    ),
    "xmpp": (
        "Another network: Ada has an XMPP account. Carl uses an ordinary client, over a real server.",
        "Ein anderes Netz: Ada hat ein XMPP-Konto. Carl nutzt ein gewöhnliches Programm und einen Server.",
    ),
    "inbox": ("Carl's words are in the same inbox.", "Carls Worte sind im selben Posteingang."),
    "carl": ("  carl, in his client, reads: {text}", "  Carl liest in seinem Programm: {text}"),
    "no-xmpp": (
        "An account on another network would follow, but no XMPP server is here: apt-get install prosody",
        "Hier käme ein Konto in einem anderen Netz, aber es fehlt ein XMPP-Server: apt-get install prosody",
    ),
    "stopped": ("All processes have stopped cleanly.", "Alle Prozesse haben sauber angehalten."),
    "try": (
        "They keep running until you press Ctrl-C. Try, in another terminal:",
        "Sie laufen weiter, bis du Strg-C drückst. Probiere in einem anderen Terminal:",
    ),
    "failed": ("The demo failed: {why}", "Die Vorführung ist gescheitert: {why}"),
    "m1": ("Hello Ben! Is this really only between us?", "Hallo Ben! Ist das wirklich nur unter uns?"),
    "m2": ("Yes. The relays see sealed envelopes.", "Ja. Die Relays sehen nur versiegelte Umschläge."),
    "m3": ("And if one of them goes away?", "Und wenn eines davon verschwindet?"),
    "m4": ("Then the other one carries this.", "Dann trägt das andere dies hier."),
    "m5": ("So it does.", "Das tut es."),
    "m6": (
        "Hello Ada, I have no node, I have Jabber.",
        "Hallo Ada, ich habe keinen Knoten, ich habe Jabber.",
    ),
    "m7": ("That will do. My node speaks it.", "Das reicht. Mein Knoten kann es."),
}


class Failed(Exception):
    """Something did not happen as it should; the text says what."""


def t(name: str, **facts: object) -> str:
    """The sentence in the language of the person."""
    return TEXTS[name][LANGUAGE == "de"].format(**facts)


def tell(name: str, **facts: object) -> None:
    """Print a sentence, with room above it."""
    print(f"\n{t(name, **facts)}\n", flush=True)


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
            command, check=False, capture_output=True, text=True, env=ENVIRONMENT, timeout=3 * PATIENCE_S
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


ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not re.match("SWARMNODE_(?!TEST)", name)},
    "SWARMNODE_PASSPHRASE": "for the demo",
    "SWARMNODE_LANG": LANGUAGE,
    "SWARMNODE_LOG__LEVEL": "warning",
    "SWARMNODE_TEST_FORWARD_TO_PRIVATE": "1",  # both relays are on this machine
}


def short(text: str) -> str:
    """A line without the middle of a link: links are long, and secret."""
    start, swarm, rest = text.partition("swarm:")
    return f"{start}{swarm}{rest[:12]} …" if swarm else text


def wait_for(what: str, happens: Callable[[], bool]) -> None:
    """Look again and again, for a minute."""
    until = time.monotonic() + PATIENCE_S
    while not happens():
        if time.monotonic() > until:
            raise Failed(f"after {PATIENCE_S:.0f} s it is still not so that {what}")
        time.sleep(0.1)


class Demo:
    """The story, and the processes in it."""

    def __init__(self, folder: Path) -> None:
        self.ada, self.ben = Process("ada", folder / "ada"), Process("ben", folder / "ben")
        self.relays = [Process("relay-1", folder / "relay-1"), Process("relay-2", folder / "relay-2")]
        self.people = [self.ada, self.ben]
        self.said: list[str] = []
        self.prosody: Prosody | None = None
        self.carl: Friend | None = None

    def play(self) -> None:
        """All of it, in its order."""
        self.start()
        self.meet()
        tell("talks")
        self.say(self.ada, "Ben", "m1")
        self.say(self.ben, "Ada", "m2")
        self.say(self.ada, "Ben", "m3")
        self.look()
        tell("kills")
        self.relays[0].kill()
        self.say(self.ben, "Ada", "m4")
        self.say(self.ada, "Ben", "m5")
        self.look()
        self.compare()
        if Prosody.is_there():
            self.meet_carl()
        else:
            tell("no-xmpp")

    def start(self) -> None:
        """Start everything: first the relays, whose links the nodes need."""
        tell("starts")
        for person in self.people:
            words = person.home.with_suffix(".words")
            person.call("init", "--name", person.name.title(), "--words-file", str(words))
            person.run()
        for relay in self.relays:
            relay.run("--role", "relay", "--link", "127.0.0.1:0")
        for process in (*self.relays, *self.people):
            process.wait_ready()
        tell("relays")
        for relay in self.relays:
            for person in self.people:
                person.show("relay", "use", relay.json("relay", "ticket")["link"])

    def meet(self) -> None:
        """Become contacts, and compare words."""
        tell("meets")
        link = self.ada.json("invite")["link"]
        print(f"  ada$ swarmnode invite\n      {short(link)}")
        self.ben.show("accept", link)
        for person in self.people:
            wait_for(f"{person.name} has a contact", partial(confirmed, person))
        tell("verifies")
        safety = [self.ada.json("verify", "Ben")["words"], self.ben.json("verify", "Ada")["words"]]
        for person, words in zip(self.people, safety, strict=True):
            print(f"  {person.name}: {' '.join(words)}", flush=True)
        if safety[0] != safety[1]:
            raise Failed("their words differ")
        self.ada.show("verify", "Ben", "--yes")
        self.ben.show("verify", "Ada", "--yes")
        for person in self.people:
            wait_for(f"{person.name} reads from both relays", partial(reads_from, person, len(self.relays)))

    def say(self, who: Process, whom: str, name: str) -> None:
        """Say something, and wait until the other node has stored it."""
        self.said.append(t(name))
        who.show("send", whom, t(name), "--wait")
        state = who.json("read", whom, "--peek")["items"][-1]["state"]
        if state not in {"delivered", "read"}:
            raise Failed(f"what {who.name} said is {state}")

    def look(self) -> None:
        """Show what both see."""
        print()
        self.ada.show("read", "Ben")
        self.ben.show("read", "Ada")

    def compare(self) -> None:
        """Both see what was said, and nothing else."""
        seen = [
            [message["text"] for message in person.json("read", other, "--peek")["items"]]
            for person, other in ((self.ada, "Ben"), (self.ben, "Ada"))
        ]
        if seen != [self.said, self.said]:
            raise Failed(f"they see {seen}, and {self.said} was said")
        tell("same", n=len(self.said))

    def meet_carl(self) -> None:
        """Add an account on another network, hear from there, and answer."""
        tell("xmpp")
        folder = self.ada.home.with_name("xmpp")
        folder.mkdir()
        server = self.prosody = Prosody(folder, "ada", "carl")
        wait_for("the XMPP server answers", server.answers)
        login = folder / "login"
        login.write_text(server.login("ada"))
        self.ada.show("bridge", "add", "xmpp", "--at-home", "--answers", str(login))
        login.unlink()
        wait_for("ada's account is connected", partial(connected, self.ada))
        carl = self.carl = Friend(server, "carl")
        carl.say("ada@localhost", t("m6"))
        wait_for("ada hears from carl", partial(hears, self.ada, "carl", t("m6")))
        tell("inbox")
        self.ada.show("inbox")
        self.ada.show("read", "carl")
        self.ada.show("send", "carl", t("m7"), "--wait")
        wait_for("carl hears from ada", lambda: carl.heard == [t("m7")])
        print(t("carl", text=carl.heard[0]), flush=True)

    def stay(self) -> None:
        """Run on until Ctrl-C."""
        program = Path(sys.executable).with_name("swarmnode")
        tell("try")
        for home, rest in (
            (self.ben.home, "read Ada --follow"),
            (self.ada.home, 'send Ben "…" --wait'),
            (self.ada.home, "inbox"),
            (self.ada.home, "doctor"),
            (self.relays[1].home, "doctor"),
        ):
            print(f"  {program} --home {home} {rest}", flush=True)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)

    def stop(self) -> None:
        """Stop what still runs."""
        if self.carl is not None:
            self.carl.leave()
        for process in (*self.people, self.relays[1]):
            process.stop()
        tell("stopped")

    def kill(self) -> None:
        """Leave nothing behind, whatever happened."""
        for process in (*self.people, *self.relays):
            process.kill()
        if self.prosody is not None:
            self.prosody.stop()


def confirmed(person: Process) -> bool:
    """Whether the one contact of a person has confirmed."""
    standings = [contact["standing"] for contact in person.json("contacts")["items"]]
    return standings == ["confirmed"]


def connected(person: Process) -> bool:
    """Whether the one account of a person is connected."""
    states = [account["state"] for account in person.json("bridge", "status")["items"]]
    return states == ["connected"]


def hears(person: Process, title: str, text: str) -> bool:
    """Whether a conversation is there, and this is its last word."""
    return (title, text) in [(chat["title"], chat["last_text"]) for chat in person.json("inbox")["items"]]


def reads_from(person: Process, count: int) -> bool:
    """Whether a person has queues on so many relays."""
    reading = [relay for relay in person.json("relay", "list")["items"] if relay["queues"]]
    return len(reading) >= count


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="swarmnode-demo-"))
    demo = Demo(folder)
    try:
        demo.play()
        if os.environ.get("DEMO_EXIT") != "1":
            demo.stay()
        demo.stop()
    except Failed as e:
        print(t("failed", why=e), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        demo.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
