"""Rooms of Matrix, against Synapse: invitations, upgrades, who may speak, spaces."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest
from bridge_owner import Lines, Owner, log_in, owner_of
from matrix_network import MatrixNetwork
from matrix_server import Synapse
from matrix_told import is_about, told, until

from swarm_bridges.api import (
    AccountId,
    Actor,
    Batch,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Invitation,
    LoginDone,
    Origin,
    Refused,
)


@pytest.fixture
async def network(synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
    made = await MatrixNetwork.open(synapse)
    yield made
    await made.close()


async def test_an_invitation_is_shown_accepted_and_refused(network: MatrixNetwork) -> None:
    friend = network.client("friend")
    async with await owner_of(network) as owner:
        for accept in (True, False):
            me = network.answers["address"]
            room = await friend.create(invite=[me], is_direct=True, preset="trusted_private_chat")
            await friend.say(room, "said before")
            shown = await until(owner, partial(is_about, room))
            assert (shown.kind, shown.labels, shown.title) == ("direct", (), network.names["friend"])
            assert shown.invitation == Invitation(by=Actor(friend.user))
            if not accept:
                await owner.call("decline", shown.conversation, shown.invitation)
                gone = await until(owner, lambda e: isinstance(e, ConversationGone))
                assert (gone.conversation, gone.reason) == (shown.conversation, "left")
                continue
            await owner.call("accept", shown.conversation, shown.invitation)
            assert (await owner.sees("said before")).origin is Origin.HISTORY
            await friend.say(room, "welcome")
            assert (await owner.sees("welcome")).origin is Origin.LIVE
            shown = [e for e in told(owner) if isinstance(e, ConversationSeen)][-1]
            assert (shown.kind, shown.invitation) == ("direct", None)
            phone = network.client("owner")
            direct = await phone.ask("GET", f"/user/{me}/account_data/m.direct")
            assert direct == {friend.user: [room]}


class Slow(Lines):
    """The first who asks what is remembered gets it when somebody else already reads on, or after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.reads_on = asyncio.Event(), asyncio.Event()

    async def kv_names(self, account: AccountId, prefix: str) -> tuple[str, ...]:
        if not self.asked.is_set():
            self.asked.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self.reads_on.wait()
        return await super().kv_names(account, prefix)

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        self.reads_on.set()
        await super().ingest(account, batch)


async def test_who_calls_while_it_begins_knows_later_what_was_heard_since(network: MatrixNetwork) -> None:
    friend = network.client("friend")
    done = await log_in(network, Lines(), network.answers)
    assert isinstance(done, LoginDone)
    desk = Slow()
    owner = Owner(network, done, desk)
    async with asyncio.TaskGroup() as early:
        early.create_task(owner.bridge.capabilities(owner.ctx, None))
        await desk.asked.wait()
        async with owner:
            room = await friend.create(invite=[network.answers["address"]])
            asked = await until(owner, partial(is_about, room))
            await owner.call("accept", asked.conversation, asked.invitation)


async def test_who_is_put_out_learns_it_and_an_upgrade_leads_to_the_next_room(network: MatrixNetwork) -> None:
    friend = network.client("friend")
    async with await owner_of(network) as owner:
        other = await friend.create(invite=[network.answers["address"]])
        await owner.call("join", other)
        await friend.ask("POST", f"/rooms/{other}/upgrade", json={"new_version": "11"})
        moved = await until(owner, lambda e: isinstance(e, ConversationGone))
        assert moved.conversation.remote_id == other
        assert moved.moved_to is not None
        new = moved.moved_to.remote_id
        asked = await until(owner, partial(is_about, new))
        assert asked.invitation.by == Actor(friend.user)
        await friend.ask("POST", f"/rooms/{new}/invite", json={"user_id": network.answers["address"]})
        await owner.call("accept", asked.conversation, asked.invitation)
        await friend.say(new, "here we go on")
        await owner.sees("here we go on")
        third = await friend.create(invite=[network.answers["address"]])
        await owner.call("join", third)
        await until(owner, lambda e: is_about(third, e) and e.invitation is None)  # type: ignore[union-attr]
        await friend.ask("POST", f"/rooms/{third}/kick", json={"user_id": network.answers["address"]})
        gone = await until(owner, lambda e: isinstance(e, ConversationGone) and e.moved_to is None)
        assert (gone.conversation.remote_id, gone.reason) == (third, "leave")
        network.conversation = gone.conversation
        with pytest.raises(Refused):
            await owner.call("send", owner.outgoing("too late"))


async def test_who_may_not_speak_in_a_room_is_told_so_and_when_they_may(
    network: MatrixNetwork,
) -> None:
    friend = network.client("friend")
    asked = {"preset": "private_chat", "invite": [network.answers["address"]]}
    room = network.conversation = ConversationRef(await friend.create(**asked))
    await network.client("owner").join(room.remote_id)
    path = f"/rooms/{room.remote_id}/state/m.room.power_levels"
    async with await owner_of(network) as owner:

        def shown() -> int:
            return sum(is_about(room.remote_id, event) for event in told(owner))

        await owner.until(lambda _: shown() > 0)
        usual = await owner.call("capabilities", room)
        powers = await friend.ask("GET", path)
        for needed, may in ((90, False), (0, True)):
            before = shown()
            changed = {"events_default": needed, "users_default": 0, "users": {}}
            await friend.ask("PUT", path, json={**powers, **changed})
            await owner.until(lambda _, n=before: shown() > n)  # type: ignore[misc]
            can = await owner.call("capabilities", room)
            assert ("text" in can.levels, "reaction" in can.levels, "read" in can.levels) == (may, may, True)
            assert (can.version == usual.version) == may
            if not may:
                with pytest.raises(Refused):
                    await owner.call("send", owner.outgoing("may I?"))
        await owner.call("send", owner.outgoing("now I may"))


async def test_spaces_are_labels(network: MatrixNetwork) -> None:
    owner_phone, room = network.client("owner"), network.conversation.remote_id
    space = await owner_phone.create(name="Family", creation_content={"type": "m.space"})
    path = f"/rooms/{space}/state/m.space.child/{room}"
    await owner_phone.ask("PUT", path, json={"via": [network.server.name]})
    async with await owner_of(network) as owner:
        shown = await until(
            owner, lambda e: isinstance(e, ConversationSeen) and e.conversation == network.conversation
        )
        assert shown.labels == ("Family",)
        assert space not in {e.conversation.remote_id for e in told(owner) if isinstance(e, ConversationSeen)}
