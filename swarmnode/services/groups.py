"""MLS groups of conversations: loaded, used, and stored in the step that used them (spec 01).

Between two people one of them commits, chosen by a hash that both can compute, so commits never compete. The
other one proposes, and its proposal is committed when it comes. The one state in memory is that of the row: a
commit that fails takes the node's memory with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from swarm_protocol import cbor, mls
from swarm_protocol.errors import ReplayedMessage, UnexpectedMessage
from swarm_protocol.identity import PersonaId, Sigchain, authenticator
from swarm_protocol.meeting import committer
from swarm_protocol.mls.framing import ContentType, PrivateMessage

from ..errors import NotFound
from ..storage import queries
from ..storage.shelves import GROUP_HEADS, GROUPS, RATCHETS, GroupHead
from . import sigchains
from .node import Node
from .step import Step

UPDATE_AFTER_S = 7 * 86400
UPDATE_AFTER_SENT = 200
"""Leaf keys are renewed after a week of activity or so many own messages."""
READ_FOR_S = 7 * 86400
"""So long a group is read that another one has succeeded."""


@dataclass(frozen=True, slots=True)
class Wire:
    """An encrypted message, and the group and epoch that it is of."""

    data: bytes = field(repr=False)
    group: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Early:
    """A message of an epoch that is not here yet."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Old:
    """A message that was dealt with, or whose keys are gone."""

    replayed: bool


@dataclass(frozen=True, slots=True)
class Data:
    """Application data, and the leaf that sent it."""

    group: GroupHead
    leaf: mls.LeafNode
    epoch: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """The group is in a new epoch, or a proposal waits to be committed by us."""

    group: GroupHead
    epoch: int
    to_commit: bool


Processed = Early | Old | Data | Changed


def add(step: Step, node: Node, conversation_id: int, state: mls.GroupState) -> int:
    """Store a new group; it is the one that we send on from now."""
    for group in GROUP_HEADS.all(step.tx, conversation_id=conversation_id, current=True):
        GROUPS.change(step.tx, group.id, current=False, retired_at=step.wall_s)
    epoch_part, messages_part = mls.archive.encode_parts(state)
    group_id = GROUPS.add(
        step.tx,
        conversation_id=conversation_id,
        group_id=state.group_id,
        epoch=state.epoch,
        epoch_part=epoch_part,
        current=True,
        updated_at=step.wall_s,
    )
    RATCHETS.add(step.tx, group_id=group_id, messages_part=messages_part)
    node.groups[group_id] = state
    return group_id


def forget_retired(step: Step, node: Node) -> None:
    """Forget groups that were succeeded long enough ago."""
    for group in GROUP_HEADS.all(step.tx, current=False):
        if group.retired_at is not None and step.wall_s - group.retired_at > READ_FOR_S:
            GROUPS.drop(step.tx, id=group.id)
            node.groups.pop(group.id, None)


def current(step: Step, conversation_id: int) -> GroupHead:
    """The group that we send on.

    Raises:
        NotFound: there is none.
    """
    group = GROUP_HEADS.one(step.tx, conversation_id=conversation_id, current=True)
    if group is None:
        raise NotFound("this conversation has no keys", hint="Invite the contact anew.")
    return group


def has_keys(step: Step, conversation_id: int) -> bool:
    """Whether there is a group to send on: after a restore not before the other side has answered."""
    return bool(GROUPS.count(step.tx, conversation_id=conversation_id, current=True))


def state_of(step: Step, node: Node, group: GroupHead) -> mls.GroupState:
    """The state of a group, from memory or from its row."""
    state = node.groups.get(group.id)
    if state is None:
        row, ratchets = GROUPS.get(step.tx, group.id), RATCHETS.get(step.tx, group.id)
        assert row is not None
        assert ratchets is not None
        state = mls.archive.decode_parts(row.epoch_part, ratchets.messages_part, crypto=node.crypto)
        node.groups[group.id] = state
    return state


def encrypt(step: Step, node: Node, conversation_id: int, data: bytes) -> Wire:
    """Encrypt for the members; the state that has used its key is in this step's transaction."""
    node.require_writable()
    group = current(step, conversation_id)
    state, wire = mls.encrypt(state_of(step, node, group), data, entropy=step.entropy)
    node.groups[group.id] = state
    queries.PUT_SENT.run(step.tx, {"group": group.id, "messages": mls.archive.encode_messages(state)})
    return Wire(wire, group.id, state.epoch)


def find(wire: bytes) -> tuple[bytes, int, bool]:
    """The group id and epoch that a wire names, and whether it is a handshake.

    Raises:
        RemoteProtocolError: it is no private message.
    """
    body = mls.MLSMessage.decode(wire).body
    if not isinstance(body, PrivateMessage):
        raise UnexpectedMessage("between nodes MLS messages are private")
    if body.epoch > cbor.MAX_UINT:
        raise UnexpectedMessage("no group has had so many epochs")
    return body.group_id, body.epoch, body.content_type is not ContentType.APPLICATION


def process(
    step: Step, node: Node, group: GroupHead, wire: bytes, epoch: int, *, handshake: bool
) -> Processed:
    """Open a message of a group that is here. What it changes is stored in this step.

    Raises:
        RemoteProtocolError: it is refused; nothing changed.
    """
    state = state_of(step, node, group)
    if epoch > state.epoch:
        return Early(epoch)
    if epoch < state.epoch and (handshake or epoch not in {past.context.epoch for past in state.past}):
        return Old(replayed=handshake)
    policy = policy_of(step, node)
    try:
        state, event = mls.process(state, wire, policy=policy)
    except ReplayedMessage:
        return Old(replayed=True)
    match event:
        case mls.ApplicationMessage():
            _store_messages(step, node, group, state)
            return Data(group, event.leaf, event.epoch, event.data)
        case mls.ProposalReceived():
            _store_messages(step, node, group, state)
            return Changed(group, state.epoch, to_commit=commits(state))
        case mls.CommitStaged(staged):
            state = mls.merge(state, staged, now=step.wall_s)
            _store_epoch(step, node, group, state)
            return Changed(group, state.epoch, to_commit=False)


def commit(step: Step, node: Node, group: GroupHead) -> Wire:
    """Commit what waits, with fresh keys of our own; the new epoch is here at once: nobody competes."""
    node.require_writable()
    policy = policy_of(step, node)
    state = state_of(step, node, group)
    epoch = state.epoch
    state, pending = mls.commit(state, policy=policy, entropy=step.entropy, now=step.wall_s)
    state = mls.merge(state, pending.staged, now=step.wall_s)
    _store_epoch(step, node, group, state)
    _renewed(step, group)
    return Wire(pending.message, group.id, epoch)


def propose_update(step: Step, node: Node, group: GroupHead) -> Wire:
    """Propose fresh keys of our own, for the other side to commit."""
    node.require_writable()
    policy = policy_of(step, node)
    state, wire = mls.propose_update(
        state_of(step, node, group), policy=policy, entropy=step.entropy, now=step.wall_s
    )
    _store_messages(step, node, group, state)
    _renewed(step, group)
    return Wire(wire, group.id, state.epoch)


def wants_update(step: Step, group: GroupHead) -> bool:
    """Whether our leaf's keys are old."""
    ratchets = RATCHETS.get(step.tx, group.id)
    assert ratchets is not None
    old = ratchets.sent > 0 and step.wall_s - group.updated_at > UPDATE_AFTER_S
    return group.current and (ratchets.sent >= UPDATE_AFTER_SENT or old)


def commits(state: mls.GroupState) -> bool:
    """Whether it is for this node to commit in this group."""
    return committer(state) == state.own_leaf


def policy_of(step: Step, node: Node) -> mls.Policy:
    """Who is believed and what is permitted between two people."""

    def chains(persona_id: PersonaId) -> Sigchain | None:
        return sigchains.of(step, node, persona_id)

    def authorise(view: mls.CommitView) -> str | None:
        if view.committer != committer(view.state):
            return "it is for the other side to commit"
        for queued in view.proposals:
            if not isinstance(queued.proposal, mls.Update):
                return "between two people keys are renewed, nothing else"
        return None

    return mls.Policy(authenticate=authenticator(chains), authorise=authorise)


def _renewed(step: Step, group: GroupHead) -> None:
    RATCHETS.change(step.tx, group.id, sent=0)
    GROUPS.change(step.tx, group.id, updated_at=step.wall_s)


def _store_messages(step: Step, node: Node, group: GroupHead, state: mls.GroupState) -> None:
    node.groups[group.id] = state
    RATCHETS.change(step.tx, group.id, messages_part=mls.archive.encode_messages(state))


def _store_epoch(step: Step, node: Node, group: GroupHead, state: mls.GroupState) -> None:
    node.groups[group.id] = state
    epoch_part, messages_part = mls.archive.encode_parts(state)
    GROUPS.change(step.tx, group.id, epoch=state.epoch, epoch_part=epoch_part)
    RATCHETS.change(step.tx, group.id, messages_part=messages_part)
