"""Anna and Ben share XMPP and mail, on real servers: proofs of both, and a talk that outlives one of them.

There is no relay. What they say from node to node begins over XMPP, and goes on by mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dns_server import name_server
from e2e_networks import state
from e2e_private import Two
from e2e_world import Home, Village
from e2e_xmpp import answers
from mail_dkim import Signer
from mail_network import MailNetwork
from mail_python import started as mail_started
from mail_server import DOMAIN
from xmpp_server import Prosody, Server
from xmpp_server import started as xmpp_started


class Place:
    """The two at their command lines, and how they are on either network."""

    def __init__(self, village: Village, names: str, xmpp: Server, mail: MailNetwork) -> None:
        self.server = xmpp
        self.anna, self.ben = (village.person(name, SWARMNODE_DNS__SERVERS=names) for name in ("anna", "ben"))
        self.xmpp, self.mail = Two("xmpp", self.anna, self.ben), Two("mail", self.anna, self.ben)
        self.xmpp.add([answers(xmpp, "anna"), answers(xmpp, "ben")])
        here, there = mail.answers, mail.from_the_other_side().answers
        self.mail.add([{**here, "name": "Anna"}, {**there, "name": "Ben"}])
        self.address = mail.friend

    def proven(self, home: Home) -> dict[str, str]:
        """What was seen of the other one's accounts, by network; what is between the two has a star."""
        other = self.xmpp.other(home)
        return {f"{proof.network}{'*' * proof.private}": proof.state for proof in other.proofs}

    def networks(self, home: Home) -> set[str]:
        """Where the one person is who is the other one."""
        return {link.network for link in self.xmpp.other(home).links}

    def carrying(self, home: Home) -> set[str]:
        """Networks that carry what is private; in mails each subject is a conversation."""
        return {way.network for way in self.xmpp.other(home).ways if way.carries == "in use"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    signer = Signer(tmp_path, DOMAIN)
    (tmp_path / "mail").mkdir()
    xmpp, mail = xmpp_started(Prosody, tmp_path), mail_started(tmp_path / "mail", signer.command())
    try:
        for name in ("anna", "ben"):
            xmpp.add(name, f"{name}'s password")
        with name_server(signer.txt) as names, Village(tmp_path) as village:
            yield Place(village, names.place, xmpp, MailNetwork(mail))
    finally:
        xmpp.stop()
        mail.close()


def both_accounts_are_proven_and_are_one_person(place: Place) -> None:
    anna, ben, soon = place.anna, place.ben, place.mail.soon
    place.xmpp.begin("ben@localhost", "anna")
    place.xmpp.agree()
    place.mail.begin(place.address, "Anna")
    assert place.networks(anna) == {"", "xmpp"}, "nobody has said yet that this is the same Ben"
    ben.json("proofs", "make", "xmpp", "--yes")
    ben.json("proofs", "make", "mail", "--to", place.xmpp.other(ben).name, "--yes")
    ben.json("send", place.mail.chats[id(ben)], "which also says whose this account is", "--wait")
    soon(lambda: place.proven(anna) == {"xmpp": "ok", "mail": "ok"})
    assert place.networks(anna) == {"", "xmpp", "mail"}
    assert place.xmpp.other(anna).id == place.mail.other(anna).id


def what_is_withdrawn_at_one_is_gone_there_alone_and_comes_back(place: Place) -> None:
    anna, ben, soon = place.anna, place.ben, place.xmpp.soon
    ben.json("proofs", "drop", "xmpp", "--yes")
    soon(lambda: place.proven(anna) == {"mail": "ok"})
    assert place.networks(anna) == {"", "xmpp", "mail"}, "who is one person stays so"
    ben.json("proofs", "make", "xmpp", "--yes")
    soon(lambda: place.proven(anna) == {"xmpp": "ok", "mail": "ok"})
    checked = anna.json("proofs", "check", place.xmpp.other(anna).id)["proofs"]
    assert {proof["network"]: proof["state"] for proof in checked} == {"xmpp": "ok", "mail": "ok"}


def anna_proves_hers_to_ben_alone(place: Place) -> None:
    """She claims nothing in public; until he has said yes, her account at the mail server is a stranger's."""
    anna, ben, soon = place.anna, place.ben, place.mail.soon
    assert place.networks(ben) == {"", "xmpp"}
    anna.json("proofs", "ask", place.xmpp.other(anna).id, "--via", "mail")
    soon(lambda: place.proven(ben) == {"mail*": "unchecked"})
    assert "they ask whether" in " ".join(ben("people", "show", place.xmpp.other(ben).id).stdout.split())
    ben.json("proofs", "ask", place.xmpp.other(ben).id)
    soon(lambda: place.proven(ben) == {"mail*": "ok"})
    soon(lambda: place.proven(anna).get("mail*") == "ok")
    assert place.networks(ben) == {"", "xmpp", "mail"}
    assert anna.json("proofs", "list")["items"] == []


def over_xmpp_the_answer_needs_no_yes_since_they_met_there(place: Place) -> None:
    place.ben.json("proofs", "ask", place.xmpp.other(place.ben).id, "--via", "xmpp")
    place.xmpp.soon(lambda: place.proven(place.ben).get("xmpp*") == "ok")


def the_talk_goes_on_by_mail_when_the_server_of_the_other_network_is_gone(place: Place) -> None:
    anna, ben, soon = place.anna, place.ben, place.mail.soon
    place.xmpp.sent(anna, "begun over XMPP")
    for home in (anna, ben):
        home.json("people", "carry", place.xmpp.other(home).id, "--via", "mail")
    for home in (anna, ben):
        soon(lambda home=home: place.carrying(home) == {"xmpp", "mail"})  # type: ignore[misc]
    place.server.stop(kill=True)
    for home in (anna, ben):
        account = place.xmpp.accounts[id(home)]
        soon(lambda home=home, account=account: state(home, account).state != "connected")  # type: ignore[misc]
    place.mail.sent(anna, "it is gone, and we are not")
    place.mail.sent(ben, "I hear you")
    assert ben.heard(place.xmpp.private(ben)) == ["begun over XMPP", "it is gone, and we are not"]
    assert anna.heard(place.xmpp.private(anna)) == ["I hear you"]


def test_one_person_on_two_networks(place: Place) -> None:
    both_accounts_are_proven_and_are_one_person(place)
    what_is_withdrawn_at_one_is_gone_there_alone_and_comes_back(place)
    anna_proves_hers_to_ben_alone(place)
    over_xmpp_the_answer_needs_no_yes_since_they_met_there(place)
    the_talk_goes_on_by_mail_when_the_server_of_the_other_network_is_gone(place)
