"""What the name service says to bridges, beside addresses: where services are, and texts.

It is asked over the system's name servers, or those of the setting `dns.servers`. Nothing is remembered, and
nobody's signature is looked at: whoever is between here and there may lie.
"""

from __future__ import annotations

import ipaddress
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from swarm_bridges.api import Limited, Refused, Service, Temporary

if TYPE_CHECKING:
    from dns.resolver import Answer

LOOK_UP_S = 10.0
MAX_NAME = 253
MAX_RECORDS = 20
MAX_TEXT = 4_000
"""Characters of one text."""
EACH_MINUTE = 60
"""Questions of one account."""
PORT = 53
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def plain_name(name: str) -> str:
    """A name as it is asked: lower case, without a final dot; of two labels at least.

    Raises:
        Refused: it is none. International names are to be in their ASCII form.
    """
    plain = name.rstrip(".").lower()
    labels = plain.split(".")
    if len(plain) > MAX_NAME or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("not a name that can be asked for")
    return plain


def server(text: str) -> tuple[str, int]:
    """A name server, from `ADDRESS`, `ADDRESS:PORT` or `[v6]:PORT`. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if port.isdecimal() and host and (":" not in host or host.startswith("[")):
        return str(ipaddress.ip_address(host.strip("[]"))), int(port)
    return str(ipaddress.ip_address(text.strip("[]"))), PORT


class Resolver:
    """Asks. `servers` are in the place of the system's, if there are any."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = tuple(server(text) for text in servers)

    async def services(self, name: str) -> tuple[Service, ...]:
        """SRV records (RFC 2782), in any order; none is an answer.

        Raises:
            Refused: `name` is none.
            Temporary: nobody knows it now.
        """
        found = await self._ask(plain_name(name), "SRV")
        return tuple(
            Service(str(r.target).rstrip(".").lower(), r.port, r.priority, r.weight)
            for r in list(found)[:MAX_RECORDS]
        )

    async def texts(self, name: str) -> tuple[str, ...]:
        """TXT records, the strings of each put together (RFC 7208, 3.3). Raises as `services`."""
        found = await self._ask(plain_name(name), "TXT")
        return tuple(
            b"".join(r.strings)[:MAX_TEXT].decode("utf-8", "replace") for r in list(found)[:MAX_RECORDS]
        )

    async def _ask(self, name: str, kind: str) -> Answer | tuple[Any, ...]:
        # An eighth of a second, for those who have accounts that ask.
        import dns.asyncresolver  # noqa: PLC0415
        import dns.exception  # noqa: PLC0415
        from dns.nameserver import Do53Nameserver  # noqa: PLC0415

        try:
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [Do53Nameserver(host, port) for host, port in self._servers]
            answer = await resolver.resolve(
                f"{name}.", kind, search=False, lifetime=LOOK_UP_S, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as e:
            raise Temporary(f"the name service does not answer ({type(e).__name__})") from None
        return answer if answer.rrset is not None else ()


class Turnstile:
    """Lets EACH_MINUTE through in any minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._passed = deque[float]()

    def go(self) -> None:
        """Go through. Raises Limited."""
        now = self._now()
        while self._passed and self._passed[0] <= now - 60.0:
            self._passed.popleft()
        if len(self._passed) >= EACH_MINUTE:
            raise Limited("too many questions to the name service", wait_s=self._passed[0] + 60.0 - now)
        self._passed.append(now)
