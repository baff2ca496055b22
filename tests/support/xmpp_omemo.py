"""An ordinary XMPP client with OMEMO, by slixmpp's own plugin: nothing of ours is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import omemo
import slixmpp
from slixmpp.jid import JID
from slixmpp.plugins import register_plugin
from slixmpp_omemo import XEP_0384
from xmpp_peer import XmppPeer


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
        self.omemo: Plugin = self.plugin["xep_0384"]  # type: ignore[typeddict-item]
        self.opened: list[tuple[str, str]] = []
        """Ids and texts."""
        self.add_event_handler("message", self._open)

    async def _open(self, stanza: slixmpp.Message) -> None:
        if self.omemo.is_encrypted(stanza):
            told, _ = await self.omemo.decrypt_message(stanza)
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

    async def say_locked(self, to: str, text: str, replaces: str = "") -> str:
        """Say something that the other's devices alone can read; gives its id."""
        await self.knows(to)
        said = self.make_message(mto=JID(to), mbody=text, mtype="chat")
        said["origin_id"]["id"] = said["id"]
        locked, errors = await self.omemo.encrypt_message(said, {JID(to)})
        assert locked is not None
        assert not errors
        locked["id"], locked["origin_id"]["id"] = said["id"], said["id"]
        if replaces:
            locked["replace"]["id"] = replaces
        locked.enable("store")
        locked.send()
        return str(said["id"])

    async def hears(self, text: str) -> str:
        """Wait for a locked text; gives its id."""
        while not (found := [id_ for id_, said in self.opened if said == text]):
            self.news.clear()
            await self.news.wait()
        assert len(found) == 1
        return found[0]
