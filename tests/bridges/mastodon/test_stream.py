"""What snac2 lacks: streams, polls, keys, limits. Against the kit's network."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from aiohttp import web
from bridge_owner import ACCOUNT, Owner
from mastodon_fake import olga

from swarm_bridges.api import (
    Absent,
    Accepted,
    Coverage,
    Event,
    Gone,
    Limited,
    MarksNow,
    MessageSeen,
    NotSupported,
    Origin,
    Poll,
    PollOption,
    Repeat,
    Unknown,
)
from swarm_bridges.networks.mastodon.fake import Network
from swarm_bridges.networks.mastodon.said import MOST, Said
from swarm_bridges.testing.network import OWNER, PEER
from swarm_bridges.text import to_plain


def told(owner: Owner) -> list[Event]:
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


def posts(owner: Owner) -> list[MessageSeen]:
    return [event for event in told(owner) if isinstance(event, MessageSeen)]


class Silent(Network):
    """It says that it has a stream, and has none."""

    def routes(self) -> Iterable[web.RouteDef]:
        return [route for route in super().routes() if not route.path.endswith("/streaming")]


class Keyless(Network):
    """Of a software that nobody knows: a key is nothing to it."""

    keeps_keys = False
    version = "0.17.3"


@pytest.mark.parametrize("kind", [Network, Silent])
async def test_everything_comes_once_with_a_stream_and_without(kind: type[Network]) -> None:
    async with olga(kind()) as (network, owner):
        first = network.say("in public", room="r2")
        await owner.sees("in public")
        network.say("to you", room="r1")
        await owner.sees("to you")
        network.say("from my phone", who=OWNER, room="r1")
        shown = await owner.sees("from my phone")
        assert shown.is_owner
        network.edit(first, "in public, edited")
        await owner.sees("in public, edited")
        network.take_back(first)
        await owner.until(lambda j: all(s.gone for s in j.shown.values() if s.text == "in public, edited"))
        texts = [e.ref.remote_id for e in posts(owner) if e.revision == "0"]
        assert len(texts) == len(set(texts)) == 3
        assert owner.runs == 1


async def test_what_was_said_during_a_cut_comes_from_all_timelines() -> None:
    async with olga() as (network, owner):
        before = network.say("before", room="r1")
        await owner.sees("before")
        owner.desk.down = True
        owner.desk.cut()
        network.cut()
        for n in range(50):
            network.say(f"public {n}", room="r2")
            network.say(f"ada {n}", room="r1")
            network.say(f"olga {n}", who=OWNER, room="r1")
        owner.desk.down = False
        wanted = {f"{who} {n}" for who in ("public", "ada", "olga") for n in range(50)}
        await owner.until(lambda j: wanted <= {s.text for s in j.shown.values()})
        assert {e.origin for e in posts(owner) if e.ref.remote_id != before} == {Origin.CATCH_UP}


async def test_more_than_can_be_had_is_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_bridges.networks.mastodon.reader.MOST_PAGES", 2)
    async with olga() as (network, owner):
        before = network.say("before", room="r2")
        await owner.sees("before")
        owner.desk.down = True
        owner.desk.cut()
        network.cut()
        for n in range(100):
            network.say(f"public {n}", room="r2")
        owner.desk.down = False
        await owner.sees("public 99")
        (hole,) = [e for e in told(owner) if isinstance(e, Coverage) and e.hole]
        assert (hole.conversation, hole.since) == (network.conversation("r2"), before)
        oldest = next(e for e in posts(owner) if e.order == hole.until)
        assert to_plain(oldest.body) == "public 20"
        assert not any(s.text == "public 10" for s in owner.journal.shown.values())


async def test_frames_without_sense_stop_nothing() -> None:
    frames: list[Any] = [
        *("", "{", "[]", "7", '"x"', "null", '{"event": "update"}', '{"event": "update", "payload": "{"}'),
        json.dumps({"event": "update", "payload": json.dumps({"id": "x"})}),
        json.dumps({"event": "notification", "payload": "[]"}),
        json.dumps({"event": "conversation", "payload": json.dumps({"id": "1", "last_status": 5})}),
        json.dumps({"event": "delete", "payload": {"a": 1}}),
        json.dumps({"event": ["update"], "payload": "{}"}),
        json.dumps({"event": "announcement", "payload": "{}"}),
        "[" * 5000,
    ]

    class Odd(Network):
        async def _stream(self, request: web.Request) -> web.StreamResponse:
            line = web.WebSocketResponse()
            await line.prepare(request)
            for frame in frames:
                await line.send_str(frame)
            await line.send_bytes(b"\xff\xfe")
            sensible = {"id": "z9", "room": "r2", "by": PEER, "text": "the end", "rev": 0}
            await line.send_json({"event": "update", "payload": self._status(sensible)})
            async for _ in line:
                pass
            return line

    async with olga(Odd()) as (_, owner):
        await owner.sees("the end")
        assert owner.runs == 1
        assert not owner.ended.done()


async def test_polls_are_made_read_and_voted_in_once() -> None:
    async with olga() as (network, owner):
        options = (PollOption("0", "yes"), PollOption("1", "no"))
        ref = await owner.say("shall we?", poll=Poll(options=options))
        assert network.asked[-1]["poll"] == {
            "options": ["yes", "no"],
            "expires_in": 86_400,
            "multiple": False,
        }
        poll = {"options": [{"id": "a", "text": "yes"}, {"id": "b", "text": "no"}]}
        asked = network.say("and you?", room="r2", poll=poll)
        shown = await owner.sees("and you?")
        for _ in range(2):
            await owner.accepted("vote", shown.ref, frozenset({"1"}), "vote-1")
        assert network.votes == 1
        await owner.until(lambda _: any(e.poll and e.poll.mine == {"1"} for e in posts(owner)))
        voted = next(e.poll for e in posts(owner) if e.poll and e.poll.mine)
        assert [option.votes for option in voted.options] == [0, 1]
        assert network.messages[asked].rev == 1
        with pytest.raises(Gone):
            await owner.call("vote", ref, frozenset({"0"}), "vote-2")


async def test_an_edit_leaves_the_files_of_a_post_where_they_are() -> None:
    async with olga() as (network, owner):
        ref = await owner.send_file("cat.png", b"meow")
        await owner.accepted("edit", ref, owner.outgoing("a cat"))
        message = network.messages[ref.remote_id]
        assert (message.text, [file["id"] for file in message.more["files"]]) == (
            "a cat",
            list(network.uploads),
        )
        plain = await owner.say("no cat")
        await owner.accepted("edit", plain, owner.outgoing("no cat at all"))
        assert network.messages[plain.remote_id].text == "no cat at all"


async def test_marks_are_set_and_taken_back_and_direct_posts_are_not_boosted() -> None:
    async with olga(Silent()) as (network, owner):
        id_ = network.say("mark this", room="r2")
        shown = await owner.sees("mark this")
        for name in ("favourite", "boost", "bookmark"):
            for _ in range(2):
                await owner.bridge.mark(owner.ctx, shown.ref, name, on=True, key=name)
        await owner.bridge.mark(owner.ctx, shown.ref, "boost", on=False, key="off")
        assert network.messages[id_].more["marks"] == ["bookmark", "favourite"]
        wanted = frozenset({"favourite", "bookmark"})
        await owner.until(lambda _: any(isinstance(e, MarksNow) and e.mine == wanted for e in told(owner)))
        network.say("between us", room="r1")
        direct = await owner.sees("between us")
        with pytest.raises(NotSupported):
            await owner.bridge.mark(owner.ctx, direct.ref, "boost", on=True, key="x")


async def test_a_limit_is_handed_on_as_the_servers_clock_has_it() -> None:
    class Full(Network):
        headers: dict[str, str]

        async def _post(self, request: web.Request) -> web.Response:  # noqa: ARG002
            return web.json_response({"error": "Too many requests"}, status=429, headers=self.headers)

    date = "Sun, 01 Nov 2026 10:00:00 GMT"
    async with olga(network := Full()) as (_, owner):
        for headers, wait_s in [
            ({"X-RateLimit-Reset": "2026-11-01T10:04:30.000Z", "Date": date}, 270.0),
            ({"X-RateLimit-Reset": "2026-11-01T09:00:00Z", "Date": date}, 1.0),
            ({"X-RateLimit-Reset": "2036-11-01T09:00:00Z", "Date": date}, 3600.0),
            ({"Retry-After": "12"}, 12.0),
            ({"X-RateLimit-Reset": "soon"}, None),
            ({}, None),
        ]:
            network.headers = headers
            with pytest.raises(Limited) as error:
                await owner.bridge.send(owner.ctx, owner.outgoing("too much"))
            assert error.value.wait_s == wait_s


async def test_what_may_have_arrived_is_looked_for_where_keys_are_nothing() -> None:
    async with olga(Keyless()) as (network, owner):
        assert (await owner.call("capabilities", None)).repeat is Repeat.LOOKUP
        await owner.say("same words")
        for kind in ("reset", "half", "garbage", "drop"):
            network.faults.add(kind, on="act")
            out = owner.outgoing("same words")
            assert isinstance(await owner.bridge.send(owner.ctx, out), Unknown)
            before = len(network.said("r2"))
            found = await owner.bridge.find_sent(owner.ctx, out)
            assert isinstance(found, Accepted) == (kind != "drop")
            if isinstance(found, Accepted):
                assert found.refs[0].remote_id == network.said("r2")[-1].id
            network.say("something else", room="r2", who=OWNER)
            assert len(network.said("r2")) == before + 1
        assert not await owner.ctx.kv.names("sent i-")


async def test_of_what_was_said_it_is_known_what_became_though_nobody_stored_it() -> None:
    async with olga(Keyless()) as (network, owner):
        out = owner.outgoing("said, and the node dies")
        assert isinstance(await owner.bridge.find_sent(owner.ctx, out), Absent)  # it died before the call
        told = await owner.bridge.send(owner.ctx, out)
        assert isinstance(told, Accepted)
        for number in range(MOST - 1):
            assert isinstance(await owner.bridge.send(owner.ctx, owner.outgoing(f"more {number}")), Accepted)
        found = await owner.bridge.find_sent(owner.ctx, out)
        assert isinstance(found, Accepted)
        assert found.refs == told.refs
        after_a_restart = await Said.read(owner.ctx)
        assert after_a_restart.became(out.intent) == [told.refs[0].remote_id]
        assert await owner.ctx.kv.names("sent ") == ()
        assert len(network.said("r2")) == MOST


async def test_a_thread_of_parts_goes_on_where_it_broke() -> None:
    async with olga() as (network, owner):
        part = owner.outgoing("one").parts[0]
        out = owner.outgoing("two")
        out = type(out)(
            **{**{f: getattr(out, f) for f in out.__struct_fields__}, "parts": (part, *out.parts)}
        )
        network.faults.add("status", on="act", status=503, times=1)
        with pytest.raises(Exception, match="503"):
            await owner.bridge.send(owner.ctx, out)
        done = await owner.bridge.send(owner.ctx, out)
        assert isinstance(done, Accepted)
        one, two = network.said("r2")
        assert [one.text, two.text] == ["one", "two"]
        assert two.more["reply_to"] == one.id
