"""Where a domain's server is: as its owner typed it, as the domain says, or where servers usually are.

Whom the name service names has to show the certificate of the domain, so a lie leads nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from socket import socket

from ...api import BridgeError, Context, LoginContext, Refused, Service, Temporary
from ...services import in_order

PORT = 5222
DIRECT_TLS_PORT = 5223
MOST = 6
"""Servers of one domain that are tried."""
Place = tuple[str, int, bool]
"""Host, port, and whether TLS begins with the first byte (XEP-0368)."""


def address_of(jid: str, settings: Mapping[str, str]) -> Place:
    """Where settings lead."""
    port = int(settings.get("port") or PORT)
    direct = settings.get("tls") == "direct" or port == DIRECT_TLS_PORT
    return settings.get("host") or jid.partition("@")[2], port, direct and settings.get("tls") != "later"


class Places:
    """Where an account connects. What took the line and gave no session is tried last the next time."""

    def __init__(self) -> None:
        self._at = self._doubted = frozenset[Place]()

    async def connect(self, ctx: Context) -> tuple[socket, bool]:
        """A line to the server, and whether it speaks TLS at once. Raises what the first place raised."""
        named = await ways(ctx, ctx.owner, ctx.settings) if ctx.settings.get("found") == "srv" else None
        first: BridgeError | None = None
        places = [address_of(ctx.owner, way) for way in named or (ctx.settings,)]
        for place in sorted(places, key=lambda place: place in self._doubted):
            host, port, direct_tls = place
            try:
                line = await ctx.connect(host, port)
            except (Temporary, Refused) as e:
                first = first or e
            else:
                self._at, self._doubted = frozenset([place]), self._doubted & frozenset(places)
                return line, direct_tls
        assert first is not None
        raise first

    def doubt(self) -> None:
        """The place of the last line gave no session."""
        self._doubted |= self._at


async def ways(
    ctx: Context | LoginContext, jid: str, settings: Mapping[str, str]
) -> tuple[dict[str, str], ...]:
    """Settings to try, the most likely first.

    Raises:
        Refused: the domain says that it has no such server.
    """
    if (settings.get("host") or settings.get("port")) and settings.get("found") != "srv":
        return _typed(settings)
    plain = {name: said for name, said in settings.items() if name not in {"host", "port", "tls", "found"}}
    named = await _named(ctx, jid.partition("@")[2])
    if named is None:
        return (dict(settings),) if settings.get("found") else _typed(plain)
    return tuple({**plain, **way, "found": "srv"} for way in named)


def _typed(settings: Mapping[str, str]) -> tuple[dict[str, str], ...]:
    port = settings.get("port", "")
    if port == str(DIRECT_TLS_PORT):
        return ({**settings, "tls": "direct"},)
    return {**settings}, {**settings, "port": port or str(DIRECT_TLS_PORT), "tls": "direct"}


async def _named(ctx: Context | LoginContext, domain: str) -> list[dict[str, str]] | None:
    """What the domain says, of both kinds together (XEP-0368, 3); None where it says nothing."""
    kinds: dict[Service, str] = {}
    for name, kind in (("_xmpps-client", "direct"), ("_xmpp-client", "later")):
        try:
            for service in await ctx.srv_records(f"{name}._tcp.{domain}"):
                kinds.setdefault(service, kind)
        except BridgeError:
            ctx.log.info("no_name_service")
    if not kinds:
        return None
    services = in_order(kinds, ctx.random)[:MOST]
    if not services:
        raise Refused("this domain says that it has no XMPP server")
    return [{"host": s.host, "port": str(s.port), "tls": kinds[s]} for s in services]
