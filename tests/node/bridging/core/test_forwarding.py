"""Words of others go where their authors let them, and nowhere else; who said no is asked by nobody again."""

from __future__ import annotations

from typing import Any

import pytest
from book_world import Anna

from swarm_bridges import api
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import accounts, calls, consents, forwarding, inbox, screens
from swarmnode.domain.consent import Scope
from swarmnode.domain.views import MessageView
from swarmnode.domain.words import Words
from swarmnode.errors import Conflict, NoConsent, NotFound, UsageError
from swarmnode.services import book, book_changes
from swarmnode.storage.bridge_shelves import FORWARDS

HOME = api.ConversationRef("home")
CARL = api.Actor("carl")


class World(Anna):
    """Anna talks with Ada on `demo`, with Dora on `pigeon`, and reads what Carl posts on `demo`."""

    def __init__(self) -> None:
        super().__init__("demo", "pigeon")
        self.ada = self.talk("demo", "ada", "Ada")
        self.dora = self.talk("pigeon", "dora", "Dora")
        self.eve = self.talk("demo", "eve", "Eve")
        for network in self.accounts:
            self.tell(network, api.ConversationSeen(conversation=HOME, kind="timeline", title="Home"))
        self.home = self.chat("demo", "home")
        self.far_home = self.chat("pigeon", "home")
        self.heard = self.hears("demo", "with ada", api.Actor("ada"), "a word between us")

    def chat(self, network: str, name: str) -> str:
        found = self.do(screens.chats)
        return str(next(c.id for c in found if (c.network, c.title.lower()) == (network, name)))

    def hears(self, network: str, room: str, who: api.Actor, text: str, **more: Any) -> str:
        """Somebody says something; the message's id."""
        self._numbers += 1
        ref = api.MessageRef(api.ConversationRef(room), f"x{self._numbers}")
        self.tell(network, api.MessageSeen(ref=ref, actor=who, body=from_plain(text), **more))
        (found, *_) = self.do(lambda step: inbox.search(step, self.node.node, text)[0])
        return str(found.message.id)

    def forward(self, message: str, chat: str) -> MessageView:
        sent: MessageView = self.do(lambda step: forwarding.forward(step, self.node.node, message, chat))
        return sent

    def said(self, *, allowed: bool, scope: Scope = Scope.FORWARD, own_word: bool = False, **who: str) -> Any:
        return self.do(
            lambda step: consents.put(
                step, self.node.node, scope=scope, allowed=allowed, own_word=own_word, **who
            )
        )

    def stands(self, message: str) -> MessageView:
        found: MessageView = self.do(lambda step: inbox.message(step, self.node.node, message))
        return found

    def take(self, network: str) -> calls.Call | None:
        taken: calls.Call | None = self.do(lambda step: calls.take(step, self.accounts[network]))
        return taken


@pytest.fixture(name="world", scope="module")
def a_world() -> World:
    return World()


@pytest.fixture
def fresh() -> World:
    return World()


def test_without_a_yes_nothing_leaves_and_the_error_names_the_ways_out(fresh: World) -> None:
    for chat in (fresh.dora, fresh.eve, fresh.far_home, fresh.home, "1"):
        with pytest.raises(NoConsent) as refused:
            fresh.forward(fresh.heard, chat)
        assert f"`swarmnode consent give --message {fresh.heard}" in refused.value.hint
    fresh.said(allowed=True, message=fresh.heard)
    sent = fresh.forward(fresh.heard, fresh.dora)
    assert sent.text == "Ada:\n\n> a word between us"
    with pytest.raises(NoConsent) as refused:
        fresh.forward(fresh.heard, fresh.far_home)
    assert "--publish" in refused.value.hint
    fresh.said(allowed=True, scope=Scope.PUBLISH, message=fresh.heard)
    assert fresh.forward(fresh.heard, fresh.far_home).chat == fresh.far_home
    assert fresh.forward(fresh.heard, "1").text == "Ada:\n\n> a word between us"


def test_what_was_passed_on_goes_further_only_with_the_yes_of_who_said_it(fresh: World) -> None:
    fresh.said(allowed=True, message=fresh.heard)
    passed = fresh.forward(fresh.heard, fresh.dora)
    assert passed.mine
    again = fresh.forward(passed.id, "1")
    assert again.text == "Ada:\n\n> a word between us", "it is not quoted twice"
    fresh.said(allowed=False, message=fresh.heard)
    for message in (passed.id, again.id):
        with pytest.raises(NoConsent) as refused:
            fresh.forward(message, fresh.eve)
        assert "Ada said no" in refused.value.hint
    fresh.do(lambda step: inbox.delete(step, fresh.node.node, [passed.id, again.id], everywhere=False))
    assert fresh.do(lambda step: FORWARDS.count(step.tx)) == 0


def test_a_no_after_it_was_written_down_still_counts(fresh: World) -> None:
    fresh.said(allowed=True, message=fresh.heard)
    sent = fresh.forward(fresh.heard, fresh.dora)
    fresh.said(allowed=False, message=fresh.heard)
    assert fresh.take("pigeon") is None
    assert (fresh.stands(sent.id).state.value, fresh.stands(sent.id).reason) == ("refused", "consent")


def test_what_everybody_could_read_goes_further_there_unless_its_author_said_no(fresh: World) -> None:
    post = fresh.hears("demo", "home", CARL, "for everybody", visibility="public", url="https://d.example/1")
    assert fresh.forward(post, fresh.ada).text.endswith("> for everybody")
    with pytest.raises(NoConsent) as refused:
        fresh.forward(post, fresh.dora)
    assert "https://d.example/1" in refused.value.hint
    closed = fresh.hears("demo", "home", CARL, "for followers", visibility="followers")
    with pytest.raises(NoConsent):
        fresh.forward(closed, fresh.ada)
    fresh.said(allowed=False, message=post)
    with pytest.raises(NoConsent):
        fresh.forward(post, fresh.eve)


def test_a_no_stands_until_they_themselves_take_it_back(fresh: World) -> None:
    fresh.said(allowed=False, message=fresh.heard)
    with pytest.raises(Conflict):
        fresh.said(allowed=True, message=fresh.heard)
    fresh.do(lambda step: accounts.remove(step, fresh.accounts["demo"]))
    fresh.accounts["demo"] = fresh.account("demo")
    ada, heard = fresh.talk("demo", "ada", "Ada"), fresh.hears("demo", "with ada", api.Actor("ada"), "anew")
    person = fresh.do(lambda step: book.of_account(step, "demo", "ada"))
    with pytest.raises(Conflict):
        fresh.said(allowed=True, person=person)
    fresh.said(allowed=True, person=person, own_word=True)
    assert fresh.forward(heard, fresh.dora).chat != ada


def test_it_counts_for_all_accounts_of_a_person(fresh: World) -> None:
    one = fresh.do(lambda step: book.of_account(step, "demo", "ada"))
    other = fresh.do(lambda step: book.of_account(step, "pigeon", "dora"))
    fresh.said(allowed=False, person=other)
    fresh.said(allowed=True, person=one)
    assert fresh.forward(fresh.heard, fresh.eve).mine
    fresh.do(lambda step: book_changes.merge(step, one, other))
    with pytest.raises(NoConsent):
        fresh.forward(fresh.heard, fresh.eve)
    listed = fresh.do(consents.listed)
    assert [(entry.network, entry.allowed, entry.person) for entry in listed] == [
        ("demo", True, one),
        ("pigeon", False, one),
    ]


def test_who_said_something_is_named_by_that(fresh: World) -> None:
    (said,) = fresh.said(allowed=True, message=fresh.heard)
    (no,) = fresh.said(allowed=False, entry=said.id)
    assert (no.name, no.remote_id, no.allowed) == (said.name, said.remote_id, False)
    with pytest.raises(NoConsent):
        fresh.forward(fresh.heard, fresh.dora)
    for none in ("0", "x", "9" * 30):
        with pytest.raises(NotFound):
            fresh.said(allowed=True, entry=none)


def test_of_one_conversation_alone(fresh: World) -> None:
    other = fresh.hears("demo", "home", api.Actor("ada"), "to followers", visibility="followers")
    (entry,) = fresh.said(allowed=True, message=fresh.heard, chat=fresh.ada)
    assert (entry.chat, entry.name) == (fresh.ada, "Ada")
    assert fresh.forward(fresh.heard, fresh.dora).mine
    with pytest.raises(NoConsent):
        fresh.forward(other, fresh.dora)


def test_contacts_of_the_node_are_asked_too(fresh: World) -> None:
    fresh.ben.say("from node to node")
    fresh.world.run(1)
    (hit, *_) = fresh.do(lambda step: inbox.search(step, fresh.node.node, "from node to node")[0])
    with pytest.raises(NoConsent):
        fresh.forward(hit.message.id, fresh.dora)
    (entry,) = fresh.said(allowed=True, person=fresh.ben_by_node, chat=hit.message.chat)
    assert (entry.network, entry.chat) == ("", hit.message.chat)
    assert fresh.forward(hit.message.id, fresh.dora).text == "ben:\n\n> from node to node"


def test_own_words_go_wherever_their_owner_wants(world: World) -> None:
    sent = world.do(lambda step: inbox.send(step, world.node.node, world.ada, Words("my own words")))
    assert world.forward(sent.id, world.dora).text == "my own words"
    with pytest.raises(UsageError):
        world.said(allowed=True, message=sent.id)


def test_what_makes_no_sense(world: World) -> None:
    with pytest.raises(UsageError, match="already"):
        world.forward(world.heard, world.ada)
    for message, chat in (("m999", world.dora), (world.heard, "b999"), (world.heard, "999")):
        with pytest.raises(NotFound):
            world.forward(message, chat)
    picture = world.hears("demo", "with ada", api.Actor("ada"), "gone soon")
    world.do(lambda step: inbox.delete(step, world.node.node, [picture], everywhere=False))
    with pytest.raises(UsageError, match="only words"):
        world.forward(picture, world.dora)
