"""An ordinary XMPP client with OMEMO, by slixmpp's own plugins: nothing of ours is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import omemo
import slixmpp
from bridge_owner import ACCOUNT, Lines, Owner, log_in
from slixmpp.jid import JID
from slixmpp.plugins import register_plugin
from slixmpp_omemo import XEP_0384
from xmpp_network import XmppNetwork
from xmpp_peer import PATIENCE_S, XmppPeer
from xmpp_server import Server

from swarm_bridges.api import LoginDone, MessageSeen
from swarm_bridges.text import to_plain


class Memory(omemo.Storage):
    """The plugin's store."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    async def _load(self, key: str) -> omemo.Maybe[Any]:
        return omemo.Just(self.values[key]) if key in self.values else omemo.Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.values[key] = value

    async def _delete(self, key: str) -> None:
        self.values.pop(key, None)


class Plugin(XEP_0384):
    """It trusts whom its user has not looked at."""

    default_config = {"fallback_message": "This message is OMEMO encrypted."}  # noqa: RUF012 - as slixmpp has it

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._memory = Memory()

    @property
    def storage(self) -> omemo.Storage:
        return self._memory

    @property
    def _btbv_enabled(self) -> bool:
        return True

    async def _prompt_manual_trust(self, manually_trusted: Any, identifier: str | None) -> None:  # noqa: ARG002
        raise AssertionError("nobody is to be asked")


register_plugin(Plugin)


class SecretPeer(XmppPeer):
    """`opened` is what came locked, and what it said."""

    def __init__(self, jid: str, password: str, certificate: Path) -> None:
        super().__init__(jid, password, certificate)
        self.register_plugin("xep_0380")
        self.register_plugin("xep_0384")
        self.register_plugin("xep_0454")
        self.omemo: Plugin = self.plugin["xep_0384"]  # type: ignore[typeddict-item]
        self.opened: list[tuple[str, str]] = []
        """Ids and texts."""
        self.closed: list[str] = []
        """Ids of what it could not open."""
        self.add_event_handler("message", self._open)

    async def _open(self, stanza: slixmpp.Message) -> None:
        if self.omemo.is_encrypted(stanza):
            try:
                told, _ = await self.omemo.decrypt_message(stanza)
            except omemo.OMEMOException:
                self.closed.append(str(stanza["id"]))
            else:
                if told["body"]:
                    self.opened.append((str(stanza["id"]), str(told["body"])))
            self.news.set()

    async def ready(self) -> None:
        """Wait until others can write to this one."""
        await self.omemo.get_session_manager()

    async def leave(self) -> None:
        """End, with all that the plugin has running."""
        await (await self.omemo.get_session_manager()).shutdown()
        self.end()

    async def device(self) -> int:
        """Its number."""
        own, _ = await (await self.omemo.get_session_manager()).get_own_device_information()
        return int(own.device_id)

    async def knows(self, who: str) -> None:
        """Ask anew which devices somebody has."""
        await self.omemo.refresh_device_lists({JID(who)}, force_download=True)

    async def published_keys(self, who: str, node: str) -> set[str]:
        """The keys for first messages that a device offers, by their numbers."""
        places: Any = self.plugin["xep_0060"]
        told = await places.get_items(JID(who), node)
        return {key.get("preKeyId", "") for key in told.xml.iter() if key.tag.endswith("}preKeyPublic")}

    async def say_locked(
        self, to: str, text: str, replaces: str = "", readers: Collection[str] = (), kind: str = "chat"
    ) -> str:
        """Say something that the other's devices alone can read, or those of all `readers`; gives its id."""
        for who in readers or (to,):
            await self.knows(who)
        said = self.make_message(mto=JID(to), mbody=text, mtype=kind)  # type: ignore[arg-type]
        said["origin_id"]["id"] = said["id"]
        locked, errors = await self.omemo.encrypt_message(said, {JID(who) for who in readers or (to,)})
        assert locked is not None
        assert not errors
        locked["id"], locked["origin_id"]["id"] = said["id"], said["id"]
        if replaces:
            locked["replace"]["id"] = replaces
        locked.enable("store")
        locked.send()
        return str(said["id"])

    # --- files

    async def upload_sealed(self, name: str, data: bytes) -> str:
        """Seal and upload a file; gives the address that is to be said."""
        plugin: Any = self.plugin["xep_0454"]
        return str(await plugin.upload_file(Path(name), content_type="text/plain", input_file=BytesIO(data)))

    async def fetch_sealed(self, address: str) -> bytes:
        """The bytes of a file that somebody has sealed."""
        place, _, secret = address.removeprefix("aesgcm://").partition("#")
        async with aiohttp.ClientSession() as web, web.get(f"https://{place}") as answer:
            data = await answer.read()
        return bytes(self.plugin["xep_0454"].decrypt(BytesIO(data), secret))

    # --- rooms

    async def found(self, room: str, nick: str, members: Collection[str] = ()) -> None:
        """Make a room that is closed: for members alone, who see each other's addresses."""
        await self.plugin["xep_0045"].join_muc_wait(JID(room), nick, timeout=PATIENCE_S)
        await self.configure(room, membersonly=True, whois="anyone")
        for who in members:
            await self.affiliate(room, who)

    async def affiliate(self, room: str, who: str, kind: Any = "member") -> None:
        """Make somebody a member, or `none`."""
        await self.plugin["xep_0045"].set_affiliation(JID(room), kind, jid=JID(who))

    async def enter(self, room: str, nick: str) -> None:
        """Go into a room, and read what its archive has."""
        await self.plugin["xep_0045"].join_muc_wait(JID(room), nick, timeout=PATIENCE_S)
        pages: Any = self.plugin["xep_0313"]
        async for told in pages.iterate(jid=JID(room), rsm={"max": 100}):
            await self._open(told["mam_result"]["forwarded"]["stanza"])

    async def says(self, wanted: Callable[[str], bool]) -> str:
        """Wait for a locked text like this."""
        while not (found := [said for _, said in self.opened if wanted(said)]):
            self.news.clear()
            await self.news.wait()
        return found[0]

    async def hears(self, text: str) -> str:
        """Wait for a locked text; gives its id."""
        while not (found := [id_ for id_, said in self.opened if said == text]):
            self.news.clear()
            await self.news.wait()
        assert len(found) == 1
        return found[0]


# --- an owner whose account wants it


@asynccontextmanager
async def omemo_network(server: Server, *, room: bool) -> AsyncIterator[XmppNetwork]:
    """A network whose clients all end with it."""
    made = XmppNetwork(server, room=room)
    yield made
    for client in made._clients:
        if isinstance(client, SecretPeer):
            await client.leave()
    await made.close()


async def secret(network: XmppNetwork, name: str, resource: str = "desk") -> SecretPeer:
    """A client of one of the accounts; of a new one if nobody has the name."""
    if name not in network.server.users and name not in {network._owner, network._friend}:
        network.server.add(name, f"password of {name}")
    made = SecretPeer(f"{network._jid(name)}/{resource}", f"password of {name}", network.server.authority)
    network._clients.append(made)
    await made.online(network.server.port)
    await made.ready()
    return made


async def owner_with_keys(network: XmppNetwork, desk: Lines | None = None, omemo: str = "yes") -> Owner:
    """The owner, logged in with OMEMO."""
    done = await log_in(network, Lines(), {**network.answers, "omemo": omemo})
    assert isinstance(done, LoginDone)
    return Owner(network, done, desk=desk)


def seen(owner: Owner, *, notices: bool = False) -> list[MessageSeen]:
    """All messages that were told, or all notices."""
    batches = owner.desk.of(ACCOUNT).batches
    found = [e for batch in batches for e in batch.events if isinstance(e, MessageSeen)]
    return [e for e in found if (e.actor.remote_id == "omemo:keys") == notices]


def noticed(owner: Owner) -> list[str]:
    """What the owner was told of keys."""
    return [to_plain(e.body) for e in seen(owner, notices=True)]
