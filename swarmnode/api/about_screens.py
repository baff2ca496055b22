"""Routes about who may ask: pairing, sessions, devices; and what a person means by a name."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ..domain.views import Items
from ..errors import NotFound
from .access import Granted, Scope
from .resolve import Kind, Named, resolve
from .route import Body, Call, Route


class NewPairing(Body, frozen=True, kw_only=True):
    """What the screen that is to be paired may do."""

    scope: Granted = "admin"


class PairingView(msgspec.Struct, frozen=True):
    """A pairing code, good once, until `expires_at`."""

    code: str
    expires_at: int


class OpenSession(Body, frozen=True, kw_only=True):
    """A pairing code, and whether to answer with a cookie (browsers) or a token (programs)."""

    code: Annotated[str, Meta(max_length=32)]
    label: Annotated[str, Meta(max_length=100)] = ""
    kind: Literal["cookie", "bearer"] = "cookie"


class SessionView(msgspec.Struct, frozen=True):
    """Who asks. `csrf` goes into X-Swarm-CSRF of writes with a cookie; `token` comes once."""

    device: str
    scope: str
    csrf: str = ""
    token: str = ""


class DeviceView(msgspec.Struct, frozen=True):
    """A screen or program that was paired."""

    id: str
    label: str
    kind: str
    scope: str
    created_at: int
    used_at: int
    this: bool


class DeviceName(Body, frozen=True, kw_only=True):
    """What a device is called."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]


class Meant(Body, frozen=True, kw_only=True):
    """What a person typed, and what it should be."""

    kind: Kind
    text: Annotated[str, Meta(min_length=1, max_length=1000)]


async def pair(call: Call, body: NewPairing) -> PairingView:
    """Make a pairing code."""
    code, expires_at = call.gate.pair(body.scope)
    return PairingView(code, expires_at)


async def open_session(call: Call, body: OpenSession) -> SessionView:
    """Pair a screen."""
    token, secret = await call.gate.open(body.code, body.label, body.kind)
    if body.kind == "bearer":
        return SessionView(token.id, token.scope, token=secret)
    call.cookie = secret
    access = await call.gate.who("", secret)
    return SessionView(token.id, token.scope, csrf=access.csrf)


async def session(call: Call) -> SessionView:
    """Say who asks."""
    return SessionView(call.access.device, call.access.scope.name.lower(), csrf=call.access.csrf)


async def end_session(call: Call) -> None:
    """End this session."""
    await call.gate.revoke(call.access.device)
    call.cookie = ""


async def devices(call: Call) -> Items[DeviceView]:
    """List devices."""
    return Items(
        tuple(
            DeviceView(t.id, t.label, t.kind, t.scope, t.created_at, t.used_at, t.id == call.access.device)
            for t in await call.gate.tokens.all()
        )
    )


async def rename_device(call: Call, body: DeviceName) -> DeviceView:
    """Call a device something else."""
    device = call.params["device"]
    if not await call.gate.tokens.rename(device, body.name):
        raise NotFound("There is no such device.", hint="`swarmnode devices` lists them.")
    return next(view for view in (await devices(call)).items if view.id == device)


async def revoke(call: Call) -> None:
    """Revoke a device."""
    if not await call.gate.revoke(call.params["device"]):
        raise NotFound("There is no such device.", hint="`swarmnode devices` lists them.")


async def find(call: Call, body: Meant) -> Named:
    """Resolve a name."""
    return await resolve(call.node, call.gate.tokens, body.kind, body.text)


ROUTES = (
    Route("POST", "/session", open_session, Scope.PUBLIC, "Pair a screen by its code", once=False),
    Route("GET", "/session", session, Scope.READ, "Who asks, and what they may"),
    Route("DELETE", "/session", end_session, Scope.READ, "End this session", once=False),
    Route("POST", "/pairing", pair, Scope.ADMIN, "Make a pairing code", once=False),
    Route("GET", "/devices", devices, Scope.ADMIN, "Browsers and programs that were paired"),
    Route("PATCH", "/devices/{device}", rename_device, Scope.ADMIN, "Call a device something else"),
    Route("DELETE", "/devices/{device}", revoke, Scope.ADMIN, "Revoke a device"),
    Route("POST", "/resolve", find, Scope.READ, "Find what a person means by a name", once=False),
)
