"""Two people's nodes talk over two relays, all real processes; one relay is killed, and the talk goes on.

Then one of them adds an account on another network, XMPP, over a real server, if there is one: what somebody
with an ordinary client writes is in the same inbox, and the answer goes back. In the end two who know each
other from there alone find that both have nodes, and talk privately, without any relay (`demo_private.py`).

Usage: demo.py

Everything happens on loopback and in a temporary folder, which is removed in the end. With DEMO_EXIT=1 it
ends by itself, with 0, or with 1 and what failed; otherwise it waits for Ctrl-C, so that one can try things.
It speaks English or German, as LANG says.
"""

import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from demo_parts import Failed, Process, confirmed, connected, hears, reads_from, short, wait_for
from demo_private import Private
from demo_texts import t, tell
from demo_xmpp import Friend, Prosody


class Demo:
    """The story, and the processes in it."""

    def __init__(self, folder: Path) -> None:
        self.ada, self.ben = Process("ada", folder / "ada"), Process("ben", folder / "ben")
        self.relays = [Process("relay-1", folder / "relay-1"), Process("relay-2", folder / "relay-2")]
        self.people = [self.ada, self.ben]
        self.said: list[str] = []
        self.prosody: Prosody | None = None
        self.carl: Friend | None = None
        self.private: Private | None = None

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
            self.talk_privately()
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
        server = self.prosody = Prosody(folder, "ada", "carl", "anna", "ben")
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

    def talk_privately(self) -> None:
        """Let two who know each other from there find that both have nodes."""
        assert self.prosody is not None
        folder, relay = self.ada.home.parent, self.relays[1]
        self.private = Private(folder, self.prosody, self.ben, relay)
        self.people.append(self.private.anna)
        self.private.play()

    def stay(self) -> None:
        """Run on until Ctrl-C."""
        program = Path(sys.executable).with_name("swarmnode")
        tell("try")
        for home, rest in (
            (self.ben.home, "read Ada --follow"),
            (self.ada.home, 'send Ben "…" --wait'),
            (self.ada.home, "inbox"),
            (self.ada.home, "doctor"),
            (self.ben.home, "people show Anna"),
        ):
            print(f"  {program} --home {home} {rest}", flush=True)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)

    def stop(self) -> None:
        """Stop what still runs."""
        if self.carl is not None:
            self.carl.leave()
        for process in self.people if self.private else (*self.people, self.relays[1]):
            process.stop()
        tell("stopped")

    def kill(self) -> None:
        """Leave nothing behind, whatever happened."""
        for process in (*self.people, *self.relays):
            process.kill()
        if self.prosody is not None:
            self.prosody.stop()
        if self.private is not None and self.private.mail is not None:
            self.private.mail.stop()


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
