"""The owner's accounts elsewhere as the persona claims them: made, opened to contacts, dropped (spec 42).

A claim is signed into the sigchain by the root. Contacts who know the account already are told which one is
meant; others are when the owner says so. What the account is to say follows from the table; that it does say
it sees `bridging.core.proofs` to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_protocol.claims import Claim, encode_opened
from swarm_protocol.content import ChainDelta, Told, Type
from swarm_protocol.errors import LocalProtocolError
from swarm_protocol.identity import PersonaId, Sigchain, add_claim, drop_claim
from swarm_protocol.mls.signatures import SignatureKeyPair

from ..domain.ids import number_of
from ..domain.proofs import KnownTo, OwnProofView
from ..errors import Conflict, NotFound, NotReady, UsageError
from ..storage import book_tables as tables
from ..storage.bridge_shelves import ACCOUNTS
from ..storage.proof_shelves import OPENED, OWN_CLAIMS, OwnClaim
from ..storage.shelf import Prepared
from ..storage.shelves import CONTACTS, PEERS, PERSONAS, Contact
from . import contacts, groups, peers
from .news import tell
from .node import Me, Node
from .proofs import PAGES
from .step import Step

TEND_S = 3600.0
"""How often is looked who has come to know an account of ours."""
WAITING, THERE, REFUSED, WITHDRAWN = "waiting", "there", "refused", "withdrawn"

_mine, _theirs = tables.book_account.alias("mine"), tables.book_account.alias("theirs")
_KNOWING = Prepared(
    sa.select(_mine.c.contact_id)
    .join(_theirs, _theirs.c.person_id == _mine.c.person_id)
    .where(_mine.c.contact_id.is_not(None), _theirs.c.network == bindparam("network"))
    .distinct()
    .order_by(_mine.c.contact_id)
)


def of(row: OwnClaim) -> Claim:
    """The claim of a row."""
    return Claim(row.network, row.handle, row.nonce, row.address)


def find(step: Step, proof: str) -> OwnClaim:
    """A claim that stands, by its id on screens.

    Raises:
        NotFound: there is none.
    """
    row = OWN_CLAIMS.get(step.tx, number_of(proof))
    if row is None or not row.stands:
        raise NotFound("there is no such proof", hint="`swarmnode proofs list` shows yours.")
    return row


def knowing(step: Step, network: str) -> list[int]:
    """Contacts whom the owner knows on a network too: they know that account, or easily could."""
    friends = {contact.id for contact in _friends(step)}
    return [id_ for (id_,) in _KNOWING.rows(step.tx, {"network": network}) if id_ in friends]


def _friends(step: Step) -> list[Contact]:
    return [contact for contact in CONTACTS.all(step.tx, blocked=False) if contact.standing != "pending"]


# Made and dropped


def plan(
    step: Step, node: Node, claim: Claim, remote_id: str, place: str, open_to: Iterable[str]
) -> OwnProofView:
    """What `make` would do.

    Raises:
        NotFound: one of those to whom it is to be opened is no contact.
        Conflict: the account is claimed already.
        NotReady: this node cannot sign for the persona.
    """
    _signer(node)
    known = OWN_CLAIMS.one(step.tx, network=claim.network, handle=claim.handle)
    if known is not None and known.stands:
        raise Conflict("this account is proven to be yours already", hint="`swarmnode proofs list` shows it.")
    nonce = claim.nonce if known is None else known.nonce
    drafted = OWN_CLAIMS.value(
        id=0,
        network=claim.network,
        remote_id=remote_id,
        handle=claim.handle,
        address=claim.address,
        nonce=nonce,
        place=place,
        next_at=step.wall_s,
        at=step.wall_s,
    )
    told = _to_open(step, claim.network, open_to)
    return replace(view(step, node, drafted), id="", known_to=tuple(map(_known, told)))


def make(
    step: Step, node: Node, claim: Claim, remote_id: str, place: str, open_to: Iterable[str]
) -> OwnClaim:
    """Claim an account, and open that to contacts who know it, and to these. Raises as `plan`."""
    node.require_writable()
    me, root = _signer(node)
    open_to = list(open_to)
    plan(step, node, claim, remote_id, place, open_to)
    known = OWN_CLAIMS.one(step.tx, network=claim.network, handle=claim.handle)
    values = {"remote_id": remote_id, "address": claim.address, "place": place, "at": step.wall_s}
    values |= {"stands": True, "shown": WAITING, "why": "", "next_at": step.wall_s, "tries": 0}
    if known is None:
        row = OWN_CLAIMS.make(
            step.tx, network=claim.network, handle=claim.handle, nonce=claim.nonce, **values
        )
    else:
        OWN_CLAIMS.change(step.tx, known.id, **values)
        row = find(step, str(known.id))
    _sign(step, node, add_claim, me.chain, root, of(row))
    _open(step, node, row, _to_open(step, row.network, open_to))
    node.remind(step, ("claims", 0), TEND_S)
    tell(step, "proofs.changed")
    return row


def drop(step: Step, node: Node, proof: str) -> None:
    """Claim an account no longer. Who knew which one it was still does. Raises as `find` and `plan`."""
    node.require_writable()
    row, (me, root) = find(step, proof), _signer(node)
    _sign(step, node, drop_claim, me.chain, root, of(row))
    shown = WITHDRAWN if row.network == PAGES else WAITING  # who has a page takes the line away
    OWN_CLAIMS.change(step.tx, row.id, stands=False, shown=shown, why="", next_at=step.wall_s, tries=0)
    for opened in OPENED.all(step.tx, claim_id=row.id):
        _delta(step, node, opened.contact_id)
    OPENED.drop(step.tx, claim_id=row.id)
    tell(step, "proofs.changed")


def _signer(node: Node) -> tuple[Me, SignatureKeyPair]:
    me = node.me
    if me.root is None:
        raise NotReady("another node of yours signs for you", hint="Make and drop proofs there.")
    return me, me.root


def _sign(
    step: Step,
    node: Node,
    verb: Callable[[Sigchain, SignatureKeyPair, bytes], Sigchain],
    chain: Sigchain,
    root: SignatureKeyPair,
    claim: Claim,
) -> None:
    """One link more: stored before anybody is told of it."""
    try:
        signed = verb(chain, root, claim.hash)
    except LocalProtocolError as e:
        raise UsageError(
            "no more can be signed into your chain", hint="It has 32 claims at once, and an end."
        ) from e
    for row in PERSONAS.all(step.tx):
        PERSONAS.change(step.tx, row.id, chain=signed.encode())
    node.persona = replace(node.me, chain=signed)


# Opened


def open_to(step: Step, node: Node, proof: str, wanted: Iterable[str]) -> OwnClaim:
    """Open a claim to contacts, too. Raises as `find`, and NotFound for who is none."""
    node.require_writable()
    row = find(step, proof)
    _open(step, node, row, [contacts.find(step, contact) for contact in dict.fromkeys(wanted)])
    tell(step, "proofs.changed")
    return row


def tend(step: Step, node: Node) -> None:
    """Open claims to who has come to know their accounts, by another way or another proof."""
    standing = OWN_CLAIMS.all(step.tx, stands=True) if node.persona is not None else []
    if not standing or node.quarantine:
        return
    node.remind(step, ("claims", 0), TEND_S)
    for row in standing:
        _open(step, node, row, _to_open(step, row.network, ()))


def _to_open(step: Step, network: str, wanted: Iterable[str]) -> list[Contact]:
    """Contacts who know the account, and these."""
    chosen = [contacts.find(step, contact) for contact in wanted]
    knowing_it = [contacts.find(step, str(id_)) for id_ in knowing(step, network)]
    return list({contact.id: contact for contact in (*knowing_it, *chosen)}.values())


def _open(step: Step, node: Node, row: OwnClaim, to: Iterable[Contact]) -> None:
    for contact in to:
        conversation = peers.conversation_with(step, contact.id)
        if conversation is None or not groups.has_keys(step, conversation.id):
            continue  # they are told once they can be
        if OPENED.add_new(step.tx, claim_id=row.id, contact_id=contact.id, at=step.wall_s):
            _delta(step, node, contact.id)
            told = Told(Type.CLAIM, encode_opened([of(row)]))
            for peer in PEERS.all(step.tx, contact_id=contact.id, active=True):
                peers.tell_peer(step, node, peer, told, repeat=True)


def _delta(step: Step, node: Node, contact_id: int) -> None:
    """The last link, which a contact cannot know yet. One who lacks those before it asks."""
    chain = node.me.chain
    first = len(chain.links) - 1
    for peer in PEERS.all(step.tx, contact_id=contact_id, active=True):
        peers.tell_peer(step, node, peer, ChainDelta(first, chain.since(first)))


def say_again(step: Step, network: str, remote_id: str, *, only_waiting: bool = False) -> None:
    """An account was logged in to, or runs again: it is told what to say."""
    for row in OWN_CLAIMS.all(step.tx, network=network, remote_id=remote_id):
        if (row.stands and not only_waiting) or row.shown == WAITING:
            OWN_CLAIMS.change(step.tx, row.id, next_at=step.wall_s, tries=0)


# As screens see it


def all_of(step: Step, node: Node) -> list[OwnProofView]:
    """Claims that stand, and those that still have to be withdrawn from their places."""
    rows = [row for row in OWN_CLAIMS.all(step.tx) if row.stands or row.shown != WITHDRAWN]
    return [view(step, node, row) for row in rows]


def view(step: Step, node: Node, row: OwnClaim) -> OwnProofView:
    """A claim as screens see it."""
    account = ACCOUNTS.one(step.tx, package=row.network, remote_id=row.remote_id)
    told = [CONTACTS.get(step.tx, opened.contact_id) for opened in OPENED.all(step.tx, claim_id=row.id)]
    return OwnProofView(
        id=str(row.id),
        network=row.network,
        account="" if account is None else account.account,
        address=row.address,
        handle=row.handle,
        text=of(row).text(persona(node)),
        place=row.place,
        state=row.shown if row.stands else "withdrawing",
        why=row.why,
        at=row.at,
        known_to=tuple(_known(contact) for contact in told if contact is not None),
    )


def persona(node: Node) -> PersonaId:
    """Whose claims they are."""
    return node.me.chain.persona_id


def _known(contact: Contact) -> KnownTo:
    return KnownTo(str(contact.id), contact.name)
