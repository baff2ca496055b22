"""Private challenges over a network that carries bytes: who is who, and what others can do about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from carriage_world import Network, Said, fragment, refused_for
from node_world import Person, World

from swarm_bridges import api
from swarm_protocol.carriage import Thing, fragments_of
from swarm_protocol.claims import CHALLENGE_S, Agree, Ask, Refuse, encode_word
from swarm_protocol.claims.challenge import Word
from swarm_protocol.content import Told, Type
from swarmnode.bridging.core import accounts, journal, persons
from swarmnode.bridging.core import challenges as core
from swarmnode.domain.book import Reason
from swarmnode.domain.proofs import ProofView
from swarmnode.services import book, book_changes, challenges, contacts, peers
from swarmnode.services.step import Step
from swarmnode.storage.proof_shelves import CHALLENGES
from swarmnode.storage.shelves import PEERS


def _ask(person: Person, step: Step) -> None:
    place = core.place(step, persons.person(step, book.of_contact(step, 1)), "")
    challenges.ask(step, person.node, place.contact, place.meant)


def _tell(person: Person, word: Word) -> None:
    """Somebody's node says something to the one that it knows, whatever it has asked before."""

    def tell(step: Step) -> None:
        (peer,) = PEERS.all(step.tx)
        peers.tell_peer(step, person.node, peer, Told(Type.CHALLENGE, encode_word(word)))

    person.do(tell)


@dataclass
class Two:
    """Ada and Ben, contacts over a relay, and on one network; each says which account is the other's."""

    world: World = field(default_factory=lambda: World("one"))
    knows: tuple[str, str] = ("ben", "ada")
    """Whose account each takes for the other one's."""

    def __post_init__(self) -> None:
        self.ada, self.ben = self.world.person("ada", "one"), self.world.person("ben", "one")
        self.world.meet(self.ada, self.ben)
        self.net = Network(self.world)
        for person, other in zip((self.ada, self.ben), self.knows, strict=True):
            self.net.join(person, talks_with=(other,))
            person.do(partial(self._are_one, other))
        self.net.run(1)

    def _are_one(self, other: str, step: Step) -> None:
        book_changes.merge(step, book.of_contact(step, 1), self.net.person_of(step, other))

    def ask(self, person: Person) -> None:
        """Somebody asks; or agrees to what the other one asks."""
        person.do(partial(_ask, person))
        self.net.run(5)

    def shown(self, person: Person) -> list[tuple[str, str]]:
        """State and reason of what stands there."""
        return [(view.state, view.why) for view in self.views(person)]

    def views(self, person: Person) -> tuple[ProofView, ...]:
        def look(step: Step) -> tuple[ProofView, ...]:
            return persons.person(step, book.of_contact(step, 1)).proofs

        return person.do(look)

    def reasons(self, person: Person) -> set[tuple[Reason, str]]:
        """Why the accounts of the other one are theirs."""

        def look(step: Step) -> set[tuple[Reason, str]]:
            view = persons.person(step, book.of_contact(step, 1))
            return {(link.reason, link.cause) for link in view.links}

        return person.do(look)

    def answers(self) -> list[Said]:
        """What the accounts have said to each other of it."""
        return [said for said in self.net.carried() if fragment(said).thing is Thing.PROOF]


@pytest.fixture
def two() -> Two:
    return Two()


def test_two_show_each_other_whose_accounts_these_are_and_nobody_else(two: Two) -> None:
    two.ask(two.ada)
    assert (two.shown(two.ada), two.shown(two.ben)) == ([("unchecked", "asked")], [("unchecked", "wanted")])
    assert two.answers() == [], "nothing is said before both have agreed"
    two.ask(two.ben)
    assert two.shown(two.ada) == two.shown(two.ben) == [("ok", "")]
    assert [said.by for said in two.answers()] == ["ada", "ben"], "who was asked speaks last"
    for person in (two.ada, two.ben):
        assert (Reason.BOTH, "challenge") in two.reasons(person)
        (view,) = two.views(person)
        assert (view.private, view.seen_at > 0, bool(view.link)) == (True, True, True)


def test_both_who_ask_at_once_have_both_agreed(two: Two) -> None:
    for person in (two.ada, two.ben):
        person.do(partial(_ask, person))
    two.net.run(5)
    assert two.shown(two.ada) == two.shown(two.ben) == [("ok", "")]
    assert len(two.answers()) == 2


def test_who_met_over_these_accounts_is_not_asked_again() -> None:
    world = World()
    ada, ben = world.person("ada"), world.person("ben")
    net = Network(world)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    assert ada.do(lambda s: [link.reason for link in persons.person(s, book.of_contact(s, 1)).links][1:]) == [
        Reason.ONE
    ]
    ada.do(partial(_ask, ada))
    net.run(10)
    for person in (ada, ben):
        view = person.do(lambda step: persons.person(step, book.of_contact(step, 1)))
        assert [proof.state for proof in view.proofs] == ["ok"]
        assert Reason.BOTH in [link.reason for link in view.links]
    ada.do(partial(_ask, ada))
    net.run(10)
    view = ben.do(lambda step: persons.person(step, book.of_contact(step, 1)))
    assert [proof.why for proof in view.proofs] == ["", "wanted"], "not by itself twice in a day"
    world.wall_s += challenges.DAY_S
    ada.do(partial(_ask, ada))
    net.run(10)
    for person in (ada, ben):
        view = person.do(lambda step: persons.person(step, book.of_contact(step, 1)))
        assert [(proof.state, proof.why) for proof in view.proofs] == [("ok", "")]
        assert person.do(lambda step: CHALLENGES.count(step.tx)) == 1, "one that is over is forgotten"


def test_who_says_no_is_believed_and_what_was_shown_before_is_taken_back(two: Two) -> None:
    two.ask(two.ada)
    two.ask(two.ben)
    two.ask(two.ada)
    assert two.shown(two.ada) == [("ok", ""), ("unchecked", "asked")]
    two.ben.do(lambda step: challenges.refuse(step, two.ben.node, [1]))
    two.net.run(5)
    assert two.shown(two.ada) == [("gone", "refused-by-them")]
    assert (Reason.SAID, "was-proven") in two.reasons(two.ada)
    assert refused_for(two.ben, lambda step: challenges.refuse(step, two.ben.node, [1])) == "not-found"


def test_it_can_be_asked_again_when_an_answer_was_lost(two: Two) -> None:
    two.ask(two.ada)
    two.net.fault = lambda said: [] if said.by == "ben" else [0.0]
    two.ask(two.ben)
    assert (two.shown(two.ada), two.shown(two.ben)) == ([("unchecked", "under-way")], [("ok", "")])
    two.net.fault = lambda _: [0.0]
    two.ask(two.ada)
    two.ask(two.ben)
    assert two.shown(two.ada) == two.shown(two.ben) == [("ok", "")]


def test_what_nobody_answers_ends(two: Two) -> None:
    two.ask(two.ada)
    two.world.wall_s += CHALLENGE_S
    assert two.shown(two.ada) == two.shown(two.ben) == [("unreachable", "no-answer")]
    two.ask(two.ben)
    assert ("unchecked", "wanted") in two.shown(two.ada), "too late: that is a question of his own"


def test_what_a_network_takes_too_late_is_not_said_any_more(two: Two) -> None:
    two.net.refuses = lambda said: api.Limited("slowly", wait_s=60.0) if said.blob else None
    two.ask(two.ada)
    two.ask(two.ben)
    two.world.wall_s += CHALLENGE_S
    two.net.refuses = lambda _: None
    two.net.run(600)
    assert two.answers() == []
    assert two.shown(two.ada) == [("unreachable", "no-answer")]


def test_what_waits_for_a_network_goes_with_the_contact(two: Two) -> None:
    two.net.refuses = lambda said: api.Limited("slowly", wait_s=60.0) if said.blob else None
    two.ask(two.ada)
    two.ask(two.ben)
    two.ada.do(lambda step: contacts.remove(step, two.ada.node, "1"))
    two.net.refuses = lambda _: None
    two.net.run(600)
    assert two.answers() == []


def test_a_network_that_takes_no_answer_is_named(two: Two) -> None:
    two.net.refuses = lambda said: api.Refused("no") if said.blob else None
    two.ask(two.ada)
    two.ask(two.ben)
    assert two.shown(two.ada) == [("unchecked", "not-said")]
    assert two.shown(two.ben) == [("unchecked", "under-way")]


def test_an_answer_that_did_not_arrive_is_named_when_that_is_known(two: Two) -> None:
    two.net.fault = lambda _: []
    two.ask(two.ada)
    two.ask(two.ben)
    assert two.shown(two.ada) == [("unchecked", "under-way")]
    two.net.report(two.net.carried("ada")[-1])
    assert two.shown(two.ada) == [("unchecked", "not-said")]


# Hostile


def test_an_answer_of_another_account_or_said_again_counts_for_nothing(two: Two) -> None:
    mallory = two.world.person("mallory", "one")
    two.net.join(mallory, talks_with=("ada", "ben"))
    two.ask(two.ada)
    held: list[Said] = []

    def keep(said: Said) -> list[float]:
        held.append(said)
        return []

    two.net.fault = keep
    two.ask(two.ben)
    (first,) = held
    two.ben.node.options = replace(two.ben.node.options, strangers=True)
    two.net.deliver(first, by="mallory")
    assert two.shown(two.ben) == [("unchecked", "under-way")], "an answer passed on by another account"
    two.net.deliver(replace(first, to="ada", by="ben"))
    assert two.shown(two.ada) == [("unchecked", "under-way")], "her own, sent back"
    two.net.fault = lambda _: [0.0]
    two.net.deliver(first)
    two.net.run(5)
    assert two.shown(two.ada) == two.shown(two.ben) == [("ok", "")]
    before = len(two.answers())
    for _ in range(3):
        two.net.deliver(first)
    two.net.run(5)
    assert len(two.answers()) == before, "what was heard is not answered again"


def test_an_answer_at_another_account_of_ours_counts_for_nothing(two: Two) -> None:
    two.ask(two.ada)
    held: list[Said] = []

    def keep(said: Said) -> list[float]:
        held.append(said)
        return []

    two.net.fault = keep
    two.ask(two.ben)
    (answer,) = held
    seen = api.OpaqueSeen(
        ref=api.MessageRef(api.ConversationRef("ada", private=True), "m"),
        actor=api.Actor("ada"),
        blob=answer.blob,
    )
    room = api.ConversationSeen(
        conversation=seen.ref.conversation,
        kind="direct",
        members=(api.Actor("ben's other one", is_owner=True), api.Actor("ada")),
        members_complete=True,
    )

    def at_another(step: Step) -> None:
        login = api.LoginDone(network_account_id="ben's other one", display="Ben", secrets={})
        account = accounts.add(step, "demo", login)
        accounts.learn(step, account, None, two.net.able())
        journal.ingest(step, account, api.Batch((room, seen)))

    two.ben.do(at_another)
    assert two.shown(two.ben) == [("unchecked", "under-way")]
    two.net.deliver(answer)
    assert two.shown(two.ben) == [("ok", "")]


def test_what_another_contact_says_of_it_counts_for_nothing(two: Two) -> None:
    mallory = two.world.person("mallory", "one")
    two.world.meet(mallory, two.ada)
    two.ask(two.ada)
    (asked,) = two.ada.do(lambda step: CHALLENGES.all(step.tx))
    for word in (Agree(asked.name, bytes(16)), Refuse(asked.name)):
        _tell(mallory, word)
        two.net.run(5)
        assert two.shown(two.ada) == [("unchecked", "asked")]
    two.ask(two.ben)
    assert two.shown(two.ada) == [("ok", "")]


@pytest.mark.parametrize("pair", [("ada", "somebody else"), ("somebody else", "ben")])
def test_who_met_over_two_accounts_is_asked_about_any_others(pair: tuple[str, str]) -> None:
    world = World()
    ada, ben = world.person("ada"), world.person("ben")
    net = Network(world)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    _tell(ada, Ask("demo", *pair, bytes(16), world.wall_s + 600))
    net.run(10)
    view = ben.do(lambda step: persons.person(step, book.of_contact(step, 1)))
    assert [proof.why for proof in view.proofs] == ["wanted"]


def test_who_stands_between_the_accounts_is_found() -> None:
    """Ada takes Mallory's account for Ben's, and Mallory passes on what either says."""
    two = Two(knows=("mallory", "ada"))
    mallory = two.world.person("mallory", "one")
    two.net.join(mallory, talks_with=("ada", "ben"))
    two.ask(two.ada)
    (asked,) = two.views(two.ben)
    assert (asked.why, asked.handle) == ("wanted", "ada")
    assert refused_for(two.ben, partial(_ask, two.ben)) == "", "what he asks himself is another thing"
    two.net.run(5)
    assert two.shown(two.ada) == [("unchecked", "asked"), ("unchecked", "wanted")]
    assert two.answers() == []
    two.ben.do(lambda step: challenges.refuse(step, two.ben.node, [1]))
    two.net.run(5)
    assert ("gone", "refused-by-them") in two.shown(two.ada)


def test_a_flood_of_questions_and_answers_is_bounded(two: Two) -> None:
    def flood(step: Step) -> None:
        peer = PEERS.all(step.tx, contact_id=1)[0]
        for number in range(30):
            word = Ask("demo", f"ada{number}", "ben", bytes([number] * 16), step.wall_s + 600)
            peers.tell_peer(step, two.ada.node, peer, Told(Type.CHALLENGE, encode_word(word)))

    two.ada.do(flood)
    two.net.run(5)
    assert two.ben.do(lambda step: CHALLENGES.count(step.tx)) == challenges.MAX_OPEN
    for number in range(50):
        (noise,) = fragments_of(Thing.PROOF, bytes([number] * 48), 1000)
        two.net.deliver(Said("ada", "ben", noise.encode(), ""))
    assert two.ben.do(lambda step: CHALLENGES.count(step.tx)) == challenges.MAX_OPEN
    assert two.answers() == []


def test_somebody_who_is_blocked_asks_nobody_and_is_not_asked(two: Two) -> None:
    two.ben.do(lambda step: contacts.block(step, two.ben.node, "1", on=True))
    two.ask(two.ada)
    assert two.shown(two.ben) == []
    assert refused_for(two.ben, partial(_ask, two.ben)) == "not-ready"


def test_what_was_shown_outlasts_the_account_and_goes_with_the_contact(two: Two) -> None:
    two.ask(two.ada)
    two.ask(two.ben)
    two.ada.do(lambda step: accounts.remove(step, accounts.all_of(step)[0].account))
    assert two.shown(two.ada) == [("ok", "")]
    two.ada.do(lambda step: contacts.remove(step, two.ada.node, "1"))
    assert two.ada.do(lambda step: CHALLENGES.count(step.tx)) == 0
