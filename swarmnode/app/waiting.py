"""What a person wants of the outbox, and of deletions, with the sentences about both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..bridging.core import deletions, inbox, later, unsaid, waiting
from ..domain.deletions import DeletionView, PlaceOfDeletion, Receipts
from ..domain.later import OutboxView
from ..domain.views import MessageView
from ..services import messages
from ..services.node import Node
from ..services.step import Step
from ..services.talk import SHREDDED_AT_ONCE
from ..texts import Texts
from .opened import Opened


class Waiting(Opened):
    """The part of `api.node.Node` that is about what has not left, and about deletions."""

    async def outbox(self, language: str = "en") -> tuple[OutboxView, ...]:
        """See `api.node.Node`."""
        t = Texts(language)
        found = await self._look(waiting.all_of)
        return tuple(replace(view, says=_says(view, t)) for view in found)

    async def move(self, message: str, send_at: int) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: later.move(step, node, message, send_at))

    async def delete(self, targets: Sequence[str], *, everywhere: bool, language: str = "en") -> DeletionView:
        """See `api.node.Node`."""
        targets = tuple(dict.fromkeys(targets))
        left = [target for target in targets if not later.is_later(target)]
        own = [target for target in left if not inbox.is_ours(target)]
        if own or not targets:
            await self._look(lambda step, _: messages.may_delete(step, own, everywhere=everywhere))
        made = ""
        for at in range(0, len(targets), SHREDDED_AT_ONCE):
            some = targets[at : at + SHREDDED_AT_ONCE]

            def destroy(step: Step, node: Node, ids: Sequence[str] = some, so_far: str = made) -> str:
                standing = unsaid.take_back(step, node, ids)
                if not standing:
                    return so_far
                deletion = int(so_far) if so_far else deletions.begin(step, everywhere=everywhere)
                deletions.destroy(step, node, deletion, standing, everywhere=everywhere)
                return str(deletion)

            made = await self.runner.do(destroy, frees=True)
        if not made:  # nobody had heard of any of them
            return DeletionView(targets, "shredded", asked=False)
        return replace(await self.deletion(made, language), targets=targets)

    async def deletions(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[DeletionView, ...], str]:
        """See `api.node.Node`."""
        t = Texts(language)
        found, following = await self._look(lambda step, _: deletions.some(step, before=before, limit=limit))
        return tuple(_with_words(view, t) for view in found), following

    async def deletion(self, deletion: str, language: str = "en") -> DeletionView:
        """See `api.node.Node`."""
        return _with_words(await self._look(lambda step, _: deletions.view(step, deletion)), Texts(language))

    async def deletion_receipts(self, deletion: str) -> Receipts:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: deletions.receipts(step, deletion))


# Sentences


def _says(view: OutboxView, t: Texts) -> str:
    asked = view.state == "maybe" and view.reason == "asked"
    says = t("message.asked" if asked else f"message.{view.state}")
    return f"{says}: {_why(view.reason, t)}" if view.reason and not asked else says


def _why(reason: str, t: Texts) -> str:
    """A code as words; what a network said in its own words as it is."""
    id_ = f"why.{reason.replace(' ', '-')}"
    return t(id_) if id_ in t else reason


def _with_words(view: DeletionView, t: Texts) -> DeletionView:
    return replace(view, places=tuple(replace(place, says=_place(place, t)) for place in view.places))


def _place(place: PlaceOfDeletion, t: Texts) -> str:
    says = t(f"deletion.{place.where}.{place.state}", name=place.name, node=place.node)
    return f"{says}: {_why(place.reason, t)}" if place.reason else says
