"""Routes about what has not left yet, and about deletions."""

from __future__ import annotations

import math
import time
from typing import Annotated

from msgspec import Meta

from ..domain.deletions import DeletionView, Receipts
from ..domain.later import OutboxView
from ..domain.views import Items, MessageView
from .access import Scope
from .problems import BadRequest
from .route import Body, Call, Query, Route

YEAR_S = 366 * 24 * 3600
Moment = Annotated[int, Meta(ge=0, le=2**52)]
"""Unix seconds by the node's clock; 0 is now."""
Pause = Annotated[int, Meta(ge=0, le=YEAR_S)]
"""Seconds from now: of clocks that differ it is the same moment."""


def moment(send_at: int, send_in_s: int) -> int:
    """When something is to leave, by the node's clock; 0: now.

    Raises:
        BadRequest: it is said twice.
    """
    if send_at and send_in_s:
        raise BadRequest("Only one of send_at and send_in_s.", where="body")
    return send_at or (math.ceil(time.time()) + send_in_s if send_in_s else 0)


class LeavingAt(Body, frozen=True, kw_only=True):
    """Another time: `send_at` in Unix seconds, or `send_in_s` from now. Neither means now."""

    send_at: Moment = 0
    send_in_s: Pause = 0


class Deleting(Body, frozen=True, kw_only=True):
    """Messages to destroy, here or with the others too."""

    ids: Annotated[tuple[str, ...], Meta(min_length=1, max_length=256)]
    everywhere: bool = False


class Before(Query, frozen=True, kw_only=True):
    """Where to go on; nothing gives the last ones."""

    before: Annotated[str, Meta(max_length=32)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


async def outbox(call: Call) -> Items[OutboxView]:
    """List what waits."""
    return Items(await call.node.outbox(call.language))


async def move(call: Call, body: LeavingAt) -> MessageView:
    """Choose another time."""
    return await call.node.move(call.params["message"], moment(body.send_at, body.send_in_s))


async def delete(call: Call, body: Deleting) -> DeletionView:
    """Destroy messages."""
    return await call.node.delete(body.ids, everywhere=body.everywhere, language=call.language)


async def deletions(call: Call, query: Before) -> Items[DeletionView]:
    """List deletions."""
    found, following = await call.node.deletions(call.language, before=query.before, limit=query.limit)
    return Items(found, next=following)


async def deletion(call: Call) -> DeletionView:
    """Give a deletion."""
    return await call.node.deletion(call.params["deletion"], call.language)


async def receipts(call: Call) -> Receipts:
    """Give its receipts."""
    return await call.node.deletion_receipts(call.params["deletion"])


ROUTES = (
    Route(
        "GET", "/outbox", outbox, Scope.READ, "All that is not gone yet, on all networks, with why and when"
    ),
    Route(
        "PUT", "/messages/{message}/time", move, Scope.WRITE, "Let what waits for its time leave at another"
    ),
    Route("POST", "/deletions", delete, Scope.WRITE, "Destroy messages, here or everywhere"),
    Route("GET", "/deletions", deletions, Scope.READ, "What you destroyed, the latest first"),
    Route(
        "GET", "/deletions/{deletion}", deletion, Scope.READ, "A deletion, and how it stands at each place"
    ),
    Route("GET", "/deletions/{deletion}/receipts", receipts, Scope.READ, "What nodes have signed about it"),
)
