"""What keeps other people's web pages away from a node that runs on the same machine.

- A name in `Host` that is not ours is a page that pointed its own name at us (DNS rebinding): refused.
  Numbers need no list: who came by one was sent to this very address, and the page's origin says so.
- A write, and the stream of events, must come from our own origin, where a browser says from where it comes.
- A write with a cookie must say its origin, and carry the session's value in `X-Swarm-CSRF`.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from ..errors import AccessDenied
from .access import Access

COOKIE = "swarm_session"
CSRF = "X-Swarm-CSRF"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types swarm-sw"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self)",
    "Cache-Control": "no-store",
}
"""With every answer over TCP."""


def check_host(host: str, allowed: Collection[str]) -> None:
    """Raise AccessDenied for a `Host` that is not ours; `allowed` are names beside localhost."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        name = ""
    if name == "localhost" or name.endswith(".localhost") or name in {a.lower() for a in allowed}:
        return
    try:
        ipaddress.ip_address(name)
    except ValueError:
        raise AccessDenied(
            "This node is not known by that name.", hint="Add the name to http.allowed_hosts in config.toml."
        ) from None


def check_origin(
    access: Access, headers: Mapping[str, str], allowed: Collection[str], *, writes: bool
) -> None:
    """Raise AccessDenied if another page asks. For writes and the stream of events.

    A browser names the origin of every write. When it only reads its own origin it names none, and over plain
    http to a number it says nothing at all; the cookie, which is strict, then speaks for it.
    """
    origin, host = headers.get("Origin"), headers.get("Host", "")
    theirs = AccessDenied("Another web page asked for this.", hint="Open the node's own page and try there.")
    if headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise theirs
    if origin is not None:
        try:
            parts = urlsplit(origin)
        except ValueError:
            raise theirs from None
        proxied = parts.scheme == "https" and parts.netloc.lower() in {a.lower() for a in allowed}
        ours = parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()
        if not ours and not proxied:
            raise theirs
    elif writes and access.kind == "cookie":
        raise theirs


def check_csrf(access: Access, headers: Mapping[str, str]) -> None:
    """Raise AccessDenied for a write with a cookie and without the session's value."""
    shown = headers.get(CSRF, "").encode(errors="surrogateescape")
    if access.kind == "cookie" and not hmac.compare_digest(access.csrf.encode(), shown):
        raise AccessDenied(
            f"The header {CSRF} is missing or of another session.", hint="GET /api/v1/session has its value."
        )
