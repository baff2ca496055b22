"""Ordinary XMPP clients beside a village, in the thread of `e2e_networks.Elsewhere`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from e2e_networks import Elsewhere
from slixmpp.jid import JID
from xmpp_peer import PATIENCE_S, XmppPeer
from xmpp_server import Server

T = TypeVar("T")


class Client:
    """One of somebody's clients, online as long as the thread runs, or until `leave`."""

    def __init__(self, elsewhere: Elsewhere, server: Server, name: str, resource: str) -> None:
        self._elsewhere, self._server = elsewhere, server
        elsewhere.at_end(self._end)
        self._peer = elsewhere.run(self._online(f"{name}@localhost/{resource}", f"{name}'s password"))

    async def _online(self, jid: str, password: str) -> XmppPeer:
        peer = XmppPeer(jid, password, self._server.folder / "cert.pem")
        await peer.online(self._server.port)
        return peer

    def do(self, verb: Callable[[XmppPeer], T]) -> T:
        return self._elsewhere.do(lambda: verb(self._peer))

    def heard(self, text: str) -> Any:
        """The message with this text, now or soon."""
        return self._elsewhere.run(self._peer.until(lambda m: m["body"] == text))

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        return self._elsewhere.run(self._peer.until(wanted))

    def enter(self, room: str, nick: str) -> None:
        self._elsewhere.run(self._peer.plugin["xep_0045"].join_muc_wait(JID(room), nick, timeout=PATIENCE_S))

    def archive(self, other: str) -> list[str]:
        """The texts of a conversation as the server keeps them: what is true."""

        async def read() -> list[str]:
            pages = self._peer.plugin["xep_0313"].iterate(with_jid=JID(other), rsm={"max": 200})
            texts = [stanza["mam_result"]["forwarded"]["stanza"]["body"] async for stanza in pages]
            return [str(text) for text in texts if text]

        return self._elsewhere.run(read())

    def leave(self) -> None:
        """End, as a client that is closed does."""
        self._elsewhere.run(self._end())

    async def _end(self) -> None:
        self._peer.abort()
        self._peer.cancel_connection_attempt()
        if self._peer._run_out_filters is not None:
            self._peer._run_out_filters.cancel()
        await asyncio.sleep(0.05)


def answers(server: Server, name: str, password: str = "") -> Mapping[str, str]:
    """What somebody fills in to add the account."""
    return {
        "address": f"{name}@localhost",
        "password": password or f"{name}'s password",
        "host": "127.0.0.1",
        "port": str(server.port),
        "certificate": server.certificate,
    }
