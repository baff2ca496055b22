"""Deletions of the owner's: what was destroyed, who was asked, and how it stands at each place (ADR 0035).

A deletion is a row for each of its messages, and nothing that they said. How it stands at a place is read
from where that is known anyway: receipts of nodes (`services.deletions`), messages and intents of networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from swarm_protocol.content import DeletionStatus, deletion_statement

from ...domain.deletions import DeletionView, PlaceOfDeletion, Receipts, SignedReceipt
from ...domain.ids import is_number, number_of
from ...domain.views import MessageState
from ...errors import NotFound, UsageError
from ...services import deletions as requests
from ...services.node import Node
from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, INTENTS
from ...storage.later_shelves import (
    DELETION_ITEMS,
    DELETION_RECEIPTS,
    DELETION_REQUESTS,
    DELETIONS,
    LAST_DELETIONS,
    Deletion,
    DeletionItem,
    DeletionReceipt,
)
from ...storage.shelves import CONTACTS, CONVERSATIONS, MESSAGES, OUTBOX
from . import abilities, inbox, intents, outbox, rooms, unsent
from .intents import State

FORMAT = "swarmnode deletion receipts 1"
AT_A_RELAY = frozenset({MessageState.SENT.value})
NEVER_LEFT = frozenset({MessageState.QUEUED.value, MessageState.WAITING.value, MessageState.EXPIRED.value})
_TOP = (1 << 63) - 1


# What the owner wants


def begin(step: Step, *, everywhere: bool) -> int:
    """A new deletion, of nothing yet."""
    return DELETIONS.add(step.tx, at=step.wall_s, everywhere=everywhere)


def destroy(step: Step, node: Node, deletion: int, messages: Sequence[str], *, everywhere: bool) -> None:
    """Destroy these with a deletion (`inbox.delete`), and note how they stood."""
    were = {message: inbox.message(step, node, message) for message in messages}
    remote = [message for message in messages if inbox.is_ours(message)]
    nowhere = {message for message in remote if _never_left(step, message)}
    cannot = {
        message for message in remote if everywhere and message not in nowhere and _cannot(step, message)
    }
    if cannot == set(messages):  # it is for the owner to say whether it is to be gone here alone
        cannot = set()
    asked = inbox.delete(step, node, [m for m in messages if m not in cannot], everywhere=everywhere)
    for message in sorted(cannot):
        inbox.delete(step, node, [message], everywhere=False)
    for message, was in were.items():
        DELETION_ITEMS.add(
            step.tx,
            deletion_id=deletion,
            message=message,
            chat=was.chat,
            was=MessageState.QUEUED.value if message in nowhere else was.state.value,
            request=asked.get(message),
            cannot="no-deletes" if message in cannot else "",
        )


def _cannot(step: Step, message: str) -> bool:
    room = rooms.get(step, outbox.find(step, message).conversation_id)
    account = ACCOUNTS.get(step.tx, room.account_id)
    return account is None or not abilities.has(abilities.of(step, account, room), "delete")


def _never_left(step: Step, message: str) -> bool:
    row = outbox.find(step, message)
    sending = unsent.sending(step, row)
    return unsent.is_nowhere(step, row) or (sending is not None and unsent.not_left(sending, row))


# Screens


def view(step: Step, deletion: str) -> DeletionView:
    """A deletion, and how it stands everywhere.

    Raises:
        NotFound: there is none.
    """
    return _view(step, _find(step, deletion))


def some(step: Step, *, before: str = "", limit: int = 50) -> tuple[list[DeletionView], str]:
    """The last deletions, or those before a cursor, the latest first; and a cursor for more.

    Raises:
        UsageError: no cursor of ours.
    """
    if before and not is_number(before):
        raise UsageError(f"{before!r} is no cursor")
    top = int(before) if before else _TOP
    rows = DELETIONS.query(step.tx, LAST_DELETIONS, {"before": top, "count": limit})
    return [_view(step, row) for row in rows], str(rows[-1].id) if len(rows) == limit else ""


def receipts(step: Step, deletion: str) -> Receipts:
    """What nodes have signed about a deletion.

    Raises:
        NotFound: there is no such deletion.
    """
    row = _find(step, deletion)
    signed = [
        _signed(receipt) for receipt in _receipts(step, DELETION_ITEMS.all(step.tx, deletion_id=row.id))
    ]
    return Receipts(FORMAT, str(row.id), row.at, tuple(signed))


def _find(step: Step, deletion: str) -> Deletion:
    row = DELETIONS.get(step.tx, number_of(deletion))
    if row is None:
        raise NotFound("there is no such deletion", hint="`swarmnode deletions` lists them.")
    return row


def _view(step: Step, row: Deletion) -> DeletionView:
    items = DELETION_ITEMS.all(step.tx, deletion_id=row.id)
    asked = [item for item in items if item.request is not None]
    places = _here(step, row, items)
    for request, group in groupby(sorted(asked, key=_request), key=_request):
        places += _nodes(step, request, list(group))
    remote = [item for item in items if inbox.is_ours(item.message)]
    for chat, group in groupby(sorted(remote, key=_chat), key=_chat):
        places += _networks(step, row, chat, list(group))
    return DeletionView(
        targets=tuple(item.message for item in items),
        here=places[0].state,
        asked=row.everywhere,
        id=str(row.id),
        at=row.at,
        chats=tuple(dict.fromkeys(item.chat for item in items)),
        places=tuple(places),
        receipts=len(_receipts(step, asked)),
    )


def _here(step: Step, row: Deletion, items: Sequence[DeletionItem]) -> list[PlaceOfDeletion]:
    """What is gone on this node; a message of a network goes when that has done it (`core.outbox`)."""
    standing = {"asked": "follows", "refused": "kept"}
    remote = [item for item in items if row.everywhere and inbox.is_ours(item.message)]
    left = sorted(standing.get(_of_network(step, item)[0], "") for item in remote)
    gone = len(items) - sum(bool(state) for state in left)
    places = [PlaceOfDeletion("here", "", "shredded", gone, at=row.at)] if gone else []
    return places + [
        PlaceOfDeletion("here", "", state, len(list(group))) for state, group in groupby(left) if state
    ]


def _request(item: DeletionItem) -> bytes:
    return item.request or b""


def _chat(item: DeletionItem) -> str:
    return item.chat


def _receipts(step: Step, items: Iterable[DeletionItem]) -> list[DeletionReceipt]:
    names = sorted({item.request for item in items if item.request is not None})
    return [receipt for name in names for receipt in DELETION_RECEIPTS.all(step.tx, request=name)]


# Nodes of contacts


def _nodes(step: Step, request: bytes, items: Sequence[DeletionItem]) -> list[PlaceOfDeletion]:
    """What is known of the nodes of who was asked, and of relays between."""
    signed = DELETION_RECEIPTS.all(step.tx, request=request)
    found = [_by_receipt(receipt) for receipt in signed]
    asking = DELETION_REQUESTS.get(step.tx, request)
    conversation = None if asking is None else CONVERSATIONS.get(step.tx, asking.conversation_id)
    if asking is None or conversation is None:
        return found
    contact = CONTACTS.get(step.tx, conversation.contact_id)
    name = "" if contact is None else contact.name
    for peer in requests.silent(step, request, conversation):
        state = "asked" if asking.again_at is not None else "given-up"
        found.append(
            PlaceOfDeletion(
                "node",
                name,
                state,
                len(items),
                reason="on-its-way" if _on_its_way(step, request, peer.id) else "",
                at=asking.at,
                node=peer.leaf_sig[:4].hex(),
            )
        )
    lying = [item for item in items if item.was in AT_A_RELAY]
    if lying and not any(place.state == "confirmed" for place in found):
        found.append(PlaceOfDeletion("relay", name, "cannot", len(lying), reason="sealed"))
    return found


def _on_its_way(step: Step, request: bytes, peer_id: int) -> bool:
    row = MESSAGES.one(step.tx, name=request)
    return row is not None and OUTBOX.one(step.tx, message_id=row.id, peer_id=peer_id) is not None


def _by_receipt(receipt: DeletionReceipt) -> PlaceOfDeletion:
    body = requests.body_of(receipt)
    said = {status for _, status in body.statuses}
    refused = DeletionStatus.REFUSED in said
    never = said == {DeletionStatus.NEVER_HAD}
    return PlaceOfDeletion(
        "node",
        receipt.name,
        "refused" if refused else "never-had" if never else "confirmed",
        len(body.statuses),
        reason="policy" if refused else "",
        at=receipt.at,
        node=receipt.leaf_sig[:4].hex(),
    )


def _signed(receipt: DeletionReceipt) -> SignedReceipt:
    body = requests.body_of(receipt)
    return SignedReceipt(
        request=receipt.request.hex(),
        conversation=receipt.conversation.hex(),
        persona=receipt.persona_id.hex(),
        leaf_sig=receipt.leaf_sig.hex(),
        name=receipt.name,
        targets=tuple((name.hex(), status.name.lower()) for name, status in body.statuses),
        chain_seq=body.chain_seq,
        policy=body.policy,
        statement=deletion_statement(body, requests.author_of(receipt), receipt.conversation).hex(),
        signature=body.signature.hex(),
        sigchain=receipt.chain.hex(),
        at=receipt.at,
    )


# Networks


def _networks(step: Step, row: Deletion, chat: str, items: Sequence[DeletionItem]) -> list[PlaceOfDeletion]:
    """What became of the messages of one conversation on its network, by state."""
    if not row.everywhere:
        return []
    try:
        room = rooms.find(step, chat)
    except NotFound:  # its account was taken out
        return [PlaceOfDeletion("network", "", "given-up", len(items), reason="no-account")]
    account = ACCOUNTS.get(step.tx, room.account_id)
    assert account is not None
    states = sorted(_of_network(step, item) for item in items)
    return [
        PlaceOfDeletion(
            "network", account.display, state, len(list(group)), reason=why, network=account.package
        )
        for (state, why), group in groupby(states)
    ]


def _of_network(step: Step, item: DeletionItem) -> tuple[str, str]:
    """State and reason of one message there."""
    if item.was in NEVER_LEFT:
        return "never-had", ""
    if item.cannot:
        return "cannot", item.cannot
    message = outbox.known(step, item.message)
    if message is None:
        return "confirmed", ""
    if intents.open_about(step, message.id, ("delete",)):
        return "asked", ""
    said, _, why = message.reason.partition(": ")
    if message.gone_at is None and said.partition(" ")[0] == "delete":
        return "refused", why or said.partition(" ")[2]
    wanted = [intent for intent in INTENTS.all(step.tx, message_id=message.id) if intent.kind == "delete"]
    if wanted and wanted[-1].state in {State.REFUSED.value, State.EXPIRED.value}:
        return "refused", wanted[-1].reason
    return ("confirmed", "") if message.gone_at is not None else ("asked", "")
