"""The second part of the demo: two who know each other from XMPP come to talk privately.

One of them has e-mail, too, in the same inbox. Each proves that the XMPP account is theirs, their nodes
notice each other, one asks, the other agrees; and they use whatever way is left. In the end the server is
looked at.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path

from demo_mail import Mail
from demo_parts import Failed, Process, connected, wait_for
from demo_texts import t, tell
from demo_xmpp import Prosody

OPAQUE = b"urn:swarmnode:opaque:1"
TELLING = ('"', '["from"]', '["to"]', '["stamp"]')
"""How lines of the archive begin that say more than how a message is built."""
WIDTH = 90
"""Characters of a line of the archive that are printed."""


class Private:
    """Anna, who is new, and Ben, whose node runs already. `relay` is the one that is left."""

    def __init__(self, folder: Path, server: Prosody, ben: Process, relay: Process) -> None:
        self.anna, self.ben, self.server, self.relay = Process("anna", folder / "anna"), ben, server, relay
        self.secret: list[str] = []
        self.mail: Mail | None = None

    def play(self) -> None:
        """All of it, in its order."""
        self.greet()
        self.add_mail()
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
            self.add(person, "xmpp", self.server.login(person.name))
        anna.show("bridge", "open", "xmpp", "ben@localhost")
        anna.show("send", "ben", t("m8"), "--wait")
        wait_for("ben hears from anna", lambda: any(c["title"] == "anna" for c in inbox(ben)))
        ben.show("send", "anna", t("m9"), "--wait")

    def add_mail(self) -> None:
        """Ben adds his mail account; what a friend writes stands beside what Anna said."""
        if not Mail.is_there():
            tell("no-mail")
            return
        tell("mail")
        mail = self.mail = Mail(self.ben.home.with_name("mail"), "ben", "dora")
        self.add(self.ben, "mail", mail.login("ben"))
        mail.send("dora", "ben", t("subject"), t("letter"))
        wait_for("ben hears from dora", lambda: any(t("letter") in c["last_text"] for c in inbox(self.ben)))
        self.ben.show("inbox")

    def add(self, person: Process, network: str, answers: str) -> None:
        """Add an account."""
        login = self.server.folder / "login"
        login.write_text(answers)
        person.show("bridge", "add", network, "--at-home", "--answers", str(login))
        login.unlink()
        wait_for(f"{person.name}'s account is connected", partial(connected, person))

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
        tell("as-stored")
        for line in self.archived():
            print(f"    {line}", flush=True)
        if any(text.encode() in stored for text in self.secret):
            raise Failed("the server has read along")

    def stored(self) -> bytes:
        """All that the server has written."""
        kept = list[bytes]()
        for path in sorted(self.server.folder.rglob("*")):
            with suppress(FileNotFoundError):  # some it writes beside their places first
                kept += [path.read_bytes()] if path.is_file() else []
        return b"\n".join(kept)

    def archived(self) -> list[str]:
        """The last sealed message as it lies in the archive: without names of elements, long lines cut."""
        files = (self.server.folder / "data" / "localhost" / "archive").glob("*.list")
        items = [item for path in sorted(files) for item in path.read_text().split("item(")]
        last = [item for item in items if OPAQUE.decode() in item][-1]
        said = [line for line in map(str.strip, last.splitlines()) if line.startswith(TELLING)]
        return [line if len(line) < WIDTH else f"{line[: WIDTH - 10]} …" for line in said]

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
