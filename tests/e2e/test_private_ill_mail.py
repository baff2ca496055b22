"""Private talk by mail that is not well: a filter loses, strips and cuts it; mailboxes are full, or gone.

The servers are those in Python (`mail_python`): a mail that is refused is so at once. Both nodes are
`e2e_brisk`; there is no relay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from dns_server import name_server
from e2e_ill import BRISK, BUDGET, Talk
from e2e_networks import answers_file, state
from e2e_private import Two, is_sealed
from e2e_world import SOAK, Village
from mail_ill import Filter
from mail_network import MailNetwork
from mail_python import PythonMail, started

GOES_ON = ["drop 3"]
SAYS_WHY = [
    ("full 0", "the network has not taken it yet"),
    ("return 0", "the mailbox does not take it"),
]
if SOAK:
    GOES_ON += ["wrap 40", "twice 0", "late 1"]
    SAYS_WHY += [
        ("busy 0", "the network has not taken it yet"),
        ("refuse 0", "the server for sending answered 550"),
    ]


@dataclass
class Place(Talk):
    """Anna and Ben, their mail servers, and the filter in the middle."""

    server: PythonMail
    network: MailNetwork
    filter: Filter


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("ill")
    filter_ = Filter(folder / "illness")
    server = started(folder, filter_.command)
    try:
        network = MailNetwork(server)
        with Village(folder) as village, name_server() as names:
            anna, ben = (
                village.person(name, program=BRISK, SWARMNODE_DNS__SERVERS=names.place)
                for name in ("anna", "ben")
            )
            two = Two("mail", anna, ben)
            ways = (network, "Anna"), (network.from_the_other_side(), "Ben")
            two.add([{**way.answers, "name": name} for way, name in ways])
            two.begin(network.friend, "Anna")
            two.agree()
            yield Place(two, server, network, filter_)
        is_sealed([server.folder], b"application/vnd.swarmnode.opaque")
    finally:
        server.close()


@pytest.mark.parametrize("illness", GOES_ON)
def test_the_talk_goes_on(place: Place, illness: str) -> None:
    before = place.filter.seen()
    with place.filter.ill(illness):
        place.goes_on(illness)
    assert max((place.filter.seen() - before).values()) < BUDGET


@pytest.mark.parametrize(("illness", "why"), SAYS_WHY)
def test_who_waits_for_a_mailbox_is_told_so_and_not_for_ever(place: Place, illness: str, why: str) -> None:
    anna, ben = place.two.anna, place.two.ben
    with place.filter.ill(illness):
        said = place.say(anna, f"the canary sings, {illness}")
        place.says_why(anna, said, why)
    place.arrives(said, by=anna, to=ben)


if SOAK:

    @pytest.mark.parametrize("illness", ["strip 0", "trim 100"])
    def test_what_comes_cut_is_never_called_delivered_and_comes_when_the_filter_is_well(
        place: Place, illness: str
    ) -> None:
        two = place.two
        anna, ben, address = two.anna, two.ben, place.network.owner
        before = place.filter.seen()[address]
        with place.filter.ill(illness):
            said = place.say(anna, f"the canary sings, {illness}")
            two.soon(lambda: place.filter.seen()[address] >= before + 2)
            assert [place.state(anna, id_) for id_ in said] != ["delivered"]
            assert not {*said.values()} & {*ben.heard(two.private(ben))}
        place.arrives(said, by=anna, to=ben)

    def test_who_loses_the_account_in_the_middle_is_told_so_and_so_is_the_other(place: Place) -> None:
        two, anna, ben = place.two, place.two.anna, place.two.ben
        account, name = two.accounts[id(anna)], place.network.owner_name
        password = place.server.users[name]
        place.server.remove(name)
        two.soon(lambda: state(anna, account).state != "connected")
        hers = place.say(anna, "the canary sings to nobody")
        his = place.say(ben, "the canary sang to nobody")
        place.says_why(anna, hers, "the account over which it goes is not connected")
        place.says_why(ben, his, "the server does not know one of the recipients")
        place.server.add(name, password)
        given = answers_file(anna.path.with_name("again"), {**place.network.answers, "name": "Anna"})
        anna.json("bridge", "login", account, "--answers", given, "--at-home")
        place.arrives(hers, by=anna, to=ben)
        place.arrives(his, by=ben, to=anna)
