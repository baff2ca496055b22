"""Encrypted rooms, with another implementation at the other end (matrix-nio)."""

import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from matrix_network import MatrixNetwork
from matrix_sealed import Sealed, messages, raw
from matrix_server import Synapse

from swarm_bridges.api import (
    Accepted,
    AccountId,
    Batch,
    ConversationRef,
    Gone,
    LoginDone,
    MessageRef,
    MessageSeen,
    NotSupported,
    Origin,
    Poll,
    PollOption,
    Refused,
    RemoteFile,
    Temporary,
)
from swarm_bridges.networks.matrix import polls
from swarm_bridges.networks.matrix.model import ENCRYPTED, MESSAGE
from swarm_bridges.networks.matrix.sealed import files
from swarm_bridges.text import to_plain


@pytest.fixture
async def network(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Sealed]:
    made = await Sealed.begun(synapse, tmp_path)
    yield made
    await made.friend.stop()
    await made.close()


async def test_two_people_talk_and_the_server_reads_nothing(network: Sealed) -> None:
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        told = await network.friend.do("say", room=room, text="a secret of the friend")
        shown = await owner.sees("a secret of the friend")
        (theirs,) = [m for m in messages(owner) if m.ref == shown.ref]
        assert (theirs.foreign_crypto, shown.is_owner) == ("megolm", False)

        ref = await owner.say("a secret of the owner", reply_to=shown.ref)
        heard = await network.friend.until(lambda e: e.get("text") == "a secret of the owner")
        assert heard["sealed"]
        assert heard["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": told["told"]}}
        await owner.until(lambda j: j.find(ref) is not None)
        mine = [m for m in messages(owner) if m.ref == ref]
        assert [(to_plain(m.body), m.actor.is_owner, bool(m.echo_of)) for m in mine] == [
            ("a secret of the owner", True, True)
        ]

        await owner.accepted("edit", ref, owner.outgoing("a better one"))
        edited = await network.friend.until(lambda e: e.get("text") == "* a better one")
        assert edited["content"]["m.relates_to"]["event_id"] == ref.remote_id
        for id_ in (ref.remote_id, str(told["told"]), str(edited["id"])):
            event = await raw(network, id_)
            assert event["type"] == "m.room.encrypted"
            assert "secret" not in json.dumps(event)
            assert "better" not in json.dumps(event)
        found = await owner.call("capabilities", network.conversation)
        assert (found.transport_privacy, found.protect) == ("e2e", ("megolm",))


async def test_what_is_said_while_the_node_is_away_is_opened_when_it_is_back(network: Sealed) -> None:
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        await network.friend.do("say", room=room, text="one")
        await owner.sees("one")
        kept = owner.desk
    await network.friend.stop()
    await network.friend.start()  # with a new session in the room
    await network.friend.do("say", room=room, text="two")
    async with Owner(network, _done(owner), kept) as again:
        await again.sees("two")
        await again.say("three")
        assert (await network.friend.until(lambda e: e.get("text") == "three"))["sealed"]


def _done(owner: Owner) -> Any:
    """The login of before: another one would be another device."""
    return LoginDone(
        network_account_id=owner.ctx.owner,
        display=owner.ctx.owner,
        secrets=dict(owner.desk.of(ACCOUNT).secrets),
        settings=owner.ctx.settings,
    )


async def test_a_batch_that_was_not_stored_can_be_opened_again(
    network: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys come once: what opening them has moved stands and falls with the batch."""
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        store, failed = owner.desk.ingest, list[Batch]()

        async def stumbles(account: AccountId, batch: Batch) -> None:
            if any(name.startswith("crypto/in/") for name in batch.kv) and len(failed) < 2:
                failed.append(batch)
                raise Temporary("the power failed")
            await store(account, batch)

        monkeypatch.setattr(owner.desk, "ingest", stumbles)
        await network.friend.do("say", room=room, text="told three times")
        await owner.sees("told three times")
        assert len(failed) == 2
        assert owner.runs == 3


async def test_what_was_said_before_is_shown_as_closed_and_opens_when_a_key_comes(network: Sealed) -> None:
    async with await owner_of(network) as first:
        room = await network.enter(first)
        await network.friend.do("say", room=room, text="before the second device")
        await first.sees("before the second device")
    async with await owner_of(network) as owner:  # another device, which has no keys
        page = await owner.call_page(network.conversation, None, 50)
        (closed,) = [e for e in page.batch.events if isinstance(e, MessageSeen)]
        assert (closed.unreadable, closed.foreign_crypto, to_plain(closed.body)) == (
            "encrypted",
            "megolm",
            "",
        )
        assert closed.origin is Origin.HISTORY
        await network.friend.do("say", room=room, text="for all devices")
        await owner.sees("for all devices")


async def test_who_has_gone_reads_no_more(network: Sealed) -> None:
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        await owner.say("for both")
        heard = await network.friend.until(lambda e: e.get("text") == "for both")
        first = (await raw(network, heard["id"]))["content"]["session_id"]
        second = await owner.say("again for both")
        assert (await raw(network, second.remote_id))["content"]["session_id"] == first
        phone = network.client("friend")
        await phone.ask("POST", f"/rooms/{room}/leave", json={})
        third = await owner.say("for nobody else")
        assert (await raw(network, third.remote_id))["content"]["session_id"] != first


async def test_files_go_both_ways_and_the_server_reads_none(network: Sealed) -> None:
    content = bytes(range(256)) * 700
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        await network.friend.do("say", room=room, text="before files")
        await owner.sees("before files")
        closed = (await network.friend.do("upload", data=content.hex()))["told"]
        about = {"msgtype": "m.file", "filename": "a.bin", "file": closed, "info": {"size": len(content)}}
        await network.friend.do("say", room=room, text="a.bin", more=about)
        await owner.until(lambda j: any(s.files for s in j.shown.values()))
        (file,) = next(s.files for s in owner.journal.shown.values() if s.files)
        assert (file.name, file.size_bytes) == ("a.bin", len(content))
        assert b"".join([piece async for piece in owner.bridge.fetch(owner.ctx, file)]) == content

        ref = await owner.send_file("b.bin", content[::-1])
        heard = await network.friend.until(lambda e: e.get("id") == ref.remote_id)
        assert heard["sealed"]
        assert (
            bytes.fromhex((await network.friend.do("download", file=heard["content"]["file"]))["told"])
            == (content[::-1])
        )
        lies = await network.client("owner").bytes_of(heard["content"]["file"]["url"])
        assert content[:64] not in lies
        assert content[::-1][:64] not in lies
        await owner.until(lambda j: (mine := j.find(ref)) is not None and bool(mine.files))
        mine = owner.journal.find(ref)
        assert mine is not None
        assert (
            b"".join([piece async for piece in owner.bridge.fetch(owner.ctx, mine.files[0])])
            == (content[::-1])
        )


async def test_a_file_that_the_server_has_changed_is_not_handed_on(network: Sealed) -> None:
    async with await owner_of(network) as owner:
        phone = network.client("owner")
        sealed, about = files.closed(b"as it was closed", os.urandom)
        for data, right in (
            (sealed, True),
            (sealed[:-1] + b"x", False),
            (sealed + b"x", False),
            (b"", False),
        ):
            url = await phone.upload("", data)
            file = RemoteFile(id=files.address_of({**about, "url": url}))
            pieces = []
            with contextlib.nullcontext() if right else pytest.raises(Refused):
                pieces = [piece async for piece in owner.bridge.fetch(owner.ctx, file)]
            assert b"".join(pieces) == (b"as it was closed" if right else b"")
        with pytest.raises(Gone):
            [piece async for piece in owner.bridge.fetch(owner.ctx, RemoteFile(id="mxc://x/1#a.b.c"))]


async def test_what_cannot_be_protected_is_refused(network: Sealed) -> None:
    async with await owner_of(network) as owner:
        await network.enter(owner)
        assert isinstance(await owner.call("send", owner.outgoing("protected", protect="megolm")), Accepted)
        plain = await network.client("owner").create()
        out = owner.outgoing("not protected", protect="megolm")
        with pytest.raises(NotSupported):
            await owner.call("send", _in(out, ConversationRef(plain)))


def _in(out: Any, conversation: ConversationRef) -> Any:
    return msgspec.structs.replace(out, conversation=conversation)


async def test_a_room_that_was_closed_while_the_node_was_away_is_known_as_such(network: Sealed) -> None:
    """A text is not sent in the clear because what is known of the room is old."""
    plain = await MatrixNetwork.open(network.server)
    async with await owner_of(plain) as owner:
        await owner.say("in the clear")
        kept = owner.desk
    friend, room = plain.client("friend"), plain.conversation.remote_id
    content = {"algorithm": "m.megolm.v1.aes-sha2"}
    await friend.ask("PUT", f"/rooms/{room}/state/m.room.encryption", json=content)
    owner = Owner(plain, _done(owner), kept)  # which does not run: nothing is known but what was
    out = owner.outgoing("not in the clear")
    await owner.call("send", out)
    texts = json.dumps(await friend.archive(room))
    assert "in the clear" in texts
    assert "not in the clear" not in texts
    owner.desk.cut()
    await owner.ctx.close()
    await plain.close()


async def test_a_room_that_becomes_closed_is_closed_at_once(synapse: Synapse) -> None:
    """Also before the server has told: what it tells waits here until all is sent."""
    plain = await MatrixNetwork.open(synapse)
    friend, room = plain.client("friend"), plain.conversation.remote_id
    async with await owner_of(plain) as owner:
        await owner.say("in the clear")
        session = owner.bridge._session
        assert session is not None
        async with session.machine.turn:
            content = {"algorithm": "m.megolm.v1.aes-sha2"}
            await friend.ask("PUT", f"/rooms/{room}/state/m.room.encryption", json=content)
            assert not session.rooms.get(room).encrypted
            assert await (await owner.bridge._outbox(owner.ctx))._sealed(room)
        await owner.say("not in the clear")
        kinds = [e["type"] for e in await friend.archive(room) if e["type"] in {MESSAGE, ENCRYPTED}]
        assert kinds == [MESSAGE, ENCRYPTED]
    await plain.close()


async def test_a_poll_in_a_closed_room(network: Sealed) -> None:
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        kind, said = polls.start("in secret?", Poll(options=(PollOption("y", "yes"), PollOption("n", "no"))))
        id_ = (await network.friend.do("say", room=room, text="", kind=kind, more=said))["told"]
        await owner.sees("in secret?")
        ref = MessageRef(network.conversation, id_)
        await owner.accepted("vote", ref, frozenset({"y"}), "v1")
        heard = await network.friend.until(lambda e: bool(_relation(e).get("rel_type")) and e["sealed"])
        assert heard["content"]["org.matrix.msc3381.poll.response"] == {"answers": ["y"]}
        name, said = polls.answer(
            kind, polls.Question("", (("n", "no"),), 1, True, ""), id_, frozenset({"n"})
        )
        await network.friend.do("say", room=room, text="", kind=name, more=said)
        wanted = [PollOption("y", "yes", 1), PollOption("n", "no", 1)]
        await owner.until(lambda _: any(m.poll and [*m.poll.options] == wanted for m in messages(owner)))
        # A redaction takes back what the server has; one that it cannot see is none.
        kind = "m.room.redaction"
        await network.friend.do("say", room=room, text="", kind=kind, more={"redacts": id_})
        await network.friend.do("say", room=room, text="after that")
        await owner.sees("after that")
        about = [m for m in messages(owner) if m.ref == ref]
        assert {(m.foreign_crypto, m.unreadable) for m in about} == {("megolm", "")}
        shown = owner.journal.find(ref)
        assert shown is not None
        assert not shown.gone


def _relation(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event.get("content", {}).get("m.relates_to", {})
    return found
