"""Invitations: in the list as such, no louder than anything else, and gone when they are over."""

from dataclasses import replace

import pytest
from bridge_core_world import ADA, BEN, ME, Core, can, seen

from swarm_bridges import api
from swarmnode.bridging.core import accounts, inbox, outbox, rooms, screens
from swarmnode.domain.views import ChatView, InvitationView
from swarmnode.errors import Conflict, NotFound
from swarmnode.services import book
from swarmnode.services.step import Step
from swarmnode.storage.book_shelves import BookAccount

GARDEN = api.ConversationRef("garden")
ASKED = api.Invitation(by=ADA, words="come\nin", ticket="a secret")
INVITED = api.ConversationSeen(
    conversation=GARDEN, kind="direct", title="Garden", members=(ADA,), invitation=ASKED
)
ENTERED = api.ConversationSeen(conversation=GARDEN, kind="direct", members=(ADA, ME))
GONE = api.ConversationGone(conversation=GARDEN)


@pytest.fixture(name="core")
def a_core() -> Core:
    made = Core()
    made.tell(api.ActorSeen(actor=ADA, name="Ada", handle="@ada"))
    return made


def shown(core: Core) -> ChatView | None:
    """The garden in the list, if it is there."""
    return next((chat for chat in core.do(screens.chats) if chat.title == "Garden"), None)


def told(core: Core) -> list[str]:
    """What screens were told since."""
    kinds = [one.type for one in core.told]
    core.told.clear()
    return kinds


def contacts(core: Core) -> list[str]:
    return core.do(lambda step: [row.remote_id for row in _entered(step)])


def _entered(step: Step) -> list[BookAccount]:
    found = (book.account(step, "demo", who) for who in ("ada", "ben"))
    return [row for row in found if row is not None]


def test_an_invitation_stands_in_the_list_and_nothing_else_comes_of_it(core: Core) -> None:
    told(core)
    core.tell(INVITED)
    assert sorted(told(core)) == ["chat.changed", "chat.invited"]
    chat = shown(core)
    assert chat is not None
    assert (chat.standing, chat.unread, chat.person, chat.last_at) == ("invited", 0, "", core.wall_s)
    assert chat.invitation == InvitationView("Ada", "@ada", vouched=True, words="come in")
    assert contacts(core) == []
    with pytest.raises(Conflict):
        core.do(lambda step: outbox.send(step, chat.id, outbox.Saying("already?")))
    assert core.do(lambda step: accounts.unasked(step, core.account)) == [GARDEN], "who can read there?"
    core.crash()
    core.later(100)
    core.tell(INVITED)
    assert shown(core) == chat, "told again it is the same"


def test_one_that_is_accepted_is_a_conversation(core: Core) -> None:
    core.tell(INVITED)
    told(core)
    core.tell(ENTERED)
    assert sorted(told(core)) == ["chat.changed", "chat.invited", "people.changed"]
    chat = shown(core)
    assert chat is not None
    assert (chat.standing, chat.invitation) == ("", None)
    assert contacts(core) == ["ada"]
    core.do(lambda step: outbox.send(step, chat.id, outbox.Saying("here I am")))


def test_one_that_is_over_leaves_nothing(core: Core) -> None:
    core.tell(INVITED)
    chat = shown(core)
    assert chat is not None
    core.do(lambda step: inbox.set_draft(step, chat.id, "perhaps"))
    told(core)
    for _ in range(2):  # the owner declined, and then the network says so as well
        core.tell(GONE)
    assert told(core) == ["chat.invited"], "there is nothing left to look at"
    core.do(lambda step: accounts.learn(step, core.account, GARDEN, can()))  # an answer that comes late
    assert shown(core) is None
    with pytest.raises(NotFound):
        core.do(lambda step: rooms.find(step, chat.id))
    core.tell(replace_by(BEN))
    again = shown(core)
    assert again is not None
    assert again.id != chat.id, "screens may still know the other one"
    assert again.invitation == InvitationView("ben", "", vouched=False, words="")


def replace_by(who: api.Actor) -> api.ConversationSeen:
    said = api.Invitation(by=who, vouched=False)
    return api.ConversationSeen(conversation=GARDEN, kind="group", title="Garden", invitation=said)


def test_what_was_said_before_stays_when_one_declines_to_come_again(core: Core) -> None:
    core.tell(ENTERED, api.ConversationSeen(conversation=GARDEN, kind="direct", title="Garden"))
    said = seen("1", "roses")
    core.tell(api.MessageSeen(ref=api.MessageRef(GARDEN, "1"), actor=ADA, body=said.body), GONE, INVITED)
    chat = shown(core)
    assert chat is not None
    assert (chat.standing, chat.last_text) == ("invited", "roses")
    core.tell(GONE)
    assert shown(core) == replace(chat, standing="gone", invitation=None)


@pytest.mark.parametrize(
    "odd",
    [
        api.Invitation(by=api.Actor("")),
        api.Invitation(by=api.Actor("x" * 2000)),
        api.Invitation(ticket="t" * 2000),
        api.Invitation(words="w" * (2 << 20)),
    ],
    ids=["nobody", "a-long-name", "a-long-ticket", "a-book"],
)
def test_what_no_network_says_in_earnest_is_put_away(core: Core, odd: api.Invitation) -> None:
    core.tell(api.ConversationSeen(conversation=GARDEN, kind="group", title="Garden", invitation=odd))
    assert shown(core) is None
    assert "bridge.shelved" in told(core)


def test_a_network_may_not_say_who_asks(core: Core) -> None:
    core.tell(
        api.ConversationSeen(conversation=GARDEN, kind="group", title="Garden", invitation=api.Invitation())
    )
    chat = shown(core)
    assert chat is not None
    assert chat.invitation == InvitationView("", "", vouched=True)
