"""The owner's own keys and others': what a recovery key opens, who is believed, what lies in the backup."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from matrix_keys import OwnKeys, written_key
from matrix_login import steps
from matrix_network import MatrixNetwork
from matrix_sealed import Sealed, messages, raw
from matrix_server import Synapse
from vodozemac import GroupSession, InboundGroupSession, MegolmMessage

from swarm_bridges.api import LoginDone, Refused, Step
from swarm_bridges.networks.matrix.sealed import recovery
from swarm_bridges.networks.matrix.sealed.devices import NOBODY, Devices, updated
from swarm_bridges.networks.matrix.sealed.recovery import Recovered, WrongKey
from swarm_bridges.text import to_plain

MEGOLM = "m.megolm.v1.aes-sha2"


@pytest.fixture
async def network(synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
    sealed = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": MEGOLM}}
    made = await MatrixNetwork.open(synapse, initial_state=[sealed])
    yield made
    await made.close()


async def log_in(network: MatrixNetwork, *typed: str, **about: Any) -> Step | LoginDone:
    """A login that answers the question for the recovery key with these, one after the other."""
    return await steps(network.answers, *({"recovery": one} for one in typed), **about)


async def owner_with(network: MatrixNetwork, typed: str) -> Owner:
    done = await log_in(network, typed)
    assert isinstance(done, LoginDone), done
    return Owner(network, done)


async def keys_of(network: MatrixNetwork, who: str) -> OwnKeys:
    made = OwnKeys(network.client(who))
    await made.publish(f"password of {network.names[who]}")
    return made


def said(session: GroupSession, room: str, text: str) -> dict[str, Any]:
    """An event's content, as a client writes it that has this session."""
    content = {"msgtype": "m.text", "body": text}
    inside = json.dumps({"room_id": room, "type": "m.room.message", "content": content})
    ciphertext = session.encrypt(inside.encode()).to_base64()
    return {"algorithm": MEGOLM, "session_id": session.session_id, "ciphertext": ciphertext}


async def protected(owner: Owner, text: str) -> str:
    """How a message was protected, when it is there."""
    await owner.sees(text)
    return next(m.foreign_crypto for m in messages(owner) if to_plain(m.body) == text)


# --- logging in ---


@pytest.mark.parametrize("passphrase", ["", "correct horse"], ids=["key", "passphrase"])
async def test_the_recovery_key_is_asked_for_and_what_it_opens_is_kept(
    network: MatrixNetwork, passphrase: str
) -> None:
    assert isinstance(await log_in(network), LoginDone)  # nobody is asked who has none
    keys = await keys_of(network, "owner")
    await keys.store(passphrase)
    typed = passphrase or keys.written
    shown = await log_in(network)
    assert isinstance(shown, Step)
    assert (shown.id, shown.error) == ("recovery", "")
    for wrong in ("not the passphrase", written_key(os.urandom(32))):
        again = await log_in(network, wrong)
        assert isinstance(again, Step)
        assert again.error == "This is not the recovery key."
    done = await log_in(network, "wrong", f" {typed} ")
    assert isinstance(done, LoginDone)
    assert set(done.secrets) == {"token", "keys"}
    kept = msgspec.json.decode(done.secrets["keys"], type=Recovered)
    assert kept.self_signing == keys.signing.private_bytes_raw()
    assert kept.backup == keys.backup.to_bytes()
    assert kept.master == keys.public(keys.master)
    assert keys.master.private_bytes_raw() not in done.secrets["keys"]
    assert keys.written not in repr(done) + repr(kept) + str(done.settings)
    without = await log_in(network, "")
    assert isinstance(without, LoginDone)
    assert set(without.secrets) == {"token"}
    await OwnKeys(network.client("owner")).publish(network.answers["password"])
    old = await log_in(network, typed)
    assert isinstance(old, Step)
    assert "an old one" in old.error


async def test_who_has_no_keys_gets_some_and_a_recovery_key_to_write_down(network: MatrixNetwork) -> None:
    wanted = {**network.answers, "begin": "true"}
    phone = OwnKeys(network.client("owner"))
    seen: list[Step] = []
    assert isinstance(await steps(wanted, seen=seen), Step)
    assert isinstance(await steps(network.answers), LoginDone)  # nothing is published before
    done = await steps(wanted, {}, seen=seen)
    assert isinstance(done, LoginDone)
    assert [(one.id, one.kind) for one in seen] == [("written", "confirm")] * 2
    abandoned, written = (one.show["code"] for one in seen)
    assert abandoned != written
    again = await log_in(network, abandoned, written)
    assert isinstance(again, LoginDone)
    assert again.secrets["keys"] == done.secrets["keys"]
    async with Owner(network, done) as owner:
        told = await network.client("owner").ask(
            "POST", "/keys/query", json={"device_keys": {phone.user: []}}
        )
        (public,) = told["self_signing_keys"][phone.user]["keys"].values()
        device = owner.ctx.settings["device"]
        async with asyncio.timeout(50):
            while f"ed25519:{public}" not in await signatures(phone, device):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        ref = await owner.say("into the backup")
        session = (await raw(network, ref.remote_id))["content"]["session_id"]
        version = (await network.client("owner").ask("GET", "/room_keys/version"))["version"]
        where = f"/room_keys/keys?version={version}"
        async with asyncio.timeout(50):
            while session not in str(await network.client("owner").ask("GET", where)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_keys_that_somebody_kept_to_themselves_are_left_alone(network: MatrixNetwork) -> None:
    keys = await keys_of(network, "owner")
    shown = await steps({**network.answers, "begin": "true"})
    assert isinstance(shown, Step)
    assert (shown.id, shown.show) == ("written", {})
    done = await steps({**network.answers, "begin": "true"}, {})
    assert isinstance(done, LoginDone)
    assert set(done.secrets) == {"token"}
    told = await network.client("owner").ask("POST", "/keys/query", json={"device_keys": {keys.user: []}})
    assert list(told["master_keys"][keys.user]["keys"].values()) == [keys.public(keys.master)]


async def signatures(keys: OwnKeys, device: str) -> dict[str, str]:
    found: dict[str, str] = (await keys.devices(keys.user))[device]["signatures"][keys.user]
    return found


# --- this device, and the backup ---


async def test_the_device_is_confirmed_and_keys_go_into_the_backup(network: MatrixNetwork) -> None:
    keys = await keys_of(network, "owner")
    await keys.store()
    await keys.begin_backup()
    room = network.conversation.remote_id
    async with await owner_with(network, keys.written) as owner:
        device = owner.ctx.settings["device"]
        async with asyncio.timeout(50):
            while not await keys.has_signed(device):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        ref = await owner.say("for later devices")
        content = (await raw(network, ref.remote_id))["content"]
        async with asyncio.timeout(50):
            while (session := await keys.saved(room, content["session_id"])) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        opened = json.loads(session.decrypt(MegolmMessage.from_base64(content["ciphertext"])).plaintext)
        assert opened["content"]["body"] == "for later devices"
        async with asyncio.timeout(50):  # that it was stored is noted when the server has said so
            while any(n.startswith("crypto/unsaved/") for n in owner.desk.of(ACCOUNT).values):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_old_messages_open_with_the_backup_and_are_not_called_protected(network: MatrixNetwork) -> None:
    keys = await keys_of(network, "owner")
    await keys.store()
    await keys.begin_backup()
    friend, room = network.client("friend"), network.conversation.remote_id
    sessions = [GroupSession() for _ in range(2)]
    inbound = [InboundGroupSession(session.session_key) for session in sessions]
    ids = [
        await friend.send(room, "m.room.encrypted", said(session, room, f"old words {n}"))
        for n, session in enumerate(sessions)
    ]
    await keys.save(room, inbound[0], "c" * 43, "e" * 43)
    owner = await owner_with(network, "")  # no key is given yet: both are closed
    async with owner:
        await owner.until(lambda _: len({m.ref for m in messages(owner) if m.unreadable}) == 2)
        kept = owner.desk
    done = await log_in(network, keys.written, settings=owner.ctx.settings)
    assert isinstance(done, LoginDone)
    async with Owner(network, done, kept) as again:
        shown = await again.until(
            lambda _: any(to_plain(m.body) == "old words 0" for m in messages(again) if not m.unreadable)
        )
        (first,) = [m for m in messages(again) if to_plain(m.body) == "old words 0"]
        assert (first.ref.remote_id, first.foreign_crypto, first.revision) == (ids[0], "", "1")
        assert len(shown.texts(network.conversation)) == 2
    async with await owner_with(network, keys.written) as fresh:
        await keys.save(room, inbound[1], "c" * 43, "e" * 43)
        page = await fresh.call_page(network.conversation, None, 50)
        texts = {e.ref.remote_id: to_plain(e.body) for e in page.batch.events if e.__class__ is type(first)}
        assert texts[ids[0]] == "old words 0"


# --- others ---


async def test_a_device_that_its_owner_has_not_signed_gets_no_keys_and_new_keys_are_told(
    synapse: Synapse, tmp_path: Path
) -> None:
    network = await Sealed.begun(synapse, tmp_path)
    friend = await keys_of(network, "friend")
    async with await owner_of(network) as owner:
        room = await network.enter(owner)
        await owner.say("for confirmed devices")
        heard = await network.friend.until(lambda e: bool(e.get("room") == room and e.get("closed")))
        assert heard["text"] is None
        why = await network.friend.until(lambda e: e.get("type") == "m.room_key.withheld")
        assert (why["content"]["code"], why["content"]["room_id"]) == ("m.unverified", room)
        await network.friend.do("say", room=room, text="from a device that nobody confirmed")
        assert await protected(owner, "from a device that nobody confirmed") == ""
        (device,) = [n for n, d in (await friend.devices(friend.user)).items() if d["algorithms"]]
        await friend.sign(device)
        await network.friend.do("say", room=room, text="now from a confirmed one")
        assert await protected(owner, "now from a confirmed one") == "megolm"
        await owner.say("and back")
        assert (await network.friend.until(lambda e: e.get("text") == "and back"))["sealed"]

        other = await keys_of(network, "friend")
        await other.sign(device)
        await network.friend.do("say", room=room, text="with other keys")
        await owner.sees("with other keys")
        with pytest.raises(Refused, match=f"{friend.user} has new identity keys"):
            await owner.call("send", owner.outgoing("not yet"))
        await owner.say("now I know")
        assert (await network.friend.until(lambda e: e.get("text") == "now I know"))["sealed"]
    await network.friend.stop()
    await network.close()


# --- alone ---

WRITTEN = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"
KEY = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
"""Of RFC 7748, 6.1; what it is as a recovery key, other clients' tests say too."""


def test_recovery_keys_are_read_as_people_type_them() -> None:
    assert recovery.decoded(WRITTEN) == recovery.decoded(WRITTEN.replace(" ", "")) == KEY
    assert recovery.decoded(f"\n {WRITTEN}  ") == KEY
    assert written_key(KEY) == WRITTEN
    for wrong in (
        "",
        "x",
        WRITTEN[:-1],
        WRITTEN[:-1] + "e",
        "FsTc" + WRITTEN[4:],
        WRITTEN + "1",
        "0OIl",
        "é" * 9,
    ):
        assert recovery.decoded(wrong) is None


def test_secrets_open_under_their_name_alone() -> None:
    box = recovery.closed(KEY, "m.megolm_backup.v1", b"secret", bytes(16))
    assert recovery.opened(KEY, "m.megolm_backup.v1", box) == b"secret"
    for key, name, damaged in (
        (bytes(32), "m.megolm_backup.v1", box),
        (KEY, "m.cross_signing.master", box),
        (KEY, "m.megolm_backup.v1", {**box, "ciphertext": "AAAA"}),
        (KEY, "m.megolm_backup.v1", {**box, "iv": "AAAA"}),
        (KEY, "m.megolm_backup.v1", {}),
    ):
        with pytest.raises(WrongKey):
            recovery.opened(key, name, damaged)


def test_passphrases_are_stretched_as_the_server_says_within_bounds() -> None:
    about = {"algorithm": "m.pbkdf2", "salt": "salt", "iterations": 1000}
    wanted = hashlib.pbkdf2_hmac("sha512", b"words", b"salt", 1000, 32)
    assert recovery.stretched("words", about) == recovery.stretched("words", {**about, "bits": 256}) == wanted
    for odd in ({"iterations": 10**9}, {"iterations": 0}, {"bits": 8}, {"algorithm": "none"}):
        assert recovery.stretched("words", {**about, **odd}) is None
    assert recovery.stretched("\udc80", about)


def test_a_server_can_neither_take_keys_away_nor_add_devices_to_them() -> None:
    client: Any = type("Client", (), {"user": "@ada:x"})()
    keys, others = OwnKeys(client), OwnKeys(client)

    def told(own: OwnKeys, signed_by: OwnKeys) -> dict[str, Any]:
        signing = signed_by._signed(own._told(own.signing, "self_signing"), signed_by.master)
        master = {"@ada:x": own._told(own.master, "master")}
        return {"device_keys": {}, "master_keys": master, "self_signing_keys": {"@ada:x": signing}}

    first = updated("@ada:x", told(keys, keys), NOBODY)
    assert (first.master, first.signing) == (keys.public(keys.master), keys.public(keys.signing))
    assert not first.changed
    assert updated("@ada:x", {"device_keys": {}}, first).master == first.master
    forged = updated("@ada:x", told(keys, others), first)
    assert (forged.master, forged.signing, forged.changed) == (first.master, first.signing, False)
    assert updated("@ada:x", told(keys, others), NOBODY).signing == ""
    new = updated("@ada:x", told(others, others), first)
    assert (new.master, new.changed) == (others.public(others.master), True)
    assert not updated("@ben:x", told(keys, keys), NOBODY).master
    assert Devices(master="x").believed == {}
