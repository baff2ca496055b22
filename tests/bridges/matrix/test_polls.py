"""Polls, against Synapse: asked and answered by ordinary clients, under both names."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from matrix_network import MatrixNetwork
from matrix_peer import MatrixPeer, Raw
from matrix_server import Synapse

from swarm_bridges.api import Accepted, MessageRef, MessageSeen, NotSupported, Poll, PollOption, Refused
from swarm_bridges.networks.matrix import polls
from swarm_bridges.networks.matrix.model import Event
from swarm_bridges.text import to_plain

TRIED = "org.matrix.msc3381."


@pytest.fixture
async def network(synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
    made = await MatrixNetwork.open(synapse)
    yield made
    await made.close()


def tried(words: str, most: int = 1, kind: str = "disclosed") -> tuple[str, Raw]:
    """A question as Element asks it."""
    answers = [{"id": id_, "org.matrix.msc1767.text": f"answer {id_}"} for id_ in "abc"]
    asked = {"question": {"org.matrix.msc1767.text": words}, "max_selections": most, "answers": answers}
    asked["kind"] = f"{TRIED}poll.{kind}"
    return TRIED + "poll.start", {TRIED + "poll.start": asked, "org.matrix.msc1767.text": words}


def stable(words: str, most: int = 1) -> tuple[str, Raw]:
    answers = [{"m.id": id_, "m.text": [{"body": f"answer {id_}"}]} for id_ in "abc"]
    asked = {"question": {"m.text": [{"body": words}]}, "max_selections": most, "answers": answers}
    return "m.poll.start", {"m.poll": {**asked, "kind": "m.disclosed"}, "m.text": [{"body": words}]}


def vote(target: str, *ids: str, name: str = TRIED) -> tuple[str, Raw]:
    about = {"rel_type": "m.reference", "event_id": target}
    if name == "m.":
        return "m.poll.response", {"m.relates_to": about, "m.selections": list(ids)}
    kind = TRIED + "poll.response"
    return kind, {"m.relates_to": about, kind: {"answers": list(ids)}}


def end(target: str) -> tuple[str, Raw]:
    kind = TRIED + "poll.end"
    about = {"rel_type": "m.reference", "event_id": target}
    return kind, {"m.relates_to": about, kind: {}, "org.matrix.msc1767.text": "It has ended."}


async def until(owner: Owner, id_: str, wanted: Callable[[Poll], bool], words: str = "") -> MessageSeen:
    """A poll when it is like this."""
    found: list[MessageSeen] = []

    def look(_: object) -> bool:
        batches = owner.desk.of(ACCOUNT).batches
        found[:] = [
            e for b in batches for e in b.events if isinstance(e, MessageSeen) and e.ref.remote_id == id_
        ]
        if not found or found[-1].poll is None:
            return False
        return wanted(found[-1].poll) and words in to_plain(found[-1].body)

    await owner.until(look)
    return found[-1]


def votes(poll: Poll) -> list[int | None]:
    return [option.votes for option in poll.options]


@pytest.mark.parametrize(("ask", "name"), [(tried, TRIED), (stable, "m.")], ids=["tried", "stable"])
async def test_a_poll_is_asked_answered_and_ended(network: MatrixNetwork, ask: Any, name: str) -> None:
    friend, room = network.client("friend"), network.conversation.remote_id
    async with await owner_of(network) as owner:
        id_ = await friend.send(room, *ask("tea or coffee?"))
        shown = await until(owner, id_, lambda _: True)
        assert to_plain(shown.body) == "tea or coffee?"
        assert shown.poll == Poll(options=tuple(PollOption(i, f"answer {i}", 0) for i in "abc"))
        await friend.send(room, *vote(id_, "a", name=name))
        await until(owner, id_, lambda poll: votes(poll) == [1, 0, 0])
        assert isinstance(await owner.call("vote", shown.ref, frozenset({"b"}), "v1"), Accepted)
        mine = await friend.until(
            lambda e: e["type"] == f"{name}poll.response" and e["sender"] != friend.user
        )
        assert mine["content"] == vote(id_, "b", name=name)[1]
        now = await until(owner, id_, lambda poll: votes(poll) == [1, 1, 0])
        assert now.poll is not None
        assert now.poll.mine == {"b"}
        await friend.send(room, *vote(id_, "b", name=name))
        await until(owner, id_, lambda poll: votes(poll) == [0, 2, 0])
        for wrong in ({"nothing"}, {"a", "b"}):
            with pytest.raises(Refused):
                await owner.call("vote", shown.ref, frozenset(wrong), "v2")
        await owner.call("vote", shown.ref, frozenset[str](), "v3")
        await until(owner, id_, lambda poll: votes(poll) == [0, 1, 0] and not poll.mine)
        await friend.send(room, *end(id_))
        last = await until(owner, id_, lambda poll: poll.closed)
        await friend.send(room, *vote(id_, "a", name=name))
        await friend.say(room, "after the end")
        await owner.sees("after the end")
        assert last.poll == (await until(owner, id_, lambda _: True)).poll
        page = await owner.call_page(network.conversation, None, 50)
        (past,) = [e for e in page.batch.events if isinstance(e, MessageSeen) and e.poll]
        assert (past.poll, past.ref, past.revision) == (last.poll, shown.ref, "0")


async def test_the_owner_asks(network: MatrixNetwork) -> None:
    friend = network.client("friend")
    async with await owner_of(network) as owner:
        poll = Poll(options=(PollOption("1", "yes"), PollOption("2", "no")), multiple=True)
        ref = await owner.say("shall we?", poll=poll)
        asked = await friend.until(lambda e: e["event_id"] == ref.remote_id)
        question = polls.question_of(asked["type"], asked["content"], asked["sender"])
        assert question is not None
        assert (question.words, question.choices) == ("shall we?", (("1", "yes"), ("2", "no")))
        await friend.send(network.conversation.remote_id, *vote(ref.remote_id, "1", "2"))
        shown = await until(owner, ref.remote_id, lambda poll: votes(poll) == [1, 1])
        assert shown.actor.is_owner
        with pytest.raises(NotSupported):
            await owner.call("send", owner.outgoing("when?", poll=Poll(options=poll.options, closes_at=9e9)))


async def test_a_poll_that_is_edited_keeps_its_votes(network: MatrixNetwork) -> None:
    friend, room = network.client("friend"), network.conversation.remote_id
    async with await owner_of(network) as owner:
        kind, said = tried("tea or cofee?")
        id_ = await friend.send(room, kind, said)
        await friend.send(room, *vote(id_, "c"))
        await until(owner, id_, lambda poll: votes(poll) == [0, 0, 1])
        about = {"m.relates_to": {"rel_type": "m.replace", "event_id": id_}}
        await friend.send(room, kind, {**said, "m.new_content": tried("tea or coffee?")[1], **about})
        shown = await until(owner, id_, lambda _: True, "tea or coffee?")
        assert shown.poll is not None
        assert votes(shown.poll) == [0, 0, 1]


# --- counting alone ---


def event(n: int, sender: str, kind: str, content: Raw) -> Event:
    return Event(type=kind, sender=sender, event_id=f"${n}", content=content, origin_server_ts=n * 1000)


def count(about: list[Event], *, most: int = 1, kind: str = "disclosed") -> Poll:
    name, said = tried("?", most, kind)
    question = polls.question_of(name, said, "@author:x")
    assert question is not None
    return polls.counted(question, about, frozenset({"@moderator:x"}), "@me:x")


def test_the_last_vote_of_each_counts_and_spoiled_ones_take_it_back() -> None:
    about = [
        event(3, "@a:x", *vote("$0", "b")),
        event(1, "@a:x", *vote("$0", "a")),
        event(2, "@me:x", *vote("$0", "a", "b")),
        event(4, "@b:x", *vote("$0", "c")),
        event(5, "@b:x", *vote("$0", "nothing")),
    ]
    assert votes(count(about)) == [1, 1, 0]
    assert count(about).mine == {"a"}
    assert votes(count(about, most=2)) == [1, 2, 0]
    assert votes(count(about[:1] * 3)) == [0, 1, 0]


def test_only_the_author_and_moderators_end_a_poll_and_hidden_votes_show_then() -> None:
    voted = event(1, "@a:x", *vote("$0", "a"))
    assert votes(count([voted], kind="undisclosed")) == [None, None, None]
    for who, closed in (("@author:x", True), ("@moderator:x", True), ("@a:x", False)):
        poll = count(
            [voted, event(2, who, *end("$0")), event(3, "@b:x", *vote("$0", "b"))], kind="undisclosed"
        )
        assert (poll.closed, votes(poll)) == (closed, [1, 0, 0] if closed else [None] * 3)


@pytest.mark.parametrize(
    "said", [{}, {"m.poll": 5}, {"m.poll": {"answers": "x"}}, {"m.poll": {"answers": [{}, 5, {"m.id": 7}]}}]
)
def test_odd_questions_are_none(said: Raw) -> None:
    assert polls.question_of("m.poll.start", said, "@a:x") is None


async def test_a_vote_where_there_is_no_poll_is_refused(network: MatrixNetwork) -> None:
    friend: MatrixPeer = network.client("friend")
    async with await owner_of(network) as owner:
        id_ = await friend.say(network.conversation.remote_id, "no poll at all")
        with pytest.raises(Refused):
            await owner.call("vote", MessageRef(network.conversation, id_), frozenset({"a"}), "v")
