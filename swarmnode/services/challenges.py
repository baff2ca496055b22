"""Private challenges: two contacts show each other that two accounts are theirs (spec 42 §5, ADR 0032).

What nodes say to each other of it comes to `came`, what the other account says over its network to `heard`.
Our own account's answer is `ready` here until a bridge has taken it (`bridging.core.challenges`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from swarm_protocol.claims import ANSWER_SIZE, Agree, Ask, Challenge, Refuse, Side, Stage
from swarm_protocol.claims import decode_word as decode
from swarm_protocol.claims import encode_word as encode
from swarm_protocol.claims.challenge import ID_SIZE, Word
from swarm_protocol.content import Told, Type
from swarm_protocol.errors import DecodeError, UnexpectedMessage
from swarm_protocol.identity import PersonaId

from ..domain.book import Reason
from ..domain.proofs import ProofView
from ..errors import NotFound, NotReady, UsageError
from ..storage.book_shelves import BOOK_ACCOUNTS
from ..storage.bridge_shelves import ACCOUNTS, ROOMS
from ..storage.carriage_shelves import ROUTES
from ..storage.proof_shelves import CHALLENGES, Challenged
from ..storage.shelves import CONTACTS, PEERS, Contact, Peer
from ..storage.shelves import Conversation as ConversationRow
from . import book, book_changes, groups, peers, receipts
from .carriage import State as Route
from .news import tell
from .node import Node
from .proofs import WAS_PROVEN
from .step import Carried, Passed, Returned, Step

MAX_OPEN = 8
"""Challenges of one contact that are not done."""
DAY_S = 86_400
"""A contact is answered without a question once in this time."""
READY, CALLING, SENT, REFUSED = "ready", "calling", "sent", "refused"
"""How far our account's answer is."""
CHALLENGED = "challenge"
"""The cause of a reason in the address book."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Two accounts and the conversation between them: `mine` and `theirs` are handles for everybody."""

    network: str
    mine: str = field(repr=False)
    theirs: str = field(repr=False)
    address: str = field(repr=False)
    account_id: int
    room_id: int
    remote_id: str = field(repr=False)


# What the owner wants


def ask(step: Step, node: Node, contact_id: int, meant: Meant) -> None:
    """Ask a contact to show that an account is theirs, as ours is ours; or agree, where they have asked.

    Raises:
        NotReady: they cannot be asked now, or this node may not write.
        UsageError: no two accounts of one network.
    """
    node.require_writable()
    contact = _contact(step, contact_id)
    pair = {"network": meant.network, "mine": meant.mine, "theirs": meant.theirs}
    for row in CHALLENGES.all(step.tx, contact_id=contact_id, **pair):
        if row.stage == Stage.WANTED and step.wall_s < row.ends_at:
            _agree(step, node, row, meant)
            return
    for row in CHALLENGES.all(step.tx, contact_id=contact_id, ours=True, **pair):
        if row.stage in {Stage.ASKED, Stage.AGREED}:
            CHALLENGES.drop(step.tx, id=row.id)
    mine, theirs = Side(_me(node), meant.mine), Side(PersonaId(contact.persona_id), meant.theirs)
    try:
        made = Challenge.ask(meant.network, mine, theirs, now=step.wall_s, entropy=step.entropy)
    except DecodeError as e:
        raise UsageError("these are no two accounts of one network") from e
    _keep(step, contact_id, made, meant)
    _say(step, node, contact_id, made.word)


def refuse(step: Step, node: Node, contact_ids: list[int]) -> None:
    """Say no to what these contacts ask.

    Raises:
        NotFound: they ask nothing.
        NotReady: this node may not write.
    """
    node.require_writable()
    rows = [
        row
        for id_ in contact_ids
        for row in CHALLENGES.all(step.tx, contact_id=id_, stage=Stage.WANTED.value)
    ]
    if not rows:
        raise NotFound("they ask nothing", hint="`swarmnode people show` says what they want.")
    for row in rows:
        _put(step, row, _read(step, node, row).end())
        _say(step, node, row.contact_id, Refuse(row.name))


def _agree(step: Step, node: Node, row: Challenged, meant: Meant) -> None:
    """The owner says yes: which accounts these are, is known now."""
    agreed = _read(step, node, row).agree(now=step.wall_s, entropy=step.entropy)
    places = {"account_id": meant.account_id, "room_id": meant.room_id, "remote_id": meant.remote_id}
    CHALLENGES.change(step.tx, row.id, address=meant.address, **places)
    _put(step, row, agreed)
    _say(step, node, row.contact_id, Agree(row.name, agreed.second))


def _contact(step: Step, contact_id: int) -> Contact:
    contact = CONTACTS.get(step.tx, contact_id)
    conversation = None if contact is None else peers.conversation_with(step, contact.id)
    if contact is None or conversation is None or not groups.has_keys(step, conversation.id):
        raise NotReady("nothing can be said to this contact yet")
    if contact.blocked or contact.standing == "key-alert":
        raise NotReady("nothing is said to this contact", hint="`swarmnode contacts` says why.")
    return contact


# What their nodes say


def came(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """A contact says something of a challenge. It is told that it was heard.

    Raises:
        RemoteProtocolError: it is no word, or breaks a rule.
    """
    word, contact = decode(data), CONTACTS.get(step.tx, peer.contact_id)
    if contact is None or contact.blocked:
        return
    receipts.heard(step, node, conversation.id)
    if isinstance(word, Ask):
        _asked(step, node, contact, word)
        return
    row = CHALLENGES.one(step.tx, contact_id=contact.id, name=word.id)
    if row is None:
        return
    known = _read(step, node, row)
    if isinstance(word, Agree):
        _put(step, row, known.agreed(word, now=step.wall_s))
    else:
        _put(step, row, known.end())
        _take_back(step, row)


def _asked(step: Step, node: Node, contact: Contact, word: Ask) -> None:
    asked = Challenge.come(word, PersonaId(contact.persona_id), _me(node), now=step.wall_s)
    if CHALLENGES.count(step.tx, contact_id=contact.id, name=asked.id):
        return
    pair = {"network": word.network, "mine": word.asked, "theirs": word.asker}
    same = CHALLENGES.all(step.tx, contact_id=contact.id, **pair)
    open_ = [row for row in same if step.wall_s < row.ends_at]
    own = next((row for row in open_ if row.ours and row.stage == Stage.ASKED), None)
    if own is not None and own.name < asked.id:
        return  # both have asked, so both have agreed: the lower id counts, and they answer it
    for row in same:
        if not row.ours and row.stage in {Stage.WANTED, Stage.AGREED}:
            CHALLENGES.drop(step.tx, id=row.id)
    waiting = CHALLENGES.all(step.tx, contact_id=contact.id, ours=False, stage=Stage.WANTED.value)
    for row in waiting[: max(0, len(waiting) - MAX_OPEN + 1)]:
        CHALLENGES.drop(step.tx, id=row.id)
    row, meant = _keep(step, contact.id, asked, None), None
    if own is not None:
        meant = _of_row(own)
        CHALLENGES.drop(step.tx, id=own.id)
    elif all(earlier.ours or step.wall_s - earlier.at >= DAY_S for earlier in same):
        meant = _where_they_met(step, contact, word)
    if meant is not None:
        _agree(step, node, row, meant)


def _of_row(row: Challenged) -> Meant | None:
    if row.account_id is None or row.room_id is None or row.remote_id is None:
        return None
    return Meant(row.network, row.mine, row.theirs, row.address, row.account_id, row.room_id, row.remote_id)


def _where_they_met(step: Step, contact: Contact, word: Ask) -> Meant | None:
    """The conversation of these very accounts, where it is a way between the two nodes already.

    Then both owners have said that those accounts may speak for these nodes: there is nothing left to ask.
    """
    for peer in PEERS.all(step.tx, contact_id=contact.id, active=True):
        for route in ROUTES.all(step.tx, peer_id=peer.id, state=Route.IN_USE.value):
            room = ROOMS.get(step.tx, route.room_id)
            account = None if room is None else ACCOUNTS.get(step.tx, room.account_id)
            if room is None or account is None or account.package != word.network:
                continue
            if (account.remote_id, room.partner) == (word.asked, word.asker):
                return Meant(word.network, word.asked, word.asker, "", account.id, room.id, word.asker)
    return None


# What their account says


def expected(step: Step, input_: Carried) -> bool:
    """Whether an account may say something of a challenge now, though the owner does not talk with it."""
    room = ROOMS.get(step.tx, input_.room_id)
    if room is None:
        return False
    where = {"account_id": room.account_id, "remote_id": input_.actor}
    return CHALLENGES.count(step.tx, **where, stage=Stage.AGREED.value) > 0


def heard(step: Step, node: Node, input_: Carried, answer: bytes) -> None:
    """An account has answered.

    Raises:
        RemoteProtocolError: that is no answer to anything, or breaks a rule.
    """
    rows = CHALLENGES.all(step.tx, name=answer[:ID_SIZE]) if len(answer) == ANSWER_SIZE else []
    if not rows:
        raise UnexpectedMessage("an answer that nobody waits for")
    room = ROOMS.get(step.tx, input_.room_id)
    for row in rows:
        here = room is not None and room.account_id == row.account_id
        sender = row.theirs if here and input_.actor == row.remote_id else input_.actor
        done = _read(step, node, row).heard(
            answer, sender=sender, recipient=row.mine if here else "", now=step.wall_s
        )
        CHALLENGES.change(step.tx, row.id, seen_at=step.wall_s, room_id=input_.room_id)
        _put(step, row, done)
        _prove(step, row)
        pair = {"network": row.network, "mine": row.mine, "theirs": row.theirs, "stage": Stage.DONE.value}
        for earlier in CHALLENGES.all(step.tx, contact_id=row.contact_id, **pair):
            if earlier.id != row.id and earlier.said not in {READY, CALLING}:
                CHALLENGES.drop(step.tx, id=earlier.id)


def passed(step: Step, input_: Passed) -> None:
    """The network has taken our account's answer, or never will."""
    row = CHALLENGES.one(step.tx, intent=input_.intent)
    if row is not None:
        CHALLENGES.change(step.tx, row.id, said=SENT if input_.taken else REFUSED)
        tell(step, "proofs.changed")


def returned(step: Step, input_: Returned) -> None:
    """Our account's answer did not arrive."""
    passed(step, Passed(input_.intent, taken=False))


# Rows


def _me(node: Node) -> PersonaId:
    return node.me.chain.persona_id


def _read(step: Step, node: Node, row: Challenged) -> Challenge:
    contact = CONTACTS.get(step.tx, row.contact_id)
    assert contact is not None
    mine, theirs = Side(_me(node), row.mine), Side(PersonaId(contact.persona_id), row.theirs)
    asker, asked = (mine, theirs) if row.ours else (theirs, mine)
    return Challenge(
        row.network,
        asker,
        asked,
        row.nonce,
        row.ends_at,
        ours=row.ours,
        stage=Stage(row.stage),
        second=row.second,
    )


def _keep(step: Step, contact_id: int, made: Challenge, meant: Meant | None) -> Challenged:
    where: dict[str, object] = {"address": made.theirs.handle}
    if meant is not None:
        where = {"address": meant.address, "account_id": meant.account_id, "room_id": meant.room_id}
        where["remote_id"] = meant.remote_id
    row = CHALLENGES.make(
        step.tx,
        contact_id=contact_id,
        name=made.id,
        network=made.network,
        mine=made.mine.handle,
        theirs=made.theirs.handle,
        ours=made.ours,
        nonce=made.nonce,
        second=made.second,
        ends_at=made.ends_at,
        stage=made.stage.value,
        at=step.wall_s,
        **where,
    )
    _tell(step, row)
    return row


def _put(step: Step, row: Challenged, now: Challenge) -> None:
    """Keep how far it is. Where our account is to speak now, a bridge is told."""
    changes: dict[str, object] = {"stage": now.stage.value, "second": now.second}
    if now.speaks:
        changes |= {"said": READY, "answer": now.answer}
    CHALLENGES.change(step.tx, row.id, **changes)
    current = CHALLENGES.get(step.tx, row.id)
    if now.speaks and current is not None and current.room_id is not None:
        tell(step, "bridge.carries", chat=f"b{current.room_id}")
    _tell(step, row)


def _tell(step: Step, row: Challenged) -> None:
    tell(step, "proofs.changed")
    person = book.of_contact(step, row.contact_id)
    if person:
        tell(step, "people.changed", person=person)


def _say(step: Step, node: Node, contact_id: int, word: Word) -> None:
    for peer in PEERS.all(step.tx, contact_id=contact_id, active=True):
        peers.tell_peer(step, node, peer, Told(Type.CHALLENGE, encode(word)), repeat=True)


# The mark in the address book


def _prove(step: Step, row: Challenged) -> None:
    theirs = BOOK_ACCOUNTS.one(step.tx, contact_id=row.contact_id)
    assert row.remote_id is not None
    account = book.account(step, row.network, row.remote_id)
    if account is None:
        account = book.enter(step, row.network, row.remote_id, row.address or row.theirs, handle=row.address)
    if theirs is not None:
        book_changes.learned(step, theirs, account, Reason.BOTH, CHALLENGED)


def _take_back(step: Step, row: Challenged) -> None:
    """They say now that this account is not theirs. Who is one person stays so."""
    account = book.account(step, row.network, row.remote_id or row.theirs)
    for earlier in CHALLENGES.all(step.tx, contact_id=row.contact_id, network=row.network, theirs=row.theirs):
        if earlier.stage == Stage.DONE:
            CHALLENGES.drop(step.tx, id=earlier.id)
    if account is not None and (account.reason, account.cause) == (Reason.BOTH.value, CHALLENGED):
        BOOK_ACCOUNTS.change(step.tx, account.id, reason=Reason.SAID.value, cause=WAS_PROVEN)
        book.changed(step, account.person_id)


# As screens see it


def views(step: Step, person: int) -> tuple[ProofView, ...]:
    """What was shown, and is asked, between the owner and the personas of a person."""
    contacts = [one.contact_id for one in book.accounts_of(step, person) if one.contact_id is not None]
    rows = [row for id_ in contacts for row in CHALLENGES.all(step.tx, contact_id=id_)]
    latest = {(row.network, row.mine, row.theirs, row.stage == Stage.DONE): row for row in rows}
    return tuple(_view(step, row, person) for row in latest.values())


def _view(step: Step, row: Challenged, person: int) -> ProofView:
    account = book.account(step, row.network, row.remote_id or row.theirs)
    state, why = _state(step, row)
    return ProofView(
        id=f"c{row.id}",
        network=row.network,
        address=row.address or row.theirs,
        handle=row.theirs,
        state=state,
        why=why,
        seen_at=row.seen_at or 0,
        checked_at=row.seen_at or row.at,
        link=str(account.id) if account is not None and account.person_id == person else "",
        private=True,
    )


def _state(step: Step, row: Challenged) -> tuple[str, str]:
    match Stage(row.stage):
        case Stage.DONE:
            return "ok", ""
        case Stage.REFUSED:
            return "gone", "refused-by-them" if row.ours else "refused-by-you"
        case _ if step.wall_s >= row.ends_at:
            return "unreachable", "no-answer"
        case Stage.AGREED:
            return "unchecked", "not-said" if row.said == REFUSED else "under-way"
        case stage:
            return "unchecked", stage.value
