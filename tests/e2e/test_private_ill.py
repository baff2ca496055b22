"""Private talk over a real network that is not well: it loses, repeats, reorders, rewraps, cuts, refuses.

Two nodes, no relay, and a Prosody that does that to what the nodes say to each other. For these nodes ten
minutes are a second where they wait for the network (`e2e_brisk`), so an hour of the network is six. In the
middle one of them may lose her home, and come back over that network (spec 41, 53).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_ill import BRISK, BUDGET, Talk
from e2e_networks import answers_file, connected, state
from e2e_private import Two, is_sealed
from e2e_world import SOAK, Home, Village, eventually, ticket
from e2e_xmpp import answers
from xmpp_ill import IllProsody
from xmpp_server import RESUME_S, wanted

ILLNESSES = [("drop 3", SOAK), ("reorder 2", True), ("wrap 76", True)]
"""Each with whether something long is said, too: what is lost in part is whole after some repetitions."""
LONG = " ".join(["a long canary sings"] * 400)
"""More than one message of this network carries."""
RETURNS = [""]
"""What ails the network while somebody comes back."""
if SOAK:
    ILLNESSES += [(illness, True) for illness in ("drop 2", "twice 1", "late 6", "slow 6")]
    RETURNS += ["drop 3", "twice 1", "reorder 2", "late 3"]


@dataclass
class Place(Talk):
    """Anna and Ben, and what is around them."""

    server: IllProsody
    village: Village

    def texts(self, home: Home) -> list[str]:
        """The whole talk, as a screen has it."""
        return [m.text for m in home.messages(self.two.private(home)) if m.kind == "text"]

    def come_back(self, backup: Path) -> None:
        """Anna's node is killed and its home deleted; her words and a backup make another one."""
        two, lost = self.two, self.two.anna
        lost.kill()
        shutil.rmtree(lost.path)
        again = self.village.home(f"{lost.path.name} again", program=BRISK).start()
        again.json("restore", str(backup), "--words-file", str(self.words))
        for known in (two.accounts, two.chats):
            known[id(again)] = known[id(lost)]
        two.anna = again
        connected(again, two.accounts[id(again)])

    @property
    def words(self) -> Path:
        """Anna's, in a file."""
        return self.village.folder / "words"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with world(tmp_path_factory.mktemp("ill")) as made:
        yield made


@contextmanager
def world(folder: Path) -> Iterator[Place]:
    """A place that ends with the block; what the server has stored by then is searched."""
    wanted(IllProsody)
    server = IllProsody(folder / "server", {name: f"{name}'s password" for name in ("anna", "ben")}, RESUME_S)
    server.start()
    try:
        with Village(folder) as village:
            anna, ben = village.home("anna", program=BRISK), village.person("ben", program=BRISK)
            two = Two("xmpp", anna, ben)
            made = Place(two, server, village)
            anna.json("init", "--name", "anna", "--words-file", str(made.words))
            anna.start()
            two.add([answers(server, "anna"), answers(server, "ben")])
            two.begin("ben@localhost", "anna")
            two.agree()
            yield made
        is_sealed([server.folder], b"urn:swarmnode:opaque:1")
    finally:
        server.stop()


@pytest.mark.parametrize(("illness", "long"), ILLNESSES)
def test_the_talk_goes_on(place: Place, illness: str, long: bool) -> None:
    before = place.server.seen()
    with place.server.ill(illness):
        place.goes_on(illness, *([f"{illness}: {LONG}"] if long else []))
    sent = place.server.seen() - before
    assert max(sent.values()) < BUDGET


@pytest.mark.parametrize("illness", ["trim 100", "strip 0"])
def test_what_comes_cut_is_never_called_delivered_and_comes_when_the_network_is_well(
    place: Place, illness: str
) -> None:
    anna, ben = place.two.anna, place.two.ben
    with place.server.ill(illness):
        said = place.say(anna, f"the canary sings, {illness}")
        place.two.soon(lambda: [place.state(anna, id_) for id_ in said] == ["sent"])
        before = place.server.seen()["anna"]
        place.two.soon(lambda: place.server.seen()["anna"] >= before + 2)
        assert [place.state(anna, id_) for id_ in said] == ["sent"]
        assert not {*said.values()} & {*ben.heard(place.two.private(ben))}
    place.arrives(said, by=anna, to=ben)


def test_who_loses_the_account_in_the_middle_is_told_so_and_so_is_the_other(place: Place) -> None:
    two, anna, ben = place.two, place.two.anna, place.two.ben
    account = two.accounts[id(anna)]
    place.server.remove("anna")
    two.soon(lambda: state(anna, account).state != "connected")
    hers, his = place.say(anna, "the canary sings to nobody"), place.say(ben, "the canary sang to nobody")
    place.says_why(anna, hers, "the account over which it goes is not connected")
    place.says_why(ben, his, "nobody is there, or does not take messages")
    two.soon(lambda: "does not accept the log-in any more" in anna("status").stdout)
    assert "no relay of ben answers" not in anna("status").stdout
    place.server.add("anna", "anna's password")
    given = answers_file(anna.path.with_name("again"), answers(place.server, "anna"))
    anna.json("bridge", "login", account, "--answers", given, "--at-home")
    place.arrives(hers, by=anna, to=ben)
    place.arrives(his, by=ben, to=anna)


@pytest.mark.parametrize("illness", RETURNS)
def test_who_loses_her_home_comes_back_over_the_network_and_nothing_is_lost_or_doubled(
    place: Place, tmp_path: Path, illness: str
) -> None:
    comes_back(place, tmp_path / "backup", illness)


def comes_back(place: Place, backup: Path, illness: str = "", *, relay: Home | None = None) -> None:
    """Anna restores what she had before the last words; a relay that the two have dies with her home."""
    two, ben = place.two, place.two.ben
    two.anna.json("backup", str(backup))
    after = place.say(two.anna, f"the canary sings after the backup, {illness}")
    place.arrives(after, by=two.anna, to=ben)
    his = place.say(ben, f"the canary sang after the backup, {illness}")
    place.arrives(his, by=ben, to=two.anna)
    standing = Counter(two.alerts(ben))
    if relay is not None:
        relay.kill()
        shutil.rmtree(relay.path)
    before = place.server.seen()
    with place.server.ill(illness):
        place.come_back(backup)
        unheard = place.say(ben, f"the canary sang while nobody was there, {illness}")
        two.soon(lambda: place.texts(two.anna) == place.texts(ben))
        place.arrives(unheard, by=ben, to=two.anna)
        place.arrives(place.say(two.anna, f"the canary is back, {illness}"), by=two.anna, to=ben)
        eventually(lambda: two.anna.json("status")["state"] == "ready", within_s=120)
    assert max((place.server.seen() - before).values()) < BUDGET
    whole = place.texts(two.anna)
    assert whole == place.texts(ben)
    assert {*after.values(), *his.values()} <= {*whole}
    assert max(Counter(whole).values()) == 1
    assert Counter(two.alerts(ben)) - standing == Counter(["rejoined"])


if SOAK:

    def test_a_relay_that_dies_with_her_home_is_no_obstacle(tmp_path: Path) -> None:
        with world(tmp_path) as place:
            relay = place.village.relay("post")
            two = place.two
            for home in (two.anna, two.ben):
                home.json("relay", "use", ticket(relay))
            shown = two.other(two.anna).id
            two.soon(lambda: "nobody reads along" in two.anna("people", "show", shown).stdout)
            comes_back(place, tmp_path / "backup", relay=relay)
