"""The kit's faults, played on stanzas: what a proxy does with what passes.

`act` is a message that people write, `read` an archive's page or a session that is to be taken up. Both wait
until all that clients here have said is in the room, so that a check can say something and ask at once.
"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime

from xmpp_proxy import Line

from swarm_bridges.testing import Fault, Faults

CONDITIONS = {
    400: ("modify", "bad-request"),
    403: ("auth", "forbidden"),
    404: ("wait", "recipient-unavailable"),
    410: ("cancel", "gone"),
    429: ("wait", "resource-constraint"),
    500: ("wait", "internal-server-error"),
    502: ("wait", "remote-server-timeout"),
    503: ("wait", "remote-server-timeout"),
}
"""What XMPP has in the place of these statuses (RFC 6120, 8.3.3)."""
ATTRIBUTE = r"""^<[^>]*?\b%s=["']([^"']*)["']"""
FOUND = re.compile(r"<result\b[^>]*\burn:xmpp:mam:2.*?<message\b[^>]*?\bid=[\"']([^\"']*)", re.DOTALL)
LIMITS = b"<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>%d</max-bytes></limits>"
COUNT = re.compile(rb"""(\bh=["'])(\d+)""")


class StanzaFaults(Faults):
    """`Watch` of a proxy. `quiet` is set while nothing that was said is on its way."""

    def __init__(self, quiet: asyncio.Event) -> None:
        super().__init__()
        self._quiet = quiet
        self.twice = False
        """Whether messages are told twice."""
        self.swapped: dict[str, str] = {}
        """Messages by their senders' ids, and those that archives are to tell before them."""
        self.max_bytes = 0
        """What the server says that it takes, if not 0."""
        self._late: dict[str, bytes] = {}
        """By the id of what comes before, what is to come behind it."""
        self._answers: dict[Line, Fault] = {}
        """Lines of which the next answer is to be broken."""
        self._kept = 0
        """Stanzas that the server never got, and the client counts (XEP-0198)."""

    async def up(self, line: Line, stanza: bytes) -> None:
        """See `Watch`."""
        if stanza.startswith(b"<enable "):
            self._kept = 0
        kind = kind_of(stanza)
        if kind == "read":
            await self._quiet.wait()
        fault = next((f for f in self.waiting if kind and f.hits < f.times and f.on in {"any", kind}), None)
        if fault is None:
            await line.to_server(stanza)
            return
        fault.hits += 1
        match fault.kind:
            case "drop":
                line.cut()
            case "status":
                await self._refuse(line, stanza, fault)
            case "delay":
                await asyncio.sleep(fault.value)
                await line.to_server(stanza)
            case _:
                self._answers[line] = fault
                await line.to_server(stanza)

    async def _refuse(self, line: Line, stanza: bytes, fault: Fault) -> None:
        if stanza.startswith(b"<resume "):
            await line.to_client(b"<failed xmlns='urn:xmpp:sm:3'/>")
            return
        self._kept += 1
        kind, condition = CONDITIONS[fault.status]
        name, to, id_ = stanza[1:8].split()[0].decode(), attribute(stanza, "to"), attribute(stanza, "id")
        sender = f" from='{to}'" if to else ""
        until = datetime.fromtimestamp(time.time() + fault.value, UTC).isoformat()
        retry = f"<retry xmlns='urn:xmpp:http:upload:0' stamp='{until}'/>" if fault.value else ""
        named = f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        error = f"<error type='{kind}'>{named}{retry}</error>"
        await line.tell(f"<{name} type='error' id='{id_}'{sender}>{error}</{name}>")

    async def down(self, line: Line, stanza: bytes) -> None:
        """See `Watch`."""
        if self._kept and stanza.startswith((b"<a ", b"<resumed ")):
            stanza = COUNT.sub(lambda m: m[1] + b"%d" % (int(m[2]) + self._kept), stanza)
        if self.max_bytes and stanza.startswith(b"<stream:features"):
            stanza = stanza.replace(b"</stream:features>", LIMITS % self.max_bytes + b"</stream:features>")
        if (id_ := inner_id(stanza)) in self.swapped:
            self._late[self.swapped.pop(id_)] = stanza
            return
        if (late := self._late.pop(id_, b"")) != b"":
            stanza += late
        if stanza.startswith(b"<message "):
            await self._quiet.wait()  # the bridge is not to know before the network does
        fault = self._answers.pop(line, None)
        match fault.kind if fault is not None else "":
            case "reset":
                line.cut()
            case "half":
                await line.to_client(stanza[: len(stanza) // 2])
                line.cut()
            case "garbage":
                await line.to_client(b"\xff\xfe<\x00\xc3(")
                line.cut()
            case "delay_answer":
                assert fault is not None
                await asyncio.sleep(fault.value)
                await line.to_client(stanza)
            case _:
                await line.to_client(stanza)
                if self.twice and stanza.startswith(b"<message ") and b"<body" in stanza:
                    await line.tell(stanza.decode())


def kind_of(stanza: bytes) -> str:
    """`act`, `read`, or nothing for what is neither."""
    if stanza.startswith(b"<message ") and (b"<body" in stanza or b"<reactions" in stanza):
        return "act"
    reads = stanza.startswith(b"<resume ") or (stanza.startswith(b"<iq ") and b"urn:xmpp:mam:2" in stanza)
    return "read" if reads else ""


def inner_id(stanza: bytes) -> str:
    """The sender's id of a message that an archive tells; empty for all else."""
    found = FOUND.search(stanza.decode("utf-8", "replace")) if stanza.startswith(b"<message") else None
    return found[1] if found else ""


def attribute(stanza: bytes, name: str) -> str:
    found = re.search(ATTRIBUTE % name, stanza.decode("utf-8", "replace"))
    return found.group(1) if found else ""
