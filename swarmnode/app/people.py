"""What a person wants of relays, invites and contacts, turned into steps of the runner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.meeting import InviteLink, LinkKind, RelayLink

from ..api.node import LinkView
from ..domain.ids import number_of
from ..domain.views import ContactView, InviteView, RelayView, SafetyView
from ..errors import Conflict, NotFound, NotReady, UsageError
from ..services import contacts, meeting, relays
from ..services.node import Node
from ..services.step import Step
from ..storage.shelves import INVITES
from . import home, words
from .opened import Opened

RELAY_S = 10.0
"""So long `relay_use` waits for a relay to be reached before it answers that it is not, yet."""
ANSWER_S = 5.0
"""So long `accept` waits for the other side, which answers at once where it is there."""
INVITE_S = 30.0
"""So long `invite` and `accept` wait for relays before they answer with what there is."""
ENDED = frozenset({"confirmed", "asked", "taken", "expired", "no-relay", "declined", "wrong-code"})


class People(Opened):
    """The part of `api.node.Node` that is about relays and people."""

    # Relays

    async def relay_tickets(self, count: int) -> tuple[str, ...]:
        """See `api.node.Node`."""
        if self.role is None:
            raise NotReady("this process is no relay", hint="Start it with `swarmnode run --role relay`.")
        return tuple([(await self.role.tickets_link()).format() for _ in range(count)])

    async def relay_use(self, link: str) -> RelayView:
        """See `api.node.Node`."""
        async with self.runner.news() as news:
            view = await self._do(lambda step, node: relays.use(step, node, link))
            with suppress(TimeoutError):
                async with asyncio.timeout(RELAY_S):
                    while view.state != "up":
                        told = await news.get()
                        if told.type == "relay.changed" and told.data.get("relay") == view.id:
                            view = await self._relay(int(view.id))
        return view

    async def _relay(self, relay_id: int) -> RelayView:
        return await self._look(lambda step, node: relays.view(step, node, relay_id))

    async def relays(self) -> tuple[RelayView, ...]:
        """See `api.node.Node`."""
        return await self._look(relays.all_of)

    async def relay_remove(self, relay: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, node: relays.remove(step, node, number_of(relay)))

    # People

    async def invite(self, kind: str, label: str, note: str) -> InviteView:
        """See `api.node.Node`."""

        def begin(step: Step, node: Node) -> InviteView:
            return meeting.invite(step, node, kind, label=label, note=note)

        def ready(view: InviteView) -> bool:
            return bool(view.link or view.code) or view.state in ENDED

        return await self._invited(begin, (ready, INVITE_S))

    async def accept(self, text: str, note: str) -> InviteView:
        """See `api.node.Node`."""

        def begin(step: Step, node: Node) -> InviteView:
            return meeting.accept(step, node, text, note=note or node.me.name)

        asked = (lambda view: view.state in ENDED), INVITE_S
        answered = (lambda view: view.state != "asked"), ANSWER_S
        view = await self._invited(begin, asked, answered)
        if view.state == "taken":
            raise Conflict(
                "somebody else has opened this invite before", hint="Ask for a new one, over a better way."
            )
        if view.state == "wrong-code":
            raise NotFound(
                "these are not the words, and the code is used up now",
                hint="Ask for a new code, or for a link: `swarmnode invite`.",
            )
        if view.state == "expired" and view.kind == "code":
            raise NotFound(
                "no relay that you know has this code",
                hint="It may have ended; or you share no relay: then ask for a link, `swarmnode invite`.",
            )
        if view.state == "expired":
            raise NotFound("no relay has this invite any more", hint="Ask for a new one.")
        if view.state == "no-relay":
            raise NotReady(
                "an answer needs a relay of yours",
                hint="Call `swarmnode relay use LINK`: then it goes on by itself.",
            )
        return view

    async def _invited(
        self, begin: Callable[[Step, Node], InviteView], *waits: tuple[Callable[[InviteView], bool], float]
    ) -> InviteView:
        """Begin something that others have to answer, and wait for each of these so many seconds at most."""
        async with self.runner.news() as news:
            view = await self._do(begin)
            for is_there, seconds in waits:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        while not is_there(view):
                            told = await news.get()
                            if told.type == "invite.changed" and told.data.get("invite") == view.id:
                                view = await self._invite(view.id)
        return view

    async def _invite(self, invite: str) -> InviteView:
        return await self._look(lambda step, _: meeting.view(step, invite))

    async def invites(self) -> tuple[InviteView, ...]:
        """See `api.node.Node`."""

        def look(step: Step, _: Node) -> tuple[InviteView, ...]:
            rows = [row for row in INVITES.all(step.tx) if row.role != "request"]
            open_first = sorted(rows, key=lambda row: (row.state in ENDED, -row.id))
            return tuple(map(meeting.view_of, open_first))

        return await self._look(look)

    async def revoke_invite(self, invite: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, node: meeting.revoke(step, node, invite))

    async def inspect_link(self, text: str) -> LinkView:
        """See `api.node.Node`."""
        try:
            link = InviteLink.parse(text)
        except RemoteProtocolError:
            try:
                relay = RelayLink.parse(text)
            except RemoteProtocolError as e:
                raise UsageError("this is no link", hint="Copy the whole line, from `swarm:` on.") from e
            return LinkView("relay", (relay.at.address,))
        kind = "address" if link.kind is LinkKind.ADDRESS else "one-time"
        addresses = tuple(at.address for at in link.fetch)
        return LinkView(kind, addresses, link.expires_at or 0, link.expired(home.now_s()))

    async def contacts(self) -> tuple[ContactView, ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(lambda step, _: contacts.all_of(step)))

    async def contact(self, contact: str) -> ContactView:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: contacts.get(step, contact))

    async def rename(self, contact: str, name: str) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, _: contacts.rename(step, contact, name))

    async def answer_request(self, contact: str, *, accept: bool) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.answer_request(step, node, contact, yes=accept))

    async def safety(self, contact: str) -> SafetyView:
        """See `api.node.Node`."""
        return await self._look(lambda step, node: contacts.safety(step, node, contact, words.Wordlist()))

    async def verify(self, contact: str, qr: str | None, seen: str | None = None) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.verify(step, node, contact, qr, seen))

    async def settle_alert(self, contact: str, *, trust: bool) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.settle_alert(step, node, contact, trust=trust))

    async def block(self, contact: str, *, on: bool) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.block(step, node, contact, on=on))

    async def remove_contact(self, contact: str) -> None:
        """See `api.node.Node`."""
        await self.runner.do(lambda step, node: contacts.block(step, node, contact, on=True), frees=True)
        while await self.runner.do(lambda step, node: contacts.empty(step, node, contact), frees=True):
            pass
        await self.runner.do(lambda step, node: contacts.remove(step, node, contact), frees=True)
