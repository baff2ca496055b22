"""Routes about private talk over other networks (spec 53)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..domain.book import PersonView
from ..domain.views import InviteView
from .access import Scope
from .route import Body, Call, Route

Via = Annotated[str, Meta(max_length=100)]


class Through(Body, frozen=True, kw_only=True):
    """`via`: a conversation or a network; else the best one that carries private messages."""

    via: Via = ""


class Carrying(Through, frozen=True, kw_only=True):
    """Whether a conversation may carry what is said in private."""

    on: bool


async def private(call: Call, body: Through) -> InviteView:
    """Offer to talk privately."""
    return await call.node.private(call.params["person"], body.via)


async def carry(call: Call, body: Carrying) -> PersonView:
    """Let a conversation be used, or not."""
    return await call.node.carry(call.params["person"], body.via, on=body.on)


ROUTES = (
    Route(
        "POST",
        "/people/{person}/private",
        private,
        Scope.WRITE,
        "Ask them, in a conversation on another network, to talk privately",
    ),
    Route(
        "PUT",
        "/people/{person}/carry",
        carry,
        Scope.WRITE,
        "Let a conversation on another network carry what is said in private, or not",
    ),
)
