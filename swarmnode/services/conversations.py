"""Conversations of other networks as ways for envelopes: what comes through them (spec 53, spec 60 §3).

Fragments are put together for each sender in each conversation, and what they make goes where anything goes
that a relay brings. Who sent it says the key that it opens under, not the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import inf

from swarm_protocol.carriage import Fragment, Probe, Reassembler, Thing, Unfinished, Whole, key_in
from swarm_protocol.carriage.rules import WAIT_S
from swarm_protocol.envelope import Frame, Kind, open_envelope
from swarm_protocol.errors import CannotOpen, RemoteProtocolError

from ..storage.book_shelves import BOOK_ACCOUNTS
from ..storage.carriage_shelves import CAME, PIECES, ROUTES, Route
from ..storage.shelves import OUTBOX, PEERS, RECEIPT_INTENTS, Peer
from . import (
    acquaintance,
    book,
    carriage,
    challenges,
    direct,
    incoming,
    offers,
    outgoing,
    readmit,
    rejoin,
    repeats,
)
from .carriage import State
from .news import tell
from .node import Node
from .step import Carried, Step

REPEATED_S = 500.0
"""An envelope that comes again sooner was repeated by the network, not by its sender (`repeats`)."""
MAX_REMEMBERED = 1_000
MAX_KEPT = 4_000
"""Fragments of unfinished things, of all senders together."""


def came(step: Step, node: Node, input_: Carried) -> None:
    """A bridge brought bytes of another node. What is refused is dropped."""
    if node.persona is None or node.quarantine:
        return
    node.delivering = sha256(input_.blob).digest(), 0
    if node.delivering in node.poison:
        tell(step, "incoming.poison", peer=0)  # its sender repeats it: a later program may take it
    else:
        _came(step, node, input_)
    node.delivering = None


def _came(step: Step, node: Node, input_: Carried) -> None:
    try:
        whole = _put_together(step, node, input_)
        if whole is not None:
            _take(step, node, input_, whole)
    except RemoteProtocolError as e:
        tell(step, "incoming.refused", code=e.code, rule=e.rule, peer=0)


def _put_together(step: Step, node: Node, input_: Carried) -> Whole | None:
    """What a fragment completes, if it does. Strangers are not listened to, unless the owner wants that."""
    fragment = Fragment.decode(input_.blob)
    wanted = input_.known or node.options.strangers or ROUTES.count(step.tx, room_id=input_.room_id)
    if not wanted and not challenges.expected(step, input_):
        return None
    if fragment.count == 1:
        return Reassembler().add(fragment, now=step.wall_s)[1]
    scope = {"room_id": input_.room_id, "actor": input_.actor}
    stored = [(row.id, row.at, Fragment.decode(row.blob)) for row in CAME.all(step.tx, **scope)]
    if not stored and CAME.count(step.tx) >= MAX_KEPT:
        return None
    try:
        before = _reassembler([(at, known) for _, at, known in stored]).expire(now=step.wall_s)
        after, whole = before.add(fragment, now=step.wall_s)
    except RemoteProtocolError:
        CAME.drop(step.tx, **scope, name=fragment.name)
        raise
    kept = set[tuple[bytes, int]]()
    for row_id, _, known in stored:
        entry = after.waiting.get(known.name)
        if entry is None or (entry.thing, entry.count) != (known.thing, known.count):
            CAME.drop(step.tx, id=row_id)
        else:
            kept.add((known.name, known.index))
    if fragment.name in after.waiting and (fragment.name, fragment.index) not in kept:
        CAME.add(step.tx, **scope, name=fragment.name, blob=input_.blob, at=step.wall_s)
    return whole


def _reassembler(stored: Sequence[tuple[int, Fragment]]) -> Reassembler:
    waiting: dict[bytes, Unfinished] = {}
    for at, fragment in stored:
        known = waiting.get(fragment.name, Unfinished(fragment.thing, fragment.count, at, {}))
        pieces = {**known.pieces, fragment.index: fragment.data}
        waiting[fragment.name] = Unfinished(known.thing, known.count, known.since, pieces)
    return Reassembler(waiting)


def expire(step: Step) -> None:
    """Drop fragments of what has not become whole for a week, and of what comes from later than now."""
    table = CAME.table.c
    for row in CAME.where(step.tx, (table.at <= step.wall_s - WAIT_S) | (table.at > step.wall_s + WAIT_S)):
        CAME.drop(step.tx, room_id=row.room_id, actor=row.actor, name=row.name)


def _take(step: Step, node: Node, input_: Carried, whole: Whole) -> None:
    match whole.thing:
        case Thing.ENVELOPE if step.now.tick >= node.carried.get(whole.name, 0.0):
            _envelope(step, node, input_, whole)
        case Thing.ENVELOPE:
            pass  # the network repeats itself
        case Thing.OFFER:
            offers.came(step, node, input_, whole.data)
        case Thing.REQUEST:
            offers.requested(step, node, input_, whole.data)
        case Thing.ANSWER:
            if offers.answered(step, node, input_, whole.data) or _let_in(step, node, input_, whole.data):
                incoming.release_new(step, node)
        case Thing.PROOF:
            challenges.heard(step, node, input_, whole.data)
        case Thing.REJOIN:
            for peer_id in _met_there(step, input_):
                readmit.came(step, node, peer_id, whole.data)


def _let_in(step: Step, node: Node, input_: Carried, sealed: bytes) -> bool:
    """Whether this answer lets us back in: we are a new node, and have asked there."""
    return any(rejoin.answered(step, node, peer_id, sealed) for peer_id in _met_there(step, input_))


def _met_there(step: Step, input_: Carried) -> list[int]:
    """The nodes to which a conversation leads; one of each contact, as any of them stands for all."""
    routes = ROUTES.all(step.tx, room_id=input_.room_id)
    found = [peer for route in routes if (peer := PEERS.get(step.tx, route.peer_id)) is not None]
    return list({peer.contact_id: peer.id for peer in found}.values())


# Envelopes


def _envelope(step: Step, node: Node, input_: Carried, whole: Whole) -> None:
    """Take an envelope of whoever's key opens it: a node that this conversation leads to, or may lead to."""
    for route in ROUTES.all(step.tx, room_id=input_.room_id):
        peer = PEERS.get(step.tx, route.peer_id)
        frame = None if peer is None else _opened(node, peer, whole.data)
        if peer is not None and frame is not None:
            _note_size(step, route, input_)
            owed = RECEIPT_INTENTS.count(step.tx)
            _framed(step, node, route, peer, frame)
            owes = RECEIPT_INTENTS.count(step.tx) > owed or ("confirm", peer.id) in node.timers
            _remember(step, node, whole.name, answered=frame.kind is Kind.MLS_PRIVATE and not owes)
            return
    for peer in _of_person(step, input_):
        frame = _opened(node, peer, whole.data)
        if frame is not None and frame.kind is Kind.PROBE and direct.may_talk(step, peer.id):
            _asked(step, node, input_, peer, Probe.decode(frame.payload))
            return
    raise CannotOpen


def _remember(step: Step, node: Node, name: bytes, *, answered: bool) -> None:
    """Whoever repeats an envelope waits for longer than `REPEATED_S`, and repeats none that asks for nothing.

    Without this two nodes would confirm each other's confirmations for ever, where a network says all twice.
    """
    node.carried.pop(name, None)
    node.carried[name] = inf if answered else step.now.tick + REPEATED_S
    while len(node.carried) > MAX_REMEMBERED:
        del node.carried[next(iter(node.carried))]


def _opened(node: Node, peer: Peer, data: bytes) -> Frame | None:
    pair = carriage.pair_of(node, peer)
    if pair is None:
        return None
    try:
        return open_envelope(key_in(pair), data)
    except CannotOpen:
        return None


def _of_person(step: Step, input_: Carried) -> list[Peer]:
    """The nodes of the contacts who are the person that sent it, as the address book has it."""
    network, remote_id = acquaintance.account_of(step, input_.room_id)
    account = book.account(step, network, remote_id)
    links = [] if account is None else BOOK_ACCOUNTS.all(step.tx, person_id=account.person_id)
    contacts = [link.contact_id for link in links if link.contact_id is not None]
    return [peer for contact in contacts for peer in PEERS.all(step.tx, contact_id=contact, active=True)]


def _note_size(step: Step, route: Route, input_: Carried) -> None:
    if (route.size, route.form) != (input_.size, input_.form):
        ROUTES.change(step.tx, route.id, size=input_.size, form=input_.form)


def _framed(step: Step, node: Node, route: Route, peer: Peer, frame: Frame) -> None:
    if not direct.may_talk(step, peer.id):
        return
    if frame.kind is Kind.PROBE:
        _probed(step, node, route, peer, Probe.decode(frame.payload))
    else:
        incoming.frame(step, node, incoming.Source(peer.id, None, 0), frame)


# Probes


def _probed(step: Step, node: Node, route: Route, peer: Peer, probe: Probe) -> None:
    """A probe came through a conversation that is known for this node, or the answer to ours."""
    if probe.answer and probe.nonce == route.nonce:
        ROUTES.change(step.tx, route.id, state=State.IN_USE.value, nonce=None)
        _end_probes(step, node, route)
        _tell(step, peer)
    elif not probe.answer and route.state in {State.IN_USE, State.PROBING}:
        _answer(step, node, route, peer, probe.nonce)
    elif not probe.answer and route.state in {State.MEETING, State.ASKED}:
        ROUTES.change(step.tx, route.id, state=State.ASKED.value, theirs=probe.nonce)
        _tell(step, peer)


def _asked(step: Step, node: Node, input_: Carried, peer: Peer, probe: Probe) -> None:
    """A contact's node wants to use a conversation of which nobody has spoken yet: the owner is asked."""
    del node
    if not probe.answer:
        ROUTES.add(
            step.tx,
            room_id=input_.room_id,
            peer_id=peer.id,
            state=State.ASKED.value,
            size=input_.size,
            form=input_.form,
            theirs=probe.nonce,
            added_at=step.wall_s,
        )
        _tell(step, peer)


def _answer(step: Step, node: Node, route: Route, peer: Peer, nonce: bytes) -> None:
    ROUTES.change(step.tx, route.id, theirs=nonce)
    said = Probe(nonce, answer=True).encode()
    outgoing.post_meeting(step, node, Kind.PROBE, said, peer_id=peer.id, repeat=False)


def _end_probes(step: Step, node: Node, route: Route, *, answers: bool = False) -> None:
    """Ask of a conversation no more, nor answer. Both may ask at once: the other one waits for our answer."""
    answered = route.theirs if answers else None
    for row in OUTBOX.all(step.tx, peer_id=route.peer_id, kind=int(Kind.PROBE)):
        probe = None if row.wire is None else Probe.decode(row.wire)
        if probe is not None and probe.nonce == (answered if probe.answer else route.nonce):
            outgoing.confirmed(step, node, row.id)
    node.remind(step, ("pump", 0), 0.0)


def _tell(step: Step, peer: Peer) -> None:
    person = book.of_contact(step, peer.contact_id)
    if person:
        tell(step, "people.changed", person=person)


# The owner's word


def allow(step: Step, node: Node, room_id: int, contact_id: int, *, size: int, form: str) -> None:
    """Let a conversation be used for a contact's nodes, if it proves to bring envelopes as they are."""
    for peer in PEERS.all(step.tx, contact_id=contact_id, active=True):
        route = ROUTES.one(step.tx, room_id=room_id, peer_id=peer.id)
        if peer.pair_secret is None or (route is not None and route.state == State.IN_USE):
            continue
        values: dict[str, object] = {"size": size, "form": form, "nonce": step.entropy(16)}
        if route is None:
            route = ROUTES.make(
                step.tx,
                room_id=room_id,
                peer_id=peer.id,
                state=State.PROBING.value,
                added_at=step.wall_s,
                **values,
            )
        elif route.state == State.ASKED and route.theirs is not None:
            ROUTES.change(step.tx, route.id, size=size, form=form, state=State.IN_USE.value)
            _answer(step, node, route, peer, route.theirs)
            continue
        else:
            _end_probes(step, node, route)
            ROUTES.change(step.tx, route.id, state=State.PROBING.value, **values)
        nonce = values["nonce"]
        assert isinstance(nonce, bytes)
        outgoing.post_meeting(step, node, Kind.PROBE, Probe(nonce).encode(), peer_id=peer.id)


def forbid(step: Step, node: Node, room_id: int, contact_id: int) -> None:
    """Let nothing go through a conversation any more; what waits there goes another way."""
    for peer in PEERS.all(step.tx, contact_id=contact_id):
        route = ROUTES.one(step.tx, room_id=room_id, peer_id=peer.id)
        if route is None:
            continue
        ROUTES.change(step.tx, route.id, state=State.OFF.value, nonce=None)
        _end_probes(step, node, route, answers=True)
        for outbox_id in {piece.outbox_id for piece in PIECES.all(step.tx, route_id=route.id)}:
            PIECES.drop(step.tx, outbox_id=outbox_id)
            repeats.carried(step, node, (outbox_id, False))
