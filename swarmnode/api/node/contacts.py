"""Contacts: people whose nodes this one knows."""

from __future__ import annotations

from typing import Protocol

from ...domain.views import ContactView, InviteView, SafetyView
from .values import LinkView


class Contacts(Protocol):
    """What is asked of a node about its contacts."""

    async def invite(self, kind: str, label: str, note: str) -> InviteView:
        """Make an invite of a kind of `InviteView`. `label` is shown to who gets it, `note` is ours."""
        ...

    async def invites(self) -> tuple[InviteView, ...]:
        """All invites, open ones first."""
        ...

    async def revoke_invite(self, invite: str) -> None:
        """Withdraw an invite."""
        ...

    async def accept(self, text: str, note: str) -> InviteView:
        """Accept an invite: a link, or a spoken code."""
        ...

    async def inspect_link(self, text: str) -> LinkView:
        """Say what a link is. UsageError if it is none; nothing is sent."""
        ...

    async def contacts(self) -> tuple[ContactView, ...]:
        """All contacts and requests."""
        ...

    async def contact(self, contact: str) -> ContactView:
        """One contact."""
        ...

    async def rename(self, contact: str, name: str) -> ContactView:
        """Call a contact something else, here."""
        ...

    async def answer_request(self, contact: str, *, accept: bool) -> ContactView:
        """Answer a stranger. Nothing is sent back when it is declined."""
        ...

    async def safety(self, contact: str) -> SafetyView:
        """What to compare with a contact."""
        ...

    async def verify(self, contact: str, qr: str | None, seen: str | None = None) -> ContactView:
        """Mark a contact verified: after comparing, or by their QR text; Conflict if that is another's.

        Where `seen` is given, Conflict too if that is not what would be compared now.
        """
        ...

    async def settle_alert(self, contact: str, *, trust: bool) -> ContactView:
        """Decide about a contact whose keys are in doubt."""
        ...

    async def block(self, contact: str, *, on: bool) -> ContactView:
        """Hear nothing of a contact, or hear again."""
        ...

    async def remove_contact(self, contact: str) -> None:
        """Forget a contact and the conversation."""
        ...
