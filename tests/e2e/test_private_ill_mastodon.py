"""Private talk over direct posts that are not well: lost, limited, taken without a word, cut, suspended.

The servers are real (snac2); before each stands a proxy that does that (`mastodon_ill`). Both nodes are
`e2e_brisk`; there is no relay. All of it is in the long form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from e2e_ill import BRISK, BUDGET, Talk
from e2e_networks import Elsewhere
from e2e_private import Two, is_sealed
from e2e_world import SOAK, Village
from mastodon_ill import SIGN, IllServer
from mastodon_network import MastodonNetwork
from mastodon_server import started

ILLNESSES = ["after 2", "drop 3", "twice 0", "limit 2"]


@dataclass
class Place(Talk):
    """Anna and Ben, and what stands before the server of each."""

    servers: list[IllServer]

    @contextmanager
    def ill(self, illness: str) -> Iterator[None]:
        """Within the block both servers are."""
        for server in self.servers:
            server.illness = illness
        try:
            yield
        finally:
            for server in self.servers:
                server.illness = ""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("ill")
    real = [started("new", folder / name) for name in ("here", "there")]
    try:
        with Elsewhere() as elsewhere, Village(folder) as village:
            network = elsewhere.run(MastodonNetwork.open(*real))
            elsewhere.at_end(network.close)
            people = (network.owner, network.friend)
            servers = [IllServer(one.server.base, one.name) for one in people]
            for server in servers:
                elsewhere.enter(server.serving())
            anna, ben = (village.person(name, program=BRISK) for name in ("anna", "ben"))
            two = Two("mastodon", anna, ben, looks=True)
            pairs = zip(servers, people, strict=True)
            two.add([{"server": server.url, "token": one.token} for server, one in pairs])
            two.begin(f"@{network.friend.name}@{network.friend.server.host}", network.owner.name)
            two.agree()
            yield Place(two, servers)
        is_sealed([snac.folder for snac in real], SIGN.encode())
    finally:
        for snac in real:
            snac.stop()


if SOAK:

    @pytest.mark.parametrize("illness", ILLNESSES)
    def test_the_talk_goes_on(place: Place, illness: str) -> None:
        before = [server.seen for server in place.servers]
        with place.ill(illness):
            place.goes_on(illness)
        assert max(now.seen - was for now, was in zip(place.servers, before, strict=True)) < BUDGET

    def test_what_comes_cut_is_never_called_delivered_and_comes_when_the_server_is_well(place: Place) -> None:
        anna, ben = place.two.anna, place.two.ben
        before = place.servers[0].seen
        with place.ill("trim 60"):
            said = place.say(anna, "the canary sings, trimmed")
            place.two.soon(lambda: place.servers[0].seen >= before + 3)
            assert "delivered" not in {place.state(anna, id_) for id_ in said}
            assert not {*said.values()} & {*ben.heard(place.two.private(ben))}
        place.arrives(said, by=anna, to=ben)

    def test_whose_account_is_suspended_is_told_so(place: Place) -> None:
        anna, ben = place.two.anna, place.two.ben
        place.servers[0].illness = "banned 0"
        try:
            said = place.say(anna, "the canary sings to nobody")
            place.says_why(anna, said, "the server answered 403")
        finally:
            place.servers[0].illness = ""
        place.arrives(said, by=anna, to=ben)
