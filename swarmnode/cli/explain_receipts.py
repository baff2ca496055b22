"""Says which receipts of a file hold, for a deletion; no node is needed for that (ADR 0035).

Three things must hold: the signature is the leaf's over exactly these bytes; the bytes say what the file says
in words; and the sigchain, whose first link makes the id of the persona, names that leaf as a node of theirs
at the place that was signed.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from swarm_protocol import labels
from swarm_protocol.content import Author, DeleteRcpt, DeletionStatus, deletion_statement
from swarm_protocol.errors import ProtocolError
from swarm_protocol.identity import PersonaId, Sigchain

from ..domain.deletions import Receipts, SignedReceipt

FORMAT = "swarmnode deletion receipts 1"


def read(data: bytes) -> Receipts | None:
    """The receipts in a file; None where it is something else."""
    if data.lstrip()[:1] != b"{":
        return None
    try:
        found = msgspec.json.decode(data, type=Receipts)
    except msgspec.MsgspecError:
        return None
    return found if found.format == FORMAT else None


def fault(receipt: SignedReceipt) -> str:
    """Why a receipt does not hold; empty where it does."""
    try:
        body = DeleteRcpt(
            bytes.fromhex(receipt.request),
            tuple((bytes.fromhex(name), DeletionStatus[status.upper()]) for name, status in receipt.targets),
            receipt.chain_seq,
            receipt.policy,
            bytes.fromhex(receipt.signature),
        )
        author = Author(PersonaId(bytes.fromhex(receipt.persona)), bytes.fromhex(receipt.leaf_sig))
        statement = bytes.fromhex(receipt.statement)
        if deletion_statement(body, author, bytes.fromhex(receipt.conversation)) != statement:
            return "what was signed says something else"
        if not labels.DELETION_SIGNATURE.verify(author.leaf_sig, statement, body.signature):
            return "the signature does not hold"
        chain = Sigchain.decode(bytes.fromhex(receipt.sigchain))
    except (ValueError, KeyError, ProtocolError):
        return "it cannot be read"
    if chain.persona_id != author.persona_id:
        return "the sigchain is another persona's"
    if receipt.chain_seq > chain.head.seq or author.leaf_sig not in chain.leaves_at(receipt.chain_seq):
        return "the sigchain names no such node at that place"
    return ""


def when(at: int) -> str:
    """A time in full, in UTC: the file may be read anywhere."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "?"
