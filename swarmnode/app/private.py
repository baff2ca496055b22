"""What a person wants of private talk over other networks, turned into steps of the runner (spec 53)."""

from __future__ import annotations

from ..bridging.core import carriage, persons, together
from ..domain.book import PersonView
from ..domain.views import InviteView
from ..errors import Conflict, NotReady
from ..services import conversations, offers
from ..services.node import Node
from ..services.step import Step
from .book import AddressBook


class Private(AddressBook):
    """The part of `api.node.Node` that is about conversations of other networks as ways between nodes."""

    async def private(self, person: str, via: str) -> InviteView:
        """See `api.node.Node`."""
        opened = await self._look(lambda step, _: together.to_open(step, person, via))
        if opened is not None:
            await self.open_chat(*opened)

        def begin(step: Step, node: Node) -> InviteView:
            view = persons.person(step, person)
            if any(link.contact for link in view.links):
                raise Conflict(
                    "this person is a contact already",
                    hint="What you say to them is private: `swarmnode send`.",
                )
            room, can = carriage.find(step, view, via)
            return offers.offer(step, node, room.id, size=can.opaque_bytes, form=can.opaque_form)

        return await self._do(begin)

    async def carry(self, person: str, via: str, *, on: bool) -> PersonView:
        """See `api.node.Node`."""

        def change(step: Step, node: Node) -> PersonView:
            view = persons.person(step, person)
            contacts = [int(link.contact) for link in view.links if link.contact]
            if not contacts:
                raise NotReady(
                    "this person is no contact yet", hint="`swarmnode people private` asks them to be one."
                )
            room, can = carriage.find(step, view, via)
            for contact in contacts:
                if on:
                    size, form = can.opaque_bytes, can.opaque_form
                    conversations.allow(step, node, room.id, contact, size=size, form=form)
                else:
                    conversations.forbid(step, node, room.id, contact)
            return persons.person(step, person)

        return await self._do(change)
