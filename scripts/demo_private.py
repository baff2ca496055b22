"""The second part of the demo: two who know each other from XMPP come to talk privately.

Each proves that the account is theirs, their nodes notice each other, one asks, the other agrees; and they
use whatever way is left. In the end the server itself is looked at.
"""

import re
from functools import partial
from pathlib import Path

from demo_parts import Failed, Process, connected, wait_for
from demo_texts import t, tell
from demo_xmpp import Prosody

OPAQUE = b"urn:swarmnode:opaque:1"
SEALED = re.compile(rb"[A-Za-z0-9+/]{60,}={0,2}")


class Private:
    """Anna, who is new, and Ben, whose node runs already. `relay` is the one that is left."""

    def __init__(self, folder: Path, server: Prosody, ben: Process, relay: Process) -> None:
        self.anna, self.ben, self.server, self.relay = Process("anna", folder / "anna"), ben, server, relay
        self.secret: list[str] = []

    def play(self) -> None:
        """All of it, in its order."""
        self.greet()
        self.prove()
        self.agree()
        self.say(self.anna, "ben", "m10")
        self.say(self.ben, "anna", "m11")
        self.use_relay()
        tell("no-relay")
        self.relay.kill()
        self.say(self.anna, "ben", "m13")
        self.ben.show("read", "anna")
        self.look_at_server()

    def greet(self) -> None:
        """Anna gets a node; both add their accounts, and greet as people do."""
        tell("anna")
        anna, ben = self.anna, self.ben
        anna.call("init", "--name", "Anna", "--words-file", str(anna.home.with_suffix(".words")))
        anna.run()
        anna.wait_ready()
        for person in (anna, ben):
            login = self.server.folder / "login"
            login.write_text(self.server.login(person.name))
            person.show("bridge", "add", "xmpp", "--at-home", "--answers", str(login))
            login.unlink()
            wait_for(f"{person.name}'s account is connected", partial(connected, person))
        anna.show("bridge", "open", "xmpp", "ben@localhost")
        anna.show("send", "ben", t("m8"), "--wait")
        wait_for("ben hears from anna", lambda: any(c["title"] == "anna" for c in inbox(ben)))
        ben.show("send", "anna", t("m9"), "--wait")

    def prove(self) -> None:
        """Each lets the account say that it is theirs."""
        tell("proves")
        for person in (self.anna, self.ben):
            person.show("proofs", "make", "xmpp", "--yes")

    def agree(self) -> None:
        """Anna asks, Ben agrees, and both look at each other's proofs."""
        tell("finds")
        anna, ben = self.anna, self.ben
        wait_for("anna knows that ben has a node", partial(has_node, anna, "ben"))
        anna.show("people", "private", "ben")
        wait_for("ben is asked", lambda: "request" in standings(ben))
        tell("agrees")
        ben.show("contacts")
        ben.show("contacts", "accept", "anna")
        wait_for("they have keys", lambda: {*standings(anna), *standings(ben)} <= {"confirmed", "verified"})
        for one, other in ((anna, "ben"), (ben, "anna")):
            wait_for(f"{other} is proven", partial(is_proven, one, other))
        tell("proven")
        anna.show("people", "show", "ben")

    def say(self, who: Process, whom: str, name: str) -> None:
        """Say something privately, and wait until the other node has stored it."""
        self.secret.append(t(name))
        who.show("send", whom, t(name), "--wait")

    def use_relay(self) -> None:
        """With a relay it goes over that, as both nodes learn by themselves."""
        tell("over-relay")
        self.anna.show("relay", "use", self.relay.json("relay", "ticket")["link"])

        def goes_over_it() -> bool:
            before = self.sealed()
            self.ben.call("send", "anna", t("m12"), "--wait")
            return self.sealed() == before

        wait_for("they use the relay", goes_over_it)
        self.secret.append(t("m12"))

    def look_at_server(self) -> None:
        """Count what the server has of it."""
        tell("archive")
        stored = self.stored()
        for name in ("m8", "m9"):
            print(t("kept", n=stored.count(t(name).encode()), what=t(name)))
        for text in self.secret:
            print(t("kept", n=stored.count(text.encode()), what=text))
        print(t("kept", n=self.sealed(), what=t("sealed")), flush=True)
        for found in SEALED.findall(stored, stored.index(OPAQUE))[:1]:
            print(f"          {found.decode()[:72]} …", flush=True)
        if any(text.encode() in stored for text in self.secret):
            raise Failed("the server has read along")

    def stored(self) -> bytes:
        """All that the server has written."""
        kept = [path for path in self.server.folder.rglob("*") if path.is_file()]
        return b"\n".join(path.read_bytes() for path in sorted(kept))

    def sealed(self) -> int:
        """How many sealed messages the server has kept."""
        return self.stored().count(OPAQUE)


def inbox(person: Process) -> list[dict[str, str]]:
    """The conversations of a person."""
    found: list[dict[str, str]] = person.json("inbox")["items"]
    return found


def has_node(person: Process, other: str) -> bool:
    """Whether a node has noticed that somebody has one too."""
    return any(link["node"] for link in person.json("people", "show", other)["links"])


def standings(person: Process) -> list[str]:
    """How it stands with those whom a person met over another network."""
    return [contact["standing"] for contact in person.json("contacts")["items"]]


def is_proven(person: Process, other: str) -> bool:
    """Whether a node has seen that the account is the other's."""
    return "ok" in [proof["state"] for proof in person.json("people", "show", other)["proofs"]]
