"""Relays that are killed, and one that never comes back (the second and the fourth of eight points).

Messages go in and are looked at through the command line's own client, not a process each.
"""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest
from e2e_world import HASTY, SOAK, Home, Village, eventually

from swarmnode.domain.views import StatusView

MESSAGES, KILLS = (500, 50) if SOAK else (100, 10)


@pytest.mark.timeout(3600 if SOAK else 500)
def test_all_that_is_said_arrives_once_and_in_order_however_often_the_relay_is_killed(tmp_path: Path) -> None:
    """Ben is off while Ada speaks. Half of the kills hit what Ada sends, half what Ben fetches."""
    dice = random.Random(2)
    with Village(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("ada", post), village.person("ben", post)
        village.meet(ada, ben)
        ben.stop()
        said: list[str] = []
        for _ in range(KILLS // 2):
            for _ in range(2 * MESSAGES // KILLS):
                said.append(f"message {len(said)}")
                ada.say("1", said[-1])
            sent = len(said) - dice.randrange(1, 2 * MESSAGES // KILLS)
            eventually(lambda sent=sent: _left(ada) >= sent, within_s=60)  # type: ignore[misc]
            post.kill()
            post.start()
        ben.start()
        for _ in range(KILLS - KILLS // 2):
            time.sleep(dice.uniform(0.0, 1.5))
            post.kill()
            post.start()
        eventually(lambda: len(ben.heard("1")) >= len(said), within_s=180)
        assert ben.heard("1") == said
        eventually(lambda: ada.json("status")["waiting"] == 0, within_s=60)


def _left(home: Home) -> int:
    """Messages that a relay gave a receipt for."""
    return sum(m.state not in {"queued", "waiting"} for m in home.messages("1") if m.mine)


@pytest.mark.parametrize("which", [0, 1] if SOAK else [0])
def test_a_relay_is_destroyed_and_the_talk_goes_on(tmp_path: Path, which: int) -> None:
    """What lay there for somebody who was away comes over the other relay, and neither has to do anything."""
    with Village(tmp_path) as village:
        relays = [village.relay("post"), village.relay("pigeon")]
        ada, ben = village.person("ada", *relays), village.person("ben", *relays)
        village.meet(ada, ben)
        for home in (ada, ben):
            eventually(lambda home=home: not home.json("contacts")["items"][0]["single_relay"])  # type: ignore[misc]
        ada.json("send", "ben", "before", "--wait")
        ben.stop()
        on_the_way = [ada.say("1", f"on the way {n}").text for n in range(5)]
        eventually(lambda: _left(ada) == 6)
        dead = relays[which]
        dead.kill()
        shutil.rmtree(dead.path)
        ben.start()
        ada.say("1", "after")
        ben.say("1", "from Ben")
        eventually(lambda: sorted(ben.heard("1")) == sorted(["before", *on_the_way, "after"]), within_s=90)
        eventually(lambda: ada.heard("1") == ["from Ben"], within_s=90)
        assert ben.heard("1") == ["before", *on_the_way, "after"]
        for home, other in ((ada, "ben"), (ben, "ada")):
            home.json("send", other, "as before", "--wait", "--timeout", "90")

        def states() -> list[str]:
            return sorted(relay["state"] for relay in ada.json("relay", "list")["items"])

        eventually(lambda: states() == ["down", "up"])
        assert ada("doctor").returncode == 1, "it says that something is wrong"


def test_all_relays_of_both_are_destroyed_and_the_talk_goes_on(tmp_path: Path) -> None:
    """Each has a third relay, which the other does not use, and was told of when they met."""
    with Village(tmp_path) as village:
        shared = [village.relay("post"), village.relay("pigeon")]
        ada = village.person("ada", *shared, village.relay("owl"), program=HASTY)
        ben = village.person("ben", *shared, village.relay("raven"), program=HASTY)
        village.meet(ada, ben)
        for home, other in ((ada, ben), (ben, ada)):
            home.say("1", "before")
            eventually(lambda other=other: other.heard("1") == ["before"])  # type: ignore[misc]
        for relay in shared:
            relay.kill()
            shutil.rmtree(relay.path)
        ada.say("1", "are you there?")
        ben.say("1", "and you?")
        eventually(lambda: _problems(ada) & {"contact-lost", "no-answer"})
        eventually(lambda: ben.heard("1") == ["before", "are you there?"], within_s=180)
        eventually(lambda: ada.heard("1") == ["before", "and you?"], within_s=180)
        for home, other in ((ada, ben), (ben, ada)):
            home.say("1", "as before")
            eventually(lambda other=other: other.heard("1")[-1] == "as before", within_s=60)  # type: ignore[misc]
        eventually(lambda: not _problems(ada) & {"contact-lost", "no-answer"}, within_s=60)
        assert ada("doctor").returncode == 1, "two of three relays are away"


def _problems(home: Home) -> set[str]:
    """The codes of what `status` points out."""
    return {problem.code for problem in home.client.get("/status", StatusView).problems}
