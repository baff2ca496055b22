"""Routes about invites and contacts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ..domain.views import ContactView, InviteView, Items, SafetyView
from .about_node import Renaming, SomeLink
from .access import Scope
from .node import LinkView
from .route import Body, Call, Route

Note = Annotated[str, Meta(max_length=1000)]


class NewInvite(Body, frozen=True, kw_only=True):
    """An invite to make. `label` is shown to who gets it, `note` is for us."""

    kind: Literal["one-time", "address", "code"] = "one-time"
    label: Annotated[str, Meta(max_length=100)] = ""
    note: Note = ""


class Accepting(Body, frozen=True, kw_only=True):
    """An invite to answer: a link or a spoken code. `note` is shown to who made it."""

    link: Annotated[str, Meta(min_length=1, max_length=4096)]
    note: Note = ""


class Answering(Body, frozen=True, kw_only=True):
    """Whether to take a stranger in."""

    accept: bool


class Verifying(Body, frozen=True, kw_only=True):
    """The text of their QR code; none if words or digits were compared. `seen` came with what they saw."""

    qr: Annotated[str, Meta(max_length=4096)] | None = None
    seen: Annotated[str, Meta(max_length=200)] | None = None


class Settling(Body, frozen=True, kw_only=True):
    """Whether to trust their new keys."""

    trust: bool


class Switch(Body, frozen=True, kw_only=True):
    """On or off."""

    on: bool


async def invite(call: Call, body: NewInvite) -> InviteView:
    """Make an invite."""
    return await call.node.invite(body.kind, body.label, body.note)


async def invites(call: Call) -> Items[InviteView]:
    """List invites."""
    return Items(await call.node.invites())


async def revoke_invite(call: Call) -> None:
    """Withdraw an invite."""
    await call.node.revoke_invite(call.params["invite"])


async def accept(call: Call, body: Accepting) -> InviteView:
    """Accept an invite."""
    return await call.node.accept(body.link, body.note)


async def inspect_link(call: Call, body: SomeLink) -> LinkView:
    """Say what a link is."""
    return await call.node.inspect_link(body.link)


async def contacts(call: Call) -> Items[ContactView]:
    """List contacts."""
    return Items(await call.node.contacts())


async def contact(call: Call) -> ContactView:
    """Give a contact."""
    return await call.node.contact(call.params["contact"])


async def rename(call: Call, body: Renaming) -> ContactView:
    """Rename a contact."""
    return await call.node.rename(call.params["contact"], body.name)


async def answer_request(call: Call, body: Answering) -> ContactView:
    """Answer a stranger."""
    return await call.node.answer_request(call.params["contact"], accept=body.accept)


async def safety(call: Call) -> SafetyView:
    """Give what to compare."""
    return await call.node.safety(call.params["contact"])


async def verify(call: Call, body: Verifying) -> ContactView:
    """Mark a contact verified."""
    return await call.node.verify(call.params["contact"], body.qr, body.seen)


async def settle_alert(call: Call, body: Settling) -> ContactView:
    """Settle a doubt."""
    return await call.node.settle_alert(call.params["contact"], trust=body.trust)


async def block(call: Call, body: Switch) -> ContactView:
    """Block or unblock."""
    return await call.node.block(call.params["contact"], on=body.on)


async def remove_contact(call: Call) -> None:
    """Forget a contact."""
    await call.node.remove_contact(call.params["contact"])


ROUTES = (
    Route("GET", "/invites", invites, Scope.WRITE, "All invites; their links are secrets"),
    Route("POST", "/invites", invite, Scope.WRITE, "Make an invite", once=False),
    Route("DELETE", "/invites/{invite}", revoke_invite, Scope.WRITE, "Withdraw an invite"),
    Route("POST", "/invites/accept", accept, Scope.WRITE, "Accept an invite"),
    Route(
        "POST", "/links/inspect", inspect_link, Scope.READ, "Say what a link is, without using it", once=False
    ),
    Route("GET", "/contacts", contacts, Scope.READ, "All contacts and requests"),
    Route("GET", "/contacts/{contact}", contact, Scope.READ, "One contact"),
    Route("PATCH", "/contacts/{contact}", rename, Scope.WRITE, "Rename a contact, here"),
    Route("DELETE", "/contacts/{contact}", remove_contact, Scope.WRITE, "Forget a contact"),
    Route("POST", "/contacts/{contact}/answer", answer_request, Scope.WRITE, "Answer a stranger's request"),
    Route("GET", "/contacts/{contact}/safety", safety, Scope.READ, "What to compare with a contact"),
    Route("POST", "/contacts/{contact}/verify", verify, Scope.WRITE, "Mark a contact verified"),
    Route("POST", "/contacts/{contact}/alert", settle_alert, Scope.WRITE, "Settle a doubt about keys"),
    Route("PUT", "/contacts/{contact}/block", block, Scope.WRITE, "Block or unblock a contact"),
)
