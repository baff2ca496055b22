"""Private talk of two over a network that is not well: what they say arrives, or says why not."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from e2e_private import Two
from e2e_world import Home

BRISK = (sys.executable, str(Path(__file__).with_name("e2e_brisk.py")))
"""For these nodes ten minutes are a second, where they wait for a network."""
BUDGET = 120
"""Messages of an hour where they are text; an hour of the network is six seconds here."""


@dataclass
class Talk:
    """Anna and Ben, who talk privately already."""

    two: Two

    def say(self, home: Home, *texts: str) -> dict[str, str]:
        """Say something privately; the texts by their ids."""
        chat = self.two.private(home)
        return {home.say(chat, text).id: text for text in texts}

    def arrives(self, said: dict[str, str], *, by: Home, to: Home) -> None:
        """All of it arrives, once each, in its order, and is confirmed."""
        self.two.soon(lambda: {self.state(by, id_) for id_ in said} == {"delivered"})
        heard = to.heard(self.two.private(to))
        assert [text for text in heard if text in said.values()] == list(said.values())

    def goes_on(self, illness: str, *more: str) -> None:
        """Both say something at once, and all of it arrives; `more` is said besides."""
        anna, ben = self.two.anna, self.two.ben
        hers = self.say(anna, *(f"the canary sings, {illness}, {n}" for n in range(3)), *more)
        his = self.say(ben, *(f"the canary sang, {illness}, {n}" for n in range(3)))
        self.arrives(hers, by=anna, to=ben)
        self.arrives(his, by=ben, to=anna)

    def state(self, home: Home, id_: str) -> str:
        return self.two.message(home, id_).state.value

    def reads(self, home: Home) -> str:
        """What the command line shows of the talk."""
        return home("read", self.two.private(home), "--peek").stdout

    def says_why(self, home: Home, said: dict[str, str], why: str) -> None:
        """What was said waits, and the command line says why."""
        self.two.soon(lambda: {self.state(home, id_) for id_ in said} == {"waiting"})
        self.two.soon(lambda: all(f"{text}  (waiting: {why})" in self.reads(home) for text in said.values()))
