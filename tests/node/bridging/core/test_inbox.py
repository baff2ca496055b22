"""One inbox: conversations of the node's own and of networks in one list, one search, with the same verbs."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from bridge_core_world import ADA, ME, ROOM, START, can, ref, seen
from node_world import World

from swarm_bridges import api
from swarmnode.bridging.core import accounts, calls, history, inbox, journal, waiting
from swarmnode.domain.words import Words
from swarmnode.errors import NotFound, UsageError

T = TypeVar("T")
DONE = api.LoginDone(network_account_id="me", display="Me", secrets={})


class Inbox:
    """Ada, who has a conversation with Ben, and an account on a network."""

    def __init__(self) -> None:
        self.world = World("one")
        self.ada, ben = self.world.person("ada", "one"), self.world.person("ben", "one")
        self.world.meet(self.ada, ben)
        ben.say("from the node's own words")
        self.world.run(1)
        self.account = self.ada.do(lambda step: accounts.add(step, "demo", DONE))
        self.ada.do(lambda step: accounts.learn(step, self.account, None, can(transport_privacy="public")))

    def tell(self, *events: api.Event) -> None:
        self.ada.do(lambda step: journal.ingest(step, self.account, api.Batch(events)))

    def do(self, wish: Callable[..., T], *said: object, **more: object) -> T:
        """A wish that takes the node too."""
        return self.ada.do(lambda step: wish(step, self.ada.node, *said, **more))

    def just(self, wish: Callable[..., T], *said: object) -> T:
        """One that does not."""
        return self.ada.do(lambda step: wish(step, *said))

    def call(self) -> calls.Call | None:
        return self.ada.do(lambda step: calls.take(step, self.account))


@pytest.fixture(name="box")
def a_box() -> Inbox:
    return Inbox()


def test_conversations_stand_in_one_list_the_latest_first(box: Inbox) -> None:
    box.world.run(10)
    box.tell(
        api.ActorSeen(actor=ADA, name="Ada L.", handle="ada@example.org"),
        api.ConversationSeen(conversation=ROOM, kind="group", title="Engines", members=(ADA, ME)),
        seen("1", "from a network"),
    )
    first, second = box.do(inbox.chats)
    assert (
        first.id,
        first.title,
        first.network,
        first.privacy,
        first.kind,
        first.unread,
        first.last_text,
    ) == (
        "b1",
        "Engines",
        "demo",
        "public",
        "group",
        1,
        "from a network",
    )
    assert (second.id, second.title, second.network, second.privacy) == ("1", "ben", "", "e2e")
    (item,) = box.do(inbox.page, "b1").items
    assert (item.id, item.author_name, item.author_handle) == ("m1", "Ada L.", "ada@example.org")
    (own,) = box.do(inbox.page, "1").items
    assert box.do(inbox.message, own.id) == own
    assert box.do(inbox.message, "m1") == item


def test_one_search_finds_both_the_newest_first_page_by_page(box: Inbox) -> None:
    for number in range(3):
        box.tell(seen(f"h{number}", f"old words {number}", remote_time=START - 1000.0 + number))
    box.world.run(100)
    box.tell(seen("new", "new words"))
    hits, following = box.do(inbox.search, "words", limit=2)
    texts = [hit.message.text for hit in hits]
    while following:
        hits, following = box.do(inbox.search, "words", limit=2, cursor=following)
        texts += [hit.message.text for hit in hits]
    assert texts == ["new words", "from the node's own words", "old words 2", "old words 1", "old words 0"]
    only, _ = box.do(inbox.search, "words", chat="b1")
    assert len(only) == 4
    with pytest.raises(UsageError):
        box.do(inbox.search, "words", cursor="x y")


def test_a_search_says_of_which_accounts_older_messages_are_still_to_come(box: Inbox) -> None:
    box.tell(seen("1", "words"))
    (gap,) = box.just(inbox.gaps, "")
    assert (gap.code, gap.account, gap.network) == ("past", box.account, "demo")
    assert box.just(inbox.gaps, "b1") == [gap]
    assert box.just(inbox.gaps, "1") == [], "in a conversation of the node's own nothing is missing"
    box.just(history.paged, box.account, ROOM, api.Page(batch=api.Batch(()), next=None))
    assert box.just(inbox.gaps, "") == []


def test_a_post_says_who_brought_it_and_what_its_pictures_show(box: Inbox) -> None:
    cat = api.RemoteFile(id="f", name="cat.png", media_type="image/png", description="A cat asleep")
    box.tell(
        api.ActorSeen(actor=ADA, name="Ada L.", handle="ada@example.org"),
        seen("1", "look", files=(cat,), shared_by=ADA, visibility="public"),
        seen("2", "and this", shared_by=api.Actor("nobody-knows")),
    )
    first, second = box.do(inbox.page, "b1").items
    assert (first.shared_by, first.visibility) == ("Ada L.", "public")
    assert first.attachments[0].description == "A cat asleep"
    assert second.shared_by == "nobody-knows"


def test_pages_go_both_ways_and_around(box: Inbox) -> None:
    box.tell(*(seen(str(number), f"{number}", order=f"{number:03}") for number in range(10)))

    def texts(**at: str | int) -> tuple[list[str], str, str]:
        page = box.do(inbox.page, "b1", **at)
        return [item.text for item in page.items], page.prev, page.next

    last, prev, following = texts(limit=3)
    assert last == ["7", "8", "9"]
    before, first, _ = texts(limit=3, before=prev)
    assert before == ["4", "5", "6"]
    assert texts(limit=3, after=first)[0] == ["5", "6", "7"]
    assert texts(limit=3, after=following) == ([], following, following)
    assert texts(limit=4, around="m5")[0] == ["2", "3", "4", "5", "6"]
    with pytest.raises(UsageError):
        texts(before="nonsense")


def test_reading_is_told_to_the_network_once_and_for_the_last(box: Inbox) -> None:
    box.tell(seen("1", "one"), seen("2", "two"), seen("3", "three"))
    assert box.do(inbox.mark_read, "b1", "m2") == 2
    assert box.do(inbox.mark_read, "b1") == 1
    assert box.do(inbox.chat, "b1").unread == 0
    call = box.call()
    assert call is not None
    assert (call.verb, call.arguments) == ("mark_read", {"up_to": ref("3")})
    box.just(calls.settle, call.intent, None)
    assert box.call() is None


def test_an_owner_who_tells_nobody_what_is_read_tells_no_network(box: Inbox) -> None:
    box.ada.do(lambda step: accounts.reconfigure(step, box.account, {"read_receipts": "no"}))
    box.tell(seen("1", "one"))
    assert box.do(inbox.mark_read, "b1") == 1
    assert box.call() is None


def test_the_same_verbs_do_for_both(box: Inbox) -> None:
    box.tell(seen("1", "hello"))
    for chat, other in (("b1", "m1"), ("1", "")):
        said = box.do(inbox.send, chat, Words("words"))
        assert (said.text, said.chat, said.mine, said.author) == ("words", chat, True, "me")
        edited = box.do(inbox.edit, said.id, "better words")
        assert edited.text == "better words"
        box.do(inbox.react, other or said.id, "+")
        box.do(inbox.delete, [said.id], everywhere=True)
        assert box.do(inbox.message, said.id).kind == "deleted"
        box.just(inbox.set_draft, chat, "later")
        assert box.do(inbox.chat, chat).draft == "later"
        box.just(inbox.set_draft, chat, "")
        assert box.do(inbox.chat, chat).draft == ""
    call = box.call()
    assert call is not None
    assert call.verb == "react"


def test_what_may_have_been_sent_is_confirmed_or_sent_again(box: Inbox) -> None:
    box.tell(seen("1", "hello"))
    for confirmed in (True, False):
        said = box.do(inbox.send, "b1", Words("words"))
        call = box.call()
        assert call is not None
        box.just(calls.settle, call.intent, api.Unknown())
        view = box.do(inbox.message, said.id)
        assert (view.state.value, view.reason) == ("maybe", "asked")
        if confirmed:
            view = box.just(inbox.confirm, said.id)
            assert view.state.value == "sent"
        else:
            box.do(inbox.resend, said.id)
            again = box.call()
            assert again is not None
            assert again.intent == call.intent


def test_there_is_no_such_thing(box: Inbox) -> None:
    for chat in ("b7", "b", "bb", "b-1", "7"):
        with pytest.raises(NotFound):
            box.do(inbox.chat, chat)
    for message in ("m7", "m", "mm", "7"):
        with pytest.raises(NotFound):
            box.do(inbox.message, message)


def test_what_a_bridge_says_itself_is_there_in_each_language_and_found_in_it(box: Inbox) -> None:
    said = api.Notice("{who} has left.", {"who": "Ada"}, {"de": "Ada ist gegangen."})
    told = seen("1", "Ada has left.", notice=said)
    box.tell(api.ConversationSeen(conversation=ROOM, kind="group", title="Engines"), told)
    chat = next(chat for chat in box.do(inbox.chats) if chat.network)
    assert (chat.last_text, chat.last_translations) == ("Ada has left.", {"de": "Ada ist gegangen."})
    (shown,) = box.do(inbox.page, chat.id).items
    assert (shown.text, shown.translations) == ("Ada has left.", {"de": "Ada ist gegangen."})
    hits, _ = box.do(inbox.search, "gegangen")
    assert [hit.message.id for hit in hits] == [shown.id]
    assert "gegangen" not in repr(shown)


def test_a_title_that_a_bridge_gives_is_there_in_each_language(box: Inbox) -> None:
    home = api.Notice("Home", others={"de": "Startseite"})
    box.tell(api.ConversationSeen(conversation=ROOM, kind="timeline", title=home), seen("1", "one"))
    for topic in ("", "told again, without a title"):
        box.tell(api.ConversationSeen(conversation=ROOM, kind="timeline", topic=topic))
        shown = box.do(inbox.chat, "b1")
        assert (shown.title, shown.title_translations) == ("Home", {"de": "Startseite"})
    box.do(inbox.send, "b1", Words("words"))
    (waits,) = box.do(waiting.all_of)
    assert (waits.title, waits.title_translations) == ("Home", {"de": "Startseite"})
    box.tell(api.ConversationSeen(conversation=ROOM, kind="group", title="Engines"))
    assert box.do(inbox.chat, "b1").title_translations == {}
