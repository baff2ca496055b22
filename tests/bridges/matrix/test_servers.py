"""What is Matrix's own, against Synapse: logging in, gaps, forgers, limits, hostile events."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from bridge_owner import ACCOUNT, Lines, Owner, log_in, owner_of
from matrix_network import MatrixNetwork
from matrix_peer import MESSAGE, REACTION
from matrix_server import Synapse
from matrix_told import told, until

from swarm_bridges.api import (
    Accepted,
    AccountId,
    Batch,
    ConversationRef,
    ConversationSeen,
    Gone,
    Limited,
    LocalFile,
    LoginDone,
    MessageRef,
    MessageSeen,
    Origin,
    ReactionsNow,
    Refused,
    Step,
)
from swarm_bridges.context import Clock, LoginContext
from swarm_bridges.desk import LoginState
from swarm_bridges.networks.matrix import Login, login
from swarm_bridges.text import to_plain


@pytest.fixture
async def network(synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
    made = await MatrixNetwork.open(synapse)
    yield made
    await made.close()


# --- logging in ---


async def step(name: str, answers: Mapping[str, str], scratch: bytes = b"", **about: Any) -> Any:
    """One step of a login; gives what it says, and the scratch behind it."""
    lines = Lines()
    state = LoginState(why=about.pop("why", "add"), scratch=scratch, **about)
    ctx = LoginContext(lines, AccountId("flow"), state, clock=Clock(), random=bytes)
    try:
        return await Login().submit(ctx, name, answers), ctx.scratch
    finally:
        await ctx.close()
        lines.cut()


@pytest.fixture
async def domain(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
    """A web server of a domain whose `.well-known` can be changed."""
    said: dict[str, Any] = {"status": 200, "body": {"m.homeserver": {"base_url": "https://far.example"}}}

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(said["body"], status=said["status"])

    app = web.Application()
    app.router.add_get("/.well-known/matrix/client", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    said["port"] = runner.addresses[0][1]
    place = f"http://127.0.0.1:{said['port']}/.well-known/matrix/client#{{}}"
    monkeypatch.setattr(login, "WELL_KNOWN", place)
    yield said
    await runner.cleanup()


@pytest.mark.usefixtures("domain")
async def test_a_server_that_is_somewhere_else_gets_the_password_when_the_owner_says_so(
    network: MatrixNetwork,
) -> None:
    given = {name: network.answers[name] for name in ("address", "password")}
    shown, scratch = await step("account", given)
    assert isinstance(shown, Step)
    assert (shown.id, shown.fields[0].default) == ("server", "https://far.example")
    assert given["password"] not in str(shown)
    done, _ = await step("server", {"server": network.server.base}, scratch)
    assert isinstance(done, LoginDone)
    assert (done.network_account_id, done.settings["url"]) == (given["address"], network.server.base)


@pytest.mark.parametrize("body", [{}, {"m.homeserver": "x"}, {"m.homeserver": {"base_url": "http://x"}}, []])
async def test_a_domain_that_says_nonsense_is_an_error_of_the_form(
    network: MatrixNetwork, domain: dict[str, Any], body: Any
) -> None:
    domain["body"] = body
    shown, _ = await step("account", {name: network.answers[name] for name in ("address", "password")})
    assert (shown.id, bool(shown.error)) == ("account", True)


async def test_the_servers_own_page_gives_a_token_that_is_good_once(network: MatrixNetwork) -> None:
    given = {**network.answers, "password": ""}
    shown, scratch = await step("account", given)
    assert (shown.id, shown.kind) == ("page", "open_url")
    assert shown.show["url"].startswith(f"{network.server.base}/_matrix/client/v3/login/sso/redirect?")
    wrong, _ = await step("page", {"code": "http://localhost/?loginToken=nonsense"}, scratch)
    assert wrong.error
    client = network.client("owner")
    path = f"{network.server.base}/_matrix/client/v1/login/get_token"
    async with client._web.post(path, json={}) as answer:
        token = (await answer.json())["login_token"]
    done, _ = await step("page", {"code": f"http://localhost/?loginToken={token}"}, scratch)
    assert isinstance(done, LoginDone)
    assert done.network_account_id == given["address"]
    again, _ = await step("page", {"code": token}, scratch)
    assert again.error


async def test_a_new_login_is_the_same_device_and_finds_what_was_sent_before(network: MatrixNetwork) -> None:
    async with await owner_of(network) as owner:
        out = owner.outgoing("sent before")
        sent = await owner.call("send", out)
    done = await log_in(network, Lines(), network.answers)
    assert isinstance(done, LoginDone)
    about: dict[str, Any] = {"settings": done.settings, "account": done.network_account_id, "why": "reauth"}
    again, _ = await step("account", network.answers, **about)
    assert again.settings["device"] == done.settings["device"]
    other, _ = await step("account", {**network.answers, "address": "@somebody:else"}, **about)
    assert "another account" in other.error
    kept = Lines()
    kept.of(ACCOUNT).secrets["token"] = again.secrets["token"]
    async with Owner(network, again, kept) as owner:
        mine = await owner.call("send", out := owner.outgoing("sent with it"))
        assert await owner.call("find_sent", out) == Accepted(mine.refs)
    assert isinstance(sent, Accepted)


@pytest.mark.parametrize("address", ["", "nobody", "@:x", "@a b:x"])
async def test_what_is_no_address_is_an_error_of_the_form(address: str) -> None:
    shown, _ = await step("account", {"address": address, "password": "x"})
    assert (shown.id, bool(shown.error)) == ("account", True)


# --- what comes ---


async def test_what_a_limited_answer_leaves_out_is_told_first_and_in_order(network: MatrixNetwork) -> None:
    peer = await network.peer()
    async with await owner_of(network) as owner:
        await peer.say("before")
        await owner.sees("before")
        kept = owner.desk
    said = [f"line {n}" for n in range(65)]
    room = network.conversation.remote_id
    ids = [await peer.client.say(room, text) for text in said]
    await peer.client.edit(room, ids[3], "line three")
    await peer.client.redact(room, ids[5])
    async with await owner_of(network, desk=kept) as owner:
        await owner.until(lambda j: "line three" in j.texts(network.conversation))
        wanted = ["line three" if t == "line 3" else t for t in said if t != "line 5"]
        assert owner.journal.texts(network.conversation) == ["before", *wanted]
        assert {s.origin for s in owner.journal.shown.values() if s.text in wanted} == {Origin.CATCH_UP}


async def test_nobody_else_edits_a_message_known_or_not(network: MatrixNetwork) -> None:
    peer, room = await network.peer(), network.conversation.remote_id
    mallory = network.stranger()
    await peer.client.ask("POST", f"/rooms/{room}/invite", json={"user_id": mallory.user})
    await mallory.join(room)
    old = await peer.client.say(room, "an old message")
    for n in range(25):
        await peer.say(f"between {n}")
    async with await owner_of(network) as owner:
        await peer.say("a new message")
        shown = await owner.sees("a new message")
        for target in (old, shown.ref.remote_id, old):
            await mallory.edit(room, target, "forged")
        await peer.say("after")
        await owner.sees("after")
        assert "forged" not in repr(told(owner))
        page = await owner.call_page(network.conversation, None, 100)
        texts = [to_plain(e.body) for e in page.batch.events if isinstance(e, MessageSeen)]
        assert "an old message" in texts
        assert "forged" not in texts


async def test_reactions_are_sets_after_a_restart_too(network: MatrixNetwork) -> None:
    peer = await network.peer()

    def sets(owner: Owner) -> list[frozenset[str]]:
        friend = network.other.user(network.names["friend"])
        return [e.values for e in told(owner) if isinstance(e, ReactionsNow) and e.actor.remote_id == friend]

    async with await owner_of(network) as owner:
        await peer.say("there is cake")
        await peer.react("there is cake", "👍", "🎉")
        await owner.until(lambda _: {"👍", "🎉"} in sets(owner))
        kept = owner.desk
    await peer.react("there is cake", "🎉")
    async with await owner_of(network, desk=kept) as owner:
        await owner.until(lambda _: sets(owner)[-1] == {"🎉"})
        await peer.react("there is cake")
        await owner.until(lambda _: sets(owner)[-1] == frozenset())
        page = await owner.call_page(network.conversation, None, 100)
        assert not [e for e in page.batch.events if isinstance(e, ReactionsNow) and e.values]


async def test_a_batch_that_was_not_stored_is_told_again_with_what_it_remembers(
    network: MatrixNetwork,
) -> None:
    peer = await network.peer()
    async with await owner_of(network) as owner:
        kept = owner.desk.of(ACCOUNT)
        values, cursor = dict(kept.values), kept.cursor
        await peer.client.ask(
            "PUT", f"/rooms/{network.conversation.remote_id}/state/m.room.name", json={"name": "Garden"}
        )
        await peer.say("after the name")
        await owner.sees("after the name")
    kept.values, kept.cursor, kept.batches = values, cursor, list[Batch]()
    async with await owner_of(network, desk=owner.desk) as again:
        await again.sees("after the name")
        assert any(isinstance(e, ConversationSeen) and e.title == "Garden" for e in told(again))


ODD: list[tuple[str, Any]] = [
    (MESSAGE, {"msgtype": "m.nothing", "body": "", "format": 7}),
    (MESSAGE, {"msgtype": "m.text", "body": "x", "m.relates_to": "all"}),
    (MESSAGE, {"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.replace"}}),
    (MESSAGE, {"msgtype": "m.file", "url": "mxc://../x", "body": "../x"}),
    (REACTION, {}),
    ("m.room.encrypted", {"algorithm": "none"}),
    ("m.sticker", {"url": 7}),
    ("org.example.unknown", {"a": [{"b": None}] * 500}),
]


async def test_odd_events_stop_nothing(network: MatrixNetwork) -> None:
    peer, room = await network.peer(), network.conversation.remote_id
    async with await owner_of(network) as owner:
        for n, (kind, content) in enumerate(ODD):
            await peer.client.send(room, kind, content)
            await peer.say(f"after {n}")
        for name, content in (("m.room.topic", {"topic": "x\x1b"}), ("m.space.child/x", {"via": 5})):
            await peer.client.ask("PUT", f"/rooms/{room}/state/{name}", json=content)
        await peer.say("the end")
        await owner.sees("the end")
        assert owner.runs == 1
        texts = owner.journal.texts(network.conversation)
        assert [t for t in texts if t.startswith("after")] == [f"after {n}" for n in range(len(ODD))]


# --- what is refused ---


async def said(owner: Owner, count: int) -> None:
    for n in range(count):
        await owner.call("send", owner.outgoing(f"fast {n}"))


async def test_a_server_that_slows_one_down_says_for_how_long(network: MatrixNetwork) -> None:
    async with await owner_of(network) as owner:
        network.server.slow_down(network.names["owner"], 1, 1)
        with pytest.raises(Limited) as limited:
            await said(owner, 5)
        assert limited.value.wait_s is not None
        assert 0 < limited.value.wait_s < 60


async def test_what_is_too_large_or_not_there_is_refused(network: MatrixNetwork) -> None:
    async with await owner_of(network) as owner:
        found = await owner.call("capabilities", network.conversation)
        assert found.media == {"*/*": 1 << 20}
        owner.desk.of(ACCOUNT).files["big"] = bytes(2 << 20)
        for size in (2 << 20, 5):  # also when it is larger than it says
            file = LocalFile(id="big", name="big", media_type="text/plain", size_bytes=size)
            with pytest.raises(Refused):
                await owner.call("send", owner.outgoing("", files=(file,)))
        huge = owner.outgoing("x" * 70_000)
        with pytest.raises(Refused, match="M_TOO_LARGE"):
            await owner.call("send", huge)
        with pytest.raises(Gone):
            await owner.call("mark_read", MessageRef(ConversationRef("!nowhere:x"), "$1"))


async def test_nothing_goes_into_an_encrypted_room_in_the_clear(synapse: Synapse) -> None:
    """Nor does it where nobody else there can open anything."""
    sealed = [
        {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    ]
    network = await MatrixNetwork.open(synapse, initial_state=sealed)
    try:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            assert (await owner.call("capabilities", network.conversation)).transport_privacy == "e2e"
            ref = await owner.say("not in the clear")
            await owner.accepted("edit", ref, owner.outgoing("not this either"))
            await peer.client.send(network.conversation.remote_id, "m.room.encrypted", {"ciphertext": "x"})
            shown = await until(owner, lambda e: isinstance(e, MessageSeen) and bool(e.unreadable))
            assert shown.foreign_crypto == "megolm"
            events = await peer.client.archive(network.conversation.remote_id)
            kinds = [e["type"] for e in events if e["sender"] == network.answers["address"]]
            assert kinds.count("m.room.encrypted") == 2
            assert "m.room.message" not in kinds
            assert "not " not in json.dumps([e["content"] for e in events])
    finally:
        await network.close()
