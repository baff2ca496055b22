"""Addresses of pages of the web, in the one form in which they are claimed (spec 42 §1)."""

from __future__ import annotations

import re

from ..errors import UsageError

MAX_URL = 1000
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_URL = re.compile(r"(https?)://([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?(/[!-~]*)?")


def is_address(text: str) -> bool:
    """Whether somebody means a page."""
    return text.startswith(("https://", "http://"))


def page(text: str) -> str:
    """The address of a page: host in small letters, no port that goes without saying, a path.

    Raises:
        UsageError: it is none, or one that somebody on the way could change.
    """
    text = text.strip()
    found = _URL.fullmatch(text)
    if found is None or len(text) > MAX_URL or "?" in text or "#" in text:
        hint = "An address like https://ben.example/me, without ? and #."
        raise UsageError("this is no address of a page", hint=hint)
    scheme, host, port, path = found[1], found[2].lower(), found[3], found[4] or "/"
    if scheme != "https" and host not in _LOOPBACK:
        raise UsageError("what somebody on the way could change proves nothing", hint="Use https.")
    there = host if port is None or int(port) == _PORTS[scheme] else f"{host}:{int(port)}"
    return f"{scheme}://{there}{path}"
