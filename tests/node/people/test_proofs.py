"""Proofs of accounts: made, opened, looked at, taken back; and what is not one is not taken for one."""

from __future__ import annotations

import pytest
from bridge_core_world import can
from proofs_world import BEN, MALLORY, Proving

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_protocol.claims import Claim, encode_opened
from swarm_protocol.content import Receipt, ReceiptStatus, Told, Type
from swarm_protocol.identity import PersonaId
from swarmnode.bridging.core import accounts
from swarmnode.bridging.core import proofs as core
from swarmnode.domain.book import Reason
from swarmnode.errors import Conflict, NotFound
from swarmnode.services import book, book_changes, contacts, own_claims, peers, proofs, receipts
from swarmnode.services.step import Step
from swarmnode.storage.proof_shelves import CONTACT_CLAIMS, NOTICED
from swarmnode.storage.shelves import CONTACTS, CONVERSATIONS, PEERS


@pytest.fixture
def anna() -> Proving:
    return Proving()


# Made, opened, looked at


def test_a_proof_both_ways_makes_one_person(anna: Proving) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    anna.claim()
    assert anna.proof().state == "unchecked"
    assert anna.person("demo", BEN) != anna.ben_by_node, "a signature alone merges nobody"
    assert anna.look() == 1
    proof, link = anna.proof(), anna.link()
    assert (proof.state, proof.seen_at, proof.link) == ("ok", anna.world.wall_s, link.id)
    assert anna.person("demo", BEN) == anna.person("", anna.ben_is().links[0].remote_id)
    assert Reason.BOTH in {one.reason for one in anna.ben_is().links}
    assert {one.cause for one in anna.ben_is().links} == {"", "proof"}


def test_an_account_that_nobody_talked_with_comes_into_the_book_by_its_proof(anna: Proving) -> None:
    anna.claim()
    anna.look()
    assert (anna.link().reason, anna.link().cause) == (Reason.BOTH, "proof")
    assert anna.ben_is().links[0].reason is Reason.KNOWN


def test_who_was_merged_by_a_proof_can_be_taken_apart_for_good(anna: Proving) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    anna.claim()
    anna.look()
    link = anna.link().id
    anna.do(lambda step: book_changes.split(step, anna.ben_by_node, [link]))
    anna.next_week()
    anna.look()
    assert anna.person("demo", BEN) != anna.ben_by_node, "no proof puts it together again"


def test_a_claim_is_opened_to_who_knows_the_account_and_to_nobody_else(anna: Proving) -> None:
    view = anna.claim(open_to=())
    assert view.known_to == ()
    assert anna.ben_is().proofs == ()
    (listed,) = anna.own()
    assert (listed.state, listed.known_to) == ("there", ())

    def knows(step: Step) -> None:
        book.enter(step, "demo", "u-anna", "Anna")
        account = book.account(step, "demo", "u-anna")
        assert account is not None
        book_changes.merge(step, book.of_contact(step, 1), book.person_id(account.person_id))

    anna.ben.do(knows)
    anna.world.run(own_claims.TEND_S + 60)
    (listed,) = anna.own()
    assert [known.contact for known in listed.known_to] == ["1"]
    assert anna.proof().state == "unchecked"


def test_what_is_planned_is_what_happens(anna: Proving) -> None:
    claim = Claim("demo", BEN, bytes(16), BEN)
    plan = anna.ben.do(lambda step: own_claims.plan(step, anna.ben.node, claim, BEN, "profile", ["1"]))
    assert (plan.id, plan.text[:8], [known.contact for known in plan.known_to]) == ("", "swarm:1:", ["1"])
    assert anna.own() == []
    with pytest.raises(NotFound):
        anna.ben.do(lambda step: own_claims.plan(step, anna.ben.node, claim, BEN, "profile", ["77"]))
    anna.claim()
    with pytest.raises(Conflict):
        anna.claim()


def test_claims_that_come_before_their_links_count_when_those_are_there(anna: Proving) -> None:
    """Somebody changed the order, or the delta was lost."""
    claim = Claim("demo", BEN, bytes(16), BEN)

    def only_tell(step: Step) -> None:
        peer = PEERS.all(step.tx)[0]
        peers.tell_peer(step, anna.ben.node, peer, Told(Type.CLAIM, encode_opened([claim])))

    anna.ben.do(only_tell)
    anna.world.run(5)
    assert (anna.proof().state, anna.proof().why) == ("unchecked", "unsigned")
    assert anna.look() == 0
    anna.ben.do(lambda step: own_claims.make(step, anna.ben.node, claim, BEN, "profile", ()))
    anna.publish()
    anna.world.run(90)
    anna.ben.say("with this comes where my chain ends, so the rest of it is asked for")
    anna.world.run(30)
    assert anna.proof().why == ""
    assert anna.look() == 1
    assert anna.proof().state == "ok"


def test_what_has_not_left_is_not_taken_for_heard(anna: Proving) -> None:
    """Somebody has said that they heard something: that was something else."""
    for relay in anna.world.relays.values():
        relay.die()
    anna.world.run(5)
    made = Claim("demo", BEN, bytes(16), BEN)
    anna.ben.do(lambda step: own_claims.make(step, anna.ben.node, made, BEN, "profile", ["1"]))

    def heard(step: Step) -> None:
        (talk,), (peer,) = CONVERSATIONS.all(step.tx), PEERS.all(step.tx)
        receipts.came(step, anna.ben.node, talk, peer, Receipt(ReceiptStatus.DELIVERED, ()))

    anna.ben.do(heard)
    for relay in anna.world.relays.values():
        relay.up = True
    anna.world.run(600)
    assert anna.proof().state == "unchecked", "it has come after all"


# Taken back, gone, changed


def test_what_is_withdrawn_loses_its_mark_and_no_key(anna: Proving) -> None:
    anna.claim()
    anna.look()
    anna.public[BEN] = ()
    anna.next_week()
    anna.look()
    assert (anna.proof().state, anna.proof().why) == ("gone", "says-nothing")
    assert (anna.link().reason, anna.link().cause) == (Reason.SIGNED, "was-proven")
    assert anna.standing() == "confirmed"
    assert anna.person("demo", BEN) == anna.ben_is().id, "who is one person stays so"
    anna.publish()
    anna.next_week()
    anna.ben.do(lambda step: own_claims.say_again(step, "demo", BEN))
    anna.publish()
    anna.look()
    assert (anna.proof().state, anna.link().reason) == ("ok", Reason.BOTH)


def test_what_the_persona_drops_is_forgotten(anna: Proving) -> None:
    made = anna.claim()
    anna.look()
    anna.drop(made.id)
    assert anna.public[BEN] == ()
    assert anna.own() == []
    assert anna.ben_is().proofs == ()
    assert (anna.link().reason, anna.link().cause) == (Reason.SAID, "was-proven")


def test_an_account_that_is_claimed_again_says_the_same(anna: Proving) -> None:
    first = anna.claim()
    anna.look()
    anna.drop(first.id)
    again = anna.claim()
    assert again.text == first.text
    anna.look()
    assert (anna.proof().state, anna.standing()) == ("ok", "confirmed")


def test_the_word_of_the_owner_is_back_when_a_proof_is_gone(anna: Proving) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    anna.merge(anna.ben_by_node, anna.person("demo", BEN))
    anna.claim()
    anna.look()
    assert anna.link().reason is Reason.BOTH
    anna.public[BEN] = ()
    anna.next_week()
    anna.look()
    assert (anna.link().reason, anna.link().cause) == (Reason.SAID, "owner")


def test_an_account_that_names_another_persona_is_an_alert_and_no_switch(anna: Proving) -> None:
    anna.claim()
    anna.look()
    before = {link.remote_id for link in anna.ben_is().links}
    anna.public[BEN] = (Claim("demo", BEN, bytes(16)).text(PersonaId(b"m" * 32)),)
    anna.next_week()
    anna.look()
    assert (anna.proof().state, anna.standing()) == ("changed", "key-alert")
    assert {link.remote_id for link in anna.ben_is().links} == before
    assert "account-changed" in anna.do(lambda step: contacts.get(step, "1")).alerts
    anna.do(lambda step: contacts.settle_alert(step, anna.node.node, "1", trust=True))
    anna.next_week()
    anna.look()
    assert (anna.proof().state, anna.standing()) == ("changed", "confirmed"), "the same sight is told once"
    anna.public[BEN] = (Claim("demo", BEN, b"n" * 16).text(PersonaId(b"m" * 32)),)
    anna.next_week()
    anna.look()
    assert anna.standing() == "key-alert", "another sight is news"


def test_a_name_that_somebody_else_has_now_is_another_account(anna: Proving) -> None:
    anna.claim()
    anna.look()
    anna.next_week()
    looking = anna.do(core.to_look_at)[0]
    reused = anna.event(BEN, handle="u-ben-the-second")
    anna.do(lambda step: core.found(step, looking, reused))
    assert (anna.proof().state, anna.proof().why, anna.standing()) == ("gone", "not-there", "confirmed")


# Hostile


def test_somebody_elses_account_cannot_be_claimed(anna: Proving) -> None:
    anna.talk("demo", MALLORY, "Mallory", MALLORY)
    anna.public[MALLORY] = (Claim("demo", MALLORY, bytes(16)).text(PersonaId(b"m" * 32)),)
    anna.claim(MALLORY)
    anna.look()
    assert (anna.proof().state, anna.proof().why) == ("gone", "says-other")
    assert anna.person("demo", MALLORY) != anna.ben_by_node
    assert anna.standing() == "confirmed"


def test_a_copied_text_makes_nobody_ben(anna: Proving) -> None:
    anna.talk("demo", MALLORY, "Ben", MALLORY)
    anna.claim()
    anna.public[MALLORY] = anna.public[BEN]
    anna.tell("demo", anna.event(MALLORY))
    anna.look()
    assert anna.proof().state == "ok"
    assert anna.person("demo", MALLORY) != anna.ben_by_node
    assert [link.remote_id for link in anna.ben_is().links if link.network] == [BEN]


def test_ten_thousand_claims_are_sixty_four_at_most_and_cost_the_budget_of_a_few(anna: Proving) -> None:
    def flood(step: Step) -> None:
        peer = PEERS.all(step.tx)[0]
        for start in range(0, 10_000, 32):
            some = [Claim("demo", f"u-{number}", bytes(16)) for number in range(start, start + 32)]
            proofs.came(step, anna.node.node, CONVERSATIONS.all(step.tx)[0], peer, encode_opened(some))

    anna.do(flood)
    assert anna.do(lambda step: CONTACT_CLAIMS.count(step.tx)) == proofs.MAX_KEPT
    assert anna.look() == 0, "none of them is signed"


def test_what_is_no_claim_is_refused_and_nothing_is_kept(anna: Proving) -> None:
    def say(step: Step) -> None:
        peer = PEERS.all(step.tx)[0]
        for data in (b"", b"\xa0", b"x" * 70_000):
            peers.tell_peer(step, anna.ben.node, peer, Told(Type.CLAIM, data))

    anna.ben.do(say)
    anna.world.run(5)
    assert anna.ben_is().proofs == ()
    anna.ben.say("still here")
    anna.world.run(5)
    assert "still here" in anna.node.sees()


@pytest.mark.parametrize(
    "claims", [("no claim",), tuple(f"swarm:1:{n:043}" for n in range(17)), ("x" * 10**6,)]
)
def test_a_network_that_tells_nonsense_is_not_listened_to(anna: Proving, claims: tuple[str, ...]) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    anna.tell("demo", api.ClaimsSeen(actor=api.Actor(BEN), claims=claims, where="profile"))
    assert anna.do(lambda step: NOTICED.count(step.tx)) == 0


def test_nobody_is_looked_at_for_who_is_blocked(anna: Proving) -> None:
    anna.claim()
    anna.do(lambda step: contacts.block(step, anna.node.node, "1", on=True))
    assert anna.look() == 0


# Where nobody can look


def test_without_an_account_there_it_says_so_and_looks_when_there_is_one() -> None:
    anna = Proving(levels={"text": Level.FULL})
    anna.claim()
    assert anna.look() == 0
    assert (anna.proof().state, anna.proof().why) == ("unreachable", "no-account")
    both = can(levels={"text": Level.FULL, "claim": Level.FULL})
    anna.do(lambda step: accounts.learn(step, anna.accounts["demo"], None, both))
    assert anna.look() == 1
    assert anna.proof().state == "ok"


def test_what_cannot_be_looked_at_takes_nothing_back(anna: Proving) -> None:
    anna.claim()
    anna.look()
    anna.next_week()
    (looking,) = anna.do(core.to_look_at)
    anna.do(lambda step: core.not_found(step, looking, "offline"))
    proof = anna.proof()
    assert (proof.state, proof.why, proof.seen_at > 0) == ("unreachable", "offline", True)
    assert anna.link().reason is Reason.BOTH
    assert anna.look() == 0, "not before an hour or so"
    anna.world.wall_s += 2 * proofs.AGAIN_S
    assert anna.look() == 1
    assert anna.proof().state == "ok"


def test_a_network_that_cannot_be_asked_tells_it_as_they_write() -> None:
    anna = Proving(levels={"text": Level.FULL, "claim": Level.PARTIAL})
    anna.talk("demo", BEN, "Ben by mail", BEN)
    anna.claim()
    assert anna.look() == 0
    assert (anna.proof().state, anna.proof().why) == ("unchecked", "as-they-write")
    anna.tell("demo", anna.event(BEN, authentic=False, whole=False))
    assert (anna.proof().state, anna.proof().why) == ("unreachable", "unvouched")
    assert anna.person("demo", BEN) != anna.ben_by_node, "anybody may have written that"
    anna.tell("demo", anna.event(BEN, whole=False))
    assert anna.proof().state == "ok"
    assert anna.person("demo", BEN) == anna.ben_is().id
    anna.public[BEN] = (Claim("demo", BEN, bytes(16)).text(PersonaId(b"m" * 32)),)
    anna.tell("demo", anna.event(BEN, whole=False))
    assert anna.proof().state == "ok", "others may stand there"
    anna.tell("demo", anna.event(BEN, authentic=False))
    assert anna.standing() == "confirmed", "a forged mail alarms nobody"
    anna.tell("demo", anna.event(BEN))
    assert (anna.proof().state, anna.standing()) == ("changed", "key-alert")


def test_what_nobody_vouches_for_says_so_though_it_came_before_the_claim() -> None:
    """A bridge tells it once: of the first mail, before the two know each other's claims."""
    anna = Proving(levels={"text": Level.FULL, "claim": Level.PARTIAL})
    anna.talk("demo", BEN, "Ben by mail", BEN)
    made = anna.claim(open_to=())
    anna.tell("demo", anna.event(BEN, authentic=False))
    anna.ben.do(lambda step: own_claims.open_to(step, anna.ben.node, made.id, ["1"]))
    anna.world.run(5)
    anna.look()
    anna.look()
    assert (anna.proof().state, anna.proof().why) == ("unreachable", "unvouched")


# Noticed


def test_who_is_in_the_book_is_noticed_to_have_a_node_and_strangers_are_not(anna: Proving) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    anna.public |= dict.fromkeys((BEN, MALLORY), (Claim("demo", BEN, bytes(16)).text(PersonaId(b"m" * 32)),))
    anna.tell("demo", anna.event(BEN), anna.event(MALLORY))
    assert anna.link().node
    assert anna.do(lambda step: [row.remote_id for row in NOTICED.all(step.tx)]) == [BEN]
    anna.public[BEN] = ()
    anna.tell("demo", anna.event(BEN))
    assert not anna.link().node


def test_noticing_can_be_turned_off_and_what_was_noticed_is_forgotten(anna: Proving) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    anna.public[BEN] = (f"swarm:1:{'A' * 43}",)
    anna.tell("demo", anna.event(BEN))
    assert anna.link().node
    anna.do(lambda step: core.set_noticing(step, on=False))
    assert not anna.link().node
    anna.tell("demo", anna.event(BEN))
    assert not anna.link().node
    anna.do(lambda step: core.set_noticing(step, on=True))
    anna.tell("demo", anna.event(BEN))
    assert anna.link().node


def test_what_was_noticed_before_they_met_is_a_proof_when_they_have(anna: Proving) -> None:
    anna.talk("demo", BEN, "Ben on demo", BEN)
    claim = Claim("demo", BEN, bytes(16), BEN)
    persona = anna.do(lambda step: CONTACTS.all(step.tx)[0].persona_id)
    anna.public[BEN] = (claim.text(PersonaId(persona)),)
    anna.tell("demo", anna.event(BEN))
    anna.ben.do(lambda step: own_claims.make(step, anna.ben.node, claim, BEN, "profile", ["1"]))
    anna.world.run(5)
    assert anna.look() == 0, "nobody needs to ask again"
    assert anna.proof().state == "ok"


# Kept


def test_an_account_that_was_taken_out_says_what_is_missing(anna: Proving) -> None:
    anna.claim()
    anna.ben.do(lambda step: accounts.remove(step, anna.ben_account))
    anna.next_week()
    anna.publish()
    (view,) = anna.own()
    assert (view.account, view.why) == ("", "no-account")


def test_a_login_has_the_account_say_it_again(anna: Proving) -> None:
    anna.claim()
    assert anna.ben.do(lambda step: core.to_publish(step, anna.ben.node)) == []
    done = api.LoginDone(network_account_id=BEN, display="Ben", secrets={}, hosts=())
    anna.ben.do(lambda step: accounts.relogin(step, anna.ben_account, done))
    (what,) = anna.ben.do(lambda step: core.to_publish(step, anna.ben.node))
    assert what.texts == anna.public[BEN]
