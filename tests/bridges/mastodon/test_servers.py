"""What is Mastodon's own, against snac2: logging in, posts, boosts, notifications, strangers, faults."""

import asyncio
from collections.abc import AsyncIterator
from socket import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bridge_owner import ACCOUNT, Lines, Owner, log_in, owner_of
from mastodon_network import MastodonNetwork
from mastodon_peer import allow, words_of
from mastodon_server import Snac

from swarm_bridges.api import (
    AccountId,
    ActorSeen,
    ConversationRef,
    ConversationSeen,
    Event,
    Gone,
    LoginDone,
    MarksNow,
    MessageSeen,
    NotSupported,
    Refused,
    Step,
)
from swarm_bridges.context import Clock, LoginContext
from swarm_bridges.desk import LoginState
from swarm_bridges.networks.mastodon import Login
from swarm_bridges.networks.mastodon.convert import HOME, NOTIFICATIONS
from swarm_bridges.testing import FaultProxy
from swarm_bridges.text import to_plain


@pytest.fixture
async def network(new_snac: Snac, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
    made = await MastodonNetwork.open(new_snac, far_snac)
    yield made
    await made.close()


def told(owner: Owner) -> list[Event]:
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


async def until(owner: Owner, kind: type[Event], wanted: Any) -> Any:
    """The first event like this."""

    def find() -> Event | None:
        return next((e for e in told(owner) if isinstance(e, kind) and wanted(e)), None)

    await owner.until(lambda _: find() is not None)
    return find()


# --- logging in ---


class Flow:
    """A login that goes on from step to step, as the node leads it: made anew each time."""

    def __init__(self, redirect_url: str = "", account: str = "") -> None:
        self._about: Any = {"redirect_url": redirect_url, "account": account}
        self._scratch = b""
        self.desk = Lines()

    async def _turn(self, verb: str, *arguments: Any) -> Any:
        state = LoginState(why="add", scratch=self._scratch, **self._about)
        ctx = LoginContext(self.desk, AccountId("flow"), state, clock=Clock(), random=lambda n: b"s" * n)
        try:
            return await getattr(Login(), verb)(ctx, *arguments)
        finally:
            self._scratch = ctx.scratch
            await ctx.close()
            self.desk.cut()

    async def begin(self) -> Any:
        return await self._turn("begin")

    async def submit(self, step: str, **answers: str) -> Any:
        return await self._turn("submit", step, answers)


@pytest.mark.parametrize("redirect", ["", "http://127.0.0.1:9/back"], ids=["shown", "redirect"])
async def test_logging_in_by_the_servers_own_page(network: MastodonNetwork, redirect: str) -> None:
    flow, person = Flow(redirect), network.owner
    first = await flow.begin()
    assert (first.id, first.kind) == ("server", "form")
    second = await flow.submit("server", server=person.server.base, token="")
    assert (second.id, second.kind, second.error) == ("code", "open_url", "")
    asked = parse_qs(urlsplit(second.show["url"]).query)
    assert asked["redirect_uri"] == [redirect or "urn:ietf:wg:oauth:2.0:oob"]
    wrong = await flow.submit("code", code="not this")
    assert (wrong.id, bool(wrong.error), wrong.show) == ("code", True, second.show)
    pasted = await allow(second.show["url"], person.name, person.password)
    forged = pasted.replace(asked["state"][0], "another")
    assert (await flow.submit("code", code=forged)).error
    done = await flow.submit("code", code=f" {pasted}\n")
    assert isinstance(done, LoginDone), done
    assert done.network_account_id.endswith(f"@{person.server.host}")
    assert done.display == f"{person.name}@{person.server.host}"
    assert done.hosts == (person.server.host,)
    assert done.settings == {"url": person.server.base}
    assert set(done.secrets) == {"token"}
    by_token = await log_in(network, Lines(), network.answers)
    assert isinstance(by_token, LoginDone)
    assert by_token.network_account_id == done.network_account_id


async def test_a_login_says_what_is_wrong(network: MastodonNetwork) -> None:
    token = network.owner.token
    for server in ("", "not a host", "ftp://x.example", "http://127.0.0.1:1", "https://[::", "x:99999999"):
        step = await Flow().submit("server", server=server, token="")
        assert isinstance(step, Step)
        assert (step.id, bool(step.error)) == ("server", True), server
    another = await Flow(account="7@elsewhere.example").submit(
        "server", server=network.owner.server.base, token=token
    )
    assert another.error
    assert token not in str(another)


# --- posts ---


async def test_posts_go_out_with_visibility_and_warning(network: MastodonNetwork) -> None:
    friend = network.client(network.friend)
    async with await owner_of(network) as owner:
        network.conversation = HOME
        can = await owner.call("capabilities", HOME)
        assert can.visibilities == ("public", "unlisted", "followers", "direct")
        for visibility, theirs in [("public", "public"), ("unlisted", "unlisted"), ("followers", "private")]:
            ref = await owner.say(f"for {visibility}", visibility=visibility, title="cake", sensitive=True)
            status = await friend.until(lambda s, v=visibility: words_of(s) == f"for {v}")  # type: ignore[misc]
            assert (status["visibility"], status["spoiler_text"], status["sensitive"]) == (
                theirs,
                "cake",
                True,
            )
            shown = await until(owner, MessageSeen, lambda e, ref=ref: e.ref == ref)
            assert (shown.visibility, shown.title, shown.sensitive) == (visibility, "cake", True)


async def test_answers_in_public_name_whom_they_answer(network: MastodonNetwork) -> None:
    friend = network.client(network.friend)
    async with await owner_of(network) as owner:
        await friend.say("who comes?")
        asked = await owner.sees("who comes?")
        assert asked.ref.conversation == HOME
        network.conversation = HOME
        await owner.say("I do", reply_to=asked.ref)
        answer = await friend.until(lambda s: words_of(s) == "I do")
        assert answer["visibility"] == "public"
        assert answer["in_reply_to_id"][10:] == asked.ref.remote_id
        assert network.friend.name in answer["content"]


async def test_boosts_likes_and_follows_arrive(network: MastodonNetwork) -> None:
    friend, me = network.client(network.friend), network.client(network.owner)
    async with await owner_of(network) as owner:
        network.conversation = HOME
        ref = await owner.say("like this")
        there = await friend.until(lambda s: words_of(s) == "like this")
        await friend.ask("POST", f"/api/v1/statuses/{there['id']}/favourite")
        await friend.ask("POST", f"/api/v1/statuses/{there['id']}/reblog")
        for words in ("likes your post", "boosted your post"):
            notice = await until(
                owner,
                MessageSeen,
                lambda e, words=words: e.ref.conversation == NOTIFICATIONS and words in to_plain(e.body),
            )
            assert notice.reply_to == ref
        counted = await until(owner, MarksNow, lambda e: e.counts.get("favourite") and e.counts.get("boost"))
        assert counted.target == ref
        # What was boosted shows once, as what it is.
        assert [e.ref for e in told(owner) if isinstance(e, MessageSeen) and e.ref == ref] == [ref]
        await friend.say("look at this")
        shown = await owner.sees("look at this")
        for name in ("favourite", "boost", "bookmark"):
            await owner.bridge.mark(owner.ctx, shown.ref, name, on=True, key=name)
        wanted = frozenset({"favourite", "boost", "bookmark"})
        await until(owner, MarksNow, lambda e: e.target == shown.ref and e.mine == wanted)
        await owner.bridge.mark(owner.ctx, shown.ref, "bookmark", on=False, key="off")
        await until(owner, MarksNow, lambda e: e.target == shown.ref and "bookmark" not in e.mine)
        status = await me.until(lambda s: words_of(s["reblog"] or s) == "look at this")
        assert (status["favourited"], status["bookmarked"]) == (True, False)


async def test_a_stranger_is_heard_and_answered(network: MastodonNetwork) -> None:
    stranger = await network.stranger()
    async with await owner_of(network) as owner:
        await stranger.say(
            f"@{network.owner.name}@{network.owner.server.host} who are you?", visibility="direct"
        )
        shown = await owner.sees("who are you?")
        assert shown.ref.conversation not in {HOME, NOTIFICATIONS, network.conversation}
        found = await owner.call("resolve", f"{stranger.name}@{stranger.server.host}")
        assert found is not None
        opened = await owner.call("open_direct", found.actor)
        assert (opened.kind, opened.conversation) == ("direct", shown.ref.conversation)
        network.conversation = opened.conversation
        await owner.say("I am me", reply_to=shown.ref)
        answer = None
        async with asyncio.timeout(45):
            while answer is None:
                notices = await stranger.ask("GET", "/api/v1/notifications")
                answer = next((n for n in notices if words_of(n["status"]) == "I am me"), None)
                await asyncio.sleep(0.1)
        assert answer["status"]["visibility"] == "direct"


async def test_a_conversation_of_three_is_one_for_all(network: MastodonNetwork) -> None:
    stranger, friend = await network.stranger(), network.client(network.friend)
    handles = [f"@{p.name}@{p.server.host}" for p in (network.owner, network.friend)]
    async with await owner_of(network) as owner:
        await stranger.say(f"{handles[0]} {handles[1]} shall we three?", visibility="direct")
        shown = await owner.sees("shall we three?")
        room = await until(owner, ConversationSeen, lambda e: e.conversation == shown.ref.conversation)
        assert (room.kind, len(room.members)) == ("group", 3)
        network.conversation = shown.ref.conversation
        await owner.say("when?")
        heard = await friend.until(lambda s: words_of(s) == "when?")
        assert stranger.name in heard["content"]
        await friend.say(f"{handles[0]} {stranger.handle} now", visibility="direct")
        assert (await owner.sees("now")).ref.conversation == shown.ref.conversation


async def test_people_are_found_and_known_by_name(network: MastodonNetwork) -> None:
    async with await owner_of(network) as owner:
        assert [who.handle for who in await owner.call("contacts")] == [
            f"@{network.friend.name}@{network.friend.server.host}"
        ]
        for nobody in ("", "two words", f"nobody@{network.friend.server.host}"):
            assert await owner.call("resolve", nobody) is None
        await (await network.peer()).say("hello")
        await owner.sees("hello")
        friend = network.conversation.remote_id.split(" ")[1]
        seen = await until(owner, ActorSeen, lambda e: e.actor.remote_id == friend)
        assert seen.name == network.friend.name


async def test_what_cannot_be_done_is_refused(network: MastodonNetwork) -> None:
    async with await owner_of(network) as owner:
        network.conversation = NOTIFICATIONS
        assert (await owner.call("capabilities", NOTIFICATIONS)).levels == {}
        with pytest.raises(NotSupported):
            await owner.call("send", owner.outgoing("to whom?"))
        network.conversation = ConversationRef("direct 0123456789abcdef0123456789abcdef", private=True)
        with pytest.raises(Gone):
            await owner.call("send", owner.outgoing("anybody?"))
        network.conversation = ConversationRef("direct #many", private=True)
        with pytest.raises(Refused):
            await owner.call("send", owner.outgoing("all?"))


# --- what breaks between ---


class Through(Lines):
    """A desk whose connections lead through a proxy."""

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__()
        self._proxy = proxy

    async def connect(self, account: AccountId, host: str, port: int) -> socket:  # noqa: ARG002
        return await super().connect(account, *self._proxy.address)


async def test_lines_that_break_anywhere_lose_and_double_nothing(network: MastodonNetwork) -> None:
    peer, other = await network.peer(), await network.other_client()
    async with (
        FaultProxy(network.owner.server.host, 80) as proxy,
        await owner_of(network, desk=Through(proxy)) as owner,
    ):
        for n, bytes_sent in enumerate(range(50, 900, 90)):
            proxy.reset_after = proxy.received + bytes_sent
            await peer.say(f"peer {n}")
            await owner.say(f"node {n}")
        proxy.hold()
        await peer.say("while it was held")
        proxy.cut()
        proxy.resume()
        await owner.sees("while it was held")
        said = sorted([*(f"{who} {n}" for who in ("peer", "node") for n in range(10)), "while it was held"])
        journal = await owner.until(lambda j: sorted(j.texts(network.conversation)) == said)
        assert all(s.is_owner == s.text.startswith("node") for s in journal.shown.values() if s.text in said)
        assert sorted(await other.archive()) == said
