"""Servers behind an address: what its domain says and publishes, then names that are usual.

Only the domain itself is asked, never a directory of somebody else's, who would learn which providers there
are. Nobody signs what the name service says (RFC 6186, 6): servers below the domain itself show a certificate
of it, and are tried; of others the owner is asked before they are given a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError, fromstring

from ...api import BridgeError, LoginContext, Service
from ...services import in_order

MAX_CONFIG = 64 << 10
PLACES = (
    "https://autoconfig.{domain}/mail/config-v1.1.xml",
    "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
)
GUESSES = (("imap.{domain}", "smtp.{domain}"), ("mail.{domain}", "mail.{domain}"), ("{domain}", "{domain}"))
RECORDS = {
    "imap": (("_imaps", "tls"), ("_imap", "starttls")),
    "smtp": (("_submissions", "tls"), ("_submission", "starttls")),
}
"""Services, those that are encrypted from the first byte first (RFC 8314, 5.1)."""
SECURITY = {"SSL": "tls", "STARTTLS": "starttls"}
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")


class Ask(Exception):
    """The domain names servers of somebody else: is that the owner's provider?"""

    def __init__(self, found: Mapping[str, str]) -> None:
        super().__init__(f"{found['imap_host']} and {found['smtp_host']}")
        self.found = found


async def candidates(ctx: LoginContext, owner: str, given: Mapping[str, str]) -> list[dict[str, str]]:
    """Settings to be tried, the most likely first. What the owner has typed stands in all of them.

    Raises:
        Ask: the owner has to say whether servers are the right ones.
    """
    if given.get("imap_host"):
        return [{"smtp_host": given["imap_host"], **given}]
    domain = owner.rpartition("@")[2]
    named = await _named(ctx, domain)
    own = [named] if named and all(_is_below(named[f"{k}_host"], domain) for k in RECORDS) else []
    published = own or await _published(ctx, owner, domain)
    if named and not published:
        raise Ask(named)
    guessed = [
        {"imap_host": reads.format(domain=domain), "smtp_host": sends.format(domain=domain)}
        for reads, sends in GUESSES
    ]
    return [{**found, **given} for found in (*published, *guessed)]


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


async def _named(ctx: LoginContext, domain: str) -> dict[str, str]:
    """Settings in the domain's SRV records; empty unless it names servers of both kinds."""
    found: dict[str, str] = {}
    for kind, records in RECORDS.items():
        for name, security in records:
            if f"{kind}_host" not in found and (first := await _first(ctx, f"{name}._tcp.{domain}")):
                found |= {f"{kind}_host": first.host, f"{kind}_port": str(first.port)}
                found[f"{kind}_security"] = security
    return found if len(found) == 2 * 3 else {}


async def _first(ctx: LoginContext, name: str) -> Service | None:
    try:
        services = in_order(await ctx.srv_records(name), ctx.random)
    except BridgeError:
        ctx.log.info("no_name_service")
        return None
    return next((s for s in services if _HOST.fullmatch(s.host) and s.port), None)


async def _published(ctx: LoginContext, owner: str, domain: str) -> list[dict[str, str]]:
    for place in PLACES:
        try:
            answer = await ctx.http.get(place.format(domain=domain), max_bytes=MAX_CONFIG, timeout_s=10.0)
        except BridgeError:
            continue
        if found := configured(answer.body, owner):
            return [found]
    return []


def configured(document: bytes, owner: str) -> dict[str, str]:
    """Settings in what a domain publishes (Mozilla's autoconfig, version 1.1); empty if there are none."""
    if b"<!" in document.replace(b"<!--", b""):  # no entities, which can be made to grow
        return {}
    try:
        root = fromstring(document)  # noqa: S314 - without a document type there is nothing to expand
    except ParseError:
        return {}
    reads = next(_servers(root, "incomingServer", "imap", owner), {})
    sends = next(_servers(root, "outgoingServer", "smtp", owner), {})
    return {**reads, **sends} if reads and sends else {}


def _servers(root: Element, tag: str, kind: str, owner: str) -> Iterator[dict[str, str]]:
    """Encrypted servers of a kind to which a password may be given."""
    for server in root.iterfind(f"emailProvider/{tag}[@type='{kind}']"):
        host, port = (server.findtext("hostname") or "").strip(), (server.findtext("port") or "").strip()
        security = SECURITY.get((server.findtext("socketType") or "").strip(), "")
        ways = {(way.text or "").strip() for way in server.iterfind("authentication")}
        if not (_HOST.fullmatch(host) and port.isdecimal() and security and "password-cleartext" in ways):
            continue
        found = {f"{kind}_host": host, f"{kind}_port": port, f"{kind}_security": security}
        user = (server.findtext("username") or "").strip()
        if kind == "imap" and user == "%EMAILLOCALPART%":
            found["user"] = owner.rpartition("@")[0]
        yield found
