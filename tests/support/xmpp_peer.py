"""An ordinary XMPP client: slixmpp with its own plugins, for the other side of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import slixmpp
from slixmpp.jid import JID

PLUGINS = (
    "xep_0030",
    "xep_0045",
    "xep_0060",
    "xep_0066",
    "xep_0084",
    "xep_0085",
    "xep_0163",
    "xep_0184",
    "xep_0198",
    "xep_0280",
    "xep_0308",
    "xep_0313",
    "xep_0333",
    "xep_0334",
    "xep_0359",
    "xep_0363",
    "xep_0424",
    "xep_0428",
    "xep_0444",
    "xep_0461",
)

PATIENCE_S = 45


class XmppPeer(slixmpp.ClientXMPP):
    """`heard` are all messages that came, carbon copies unwrapped, as slixmpp gives them."""

    def __init__(self, jid: str, password: str, certificate: Path) -> None:
        super().__init__(jid, password)
        self.ca_certs = certificate
        self.enable_direct_tls = False
        self.enable_plaintext = True  # where nothing else is offered
        self.plugin["feature_mechanisms"].unencrypted_scram = True
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.heard: list[Any] = []
        self.news = asyncio.Event()
        self.add_filter("in", self._note)

    def _note(self, stanza: Any) -> Any:
        if isinstance(stanza, slixmpp.Message):
            for name in ("carbon_sent", "carbon_received"):
                if stanza.get_plugin(name, check=True) is not None:
                    stanza = stanza[name]
                    self.heard.append(stanza)
                    self.news.set()
                    return None
            self.heard.append(stanza)
            self.news.set()
        return stanza

    async def online(self, port: int) -> None:
        """Connect and be there."""
        self.connect("127.0.0.1", port)
        await self.wait_until("session_start", PATIENCE_S)
        self.send_presence()
        await self.get_roster()
        await self.plugin["xep_0280"].enable()

    def end(self) -> None:
        """End the connection, and all that slixmpp has running for it."""
        with suppress(AttributeError):  # of Debian 12's asyncio, where the connection ends already
            self.abort()
        self.cancel_connection_attempt()
        if self._run_out_filters is not None:
            self._run_out_filters.cancel()

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The first message like this, now or soon."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for stanza in self.heard:
                    if wanted(stanza):
                        return stanza
                self.news.clear()
                await self.news.wait()

    def bodies(self) -> list[str]:
        """Texts of all messages that have one."""
        return [str(stanza["body"]) for stanza in self.heard if stanza["body"]]

    # --- verbs ---

    def say(self, to: str, text: str, kind: str = "chat") -> str:
        """Say something; gives its id."""
        message = self.make_message(mto=JID(to), mbody=text, mtype=kind)  # type: ignore[arg-type]
        message["origin_id"]["id"] = message["id"]
        if kind == "chat":
            message["request_receipt"] = True
        message.send()
        return str(message["id"])

    def edit(self, to: str, target: str, text: str, kind: str = "chat") -> None:
        """Correct something."""
        self.plugin["xep_0308"].build_correction(target, mto=JID(to), mtype=kind, mbody=text).send()

    def delete(self, to: str, target: str, kind: str = "chat") -> None:
        """Take something back."""
        self.plugin["xep_0424"].send_retraction(JID(to), target, mtype=kind)

    def react(self, to: str, target: str, *values: str, kind: str = "chat") -> None:
        """Put reactions."""
        message = self.make_message(mto=JID(to), mtype=kind)  # type: ignore[arg-type]
        self.plugin["xep_0444"].set_reactions(message, target, list(values))
        message.enable("store")
        message.send()

    def reply(self, to: str, target: str, quoted: str, text: str, kind: str = "chat") -> str:
        """Answer something, with the quote that simple clients see."""
        made = self.plugin["xep_0461"].make_reply(
            reply_to=JID(to), reply_id=target, fallback=quoted, mto=JID(to), mbody=text, mtype=kind
        )
        made.send()
        return str(made["id"])

    async def send_file(self, to: str, path: Path, media_type: str, kind: str = "chat") -> str:
        """Send a file; gives its address."""
        url = str(await self.plugin["xep_0363"].upload_file(path, content_type=media_type))
        message = self.make_message(mto=JID(to), mbody=url, mtype=kind)  # type: ignore[arg-type]
        message["oob"]["url"] = url
        message.send()
        return url

    async def configure(self, room: str, **options: Any) -> None:
        """Change how a room is; this one is its owner."""
        plugin: Any = self.plugin["xep_0045"]
        form = await plugin.get_room_config(JID(room))
        values = form.get_values()
        form.reply()
        wanted = {f"muc#roomconfig_{name}": value for name, value in options.items()}
        assert wanted.keys() <= values.keys()
        form.set_values({**values, **wanted})
        await plugin.set_room_config(JID(room), form)

    def raw(self, xml: str) -> None:
        """Send any XML."""
        self.send_raw(xml)
