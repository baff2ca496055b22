"""Servers behind an address: what its domain publishes, then names that are usual.

Only the domain itself is asked, never a directory of somebody else's, who would learn which providers there
are. SRV records (RFC 6186) cannot be asked for: a bridge connects, and has no resolver.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError, fromstring

from ...api import BridgeError, LoginContext

MAX_CONFIG = 64 << 10
PLACES = (
    "https://autoconfig.{domain}/mail/config-v1.1.xml",
    "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
)
GUESSES = (("imap.{domain}", "smtp.{domain}"), ("mail.{domain}", "mail.{domain}"), ("{domain}", "{domain}"))
SECURITY = {"SSL": "tls", "STARTTLS": "starttls"}
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")


async def candidates(ctx: LoginContext, owner: str, given: Mapping[str, str]) -> list[dict[str, str]]:
    """Settings to be tried, the most likely first. What the owner has typed stands in all of them."""
    if given.get("imap_host"):
        return [{"smtp_host": given["imap_host"], **given}]
    domain = owner.rpartition("@")[2]
    published = await _published(ctx, owner, domain)
    guessed = [
        {"imap_host": reads.format(domain=domain), "smtp_host": sends.format(domain=domain)}
        for reads, sends in GUESSES
    ]
    return [{**found, **given} for found in (*published, *guessed)]


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
