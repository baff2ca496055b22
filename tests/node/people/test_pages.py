"""Pages of the web as what somebody claims: their addresses, the owner's own, and those of contacts."""

from __future__ import annotations

import pytest
from bridge_core_world import can
from proofs_world import Proving

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_protocol.claims import Claim
from swarmnode.bridging.core import accounts, proofs
from swarmnode.domain.pages import is_address, page
from swarmnode.domain.proofs import OwnProofView
from swarmnode.errors import UsageError
from swarmnode.services import own_claims
from swarmnode.services.proofs import PAGES, READER
from swarmnode.services.step import Step

URL = "https://ben.example/me"


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("https://Ben.Example", "https://ben.example/"),
        (" https://ben.example:443/Me ", "https://ben.example/Me"),
        ("https://ben.example:8443/", "https://ben.example:8443/"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("http://[::1]/", "http://[::1]/"),
    ],
)
def test_an_address_has_one_form(typed: str, known: str) -> None:
    assert page(typed) == known == page(known)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "http://ben.example/",
            "https://",
            "https://a@ben.example/",
            "https://ben.example/?q",
            "ben.example",
        ),
        *(
            "https://ben.example/#me",
            "https://ben.example:x/",
            "https://ben.example/a b",
            "https://b\u0435n.example/",
        ),
        *("https://[::1/", f"https://ben.example/{'x' * 1000}"),
    ],
)
def test_what_is_none_or_can_be_changed_on_its_way_is_refused(typed: str) -> None:
    with pytest.raises(UsageError):
        page(typed)


def test_accounts_are_no_addresses() -> None:
    assert is_address(URL)
    assert not is_address("mastodon")


@pytest.fixture
def anna() -> Proving:
    return Proving()


def claimed(anna: Proving) -> OwnProofView:
    """Ben claims a page, and opens that to Anna."""
    made = Claim.make(PAGES, URL, address=URL, entropy=anna.entropy)

    def make(step: Step) -> OwnProofView:
        row = own_claims.make(step, anna.ben.node, made, URL, "page", ["1"])
        return own_claims.view(step, anna.ben.node, row)

    view = anna.ben.do(make)
    anna.world.run(5)
    return view


def reader(anna: Proving) -> api.AccountId:
    """Anna gets an account that reads pages."""
    account = anna.account(READER)
    anna.do(lambda step: accounts.learn(step, account, None, can(levels={"page": Level.FULL})))
    return account


def test_an_own_page_waits_until_it_says_so_and_is_looked_at_again(anna: Proving) -> None:
    view = claimed(anna)
    ben = anna.ben

    def look(*said: str, why: str = "") -> tuple[str, str]:
        (due,) = ben.do(lambda step: proofs.own_pages(step, ben.node))
        assert (due.url, due.accounts) == (URL, ())
        ben.do(lambda step: proofs.page_seen(step, ben.node, due, said, why))
        (shown,) = anna.own()
        return shown.state, shown.why

    assert (view.state, view.account, view.place) == ("waiting", "", "page")
    assert look(why="no-account") == ("waiting", "no-account")
    assert ben.do(lambda step: proofs.own_pages(step, ben.node)) == [], "not before some time has passed"
    anna.next_week()
    assert look(f"swarm:1:{'B' * 42}A") == ("waiting", "not-yet")
    anna.next_week()
    assert look(view.text) == ("there", "")
    anna.next_week()
    assert look(why="offline") == ("there", "offline")
    anna.next_week()
    assert look() == ("waiting", "not-yet")
    assert ben.do(lambda step: proofs.to_publish(step, ben.node)) == [], "no account is told to say it"
    ben.do(lambda step: own_claims.drop(step, ben.node, view.id))
    assert anna.own() == [], "whose page it is, takes it away"
    ben.do(lambda step: own_claims.make(step, ben.node, Claim(PAGES, URL, bytes(16)), URL, "page", ()))
    assert anna.own()[0].text == view.text, "it has the nonce of before"


def test_a_contacts_page_is_looked_at_by_who_reads_pages(anna: Proving) -> None:
    view = claimed(anna)
    assert anna.do(proofs.to_look_at) == []
    assert (anna.proof().state, anna.proof().why) == ("unreachable", "no-account")
    account = reader(anna)
    (looking,) = anna.do(proofs.to_look_at)
    assert (looking.accounts, looking.remote_id) == ((account,), URL), (
        "it is due as soon as somebody can look"
    )
    seen = api.ClaimsSeen(actor=api.Actor(URL), claims=(view.text,), where="page")
    anna.do(lambda step: proofs.found(step, looking, seen))
    assert (anna.proof().state, anna.link(URL, PAGES).network) == ("ok", PAGES)


def test_other_accounts_do_not_read_pages(anna: Proving) -> None:
    claimed(anna)
    account = anna.account("mastodon")
    anna.do(lambda step: accounts.learn(step, account, None, can(levels={"claim": Level.FULL})))
    assert anna.do(proofs.to_look_at) == []
